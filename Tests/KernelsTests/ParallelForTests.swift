import Kernels
import Synchronization
import Testing

@Suite struct ParallelForTests {
    @Test(arguments: [1, 2, 5], [0, 1, 2, 3, 7, 1_000])
    func eachIndexRunsOnce(threads: Int, count: Int) {
        let visits = AlignedBuffer<Int>(count: count)
        let shared = visits.shared
        let total = Atomic<Int>(0)
        parallelFor(count, threads: threads) { index in
            shared[index] += 1
            total.add(1, ordering: .relaxed)
        }
        #expect(Array(visits.elements) == [Int](repeating: 1, count: count))
        #expect(total.load(ordering: .relaxed) == count)
    }

    @Test func oneThreadVisitsInOrder() {
        let order = Mutex<[Int]>([])
        parallelFor(100, threads: 1) { index in order.withLock { $0.append(index) } }
        #expect(order.withLock { $0 } == Array(0..<100))
    }

    @Test func itemsMayStartItemsOfTheirOwn() {
        let total = Atomic<Int>(0)
        parallelFor(6, threads: 3) { _ in
            parallelFor(50, threads: 2) { index in total.add(index, ordering: .relaxed) }
        }
        #expect(total.load(ordering: .relaxed) == 6 * 1_225)
    }

    @Test(arguments: KernelLevel.available)
    func threadsLeaveTheBitsOfAProductAlone(level: KernelLevel) {
        let kernels = Kernels(level: level)
        let shape = ProductShape(m: 150, n: 70, k: 130)
        var source = OperandSource(seed: 11)
        let a = AlignedBuffer(source.int8s(shape.aCount))
        let b = source.int8s(shape.bCount)
        let packed = AlignedBuffer<Int8>(count: Kernels.packedInt8Count(rows: shape.n, columns: shape.k))
        kernels.packInt8(b, rowStride: shape.bStride, rows: shape.n, columns: shape.k, into: packed.baseAddress)
        let c = AlignedBuffer<Int32>(count: shape.outCount)
        let (rows, columns, sums) = (a.shared, packed.shared, c.shared)
        let step = 32
        parallelFor((shape.m + step - 1) / step, threads: 5) { item in
            let first = item * step
            kernels.multiplyInt8(
                rows.baseAddress + first * shape.aStride, rowStride: shape.aStride, rows: min(step, shape.m - first),
                packed: columns.baseAddress, columns: shape.n, depth: shape.k,
                into: sums.baseAddress + first * shape.outStride, rowStride: shape.outStride)
        }
        #expect(Array(c.elements) == Int8ProductTests.expectedSums(Array(a.elements), b, shape))
    }
}
