/// The element types of the safetensors format; the raw value is the name in its header.
public enum TensorType: String, CaseIterable, Sendable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case float8E8M0 = "F8_E8M0"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case int64 = "I64"
    case uint64 = "U64"
    case float64 = "F64"

    /// The bytes of one element, which is also the alignment that reading in place needs.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }
}

/// A Swift type whose memory is that of a safetensors element type on a little-endian computer.
public protocol TensorElement: BitwiseCopyable {
    static var tensorType: TensorType { get }
}

extension UInt8: TensorElement { public static var tensorType: TensorType { .uint8 } }
extension Int8: TensorElement { public static var tensorType: TensorType { .int8 } }
extension Int16: TensorElement { public static var tensorType: TensorType { .int16 } }
extension UInt16: TensorElement { public static var tensorType: TensorType { .uint16 } }
extension Int32: TensorElement { public static var tensorType: TensorType { .int32 } }
extension UInt32: TensorElement { public static var tensorType: TensorType { .uint32 } }
extension Int64: TensorElement { public static var tensorType: TensorType { .int64 } }
extension UInt64: TensorElement { public static var tensorType: TensorType { .uint64 } }
extension Float: TensorElement { public static var tensorType: TensorType { .float32 } }
extension Double: TensorElement { public static var tensorType: TensorType { .float64 } }
