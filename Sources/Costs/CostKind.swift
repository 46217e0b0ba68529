import Programs

/// What energy is spent for: the kinds of operation of a step, and leakage.
public enum CostKind: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    case embedding
    /// Activations or weights to codes.
    case quantization
    case linearForward
    case attentionForward
    case softmax
    case normalization
    case activationFunction
    case pooling
    case loss
    case linearBackward
    case attentionBackward
    /// Gradients on the vector unit.
    case vectorBackward
    /// Zeroth-order update, or the optimizer of a first-order step.
    case update
    /// SRAM leakage over the step's latency.
    case leakage

    public init(_ action: Action) {
        switch action {
        case .embed: self = .embedding
        case .quantizeRows, .quantizeColumns: self = .quantization
        case .product(let product):
            switch product.role {
            case .linear: self = .linearForward
            case .attentionScores, .attentionContext: self = .attentionForward
            case .inputGradient, .weightGradient: self = .linearBackward
            case .probabilityGradient, .valueGradient, .queryGradient, .keyGradient: self = .attentionBackward
            }
        case .softmax: self = .softmax
        case .addLayerNorm: self = .normalization
        case .gelu: self = .activationFunction
        case .meanPool: self = .pooling
        case .loss: self = .loss
        case .projectedGradient, .update, .updateBias: self = .update
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights: self = .quantization
            case .adam: self = .update
            case .lossGradient, .meanPoolGradient, .geluGradient, .softmaxGradient, .layerNormGradient,
                .addGradients, .biasGradient:
                self = .vectorBackward
            }
        }
    }

    /// As it stands in tables.
    public var label: String {
        switch self {
        case .embedding: "embedding"
        case .quantization: "quantization"
        case .linearForward: "linear layers, forward"
        case .attentionForward: "attention products, forward"
        case .softmax: "softmax"
        case .normalization: "norms"
        case .activationFunction: "gelu"
        case .pooling: "pooling"
        case .loss: "loss"
        case .linearBackward: "linear layers, backward"
        case .attentionBackward: "attention products, backward"
        case .vectorBackward: "vector work, backward"
        case .update: "update"
        case .leakage: "SRAM leakage"
        }
    }
}
