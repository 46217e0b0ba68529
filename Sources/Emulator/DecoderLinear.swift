import Kernels

/// A linear layer of a decoder without bias, y = x·Wᵀ, in one precision: FP32 or quantized, the decoder's forward does not know which.
protocol DecoderLinear: Sendable {
    /// Rows of W: elements of y.
    var outputs: Int { get }
    /// Columns of W: elements of x.
    var inputs: Int { get }
    /// Bytes of memory that the weights take.
    var bytes: Int { get }

    /// Computes some outputs of each row of x.
    ///
    /// - Parameters:
    ///   - range: outputs; the lower bound a multiple of 16.
    ///   - y: [x.rows, outputs], row-major; the elements of `range` are overwritten.
    func apply(_ x: LinearInput.View, outputs range: Range<Int>, into y: SharedBuffer<Float>, kernels: Kernels)
}

/// The rows that linear layers read, as FP32 values and, where products are quantized, as INT8 codes with a scale a row. Layers that read the same rows share them.
final class LinearInput {
    /// What threads read.
    struct View: Sendable {
        let rows: Int
        let columns: Int
        /// [rows, columns].
        let values: SharedBuffer<Float>
        /// [rows, columns]; empty in FP32.
        let codes: SharedBuffer<Int8>
        /// [rows]; empty in FP32.
        let scales: SharedBuffer<Float>
    }

    let rows: Int
    let columns: Int
    /// [rows, columns], written by whoever makes the input.
    let values: AlignedBuffer<Float>
    private let codes: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<Float>
    private let isQuantized: Bool

    init(rows: Int, columns: Int, isQuantized: Bool) {
        self.rows = rows
        self.columns = columns
        self.isQuantized = isQuantized
        values = AlignedBuffer(uninitializedCount: rows * columns)
        codes = AlignedBuffer(uninitializedCount: isQuantized ? rows * columns : 0)
        scales = AlignedBuffer(uninitializedCount: isQuantized ? rows : 0)
    }

    /// The values as layers read them: quantized, where products are.
    func ready(_ kernels: Kernels, threads: Int) -> View {
        let view = View(rows: rows, columns: columns, values: values.shared, codes: codes.shared, scales: scales.shared)
        if isQuantized {
            let columns = columns
            parallelFor(rows, threads: rows > 8 ? threads : 1) { row in
                kernels.quantizeRows(
                    view.values.baseAddress + row * columns, rowStride: columns, rows: 1, columns: columns,
                    codes: view.codes.baseAddress + row * columns, codeStride: columns,
                    scales: view.scales.baseAddress + row)
            }
        }
        return view
    }
}

extension LinearInput.View {
    /// Applies layers that read these rows, cut into panels of outputs that threads take in turn.
    func apply(_ layers: [(layer: any DecoderLinear, y: SharedBuffer<Float>)], kernels: Kernels, threads: Int) {
        var items: [(layer: any DecoderLinear, y: SharedBuffer<Float>, range: Range<Int>)] = []
        let total = layers.reduce(0) { $0 + $1.layer.outputs }
        // About four items a thread balance; none below 64 outputs.
        let wanted = threads == 1 ? (total + 15) / 16 * 16 : max(64, (total / (4 * threads) + 31) / 32 * 32)
        for (layer, y) in layers {
            for first in stride(from: 0, to: layer.outputs, by: wanted) {
                items.append((layer, y, first..<min(first + wanted, layer.outputs)))
            }
        }
        let work = items
        parallelFor(work.count, threads: threads) { index in
            let item = work[index]
            item.layer.apply(self, outputs: item.range, into: item.y, kernels: kernels)
        }
    }
}
