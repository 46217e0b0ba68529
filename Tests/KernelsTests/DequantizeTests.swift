import Kernels
import NumberFormats
import Testing

/// Sums in memory, added to and dequantized later: the bits of the product that does both at once.
@Suite struct DequantizeTests {
    @Test(arguments: KernelLevel.available)
    func productsInPiecesOfTheDepthHaveTheBitsOfWholeOnes(level: KernelLevel) {
        var source = OperandSource(seed: 9)
        let kernels = Kernels(level: level)
        for (index, shape) in (ProductShape.odd + ProductShape.everyRowCount).enumerated() {
            let operands = Int8LinearTests.Operands(
                a: source.int8s(shape.aCount), b: source.int8s(shape.bCount), rowScales: source.floats(shape.m),
                columnScales: source.floats(shape.n), bias: index % 3 == 0 ? nil : source.floats(shape.n))
            let sums = GuardedBuffer([Int32](repeating: 77, count: shape.outCount))
            // Two pieces, the second of which adds to the first one's sums.
            let middle = shape.k / 2
            for (first, depth, isSecond) in [(0, middle, false), (middle, shape.k - middle, true)] {
                let packed = GuardedBuffer(
                    [Int8](repeating: 99, count: Kernels.packedInt8Count(rows: shape.n, columns: depth)))
                operands.a.withUnsafeBufferPointer { a in
                    operands.b.withUnsafeBufferPointer { b in
                        kernels.packInt8(
                            b.baseAddress! + first, rowStride: shape.bStride, rows: shape.n, columns: depth,
                            into: packed.start)
                        kernels.multiplyInt8(
                            a.baseAddress! + first, rowStride: shape.aStride, rows: shape.m, packed: packed.start,
                            columns: shape.n, depth: depth, into: sums.start, rowStride: shape.outStride,
                            accumulates: isSecond)
                    }
                }
            }
            let y = GuardedBuffer([Float](repeating: Int8LinearTests.untouched, count: shape.outCount))
            let rowScales = GuardedBuffer(operands.rowScales)
            let columnScales = GuardedBuffer(operands.columnScales)
            let bias = operands.bias.map { GuardedBuffer($0) }
            kernels.dequantize(
                sums.start, rowStride: shape.outStride, rows: shape.m, columns: shape.n, rowScales: rowScales.start,
                columnScales: columnScales.start, bias: bias.map { UnsafePointer($0.start) }, into: y.start,
                rowStride: shape.outStride)
            #expect(
                y.array.map(\.bitPattern) == Int8LinearTests.expected(operands, shape), "\(shape.testDescription)")
        }
    }

    /// Infinities times zero and infinities that cancel: one NaN comes out.
    @Test(arguments: KernelLevel.available)
    func nansAreCanonical(level: KernelLevel) {
        let sums: [Int32] = Array(repeating: 0, count: 17) + Array(repeating: 5, count: 17)
        var y = [Float](repeating: 0, count: 34)
        Kernels(level: level).dequantize(
            sums, rowStride: 17, rows: 2, columns: 17, rowScales: [1, 1],
            columnScales: [Float](repeating: .infinity, count: 17),
            bias: [Float](repeating: -.infinity, count: 17), into: &y, rowStride: 17)
        #expect(y.allSatisfy { $0.bitPattern == 0x7FC0_0000 })
    }
}
