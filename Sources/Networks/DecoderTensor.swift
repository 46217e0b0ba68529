/// A tensor of a decoder where it lies in its mapped file: decoded row by row when it is read, so that a large network is never in memory twice.
public struct DecoderTensor: Sendable {
    /// The tensor's name in the file, for errors.
    public let name: String
    /// Rows; 1 for a norm's weight.
    public let rows: Int
    /// Elements of a row.
    public let columns: Int
    public let encoding: TensorEncoding
    public let rowOrder: RotaryRowOrder

    private let source: any ByteSource
    private let start: Int

    /// A tensor whose bytes are known to lie in `source`.
    ///
    /// - Precondition: the bytes from `start` on hold all rows, and `columns` is a multiple of the encoding's block.
    init(
        name: String, rows: Int, columns: Int, encoding: TensorEncoding, rowOrder: RotaryRowOrder = .asStored,
        source: any ByteSource, start: Int
    ) {
        let rowBytes = encoding.rowBytes(columns: columns)
        precondition(columns % encoding.blockElements == 0 && start + rows * rowBytes <= source.bytes.count)
        self.name = name
        self.rows = rows
        self.columns = columns
        self.encoding = encoding
        self.rowOrder = rowOrder
        self.source = source
        self.start = start
    }

    /// Decodes rows, in Zeroth's order, to FP32.
    ///
    /// - Parameters:
    ///   - range: within 0 ..< rows.
    ///   - out: [range.count, columns], overwritten.
    public func read(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "a row outside of the tensor")
        guard !range.isEmpty, let base = source.bytes.baseAddress else { return }
        let rowBytes = encoding.rowBytes(columns: columns)
        for row in range {
            encoding.decode(
                base + start + rowOrder.storedRow(row) * rowBytes, columns: columns,
                into: out + (row - range.lowerBound) * columns)
        }
    }

    /// All values, row-major.
    public var values: [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
            if let base = buffer.baseAddress { read(0..<rows, into: base) }
            count = rows * columns
        }
    }

    /// The error for a value that is no finite number.
    ///
    /// - Parameters:
    ///   - row: in Zeroth's order; the error gives the file's.
    public func notFinite(row: Int, column: Int, value: Float) -> InputError {
        let stored = rowOrder.storedRow(row)
        return .tensorNotFinite(
            file: source.name, tensor: name, index: rows == 1 ? [column] : [stored, column], value: "\(value)")
    }
}
