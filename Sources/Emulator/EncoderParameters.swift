import Kernels
import Networks
import NumberFormats
import Programs

/// The network's parameters as they lie in the accelerator's memory.
///
/// Linear weights are INT8 or INT4 codes with a scale an output channel (docs/semantics.md, section 7), or FP32 values in `fp32`
/// precision; everything else is FP32. Codes, residuals and a new head's bias change as a run goes on; scales stay.
public final class EncoderParameters {
    /// One linear layer: weight [rows, columns] row-major, one row an output.
    public final class Linear {
        public let rows: Int
        public let columns: Int
        /// Codes in −M…M, a byte each; empty in `fp32`.
        public let codes: AlignedBuffer<Int8>
        /// M, the largest code: 127 for INT8, 7 for INT4.
        public let limit: Int32
        /// [rows]; empty in `fp32`.
        public let scales: AlignedBuffer<Float>
        /// [rows].
        public let bias: AlignedBuffer<Float>
        /// FP32 weights; empty in `quantized`.
        public let values: AlignedBuffer<Float>
        /// Rounding residuals, of 8 or 16 bits; nil where the update keeps none.
        public internal(set) var residuals8: AlignedBuffer<Int8>?
        public internal(set) var residuals16: AlignedBuffer<Int16>?

        init(rows: Int, columns: Int, precision: Precision, limit: Int32) {
            self.limit = limit
            self.rows = rows
            self.columns = columns
            let isQuantized = precision == .quantized
            codes = AlignedBuffer(count: isQuantized ? rows * columns : 0)
            scales = AlignedBuffer(count: isQuantized ? rows : 0)
            bias = AlignedBuffer(count: rows)
            values = AlignedBuffer(count: isQuantized ? 0 : rows * columns)
        }

        public var count: Int { rows * columns }
    }

    public let shape: EncoderShape
    public let precision: Precision
    /// In which formats a step multiplies, where it is quantized.
    public let formats: StepFormats
    public let hasNewHead: Bool
    public let linears: [Linear]
    let checkpoint: EncoderCheckpoint
    let layerNormEpsilon: Float

    /// Quantizes (or copies) the checkpoint's linear weights. A checkpoint without a head, or with `replaceHead`, gets a new one
    /// for `classes` classes.
    ///
    /// - Parameter formats: of integers, INT8 or INT4; not read in `fp32` precision.
    public init(
        checkpoint: EncoderCheckpoint, classes: Int, precision: Precision, formats: StepFormats = .w8a8,
        kernels: Kernels, threads: Int
    ) {
        self.checkpoint = checkpoint
        self.precision = precision
        self.formats = formats
        layerNormEpsilon = checkpoint.configuration.normEpsilon
        let shape = EncoderShape(checkpoint.configuration, classes: classes)
        self.shape = shape
        let head = checkpoint.head
        hasNewHead = head == nil
        let linears = (0..<shape.linearCount).map { number in
            let (rows, columns) = shape.linearSize(number)
            let format = number == shape.headNumber ? formats.head : formats.weights
            return Linear(rows: rows, columns: columns, precision: precision, limit: format.codeLimit)
        }
        self.linears = linears
        for (number, linear) in linears.enumerated() {
            let source: (weight: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>)
            if number == shape.headNumber {
                guard let head else {
                    if precision == .quantized {
                        linear.scales.fill(SymmetricQuantizer.newHeadScale(limit: linear.limit))
                    }
                    continue
                }
                source = (head.weight, head.bias)
            } else {
                source = checkpoint.linear(number)
            }
            linear.bias.copy(from: source.bias)
            switch precision {
            case .fp32: linear.values.copy(from: source.weight)
            case .quantized:
                let codes = linear.codes.shared
                let scales = linear.scales.shared
                let weight = SharedBuffer(UnsafeMutableBufferPointer(mutating: source.weight))
                let rowsPerPiece = max(1, 65536 / linear.columns)
                let pieces = (linear.rows + rowsPerPiece - 1) / rowsPerPiece
                let (rows, columns, limit) = (linear.rows, linear.columns, linear.limit)
                parallelFor(pieces, threads: threads) { piece in
                    let first = piece * rowsPerPiece
                    kernels.quantizeRows(
                        weight.baseAddress + first * columns, rowStride: columns,
                        rows: min(rowsPerPiece, rows - first),
                        columns: columns, codes: codes.baseAddress + first * columns, codeStride: columns,
                        scales: scales.baseAddress + first, limit: limit)
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

extension ElementFormat {
    /// M, the largest code of a symmetric quantizer to a byte: 127, or 7 for INT4.
    var codeLimit: Int32 { self == .int4 ? 7 : 127 }
}
