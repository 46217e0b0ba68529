import Kernels
import NumberFormats
import Testing

/// The quantized linear layer: every level against the reference in NumberFormats, bit for bit.
@Suite struct Int8LinearTests {
    struct Operands {
        var a: [Int8]
        var b: [Int8]
        var rowScales: [Float]
        var columnScales: [Float]
        var bias: [Float]?
    }

    static let untouched: Float = -12_345.5

    static func expected(_ o: Operands, _ s: ProductShape) -> [UInt32] {
        var y = [Float](repeating: untouched, count: s.outCount)
        if let bias = o.bias {
            IntegerProduct.linear(
                o.a, rowStride: s.aStride, rows: s.m, rowScales: o.rowScales, o.b, rowStride: s.bStride, columns: s.n,
                depth: s.k, columnScales: o.columnScales, bias: bias, into: &y, rowStride: s.outStride)
        } else {
            IntegerProduct.linear(
                o.a, rowStride: s.aStride, rows: s.m, rowScales: o.rowScales, o.b, rowStride: s.bStride, columns: s.n,
                depth: s.k, columnScales: o.columnScales, bias: nil, into: &y, rowStride: s.outStride)
        }
        return y.map(\.bitPattern)
    }

    static func outputs(_ o: Operands, _ s: ProductShape, _ level: KernelLevel) -> [UInt32] {
        let kernels = Kernels(level: level)
        let a = GuardedBuffer(o.a)
        let packed = GuardedBuffer([Int8](repeating: 99, count: Kernels.packedInt8Count(rows: s.n, columns: s.k)))
        let rowScales = GuardedBuffer(o.rowScales)
        let columnScales = GuardedBuffer(o.columnScales)
        let bias = o.bias.map { GuardedBuffer($0) }
        let y = GuardedBuffer([Float](repeating: untouched, count: s.outCount))
        kernels.packInt8(o.b, rowStride: s.bStride, rows: s.n, columns: s.k, into: packed.start)
        kernels.linearInt8(
            a.start, rowStride: s.aStride, rows: s.m, rowScales: rowScales.start, packed: packed.start, columns: s.n,
            depth: s.k, columnScales: columnScales.start, bias: bias.map { UnsafePointer($0.start) }, into: y.start,
            rowStride: s.outStride)
        return y.array.map(\.bitPattern)
    }

    @Test(arguments: KernelLevel.available)
    func outputsEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 5)
        for (index, shape) in (ProductShape.odd + ProductShape.everyRowCount).enumerated() {
            let operands = Operands(
                a: source.int8s(shape.aCount), b: source.int8s(shape.bCount), rowScales: source.floats(shape.m),
                columnScales: source.floats(shape.n), bias: index % 3 == 0 ? nil : source.floats(shape.n))
            #expect(
                Self.outputs(operands, shape, level) == Self.expected(operands, shape), "\(shape.testDescription)")
        }
    }

    @Test(arguments: KernelLevel.available)
    func sumsBeyond2To24RoundToEven(level: KernelLevel) {
        // 1 025 products of 127 · 129 ≈ 2²⁴: sums of 2²⁴ and more lose their last bit.
        let shape = ProductShape(m: 40, n: 50, k: 2_300)
        var source = OperandSource(seed: 6)
        let operands = Operands(
            a: (0..<shape.aCount).map { _ in Int8(127 - Int(source.next() % 3)) },
            b: (0..<shape.bCount).map { _ in Int8(127 - Int(source.next() % 3)) },
            rowScales: [Float](repeating: 1, count: shape.m), columnScales: [Float](repeating: 1, count: shape.n),
            bias: nil)
        let expected = Self.expected(operands, shape)
        #expect(expected.allSatisfy { Float(bitPattern: $0) > 0x1p24 })
        #expect(Self.outputs(operands, shape, level) == expected)
    }

    @Test(arguments: KernelLevel.available)
    func scalesOfEveryKindEqualTheReference(level: KernelLevel) {
        let shape = ProductShape(m: 45, n: 37, k: 20)
        var source = OperandSource(seed: 7)
        for _ in 0..<20 {
            let operands = Operands(
                a: source.int8s(shape.aCount), b: source.int8s(shape.bCount), rowScales: source.anyFloats(shape.m),
                columnScales: source.anyFloats(shape.n), bias: source.anyFloats(shape.n))
            #expect(Self.outputs(operands, shape, level) == Self.expected(operands, shape))
        }
    }

    @Test(arguments: KernelLevel.available)
    func withoutABiasMinusZeroStays(level: KernelLevel) {
        let shape = ProductShape(m: 2, n: 3, k: 5)
        var operands = Operands(
            a: [Int8](repeating: 0, count: shape.aCount), b: [Int8](repeating: 1, count: shape.bCount),
            rowScales: [-1, 1], columnScales: [1, 1, 1], bias: nil)
        #expect(Self.outputs(operands, shape, level) == [0x8000_0000, 0x8000_0000, 0x8000_0000, 0, 0, 0])
        operands.bias = [0, 0, 0]
        #expect(Self.outputs(operands, shape, level) == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: KernelLevel.available)
    func nanIsCanonical(level: KernelLevel) {
        let shape = ProductShape(m: 1, n: 2, k: 1)
        let operands = Operands(
            a: [1], b: [1, 0], rowScales: [.infinity], columnScales: [Float(bitPattern: 0xFFC1_2345), 1], bias: nil)
        #expect(Self.outputs(operands, shape, level) == [0x7FC0_0000, 0x7FC0_0000])
    }

    /// The scaled sum's rounding error meets a bias that cancels the rest, which a fused multiply-add would keep.
    @Test(arguments: KernelLevel.available)
    func scalingAndBiasAreNotFused(level: KernelLevel) {
        let shape = ProductShape(m: 1, n: 1, k: 1)
        let scale = Float(1).nextUp
        let operands = Operands(
            a: [1], b: [1], rowScales: [scale], columnScales: [scale], bias: [-(scale * scale)])
        #expect(Self.outputs(operands, shape, level) == [0])
    }
}
