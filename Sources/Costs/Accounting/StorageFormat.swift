import NumberFormats

/// A number format as accounting sees it: a name and a width.
public struct StorageFormat: Sendable, Hashable {
    public let name: String
    /// Bits of an element.
    public let bits: Int

    public init(_ format: ElementFormat) {
        name = format.rawValue.uppercased()
        bits = format.bits
    }

    public static let int4 = StorageFormat(.int4)
    public static let int8 = StorageFormat(.int8)
    public static let bf16 = StorageFormat(.bf16)
    public static let fp16 = StorageFormat(.fp16)
    public static let fp32 = StorageFormat(.fp32)
}
