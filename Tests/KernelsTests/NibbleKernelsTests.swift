import NumberFormats
import Testing

@testable import Kernels

/// INT4 codes two to a byte: every level packs and unpacks as the reference does, and touches nothing else.
@Suite struct NibbleKernelsTests {
    @Test(arguments: KernelLevel.available)
    func everyByteIsItsTwoCodes(level: KernelLevel) {
        let kernels = Kernels(level: level)
        for byte in UInt8.min...UInt8.max {
            var codes: [Int8] = [99, 99, 99]
            kernels.unpackInt4([byte], count: 2, into: &codes)
            #expect(codes == [Int8(bitPattern: byte << 4) >> 4, Int8(bitPattern: byte) >> 4, 99])
            var bytes: [UInt8] = [0, 99]
            kernels.packInt4(codes, count: 2, into: &bytes)
            #expect(bytes == [byte, 99])
        }
    }

    @Test(arguments: KernelLevel.available)
    func everyLengthIsTheReferences(level: KernelLevel) {
        let kernels = Kernels(level: level)
        var state: UInt64 = 7
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for count in Array(0..<200) + [1023, 1024, 4095] {
            // Bits above the low four do not count.
            let codes = (0..<count).map { _ in Int8(bitPattern: next()) }
            var bytes = [UInt8](repeating: 0xA5, count: (count + 1) / 2 + 1)
            kernels.packInt4(codes, count: count, into: &bytes)
            let expected = NibblePacking.packed(codes.map(Int16.init), rows: 1, columns: count)
            #expect(bytes == expected + [0xA5])
            var unpacked = [Int8](repeating: 77, count: count + 1)
            kernels.unpackInt4(bytes, count: count, into: &unpacked)
            #expect(unpacked == codes.map { ($0 << 4) >> 4 } + [77])
        }
    }
}
