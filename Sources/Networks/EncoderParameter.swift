/// A parameter tensor of a BERT encoder, without head.
///
/// Weights of linear layers are [out, in], row-major: y = x·Wᵀ + b.
public enum EncoderParameter: Hashable, Sendable {
    case wordEmbeddings
    case positionEmbeddings
    case typeEmbeddings
    case embeddingNormWeight
    case embeddingNormBias
    /// A parameter of a block; blocks count from zero.
    case layer(Int, EncoderLayerParameter)

    /// The name in Hugging Face checkpoints, without the leading `bert.`.
    public var name: String {
        switch self {
        case .wordEmbeddings: "embeddings.word_embeddings.weight"
        case .positionEmbeddings: "embeddings.position_embeddings.weight"
        case .typeEmbeddings: "embeddings.token_type_embeddings.weight"
        case .embeddingNormWeight: "embeddings.LayerNorm.weight"
        case .embeddingNormBias: "embeddings.LayerNorm.bias"
        case .layer(let index, let parameter): "encoder.layer.\(index).\(parameter.rawValue)"
        }
    }

    /// The extents in a network of given sizes, outermost first.
    public func shape(in configuration: EncoderConfiguration) -> [Int] {
        switch self {
        case .wordEmbeddings: [configuration.vocabularySize, configuration.hiddenSize]
        case .positionEmbeddings: [configuration.maximumPositions, configuration.hiddenSize]
        case .typeEmbeddings: [configuration.typeCount, configuration.hiddenSize]
        case .embeddingNormWeight, .embeddingNormBias: [configuration.hiddenSize]
        case .layer(_, let parameter): parameter.shape(in: configuration)
        }
    }

    /// Every parameter of a network, in the order in which a forward pass reads them.
    public static func all(in configuration: EncoderConfiguration) -> [EncoderParameter] {
        let embeddings: [EncoderParameter] = [
            .wordEmbeddings, .positionEmbeddings, .typeEmbeddings, .embeddingNormWeight, .embeddingNormBias,
        ]
        return embeddings
            + (0..<configuration.layerCount).flatMap { index in
                EncoderLayerParameter.allCases.map { .layer(index, $0) }
            }
    }
}

/// A parameter tensor of one block; the raw value ends its Hugging Face name.
public enum EncoderLayerParameter: String, CaseIterable, Hashable, Sendable {
    case queryWeight = "attention.self.query.weight"
    case queryBias = "attention.self.query.bias"
    case keyWeight = "attention.self.key.weight"
    case keyBias = "attention.self.key.bias"
    case valueWeight = "attention.self.value.weight"
    case valueBias = "attention.self.value.bias"
    case attentionOutputWeight = "attention.output.dense.weight"
    case attentionOutputBias = "attention.output.dense.bias"
    case attentionNormWeight = "attention.output.LayerNorm.weight"
    case attentionNormBias = "attention.output.LayerNorm.bias"
    case intermediateWeight = "intermediate.dense.weight"
    case intermediateBias = "intermediate.dense.bias"
    case outputWeight = "output.dense.weight"
    case outputBias = "output.dense.bias"
    case outputNormWeight = "output.LayerNorm.weight"
    case outputNormBias = "output.LayerNorm.bias"

    /// The extents in a network of given sizes, outermost first.
    public func shape(in configuration: EncoderConfiguration) -> [Int] {
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        switch self {
        case .queryWeight, .keyWeight, .valueWeight, .attentionOutputWeight: return [hidden, hidden]
        case .intermediateWeight: return [intermediate, hidden]
        case .outputWeight: return [hidden, intermediate]
        case .intermediateBias: return [intermediate]
        case .queryBias, .keyBias, .valueBias, .attentionOutputBias, .attentionNormWeight, .attentionNormBias,
            .outputBias,
            .outputNormWeight, .outputNormBias:
            return [hidden]
        }
    }
}
