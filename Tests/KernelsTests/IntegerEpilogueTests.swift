import Kernels
import NumberFormats
import Testing

/// Epilogues of integer products: every level against the reference, bit for bit.
@Suite struct IntegerEpilogueTests {
    private struct Layer {
        var m: Int
        var n: Int
        var k: Int
        var groupSize: Int

        var groups: Int { (k + groupSize - 1) / groupSize }
    }

    private func bits(_ x: [Float]) -> [UInt32] { x.map(\.bitPattern) }

    /// Y from operands that end at pages which fault.
    private func groupedLinear(
        _ level: KernelLevel, _ layer: Layer, _ a: [Int8], rowScales: [Float], _ b: [UInt8],
        _ storage: IntegerMatrix.Storage, columnScales: [Float], bias: [Float]?, threads: Int
    ) -> [Float] {
        let (a, b) = (GuardedBuffer(a), GuardedBuffer(b))
        let y = GuardedBuffer([Float](repeating: .nan, count: layer.m * layer.n))
        withExtendedLifetime((a, b)) {
            Kernels(level: level).groupedLinear(
                IntegerMatrix(a.start, .int8, rows: layer.m, columns: layer.k), rowScales: rowScales,
                IntegerMatrix(b.start, storage, rows: layer.n, columns: layer.k), groupSize: layer.groupSize,
                columnScales: columnScales, bias: bias, into: y.start, threads: threads)
        }
        return y.array
    }

    private func bytes(_ x: [Int8]) -> [UInt8] { x.map { UInt8(bitPattern: $0) } }

    /// Expects the same bits without printing thousands of them.
    private func expectEqual(
        _ x: [Float], _ y: [Float], _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let same = bits(x) == bits(y)
        #expect(same, "\(what)", sourceLocation: sourceLocation)
    }

    @Test(arguments: KernelLevel.available)
    func groupedLinearEqualsTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 31)
        for layer in [
            Layer(m: 1, n: 1, k: 1, groupSize: 32), Layer(m: 3, n: 17, k: 65, groupSize: 32),
            Layer(m: 60, n: 40, k: 256, groupSize: 64), Layer(m: 17, n: 33, k: 300, groupSize: 128),
            Layer(m: 5, n: 19, k: 384, groupSize: 96), Layer(m: 4, n: 18, k: 2_100, groupSize: 128),
            Layer(m: 2, n: 17, k: 1_100, groupSize: 32),
        ] {
            for hasBias in [false, true] {
                let a = source.int8s(layer.m * layer.k)
                let b = source.int8s(layer.n * layer.k).map { ($0 << 4) >> 4 }
                let rowScales = source.floats(layer.m)
                let columnScales = source.floats(layer.n * layer.groups)
                let bias = hasBias ? source.floats(layer.n) : nil
                let expected = IntegerProduct.groupedLinear(
                    a, rows: layer.m, rowScales: rowScales, b, columns: layer.n, depth: layer.k,
                    groupSize: layer.groupSize, columnScales: columnScales, bias: bias)
                let packed = IntegerMatrixProductTests.Operand(.int4Packed, rows: layer.n, columns: layer.k) {
                    b[$0 * layer.k + $1]
                }
                let storages: [(IntegerMatrix.Storage, [UInt8])] = [
                    (.int8, bytes(b)), (.int4Packed, packed.bytes),
                ]
                for (storage, codes) in storages {
                    for threads in [1, 2] {
                        let y = groupedLinear(
                            level, layer, a, rowScales: rowScales, codes, storage, columnScales: columnScales,
                            bias: bias,
                            threads: threads)
                        expectEqual(y, expected, "\(layer), \(storage)")
                    }
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available)
    func specialScalesEqualTheReference(level: KernelLevel) {
        let k = 64
        var source = OperandSource(seed: 32)
        let a = source.int8s(2 * k)
        let b = source.int8s(20 * k)
        let scales: [Float] = [.infinity, .nan, 0, -0.0, 0x1p-149, -0x1p-133, 3e38, -3e38]
        let columnScales = (0..<40).map { scales[$0 % 7] }
        let expected = IntegerProduct.groupedLinear(
            a, rows: 2, rowScales: [1, -0.0], b, columns: 20, depth: k, groupSize: 32, columnScales: columnScales,
            bias: nil)
        let y = groupedLinear(
            level, Layer(m: 2, n: 20, k: k, groupSize: 32), a, rowScales: [1, -0.0], bytes(b), .int8,
            columnScales: columnScales, bias: nil, threads: 1)
        expectEqual(y, expected)
        #expect(y.contains { $0.isNaN } && y.filter(\.isNaN).allSatisfy { $0.bitPattern == 0x7FC0_0000 })
    }

    /// One group is the linear layer without groups, which linearInt8 computes in its own way.
    @Test(arguments: KernelLevel.available)
    func oneGroupIsTheLinearLayerWithoutGroups(level: KernelLevel) {
        let kernels = Kernels(level: level)
        var source = OperandSource(seed: 33)
        let (m, n, k) = (9, 35, 128)
        let (a, b) = (source.int8s(m * k), source.int8s(n * k))
        let (rowScales, columnScales, bias) = (source.floats(m), source.floats(n), source.floats(n))
        var packed = [Int8](repeating: 0, count: Kernels.packedInt8Count(rows: n, columns: k))
        kernels.packInt8(b, rowStride: k, rows: n, columns: k, into: &packed)
        var plain = [Float](repeating: 0, count: m * n)
        kernels.linearInt8(
            a, rowStride: k, rows: m, rowScales: rowScales, packed: packed, columns: n, depth: k,
            columnScales: columnScales, bias: bias, into: &plain, rowStride: n)
        let grouped = groupedLinear(
            level, Layer(m: m, n: n, k: k, groupSize: 128), a, rowScales: rowScales, bytes(b), .int8,
            columnScales: columnScales, bias: bias, threads: 1)
        expectEqual(grouped, plain)
    }

    @Test func groupsAreAddedInAscendingOrder() {
        // 2^24 + 1 rounds to 2^24, and −2^24 then gives 0; the other way round 1 is left.
        let one = IntegerProduct.dequantized(
            groups: [1 << 24, 1, -1 << 24], columnScales: [1, 1, 1], rowScale: 1, bias: nil)
        let other = IntegerProduct.dequantized(
            groups: [1 << 24, -1 << 24, 1], columnScales: [1, 1, 1], rowScale: 1, bias: nil)
        #expect(one == 0 && other == 1)
        // The first result is not added to +0, which would lose its sign.
        #expect(IntegerProduct.dequantized(groups: [0], columnScales: [-1], rowScale: 1, bias: nil).sign == .minus)
    }

    @Test(arguments: KernelLevel.available)
    func requantizedCodesEqualTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 34)
        let ties = (-300...300).map { Float($0) / 2 }
        let near = ties.flatMap { [$0.nextUp, $0.nextDown] }
        let values = ties + near + source.anyFloats(5_000) + [Float.infinity, -.infinity, .nan, 0, -0.0]
        for factor: Float in [1, 0.5, 3.7, 1e-30, 0, -1, .infinity] {
            var codes = [Int8](repeating: 99, count: values.count)
            Kernels(level: level).requantize(values, count: values.count, factor: factor, into: &codes)
            let same = codes == values.map { IntegerProduct.requantized($0, factor: factor) }
            #expect(same, "factor \(factor)")
        }
        #expect(IntegerProduct.requantized(2.5, factor: 1) == 2 && IntegerProduct.requantized(-3.5, factor: 1) == -4)
        #expect(IntegerProduct.requantized(-1e9, factor: 1) == -127 && IntegerProduct.requantized(.nan, factor: 1) == 0)
    }
}
