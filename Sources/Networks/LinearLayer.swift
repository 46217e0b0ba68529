/// A matrix that a transformer applies: y = x·Wᵀ (+ b), with W [outputs, inputs].
public struct LinearLayer: Sendable, Hashable {
    /// What a matrix does; the raw value is its name in reports.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case query, key, value
        case attentionOutput = "attention-output"
        /// The feed-forward layer without a gate: first and second matrix.
        case intermediate, output
        /// The feed-forward layer with a gate.
        case gate, up, down
        /// From the embedding table's width to `hidden`, once for each token.
        case embeddingProjection = "embedding-projection"
        /// From `hidden` back to the embedding table's width, before the head.
        case headProjection = "head-projection"
        /// The dense layer on the first token, before a classifier.
        case pooler
        /// The dense layer of a masked language model's head.
        case headTransform = "head-transform"
        /// The matrix that gives the logits.
        case head
    }

    public let role: Role
    /// Rows of W: elements of y.
    public let outputs: Int
    /// Columns of W: elements of x.
    public let inputs: Int
    public let hasBias: Bool
    /// Whether W is the embedding table, so that it has no parameters of its own. Its bias, if any, is its own.
    public let isTied: Bool

    public init(role: Role, outputs: Int, inputs: Int, hasBias: Bool, isTied: Bool = false) {
        self.role = role
        self.outputs = outputs
        self.inputs = inputs
        self.hasBias = hasBias
        self.isTied = isTied
    }

    /// The role's name, as it stands in reports.
    public var name: String { role.rawValue }
    /// Elements of W, and multiply-accumulates for each row of x.
    public var weightCount: Int { outputs * inputs }
    /// Parameters of this layer alone: the bias, and W unless it is tied.
    public var parameterCount: Int { (isTied ? 0 : weightCount) + (hasBias ? outputs : 0) }
}
