/// A metadata value of a GGUF file.
public enum GGUFValue: Equatable, Sendable {
    /// UINT8, UINT16, UINT32, UINT64.
    case unsigned(UInt64)
    /// INT8, INT16, INT32, INT64.
    case signed(Int64)
    /// FLOAT32, FLOAT64.
    case float(Double)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)

    /// The whole number, where it is one and fits.
    public var integer: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        default: nil
        }
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var double: Double? {
        if case .float(let value) = self { value } else { nil }
    }

    public var array: GGUFArray? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The value in short, for an error's text.
    var summary: String {
        switch self {
        case .unsigned(let value): String(value)
        case .signed(let value): String(value)
        case .float(let value): String(value)
        case .bool(let value): String(value)
        case .string(let text): "\"\(text)\""
        case .array(let array): "a list of \(array.count)"
        }
    }
}

/// An array of a GGUF file's metadata, checked and left in the file: token lists have 10^5 entries that most readers never look at.
public struct GGUFArray: Equatable, Sendable {
    public let elementType: GGUFType
    public let count: Int
    /// The bytes of the elements in the file.
    let range: Range<Int>
}

/// The types of metadata values; the raw value is their number in the file (ggml, docs/gguf.md).
public enum GGUFType: UInt32, Sendable, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of a value; for strings and arrays the least that one takes.
    var leastBytes: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}
