/// The element types of .npy files that are read and written; the raw value is numpy's descriptor (`dtype.str`).
///
/// All are little-endian. A one-byte type has no byte order: numpy writes `|` there, and `<` means the same.
public enum NpyType: String, CaseIterable, Sendable {
    /// One byte, 0 or 1.
    case bool = "|b1"
    case int8 = "|i1"
    case uint8 = "|u1"
    case int16 = "<i2"
    case uint16 = "<u2"
    case int32 = "<i4"
    case uint32 = "<u4"
    case int64 = "<i8"
    case uint64 = "<u8"
    /// IEEE 754 binary16.
    case float16 = "<f2"
    /// IEEE 754 binary32.
    case float32 = "<f4"
    /// IEEE 754 binary64.
    case float64 = "<f8"

    /// The type of a descriptor; nil for one that is not read: big-endian, object, text, structured and so on.
    public init?(descriptor: String) {
        let canonical = ["<b1", "<i1", "<u1"].contains(descriptor) ? "|" + descriptor.dropFirst() : descriptor
        self.init(rawValue: canonical)
    }

    /// numpy's descriptor, such as `<f4`.
    public var descriptor: String { rawValue }

    /// numpy's name, such as `float32`.
    public var name: String { "\(self)" }

    /// The bytes of one element, which is also the alignment that reading in place needs.
    public var byteCount: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }
}

/// A Swift type whose memory is that of a .npy element type on a little-endian computer.
public protocol NpyElement: BitwiseCopyable {
    static var npyType: NpyType { get }
}

extension Int8: NpyElement { public static var npyType: NpyType { .int8 } }
extension UInt8: NpyElement { public static var npyType: NpyType { .uint8 } }
extension Int16: NpyElement { public static var npyType: NpyType { .int16 } }
extension UInt16: NpyElement { public static var npyType: NpyType { .uint16 } }
extension Int32: NpyElement { public static var npyType: NpyType { .int32 } }
extension UInt32: NpyElement { public static var npyType: NpyType { .uint32 } }
extension Int64: NpyElement { public static var npyType: NpyType { .int64 } }
extension UInt64: NpyElement { public static var npyType: NpyType { .uint64 } }
extension Float: NpyElement { public static var npyType: NpyType { .float32 } }
extension Double: NpyElement { public static var npyType: NpyType { .float64 } }
