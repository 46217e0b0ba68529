import Kernels
import NumberFormats
import Testing

/// FP32 products: every level against the reference in NumberFormats, bit for bit.
@Suite struct Float32ProductTests {
    static let untouched: Float = -12_345.5

    static func expected(_ a: [Float], _ b: [Float], _ bias: [Float]?, _ s: ProductShape) -> [UInt32] {
        var y = [Float](repeating: untouched, count: s.outCount)
        let bias = bias.map { AlignedBuffer($0) }
        Float32Product.linear(
            a, rowStride: s.aStride, rows: s.m, b, rowStride: s.bStride, columns: s.n, depth: s.k,
            bias: bias.map { UnsafePointer($0.baseAddress) }, into: &y, rowStride: s.outStride)
        return y.map(\.bitPattern)
    }

    static func outputs(
        _ a: [Float], _ b: [Float], _ bias: [Float]?, _ s: ProductShape, _ level: KernelLevel
    ) -> [UInt32] {
        let kernels = Kernels(level: level)
        let a = GuardedBuffer(a)
        let b = GuardedBuffer(b)
        let bias = bias.map { GuardedBuffer($0) }
        let packed = GuardedBuffer([Float](repeating: 9, count: Kernels.packedFloat32Count(rows: s.n, columns: s.k)))
        let y = GuardedBuffer([Float](repeating: untouched, count: s.outCount))
        kernels.packFloat32(b.start, rowStride: s.bStride, rows: s.n, columns: s.k, into: packed.start)
        kernels.linearFloat32(
            a.start, rowStride: s.aStride, rows: s.m, packed: packed.start, columns: s.n, depth: s.k,
            bias: bias.map { UnsafePointer($0.start) }, into: y.start, rowStride: s.outStride)
        return y.array.map(\.bitPattern)
    }

    @Test(arguments: KernelLevel.available)
    func outputsEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 8)
        let large = ProductShape(m: 25, n: 300, k: 700, aPadding: 1)
        for (index, shape) in (ProductShape.odd + ProductShape.everyRowCount + [large]).enumerated() {
            let a = source.floats(shape.aCount)
            let b = source.floats(shape.bCount)
            let bias = index % 3 == 0 ? nil : source.floats(shape.n)
            #expect(
                Self.outputs(a, b, bias, shape, level) == Self.expected(a, b, bias, shape), "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func valuesOfEveryKindEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 9)
        for k in [1, 2, 3, 8] {
            let shape = ProductShape(m: 50, n: 40, k: k)
            let a = source.anyFloats(shape.aCount)
            let b = source.anyFloats(shape.bCount)
            let bias = source.anyFloats(shape.n)
            #expect(Self.outputs(a, b, bias, shape, level) == Self.expected(a, b, bias, shape))
        }
    }

    @Test(arguments: KernelLevel.available)
    func subnormalsAreKept(level: KernelLevel) {
        let shape = ProductShape(m: 1, n: 1, k: 2)
        let least = Float.leastNonzeroMagnitude
        #expect(Self.outputs([least, 0.5], [1, 4 * least], nil, shape, level) == [3])
    }

    /// x² = 1 + 2⁻²² + 2⁻⁴⁶; rounded first it cancels against its rounding, fused it leaves 2⁻⁴⁶.
    @Test(arguments: KernelLevel.available)
    func productsRoundBeforeTheyAreAdded(level: KernelLevel) {
        let shape = ProductShape(m: 1, n: 1, k: 2)
        let x = Float(1).nextUp
        #expect(Self.outputs([-1, x], [x * x, x], nil, shape, level) == [0])
    }

    /// 2²⁴ + 1 + 1 stays 2²⁴ from the left, and is 2²⁴ + 2 from the right.
    @Test(arguments: KernelLevel.available)
    func additionsAscendAlongTheDepth(level: KernelLevel) {
        let shape = ProductShape(m: 1, n: 1, k: 3)
        #expect(Self.outputs([0x1p24, 1, 1], [1, 1, 1], nil, shape, level) == [Float(0x1p24).bitPattern])
        #expect(Self.outputs([1, 1, 0x1p24], [1, 1, 1], nil, shape, level) == [Float(0x1p24 + 2).bitPattern])
    }

    @Test(arguments: fastLevels)
    func packedFloatsAreTheSameAtEveryLevel(level: KernelLevel) {
        var source = OperandSource(seed: 10)
        for shape in ProductShape.odd + ProductShape.everyDepth {
            let b = source.anyFloats(shape.bCount)
            let count = Kernels.packedFloat32Count(rows: shape.n, columns: shape.k)
            let expected = GuardedBuffer([Float](repeating: 1, count: count))
            let packed = GuardedBuffer([Float](repeating: 2, count: count))
            let guarded = GuardedBuffer(b)
            Kernels(level: .reference).packFloat32(
                b, rowStride: shape.bStride, rows: shape.n, columns: shape.k, into: expected.start)
            Kernels(level: level).packFloat32(
                guarded.start, rowStride: shape.bStride, rows: shape.n, columns: shape.k, into: packed.start)
            #expect(
                packed.array.map(\.bitPattern) == expected.array.map(\.bitPattern), "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func packingTheTransposeGivesTheSame(level: KernelLevel) {
        var source = OperandSource(seed: 12)
        for shape in ProductShape.odd + ProductShape.everyDepth {
            // Bᵀ[k, n] with rows of n + padding.
            let stride = shape.n + shape.bPadding
            let transpose = source.anyFloats((shape.k - 1) * stride + shape.n)
            var b = [Float](repeating: 0, count: shape.n * shape.k)
            for row in 0..<shape.n {
                for column in 0..<shape.k { b[row * shape.k + column] = transpose[column * stride + row] }
            }
            let count = Kernels.packedFloat32Count(rows: shape.n, columns: shape.k)
            let expected = GuardedBuffer([Float](repeating: 1, count: count))
            let packed = GuardedBuffer([Float](repeating: 2, count: count))
            let guarded = GuardedBuffer(transpose)
            Kernels(level: .reference).packFloat32(
                b, rowStride: shape.k, rows: shape.n, columns: shape.k, into: expected.start)
            Kernels(level: level).packFloat32Transposed(
                guarded.start, rowStride: stride, rows: shape.n, columns: shape.k, into: packed.start)
            #expect(packed.array.map(\.bitPattern) == expected.array.map(\.bitPattern), "\(shape.testDescription)")
        }
    }
}
