/// Published networks that are known by name: sizes for costing, no weights.
///
/// Sizes are those of the `config.json` in the Hugging Face repository `repository`. `parameterCount` of each
/// configuration is what Hugging Face's class for it counts (transformers 4.40.2, `named_parameters`, which counts tied
/// matrices once; Tests/NetworksTests/transformers_counts.py makes the figures), and each case says which modules that
/// is. What a run puts on top instead is `forClassification(classes:)`.
public enum BuiltInNetwork: String, Sendable, Hashable, CaseIterable {
    /// LLaMA 2 7B: 6,738,415,616, decoder and untied head (`LlamaForCausalLM`; the model index on Hugging Face says 2
    /// bytes for each, 13,476,835,328 with its rotary buffers).
    case llama2_7B = "llama2-7b"
    /// LLaMA 2 13B: 13,015,864,320, decoder and untied head (`LlamaForCausalLM`).
    case llama2_13B = "llama2-13b"
    /// Llama 3 8B: 8,030,261,248, decoder and untied head (`LlamaForCausalLM`).
    case llama3_8B = "llama3-8b"
    /// Mistral 7B v0.1: 7,241,732,096, decoder and untied head (`MistralForCausalLM`).
    case mistral_7B = "mistral-7b"
    /// OPT 1.3B: 1,315,758,080, decoder; the head is the embedding table (`OPTForCausalLM`).
    case opt_1_3B = "opt-1.3b"
    /// OPT 6.7B: 6,658,473,984, decoder; the head is the embedding table (`OPTForCausalLM`).
    case opt_6_7B = "opt-6.7b"
    /// OPT 13B: 12,853,473,280, decoder; the head is the embedding table (`OPTForCausalLM`).
    case opt_13B = "opt-13b"
    /// RoBERTa large: 355,412,057, encoder without pooler and the masked language model's head, whose matrix is the
    /// embedding table (`RobertaForMaskedLM`), as the published file holds it and as prompt-based fine-tuning uses it.
    /// The encoder with its pooler (`RobertaModel`) has 355,359,744, without 354,310,144.
    case robertaLarge = "roberta-large"
    /// all-MiniLM-L6-v2: 22,713,216, encoder with its pooler (`BertModel`), as the published file holds it. The pooler,
    /// which sentence embeddings don't use, has 147,840 of them.
    case miniLM_L6 = "minilm-l6"
    /// SmolLM2 135M: 134,515,008, decoder; the head is the embedding table (`LlamaForCausalLM`).
    case smolLM2_135M = "smollm2-135m"
    /// Andrej Karpathy's stories260K: 260,032, decoder; the head is the embedding table (`LlamaForCausalLM`).
    case stories260K = "stories260k"

    /// The Hugging Face repository whose `config.json` has these sizes; for stories260k the repository of the
    /// checkpoint, whose header has them.
    public var repository: String {
        switch self {
        case .llama2_7B: "meta-llama/Llama-2-7b-hf"
        case .llama2_13B: "meta-llama/Llama-2-13b-hf"
        case .llama3_8B: "meta-llama/Meta-Llama-3-8B"
        case .mistral_7B: "mistralai/Mistral-7B-v0.1"
        case .opt_1_3B: "facebook/opt-1.3b"
        case .opt_6_7B: "facebook/opt-6.7b"
        case .opt_13B: "facebook/opt-13b"
        case .robertaLarge: "FacebookAI/roberta-large"
        case .miniLM_L6: "sentence-transformers/all-MiniLM-L6-v2"
        case .smolLM2_135M: "HuggingFaceTB/SmolLM2-135M"
        case .stories260K: "karpathy/tinyllamas"
        }
    }

    /// The network as it is published, its own head included.
    public var configuration: TransformerConfiguration {
        switch self {
        case .llama2_7B:
            .gatedDecoder(
                family: .llama, layers: 32, hidden: 4_096, heads: 32, intermediate: 11_008, vocabulary: 32_000,
                tiesHead: false)
        case .llama2_13B:
            .gatedDecoder(
                family: .llama, layers: 40, hidden: 5_120, heads: 40, intermediate: 13_824, vocabulary: 32_000,
                tiesHead: false)
        case .llama3_8B:
            .gatedDecoder(
                family: .llama, layers: 32, hidden: 4_096, heads: 32, keyValueHeads: 8, intermediate: 14_336,
                vocabulary: 128_256, tiesHead: false)
        case .mistral_7B:
            .gatedDecoder(
                family: .mistral, layers: 32, hidden: 4_096, heads: 32, keyValueHeads: 8, intermediate: 14_336,
                vocabulary: 32_000, slidingWindow: 4_096, tiesHead: false)
        case .opt_1_3B:
            .opt(layers: 24, hidden: 2_048, heads: 32, intermediate: 8_192, vocabulary: 50_272, sequence: 2_048)
        case .opt_6_7B:
            .opt(layers: 32, hidden: 4_096, heads: 32, intermediate: 16_384, vocabulary: 50_272, sequence: 2_048)
        case .opt_13B:
            .opt(layers: 40, hidden: 5_120, heads: 40, intermediate: 20_480, vocabulary: 50_272, sequence: 2_048)
        case .robertaLarge:
            .encoder(
                family: .roberta, layers: 24, hidden: 1_024, heads: 16, intermediate: 4_096, vocabulary: 50_265,
                positions: 514, positionOffset: 2, tokenTypes: 1, head: .maskedLanguageModel)
        case .miniLM_L6:
            .encoder(
                family: .bert, layers: 6, hidden: 384, heads: 12, intermediate: 1_536, vocabulary: 30_522,
                positions: 512, tokenTypes: 2, head: .none, hasPooler: true)
        case .smolLM2_135M:
            .gatedDecoder(
                family: .llama, layers: 30, hidden: 576, heads: 9, keyValueHeads: 3, intermediate: 1_536,
                vocabulary: 49_152, tiesHead: true)
        case .stories260K:
            .gatedDecoder(
                family: .llama, layers: 5, hidden: 64, heads: 8, keyValueHeads: 4, intermediate: 172, vocabulary: 512,
                tiesHead: true)
        }
    }
}
