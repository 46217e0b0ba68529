import Hardware
import NumberFormats

/// In which formats a step multiplies and stores, by kind of layer (docs/semantics.md, section 9).
public struct StepFormats: Sendable, Hashable, Codable {
    /// Codes or values of the linear layers' weights.
    public var weights: ElementFormat
    /// Of the operand that meets them.
    public var activations: ElementFormat
    /// Of both operands of the attention products.
    public var attention: ElementFormat
    /// Of both operands of the head.
    public var head: ElementFormat
    /// Of embedding tables as they are stored.
    public var embedding: ElementFormat

    public init(
        weights: ElementFormat, activations: ElementFormat, attention: ElementFormat, head: ElementFormat,
        embedding: ElementFormat
    ) {
        self.weights = weights
        self.activations = activations
        self.attention = attention
        self.head = head
        self.embedding = embedding
    }

    /// One format for every operand of a product, and FP32 tables.
    public init(all format: ElementFormat) {
        self.init(weights: format, activations: format, attention: format, head: format, embedding: .fp32)
    }

    /// What a machine's arithmetic says.
    public init(_ arithmetic: Arithmetic) {
        self.init(
            weights: arithmetic.weights, activations: arithmetic.activations, attention: arithmetic.attention,
            head: arithmetic.head, embedding: arithmetic.embedding)
    }

    /// INT8 for all products, FP32 tables: what the emulator runs.
    public static let w8a8 = StepFormats(all: .int8)

    /// In which the vector unit's results wait in memory: the activations' own where these are 16 or 32 bits wide, otherwise FP32, since
    /// narrow codes are made from it.
    public var values: ElementFormat { activations.hasScales ? .fp32 : activations }

    /// Whether every operand of a product is an integer code.
    public var isOfCodes: Bool { [weights, activations, attention, head].allSatisfy { $0.integer != nil } }

    /// What a method makes of a machine's formats.
    public func of(_ method: StepDescription.Method) -> StepFormats {
        switch method {
        case .inference(.fp32): return StepFormats(all: .fp32)
        case .mezo: return inFloatingPoint
        case .firstOrder(let recipe):
            var formats = recipe.scheme == .full ? inFloatingPoint : self
            if let weights = recipe.weights { formats.weights = weights }
            if let activations = recipe.activations { formats.activations = activations }
            return formats
        default: return self
        }
    }

    /// The formats without codes, for methods in floating point: those that need scales become BF16.
    var inFloatingPoint: StepFormats {
        func wide(_ format: ElementFormat) -> ElementFormat { format.hasScales ? .bf16 : format }
        return StepFormats(
            weights: wide(weights), activations: wide(activations), attention: wide(attention), head: wide(head),
            embedding: embedding)
    }
}

extension ElementFormat {
    /// Whether operands in this format are codes with an FP32 scale for each row (docs/semantics.md, section 7).
    public var hasScales: Bool {
        switch self {
        case .fp32, .bf16, .fp16: false
        default: true
        }
    }

    /// Bytes of `count` elements side by side, the last byte filled up.
    func bytes(_ count: Int) -> Int { (count * bits + 7) / 8 }
}
