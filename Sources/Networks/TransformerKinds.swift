/// The families of transformers that can be read, named as Hugging Face's `model_type` names them.
public enum TransformerFamily: String, Sendable, Hashable, CaseIterable {
    case llama, mistral, qwen2, opt, gpt2, roberta, bert

    /// What the names of Hugging Face classes start with, as `Llama` in `LlamaForCausalLM`.
    var classPrefix: String {
        switch self {
        case .llama: "Llama"
        case .mistral: "Mistral"
        case .qwen2: "Qwen2"
        case .opt: "OPT"
        case .gpt2: "GPT2"
        case .roberta: "Roberta"
        case .bert: "Bert"
        }
    }

    /// Whether a token attends to those after it too.
    public var isEncoder: Bool { self == .roberta || self == .bert }
}

/// The function between the matrices of a feed-forward layer.
public enum TransformerActivation: String, Sendable, Hashable, CaseIterable {
    /// x·Φ(x) with the exact Φ.
    case gelu
    /// GELU with tanh for Φ (Hendrycks and Gimpel, arXiv 1606.08415, section 2).
    case geluTanh = "gelu-tanh"
    /// x·σ(x), also called swish.
    case silu
    /// max(x, 0).
    case relu

    /// The function of a name in a Hugging Face configuration (transformers 4.46.3, `ACT2CLS` in activations.py), or
    /// nil for those that aren't costed.
    init?(huggingFace name: String) {
        switch name {
        case "gelu", "gelu_python": self = .gelu
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
        case "silu", "swish": self = .silu
        case "relu": self = .relu
        default: return nil
        }
    }
}

/// How a token's state is normalized.
public enum TransformerNorm: String, Sendable, Hashable, CaseIterable {
    /// Mean and variance, weight and bias (Ba et al., arXiv 1607.06450).
    case layerNorm = "layer-norm"
    /// Root mean square and weight (Zhang and Sennrich, arXiv 1910.07467).
    case rmsNorm = "rms-norm"

    /// Parameters for each element of the state.
    public var parametersPerElement: Int { self == .layerNorm ? 2 : 1 }
}

/// Where a block normalizes.
public enum TransformerNormPlacement: String, Sendable, Hashable, CaseIterable {
    /// Before attention and before the feed-forward layer, inside of the residual's branch.
    case pre
    /// After each residual's sum.
    case post
}

/// Which matrices of a block have a bias.
public struct TransformerBiases: Sendable, Hashable {
    public var queryKeyValue: Bool
    public var attentionOutput: Bool
    /// Both matrices of the feed-forward layer, or all three of a gated one.
    public var feedForward: Bool

    public init(queryKeyValue: Bool, attentionOutput: Bool, feedForward: Bool) {
        self.queryKeyValue = queryKeyValue
        self.attentionOutput = attentionOutput
        self.feedForward = feedForward
    }

    public static let all = TransformerBiases(queryKeyValue: true, attentionOutput: true, feedForward: true)
    public static let none = TransformerBiases(queryKeyValue: false, attentionOutput: false, feedForward: false)
}

/// What stands on top of the blocks.
public enum TransformerHead: Sendable, Hashable {
    /// Nothing: the states are the result.
    case none
    /// Logits of the next token at every position: a matrix [vocabulary, embedding width] without bias.
    case languageModel
    /// Logits of a masked token, as BERT and RoBERTa are pre-trained: a dense layer [hidden, hidden] with bias,
    /// activation and layer norm, then a matrix [vocabulary, hidden] with a bias of its own.
    case maskedLanguageModel
    /// Logits of classes, one row for each sequence: a matrix [classes, embedding width].
    case classifier(classes: Int, hasBias: Bool)
}
