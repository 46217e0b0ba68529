import Kernels
import NumberFormats
import Testing

/// The vector functions of decoders: every level against the reference, bit for bit but for NaNs, on buffers that end at a page which faults.
@Suite struct DecoderKernelsTests {
    @Test(arguments: VectorKernelsTests.levels)
    func normsEqualTheReferenceAlsoInPlace(level: KernelLevel) {
        for columns in VectorKernelsTests.lengths {
            let rows = 20
            let x = VectorKernelsTests.rows(rows, columns: columns, stride: columns, seed: UInt64(columns))
            let gamma = GuardedBuffer(VectorKernelsTests.rows(1, columns: columns, stride: columns, seed: 3))
            func run(_ kernels: Kernels, inPlace: Bool) -> [UInt32] {
                let source = GuardedBuffer(x)
                let out = inPlace ? source : GuardedBuffer([Float](repeating: 0, count: x.count))
                kernels.rmsNorm(
                    source.start, gamma: gamma.start, epsilon: 1e-5, rows: rows, columns: columns, out: out.start)
                return VectorKernelsTests.bits(out.array)
            }
            let expected = run(VectorKernelsTests.reference, inPlace: false)
            #expect(run(Kernels(level: level), inPlace: false) == expected, "\(columns)")
            #expect(run(Kernels(level: level), inPlace: true) == expected, "\(columns)")
        }
    }

    @Test(arguments: VectorKernelsTests.levels)
    func gatesEqualTheReferenceOnFloatsOfAllKinds(level: KernelLevel) {
        let gates =
            stride(from: UInt32(0), to: .max, by: 4_093).map(Float.init(bitPattern:)) + [88.72284, -88.72284, -89]
        let up = gates.indices.map { Float($0 % 977) * 0.013 - 6 }
        func run(_ kernels: Kernels) -> [UInt32] {
            let (gate, up) = (GuardedBuffer(gates), GuardedBuffer(up))
            kernels.siluGate(gate.start, up: up.start, count: gates.count)
            return VectorKernelsTests.bits(gate.array)
        }
        #expect(run(Kernels(level: level)) == run(VectorKernelsTests.reference))
    }

    @Test(arguments: VectorKernelsTests.levels)
    func rotationsEqualTheReference(level: KernelLevel) {
        for half in [1, 2, 6, 8, 15, 16, 17, 32, 48, 64] {
            for heads in [1, 3] {
                let x = VectorKernelsTests.rows(heads, columns: 2 * half, stride: 2 * half, seed: UInt64(half))
                let table = RotaryTable(headDimension: 2 * half, base: 10_000).row(77)
                let (cosines, sines) = (GuardedBuffer(table.cosines), GuardedBuffer(table.sines))
                func run(_ kernels: Kernels) -> [UInt32] {
                    let out = GuardedBuffer(x)
                    kernels.rotate(out.start, heads: heads, half: half, cosines: cosines.start, sines: sines.start)
                    return VectorKernelsTests.bits(out.array)
                }
                #expect(run(Kernels(level: level)) == run(VectorKernelsTests.reference), "\(half)")
            }
        }
    }
}
