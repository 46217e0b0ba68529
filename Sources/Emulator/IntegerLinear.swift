import Kernels

/// A linear layer of INT8 or INT4 codes with a scale an output channel, on INT8 activations with a scale a token (docs/semantics.md, sections 7 and 8).
struct IntegerLinear: DecoderLinear {
    let outputs: Int
    let inputs: Int
    private let owner: Owner
    private let packed: SharedBuffer<Int8>
    private let scales: SharedBuffer<Float>

    /// Keeps the memory of codes and scales.
    private final class Owner: @unchecked Sendable {
        let packed: AlignedBuffer<Int8>
        let scales: AlignedBuffer<Float>
        init(_ packed: AlignedBuffer<Int8>, _ scales: AlignedBuffer<Float>) {
            self.packed = packed
            self.scales = scales
        }
    }

    var bytes: Int { packed.count + 4 * scales.count }

    /// - Parameters:
    ///   - packed: the codes of W[outputs, inputs] as `Kernels.packInt8` packs them, one a byte also for INT4.
    ///   - scales: [outputs].
    init(outputs: Int, inputs: Int, packed: AlignedBuffer<Int8>, scales: AlignedBuffer<Float>) {
        self.outputs = outputs
        self.inputs = inputs
        owner = Owner(packed, scales)
        self.packed = packed.shared
        self.scales = scales.shared
    }

    func apply(_ x: LinearInput.View, outputs range: Range<Int>, into y: SharedBuffer<Float>, kernels: Kernels) {
        kernels.linearInt8(
            x.codes.baseAddress, rowStride: x.columns, rows: x.rows, rowScales: x.scales.baseAddress,
            packed: packed.baseAddress + Kernels.packedInt8Count(rows: range.lowerBound, columns: inputs),
            columns: range.count, depth: inputs, columnScales: scales.baseAddress + range.lowerBound, bias: nil,
            into: y.baseAddress + range.lowerBound, rowStride: outputs)
    }
}
