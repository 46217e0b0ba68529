import Kernels
import Networks
import NumberFormats
import Programs

/// The network's parameters as they lie in the accelerator's memory.
///
/// Linear weights are INT8 codes with a scale an output channel (docs/semantics.md, section 7), or FP32 values in `fp32`
/// precision; everything else is FP32. Codes, residuals and a new head's bias change as a run goes on; scales stay.
public final class EncoderParameters {
    /// One linear layer: weight [rows, columns] row-major, one row an output.
    public final class Linear {
        public let rows: Int
        public let columns: Int
        /// Codes in −127…127; empty in `fp32`.
        public let codes: AlignedBuffer<Int8>
        /// [rows]; empty in `fp32`.
        public let scales: AlignedBuffer<Float>
        /// [rows].
        public let bias: AlignedBuffer<Float>
        /// FP32 weights; empty in `w8a8`.
        public let values: AlignedBuffer<Float>
        /// Rounding residuals, of 8 or 16 bits; nil where the update keeps none.
        public internal(set) var residuals8: AlignedBuffer<Int8>?
        public internal(set) var residuals16: AlignedBuffer<Int16>?

        init(rows: Int, columns: Int, precision: Precision) {
            self.rows = rows
            self.columns = columns
            let isQuantized = precision == .w8a8
            codes = AlignedBuffer(count: isQuantized ? rows * columns : 0)
            scales = AlignedBuffer(count: isQuantized ? rows : 0)
            bias = AlignedBuffer(count: rows)
            values = AlignedBuffer(count: isQuantized ? 0 : rows * columns)
        }

        public var count: Int { rows * columns }
    }

    public let shape: EncoderShape
    public let precision: Precision
    public let hasNewHead: Bool
    public let linears: [Linear]
    let checkpoint: EncoderCheckpoint
    let layerNormEpsilon: Float

    /// Quantizes (or copies) the checkpoint's linear weights. A checkpoint without a head, or with `replaceHead`, gets a new one
    /// for `classes` classes.
    public init(
        checkpoint: EncoderCheckpoint, classes: Int, precision: Precision, kernels: Kernels,
        threads: Int
    ) {
        self.checkpoint = checkpoint
        self.precision = precision
        layerNormEpsilon = checkpoint.configuration.normEpsilon
        let shape = EncoderShape(checkpoint.configuration, classes: classes)
        self.shape = shape
        let head = checkpoint.head
        hasNewHead = head == nil
        let linears = (0..<shape.linearCount).map { number in
            let (rows, columns) = shape.linearSize(number)
            return Linear(rows: rows, columns: columns, precision: precision)
        }
        self.linears = linears
        for (number, linear) in linears.enumerated() {
            let source: (weight: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>)
            if number == shape.headNumber {
                guard let head else {
                    if precision == .w8a8 { linear.scales.fill(SymmetricQuantizer.newHeadScale) }
                    continue
                }
                source = (head.weight, head.bias)
            } else {
                source = checkpoint.linear(number)
            }
            linear.bias.copy(from: source.bias)
            switch precision {
            case .fp32: linear.values.copy(from: source.weight)
            case .w8a8:
                let codes = linear.codes.shared
                let scales = linear.scales.shared
                let weight = SharedBuffer(UnsafeMutableBufferPointer(mutating: source.weight))
                let rowsPerPiece = max(1, 65536 / linear.columns)
                let pieces = (linear.rows + rowsPerPiece - 1) / rowsPerPiece
                let (rows, columns) = (linear.rows, linear.columns)
                parallelFor(pieces, threads: threads) { piece in
                    let first = piece * rowsPerPiece
                    kernels.quantizeRows(
                        weight.baseAddress + first * columns, rowStride: columns,
                        rows: min(rowsPerPiece, rows - first),
                        columns: columns, codes: codes.baseAddress + first * columns, codeStride: columns,
                        scales: scales.baseAddress + first)
                }
            }
        }
    }

    /// Adds zero residuals of `bits` (8 or 16) to the linear layers `numbers`.
    public func addResiduals(bits: Int, numbers: Range<Int>) {
        for number in numbers {
            let linear = linears[number]
            if bits == 8 { linear.residuals8 = AlignedBuffer(count: linear.count) }
            if bits == 16 { linear.residuals16 = AlignedBuffer(count: linear.count) }
        }
    }
}
