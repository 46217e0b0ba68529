/// The formats of a decoder's products (docs/semantics.md, section 12). Norms, rotary positions, softmax, activations and residuals are FP32 in each.
public enum DecoderPrecision: String, Sendable, Hashable, CaseIterable, Codable {
    /// FP32 weights and activations: the reference that quantized runs are compared with.
    case fp32
    /// INT8 weights with a scale an output channel, INT8 activations with a scale a token, INT8 attention.
    case w8a8
    /// As `w8a8` with INT4 weights, codes −7…7.
    case w4a8

    /// Whether operands are made into codes.
    public var isQuantized: Bool { self != .fp32 }

    /// The largest code of a weight; nil for FP32.
    var largestWeightCode: Float? {
        switch self {
        case .fp32: nil
        case .w8a8: 127
        case .w4a8: 7
        }
    }
}
