import Kernels
import Networks
import NumberFormats
import Programs

/// The network's parameters as they lie in the accelerator's memory.
///
/// Linear weights are codes with a scale an output channel (docs/semantics.md, section 7): INT8 or INT4 numbers, or FP8 words. In BF16 or FP32, and in
/// `fp32` precision, they are values; everything else is FP32. Codes, residuals, values and a new head's bias change as a run goes on; scales stay.
public final class EncoderParameters {
    /// One matrix: weight [rows, columns] row-major, one row an output.
    public final class Linear {
        public let rows: Int
        public let columns: Int
        public let format: ElementFormat
        /// Codes, a byte each: in −M…M, or the words of an FP8 format; empty where weights are values.
        public let codes: AlignedBuffer<Int8>
        /// M, the largest code of an integer: 127 for INT8, 7 for INT4.
        public var limit: Int32 { format.codeLimit }
        /// [rows]; empty where weights are values.
        public let scales: AlignedBuffer<Float>
        /// [rows]; zeros in adapters, which have none.
        public let bias: AlignedBuffer<Float>
        /// Weights in BF16 or FP32, each in an FP32; empty where weights are codes.
        public let values: AlignedBuffer<Float>
        /// Rounding residuals, of 8 or 16 bits; nil where the update keeps none.
        public internal(set) var residuals8: AlignedBuffer<Int8>?
        public internal(set) var residuals16: AlignedBuffer<Int16>?

        init(rows: Int, columns: Int, format: ElementFormat) {
            self.format = format
            self.rows = rows
            self.columns = columns
            let isCoded = format.hasScales
            codes = AlignedBuffer(count: isCoded ? rows * columns : 0)
            scales = AlignedBuffer(count: isCoded ? rows : 0)
            bias = AlignedBuffer(count: rows)
            values = AlignedBuffer(count: isCoded ? 0 : rows * columns)
        }

        public var count: Int { rows * columns }
    }

    public let shape: EncoderShape
    public let precision: Precision
    /// In which formats a machine multiplies, where weights are quantized; `layout.formats` has those of the weights.
    public let formats: StepFormats
    public let hasNewHead: Bool
    public let linears: [Linear]
    /// By number (`StepDescription.matrixName`): the linear layers, and behind them A and B of each adapter; nil where a layer has none.
    public let matrices: [Linear?]
    /// A step with these matrices: their numbers, names, sizes and formats.
    public let layout: StepDescription
    let checkpoint: EncoderCheckpoint
    let layerNormEpsilon: Float

    /// Quantizes (or copies) the checkpoint's linear weights. A checkpoint without a head, or with `replaceHead`, gets a new one
    /// for `classes` classes.
    ///
    /// - Parameters:
    ///   - formats: not read in `fp32` precision.
    ///   - trainable: its adapters are made, where it has any; they have to fit the network (`StepDescription.checkSizes`).
    ///   - seed: the run's; adapters begin with its draws.
    public init(
        checkpoint: EncoderCheckpoint, classes: Int, precision: Precision, formats: StepFormats = .w8a8,
        trainable: TrainableSet = .all, seed: UInt64 = 0, kernels: Kernels, threads: Int
    ) {
        self.checkpoint = checkpoint
        self.precision = precision
        self.formats = formats
        layerNormEpsilon = checkpoint.configuration.normEpsilon
        let shape = EncoderShape(checkpoint.configuration, classes: classes)
        self.shape = shape
        let head = checkpoint.head
        hasNewHead = head == nil
        var layout = StepDescription(
            shape: shape, batch: 1, sequence: 1, trainable: trainable, hasNewHead: head == nil,
            method: .inference(precision))
        layout.machineFormats = formats
        self.layout = layout
        func made(_ number: Int) -> Linear {
            let (rows, columns) = layout.matrixSize(number)
            return Linear(
                rows: rows, columns: columns, format: precision == .fp32 ? .fp32 : layout.weightFormat(number))
        }
        let linears = (0..<shape.linearCount).map(made)
        self.linears = linears
        let adapters = layout.adapterMatrices
        var matrices: [Linear?] = linears
        if let last = adapters.last { matrices += Array(repeating: nil, count: last + 1 - linears.count) }
        for number in adapters { matrices[number] = made(number) }
        self.matrices = matrices
        let newScale = Self.newScale
        for (number, linear) in linears.enumerated() {
            let source: (weight: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>)
            if number == shape.headNumber {
                guard let head else {
                    if let scale = newScale(linear.format) { linear.scales.fill(scale) }
                    continue
                }
                source = (head.weight, head.bias)
            } else {
                source = checkpoint.linear(number)
            }
            linear.bias.copy(from: source.bias)
            linear.fill(source.weight, kernels: kernels, threads: threads)
        }
        for (index, number) in adapters.enumerated() {
            guard let matrix = matrices[number] else { continue }
            guard index.isMultiple(of: 2) else {
                if let scale = newScale(matrix.format) { matrix.scales.fill(scale) }
                continue
            }
            let values = AdapterStart(inputs: matrix.columns).values(
                seed: seed, tensor: UInt16(layout.drawNumber(number)), count: matrix.count)
            values.withUnsafeBufferPointer { matrix.fill($0, kernels: kernels, threads: threads) }
        }
    }

    /// The scale of rows of zeros, which have none of their own; nil for formats without scales.
    private static func newScale(_ format: ElementFormat) -> Float? {
        guard format.hasScales else { return nil }
        return SymmetricQuantizer.newScale(largest: format.largestCode)
    }

    /// Matrix `number`, which has to be there.
    public func matrix(_ number: Int) -> Linear {
        guard let matrix = matrices[number] else { preconditionFailure("no adapter has this matrix") }
        return matrix
    }

    /// Numbers of all matrices that are there.
    var numbers: [Int] { matrices.indices.filter { matrices[$0] != nil } }

    /// Adds zero residuals of `bits` (8 or 16) to the matrices `numbers`.
    public func addResiduals(bits: Int, numbers: some Sequence<Int>) {
        for number in numbers {
            let linear = matrix(number)
            if bits == 8 { linear.residuals8 = AlignedBuffer(count: linear.count) }
            if bits == 16 { linear.residuals16 = AlignedBuffer(count: linear.count) }
        }
    }
}

extension EncoderParameters.Linear {
    /// Takes numbers over: quantized, rounded or copied, as the format has it.
    ///
    /// - Parameter weight: [rows, columns].
    fileprivate func fill(_ weight: UnsafeBufferPointer<Float>, kernels: Kernels, threads: Int) {
        guard format.hasScales else {
            values.copy(from: weight)
            if format == .bf16 { for i in 0..<count { values[i] = roundedToBF16(values[i]) } }
            return
        }
        let (codes, scales) = (codes.shared, scales.shared)
        let source = SharedBuffer(UnsafeMutableBufferPointer(mutating: weight))
        let rowsPerPiece = max(1, 65536 / columns)
        let (rows, columns, format) = (rows, columns, format)
        parallelFor((rows + rowsPerPiece - 1) / rowsPerPiece, threads: threads) { piece in
            let first = piece * rowsPerPiece
            kernels.quantizeRows(
                source.baseAddress + first * columns, rows: min(rowsPerPiece, rows - first), columns: columns,
                format: format, codes: codes.baseAddress + first * columns, scales: scales.baseAddress + first)
        }
    }
}

extension ElementFormat {
    /// M, the largest code of a symmetric quantizer to a byte: 127, or 7 for INT4.
    var codeLimit: Int32 { self == .int4 ? 7 : 127 }

    /// The number that the largest code stands for at scale 1: M of an integer, the largest finite number of a floating-point format.
    var largestCode: Float {
        float.map { Float($0.value(of: $0.largestFiniteCode)) } ?? Float(codeLimit)
    }
}
