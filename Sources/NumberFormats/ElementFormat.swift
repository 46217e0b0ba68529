/// The format in which a tensor's elements are stored or multiplied.
public enum ElementFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// Two's complement, 8 bits; symmetric quantizers use −127…127.
    case int8
    /// Two's complement, 16 bits.
    case int16
    /// Two's complement, 32 bits.
    case int32
    /// Sign, 8 exponent bits (bias 127), 7 fraction bits.
    case bf16
    /// IEEE 754 binary32.
    case fp32

    /// Width of one element, in bits.
    public var bits: Int {
        switch self {
        case .int8: 8
        case .int16, .bf16: 16
        case .int32, .fp32: 32
        }
    }
}
