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

    @Test(arguments: KernelLevel.available)
    func groupedLinearEqualsTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 31)
        for layer in [
            Layer(m: 1, n: 1, k: 1, groupSize: 32), Layer(m: 3, n: 17, k: 65, groupSize: 32),
            Layer(m: 60, n: 40, k: 256, groupSize: 64), Layer(m: 17, n: 33, k: 300, groupSize: 128),
            Layer(m: 5, n: 19, k: 384, groupSize: 96),
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
                    (.int8, b.map { UInt8(bitPattern: $0) }), (.int4Packed, packed.bytes),
                ]
                for (storage, bytes) in storages {
                    for threads in [1, 2] {
                        let y = GuardedBuffer([Float](repeating: .nan, count: layer.m * layer.n))
                        Kernels(level: level).groupedLinear(
                            IntegerMatrix(a, .int8, rows: layer.m, columns: layer.k), rowScales: rowScales,
                            IntegerMatrix(bytes, storage, rows: layer.n, columns: layer.k), groupSize: layer.groupSize,
                            columnScales: columnScales, bias: bias, into: y.start, threads: threads)
                        #expect(bits(y.array) == bits(expected), "\(layer), \(storage)")
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
        let scales: [Float] = [.infinity, .nan, 0, -0.0, 1e-45, -1e-40, 3e38, -3e38]
        let columnScales = (0..<40).map { scales[$0 % 7] }
        let expected = IntegerProduct.groupedLinear(
            a, rows: 2, rowScales: [1, -0.0], b, columns: 20, depth: k, groupSize: 32, columnScales: columnScales,
            bias: nil)
        var y = [Float](repeating: 0, count: 40)
        Kernels(level: level).groupedLinear(
            IntegerMatrix(a, .int8, rows: 2, columns: k), rowScales: [1, -0.0],
            IntegerMatrix(b, .int8, rows: 20, columns: k), groupSize: 32, columnScales: columnScales, bias: nil,
            into: &y,
            threads: 1)
        #expect(bits(y) == bits(expected))
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
        var grouped = plain.map { _ in Float(0) }
        kernels.groupedLinear(
            IntegerMatrix(a, .int8, rows: m, columns: k), rowScales: rowScales,
            IntegerMatrix(b, .int8, rows: n, columns: k), groupSize: 128, columnScales: columnScales, bias: bias,
            into: &grouped, threads: 1)
        #expect(bits(grouped) == bits(plain))
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
            #expect(codes == values.map { IntegerProduct.requantized($0, factor: factor) }, "factor \(factor)")
        }
        #expect(IntegerProduct.requantized(2.5, factor: 1) == 2 && IntegerProduct.requantized(-3.5, factor: 1) == -4)
        #expect(IntegerProduct.requantized(-1e9, factor: 1) == -127 && IntegerProduct.requantized(.nan, factor: 1) == 0)
    }
}
