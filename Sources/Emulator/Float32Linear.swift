import Kernels

/// A linear layer in FP32: each output one chain along k (docs/semantics.md, section 8).
struct Float32Linear: DecoderLinear {
    let outputs: Int
    let inputs: Int
    /// Keeps the memory of `packed`.
    private let owner: Owner
    private let packed: SharedBuffer<Float>

    private final class Owner: @unchecked Sendable {
        let buffer: AlignedBuffer<Float>
        init(_ buffer: AlignedBuffer<Float>) { self.buffer = buffer }
    }

    var bytes: Int { 4 * packed.count }

    /// - Parameter packed: W[outputs, inputs] as `Kernels.packFloat32` packs it.
    init(outputs: Int, inputs: Int, packed: AlignedBuffer<Float>) {
        self.outputs = outputs
        self.inputs = inputs
        owner = Owner(packed)
        self.packed = packed.shared
    }

    func apply(_ x: LinearInput.View, outputs range: Range<Int>, into y: SharedBuffer<Float>, kernels: Kernels) {
        kernels.linearFloat32(
            x.values.baseAddress, rowStride: x.columns, rows: x.rows,
            packed: packed.baseAddress + Kernels.packedFloat32Count(rows: range.lowerBound, columns: inputs),
            columns: range.count, depth: inputs, bias: nil, into: y.baseAddress + range.lowerBound, rowStride: outputs)
    }
}
