import NumberFormats

/// A matrix of integers as it lies in memory, row-major: an operand of ``Kernels/multiply(_:_:bits:overflow:order:into:threads:)``.
///
/// It owns nothing: whoever makes one promises that the memory outlives it and that nobody writes there meanwhile.
public struct IntegerMatrix: Sendable {
    /// How numbers lie in memory.
    public enum Storage: Int32, Sendable, CaseIterable {
        /// −128…127 in a byte.
        case int8
        /// An INT4 code in a byte's low half; what is above it counts for nothing.
        case int4
        /// Two INT4 codes in a byte, the first in its low half. Each row starts with a byte; the last half byte of a row of odd length counts for
        /// nothing. `zeroth quantize --packed` writes this.
        case int4Packed

        /// The format of the numbers.
        public var format: ElementFormat { self == .int8 ? .int8 : .int4 }

        /// Bytes of a row.
        public func bytesPerRow(columns: Int) -> Int { self == .int4Packed ? columns / 2 + columns % 2 : columns }
    }

    /// The memory of all rows.
    let bytes: SharedBuffer<UInt8>
    /// How numbers lie in it.
    public let storage: Storage
    /// Rows, ≥ 0.
    public let rows: Int
    /// Numbers in a row, ≥ 0.
    public let columns: Int

    /// A matrix of rows × columns numbers.
    public init(_ start: UnsafeRawPointer, _ storage: Storage, rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "a matrix has no fewer than 0 rows and columns")
        let count = rows * storage.bytesPerRow(columns: columns)
        let mutable = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: UInt8.self)
        self.bytes = SharedBuffer(start: mutable, count: count)
        self.storage = storage
        self.rows = rows
        self.columns = columns
    }

    /// Bytes from one row to the next.
    var stride: Int { storage.bytesPerRow(columns: columns) }

    /// Where a row's number `column` lies, an even one where numbers are packed.
    func start(row: Int, column: Int = 0) -> UnsafePointer<UInt8> {
        UnsafePointer(bytes.baseAddress) + row * stride + (storage == .int4Packed ? column / 2 : column)
    }

    /// The numbers of a row: the reference.
    func numbers(row: Int) -> [Int32] {
        (0..<columns).map { column in
            let byte = start(row: row, column: column).pointee
            switch storage {
            case .int8: return Int32(Int8(bitPattern: byte))
            case .int4: return Int32(IntegerFormat.int4.decode(UInt32(byte)))
            case .int4Packed: return Int32(IntegerFormat.int4.decode(UInt32(column % 2 == 0 ? byte : byte >> 4)))
            }
        }
    }
}
