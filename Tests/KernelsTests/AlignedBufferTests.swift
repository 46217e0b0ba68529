import Kernels
import Testing

@Suite struct AlignedBufferTests {
    @Test(arguments: [0, 1, 3, 64, 1_001])
    func memoryIsAlignedAndZero(count: Int) {
        let buffer = AlignedBuffer<Int16>(count: count)
        #expect(Int(bitPattern: buffer.baseAddress) % 64 == 0)
        #expect(buffer.count == count)
        #expect(buffer.elements.allSatisfy { $0 == 0 })
    }

    @Test func aCopyHoldsTheElements() {
        let buffer = AlignedBuffer([1.5, -2, 3] as [Float])
        #expect(Array(buffer.elements) == [1.5, -2, 3])
    }

    @Test func aViewWritesTheBuffersMemory() {
        let buffer = AlignedBuffer<Int>(count: 4)
        let view = buffer.shared
        view[2] = 7
        #expect(buffer[2] == 7)
        #expect(view.count == 4)
    }
}
