/// A parameter tensor of a decoder of the Llama architecture. Weights of linear layers are [out, in], row-major: y = x·Wᵀ.
public enum DecoderParameter: Hashable, Sendable {
    /// [vocabulary, hidden].
    case embedding
    /// A parameter of a block; blocks count from zero.
    case layer(Int, DecoderLayerParameter)
    /// [hidden].
    case finalNorm
    /// [vocabulary, hidden], where the head is not the embedding table.
    case head

    /// Rows and columns in a network of given sizes; a norm's weight is one row.
    public func shape(in configuration: TransformerConfiguration) -> (rows: Int, columns: Int) {
        let hidden = configuration.hidden
        switch self {
        case .embedding, .head: return (configuration.vocabulary, hidden)
        case .finalNorm: return (1, hidden)
        case .layer(_, let parameter):
            switch parameter {
            case .attentionNorm, .feedForwardNorm: return (1, hidden)
            case .query: return (configuration.queryWidth, hidden)
            case .key, .value: return (configuration.keyValueWidth, hidden)
            case .attentionOutput: return (hidden, configuration.queryWidth)
            case .gate, .up: return (configuration.intermediate, hidden)
            case .down: return (hidden, configuration.intermediate)
            }
        }
    }

    /// Whether rows of the weight are those of rotated heads.
    var isRotary: Bool {
        switch self {
        case .layer(_, .query), .layer(_, .key): true
        default: false
        }
    }

    /// The name in Hugging Face checkpoints.
    public var huggingFaceName: String {
        switch self {
        case .embedding: "model.embed_tokens.weight"
        case .layer(let index, let parameter): "model.layers.\(index).\(parameter.huggingFaceName).weight"
        case .finalNorm: "model.norm.weight"
        case .head: "lm_head.weight"
        }
    }

    /// The name in GGUF files (ggml's docs/gguf.md, "Standardized tensor names").
    public var ggufName: String {
        switch self {
        case .embedding: "token_embd.weight"
        case .layer(let index, let parameter): "blk.\(index).\(parameter.ggufName).weight"
        case .finalNorm: "output_norm.weight"
        case .head: "output.weight"
        }
    }

    /// Every parameter of a network, in the order in which a forward pass reads them; the head's only where it has a matrix of its own.
    public static func all(in configuration: TransformerConfiguration) -> [DecoderParameter] {
        let layers = (0..<configuration.layers).flatMap { index in
            DecoderLayerParameter.allCases.map { DecoderParameter.layer(index, $0) }
        }
        return [.embedding] + layers + [.finalNorm] + (configuration.tiesHead ? [] : [.head])
    }
}

/// A parameter tensor of one block, in the order in which a forward pass reads them.
public enum DecoderLayerParameter: CaseIterable, Hashable, Sendable {
    case attentionNorm, query, key, value, attentionOutput, feedForwardNorm, gate, up, down

    var huggingFaceName: String {
        switch self {
        case .attentionNorm: "input_layernorm"
        case .query: "self_attn.q_proj"
        case .key: "self_attn.k_proj"
        case .value: "self_attn.v_proj"
        case .attentionOutput: "self_attn.o_proj"
        case .feedForwardNorm: "post_attention_layernorm"
        case .gate: "mlp.gate_proj"
        case .up: "mlp.up_proj"
        case .down: "mlp.down_proj"
        }
    }

    var ggufName: String {
        switch self {
        case .attentionNorm: "attn_norm"
        case .query: "attn_q"
        case .key: "attn_k"
        case .value: "attn_v"
        case .attentionOutput: "attn_output"
        case .feedForwardNorm: "ffn_norm"
        case .gate: "ffn_gate"
        case .up: "ffn_up"
        case .down: "ffn_down"
        }
    }
}
