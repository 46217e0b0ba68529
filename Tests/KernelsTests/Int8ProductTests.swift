import Kernels
import NumberFormats
import Testing

/// Int8 products: every level against the reference in NumberFormats, bit for bit.
@Suite struct Int8ProductTests {
    /// Sums that nothing should overwrite.
    static let untouched: Int32 = 0x5EED_5EED

    /// The reference's C, with `untouched` between the rows.
    static func expectedSums(_ a: [Int8], _ b: [Int8], _ s: ProductShape) -> [Int32] {
        var c = [Int32](repeating: untouched, count: s.outCount)
        IntegerProduct.multiply(
            a, rowStride: s.aStride, rows: s.m, b, rowStride: s.bStride, columns: s.n, depth: s.k, into: &c,
            rowStride: s.outStride)
        return c
    }

    /// C by packing and multiplying at one level, all operands ending at a page that faults.
    static func sums(_ a: [Int8], _ b: [Int8], _ s: ProductShape, _ level: KernelLevel) -> [Int32] {
        let kernels = Kernels(level: level)
        let a = GuardedBuffer(a)
        let b = GuardedBuffer(b)
        let packed = GuardedBuffer([Int8](repeating: 99, count: Kernels.packedInt8Count(rows: s.n, columns: s.k)))
        let c = GuardedBuffer([Int32](repeating: untouched, count: s.outCount))
        kernels.packInt8(b.start, rowStride: s.bStride, rows: s.n, columns: s.k, into: packed.start)
        kernels.multiplyInt8(
            a.start, rowStride: s.aStride, rows: s.m, packed: packed.start, columns: s.n, depth: s.k, into: c.start,
            rowStride: s.outStride)
        return c.array
    }

    @Test(arguments: KernelLevel.available)
    func sumsEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 1)
        for shape in ProductShape.odd + ProductShape.everyRowCount + ProductShape.everyDepth {
            let a = source.int8s(shape.aCount)
            let b = source.int8s(shape.bCount)
            #expect(Self.sums(a, b, shape, level) == Self.expectedSums(a, b, shape), "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func extremesMultiplyExactly(level: KernelLevel) {
        let shape = ProductShape(m: 35, n: 37, k: 131)
        for x: Int8 in [-128, -127, -1, 127] {
            for y: Int8 in [-128, -127, -1, 127] {
                let a = [Int8](repeating: x, count: shape.aCount)
                let b = [Int8](repeating: y, count: shape.bCount)
                let expected = [Int32](repeating: Int32(shape.k) * Int32(x) * Int32(y), count: shape.outCount)
                #expect(Self.sums(a, b, shape, level) == expected, "\(x) × \(y)")
            }
        }
    }

    /// Pairs of −128 · −128 make vpmaddubsw and 16-bit sums fail; alternating signs make a biased operand fail.
    @Test(arguments: KernelLevel.available)
    func alternatingExtremesEqualTheReference(level: KernelLevel) {
        let shape = ProductShape(m: 19, n: 33, k: 200)
        let a = (0..<shape.aCount).map { Int8($0 % 3 == 0 ? -128 : 127) }
        let b = (0..<shape.bCount).map { Int8($0 % 5 < 2 ? -128 : 127) }
        #expect(Self.sums(a, b, shape, level) == Self.expectedSums(a, b, shape))
    }

    @Test(arguments: KernelLevel.available)
    func sumsWrapModulo2To32(level: KernelLevel) {
        // 140 000 · 16 384 = 2 293 760 000 > 2³¹ − 1, which is −2 001 207 296 modulo 2³².
        let shape = ProductShape(m: 3, n: 17, k: 140_000)
        let a = [Int8](repeating: -128, count: shape.aCount)
        let b = [Int8](repeating: -128, count: shape.bCount)
        #expect(Self.sums(a, b, shape, level).allSatisfy { $0 == -2_001_207_296 || $0 == Self.untouched })
        #expect(Self.sums(a, b, shape, level) == Self.expectedSums(a, b, shape))
        let falling = [Int8](repeating: 127, count: shape.bCount)
        #expect(Self.sums(a, falling, shape, level) == Self.expectedSums(a, falling, shape))
    }

    @Test(arguments: KernelLevel.available)
    func depthZeroGivesZeros(level: KernelLevel) {
        let kernels = Kernels(level: level)
        var c = [Int32](repeating: 5, count: 6)
        var packed = [Int8](repeating: 9, count: Kernels.packedInt8Count(rows: 3, columns: 0))
        kernels.packInt8([1], rowStride: 0, rows: 3, columns: 0, into: &packed)
        kernels.multiplyInt8([1], rowStride: 0, rows: 2, packed: packed, columns: 3, depth: 0, into: &c, rowStride: 3)
        #expect(c == [Int32](repeating: 0, count: 6))
    }

    @Test(arguments: KernelLevel.available)
    func noRowsOrNoColumnsWriteNothing(level: KernelLevel) {
        let kernels = Kernels(level: level)
        let b = [Int8](repeating: 1, count: 64)
        var packed = [Int8](repeating: 0, count: Kernels.packedInt8Count(rows: 1, columns: 64))
        kernels.packInt8(b, rowStride: 64, rows: 1, columns: 64, into: &packed)
        var c: [Int32] = [7]
        kernels.multiplyInt8(b, rowStride: 64, rows: 0, packed: packed, columns: 1, depth: 64, into: &c, rowStride: 1)
        kernels.multiplyInt8(b, rowStride: 64, rows: 1, packed: packed, columns: 0, depth: 64, into: &c, rowStride: 1)
        #expect(c == [7])
    }

    @Test(arguments: fastLevels)
    func packedBytesAreTheSameAtEveryLevel(level: KernelLevel) {
        var source = OperandSource(seed: 2)
        for shape in ProductShape.odd + ProductShape.everyDepth {
            let b = source.int8s(shape.bCount)
            let count = Kernels.packedInt8Count(rows: shape.n, columns: shape.k)
            let expected = GuardedBuffer([Int8](repeating: 1, count: count))
            let packed = GuardedBuffer([Int8](repeating: 2, count: count))
            Kernels(level: .reference).packInt8(
                b, rowStride: shape.bStride, rows: shape.n, columns: shape.k, into: expected.start)
            let guarded = GuardedBuffer(b)
            Kernels(level: level).packInt8(
                guarded.start, rowStride: shape.bStride, rows: shape.n, columns: shape.k, into: packed.start)
            #expect(packed.array == expected.array, "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func columnsCutAtPanelsEqualTheWhole(level: KernelLevel) {
        let shape = ProductShape(m: 21, n: 75, k: 90)
        let kernels = Kernels(level: level)
        var source = OperandSource(seed: 3)
        let a = source.int8s(shape.aCount)
        let b = source.int8s(shape.bCount)
        let packed = AlignedBuffer<Int8>(count: Kernels.packedInt8Count(rows: shape.n, columns: shape.k))
        let c = AlignedBuffer<Int32>(count: shape.outCount)
        for (first, end) in [(0, 16), (16, 64), (64, 75)] {
            let offset = Kernels.packedInt8Count(rows: first, columns: shape.k)
            b.withUnsafeBufferPointer { b in
                guard let b = b.baseAddress else { return }
                kernels.packInt8(
                    b + first * shape.k, rowStride: shape.k, rows: end - first, columns: shape.k,
                    into: packed.baseAddress + offset)
            }
            kernels.multiplyInt8(
                a, rowStride: shape.aStride, rows: shape.m, packed: packed.baseAddress + offset, columns: end - first,
                depth: shape.k, into: c.baseAddress + first, rowStride: shape.outStride)
        }
        #expect(Array(c.elements) == Self.expectedSums(a, b, shape))
    }

    /// Large enough for several chunks of columns and for scratch on the heap.
    @Test(arguments: fastLevels)
    func longRowsAndManyColumnsEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 4)
        for shape in [ProductShape(m: 33, n: 90, k: 9_001), ProductShape(m: 15, n: 1_500, k: 450, outPadding: 9)] {
            let a = source.int8s(shape.aCount)
            let b = source.int8s(shape.bCount)
            #expect(Self.sums(a, b, shape, level) == Self.expectedSums(a, b, shape), "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func packingTheTransposeGivesTheSame(level: KernelLevel) {
        var source = OperandSource(seed: 12)
        for shape in ProductShape.odd + ProductShape.everyDepth {
            // Bᵀ[k, n] with rows of n + padding.
            let stride = shape.n + shape.bPadding
            let transpose = source.int8s((shape.k - 1) * stride + shape.n)
            var b = [Int8](repeating: 0, count: shape.n * shape.k)
            for row in 0..<shape.n {
                for column in 0..<shape.k { b[row * shape.k + column] = transpose[column * stride + row] }
            }
            let count = Kernels.packedInt8Count(rows: shape.n, columns: shape.k)
            let expected = GuardedBuffer([Int8](repeating: 1, count: count))
            let packed = GuardedBuffer([Int8](repeating: 2, count: count))
            let guarded = GuardedBuffer(transpose)
            Kernels(level: .reference).packInt8(
                b, rowStride: shape.k, rows: shape.n, columns: shape.k, into: expected.start)
            Kernels(level: level).packInt8Transposed(
                guarded.start, rowStride: stride, rows: shape.n, columns: shape.k, into: packed.start)
            #expect(packed.array == expected.array, "\(shape.testDescription)")
        }
    }
}
