import Programs

/// What energy is spent for: the kinds of operation of a step, and leakage.
public enum CostKind: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    case embedding
    /// Activations or weights to codes.
    case quantization
    case linearForward
    case attentionForward
    /// Rotary positions, and heads put side by side or one behind the other.
    case positions
    case softmax
    case normalization
    case activationFunction
    case pooling
    case loss
    case linearBackward
    /// Products with adapters' matrices, and what they add to their layers' results.
    case adapterForward
    case adapterBackward
    case attentionBackward
    /// Gradients on the vector unit.
    case vectorBackward
    /// Stored weights perturbed in place; on load it belongs to the layers.
    case perturbation
    /// Zeroth-order update, or the optimizer of a first-order step.
    case update
    /// SRAM leakage over the step's latency.
    case leakage

    public init(_ action: Action) {
        switch action {
        case .embed, .lookUp: self = .embedding
        case .quantizeRows, .quantizeColumns, .quantizeByHead, .quantizeByToken, .cast: self = .quantization
        case .rotate, .regroup: self = .positions
        case .product(let product):
            switch product.role {
            case .linear: self = .linearForward
            case .attentionScores, .attentionContext: self = .attentionForward
            case .inputGradient, .weightGradient: self = .linearBackward
            case .adapter(.forward, _): self = .adapterForward
            case .adapter: self = .adapterBackward
            case .probabilityGradient, .valueGradient, .queryGradient, .keyGradient: self = .attentionBackward
            }
        case .softmax: self = .softmax
        case .norm, .addNorm, .add: self = .normalization
        case .addAdapter, .broadcast: self = .adapterForward
        case .activation, .gate: self = .activationFunction
        case .meanPool, .select: self = .pooling
        case .loss: self = .loss
        case .projectedGradient, .update, .updateBias: self = .update
        case .perturbInPlace: self = .perturbation
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights, .quantizeGradient, .quantizeGradientColumns: self = .quantization
            case .optimize: self = .update
            case .lossGradient, .meanPoolGradient, .selectGradient, .activationGradient, .gateGradient,
                .softmaxGradient, .normGradient, .addGradients, .biasGradient:
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
        case .positions: "rotary positions"
        case .softmax: "softmax"
        case .normalization: "norms"
        case .activationFunction: "activation functions"
        case .pooling: "pooling"
        case .loss: "loss"
        case .linearBackward: "linear layers, backward"
        case .adapterForward: "adapters, forward"
        case .adapterBackward: "adapters, backward"
        case .attentionBackward: "attention products, backward"
        case .vectorBackward: "vector work, backward"
        case .perturbation: "perturbation in place"
        case .update: "update"
        case .leakage: "SRAM leakage"
        }
    }
}
