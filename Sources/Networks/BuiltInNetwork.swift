/// Published networks that are known by name: sizes for costing, no weights.
///
/// Sizes are those of the `config.json` in the Hugging Face repository `repository`. `parameterCount` of each
/// configuration is what Hugging Face's class for it counts, a tied matrix once (transformers 4.46.3;
/// Tests/NetworksTests/transformers/counts.py makes the figures); each case says which class. A classifier in the
/// place of the head is `forClassification(classes:)`.
public enum BuiltInNetwork: String, Sendable, Hashable, CaseIterable {
    /// LLaMA 7B, the first one: 6,738,415,616, decoder and untied head (`LlamaForCausalLM`); the sizes of LLaMA 2 7B
    /// (Touvron et al., arXiv 2302.13971, Table 2).
    case llamaOf7B = "llama-7b"
    /// LLaMA 2 7B: 6,738,415,616, decoder and untied head (`LlamaForCausalLM`).
    case llama2Of7B = "llama2-7b"
    /// LLaMA 2 13B: 13,015,864,320, decoder and untied head (`LlamaForCausalLM`).
    case llama2Of13B = "llama2-13b"
    /// Llama 3 8B: 8,030,261,248, decoder and untied head (`LlamaForCausalLM`).
    case llama3Of8B = "llama3-8b"
    /// Mistral 7B v0.1: 7,241,732,096, decoder and untied head (`MistralForCausalLM`).
    case mistralOf7B = "mistral-7b"
    /// OPT 1.3B: 1,315,758,080, decoder; the head is the embedding table (`OPTForCausalLM`).
    case optOf1300M = "opt-1.3b"
    /// OPT 2.7B: 2,651,596,800, decoder; the head is the embedding table (`OPTForCausalLM`, counted by transformers
    /// 5.23.0 from the sizes of Zhang et al., arXiv 2205.01068, Table 1; so are 30B and 66B).
    case optOf2700M = "opt-2.7b"
    /// OPT 6.7B: 6,658,473,984, decoder; the head is the embedding table (`OPTForCausalLM`).
    case optOf6700M = "opt-6.7b"
    /// OPT 13B: 12,853,473,280, decoder; the head is the embedding table (`OPTForCausalLM`).
    case optOf13B = "opt-13b"
    /// OPT 30B: 29,974,540,288, decoder; the head is the embedding table (`OPTForCausalLM`).
    case optOf30B = "opt-30b"
    /// OPT 66B: 65,719,701,504, decoder; the head is the embedding table (`OPTForCausalLM`).
    case optOf66B = "opt-66b"
    /// RoBERTa large: 355,412,057, encoder without pooler and the masked language model's head, whose matrix is the
    /// embedding table (`RobertaForMaskedLM`), as the published file holds it and as prompt-based fine-tuning uses it.
    /// The encoder with its pooler (`RobertaModel`) has 355,359,744, without 354,310,144.
    case robertaLarge = "roberta-large"
    /// all-MiniLM-L6-v2: 22,713,216, encoder with its pooler (`BertModel`), as the published file holds it. The pooler,
    /// which sentence embeddings don't use, has 147,840 of them.
    case miniLM = "minilm-l6"
    /// SmolLM2 135M: 134,515,008, decoder; the head is the embedding table (`LlamaForCausalLM`).
    case smolLM2Of135M = "smollm2-135m"
    /// Andrej Karpathy's stories260K: 260,032, decoder; the head is the embedding table (`LlamaForCausalLM`).
    case storiesOf260K = "stories260k"

    /// The Hugging Face repository whose `config.json` has these sizes; for stories260k the repository of the
    /// checkpoint, whose header has them.
    public var repository: String {
        switch self {
        case .llamaOf7B: "huggyllama/llama-7b"
        case .llama2Of7B: "meta-llama/Llama-2-7b-hf"
        case .llama2Of13B: "meta-llama/Llama-2-13b-hf"
        case .llama3Of8B: "meta-llama/Meta-Llama-3-8B"
        case .mistralOf7B: "mistralai/Mistral-7B-v0.1"
        case .optOf1300M: "facebook/opt-1.3b"
        case .optOf2700M: "facebook/opt-2.7b"
        case .optOf6700M: "facebook/opt-6.7b"
        case .optOf13B: "facebook/opt-13b"
        case .optOf30B: "facebook/opt-30b"
        case .optOf66B: "facebook/opt-66b"
        case .robertaLarge: "FacebookAI/roberta-large"
        case .miniLM: "sentence-transformers/all-MiniLM-L6-v2"
        case .smolLM2Of135M: "HuggingFaceTB/SmolLM2-135M"
        case .storiesOf260K: "karpathy/tinyllamas"
        }
    }

    /// The network as it is published, its own head included.
    public var configuration: TransformerConfiguration {
        switch self {
        case .llamaOf7B, .llama2Of7B:
            .gatedDecoder(
                family: .llama, layers: 32, hidden: 4_096, heads: 32, intermediate: 11_008, vocabulary: 32_000,
                tiesHead: false)
        case .llama2Of13B:
            .gatedDecoder(
                family: .llama, layers: 40, hidden: 5_120, heads: 40, intermediate: 13_824, vocabulary: 32_000,
                tiesHead: false)
        case .llama3Of8B:
            .gatedDecoder(
                family: .llama, layers: 32, hidden: 4_096, heads: 32, keyValueHeads: 8, intermediate: 14_336,
                vocabulary: 128_256, tiesHead: false)
        case .mistralOf7B:
            .gatedDecoder(
                family: .mistral, layers: 32, hidden: 4_096, heads: 32, keyValueHeads: 8, intermediate: 14_336,
                vocabulary: 32_000, slidingWindow: 4_096, tiesHead: false)
        case .optOf1300M:
            .opt(layers: 24, hidden: 2_048, heads: 32, intermediate: 8_192, vocabulary: 50_272, sequence: 2_048)
        case .optOf2700M:
            .opt(layers: 32, hidden: 2_560, heads: 32, intermediate: 10_240, vocabulary: 50_272, sequence: 2_048)
        case .optOf6700M:
            .opt(layers: 32, hidden: 4_096, heads: 32, intermediate: 16_384, vocabulary: 50_272, sequence: 2_048)
        case .optOf13B:
            .opt(layers: 40, hidden: 5_120, heads: 40, intermediate: 20_480, vocabulary: 50_272, sequence: 2_048)
        case .optOf30B:
            .opt(layers: 48, hidden: 7_168, heads: 56, intermediate: 28_672, vocabulary: 50_272, sequence: 2_048)
        case .optOf66B:
            .opt(layers: 64, hidden: 9_216, heads: 72, intermediate: 36_864, vocabulary: 50_272, sequence: 2_048)
        case .robertaLarge:
            .encoder(
                family: .roberta, layers: 24, hidden: 1_024, heads: 16, intermediate: 4_096, vocabulary: 50_265,
                positions: 514, positionOffset: 2, tokenTypes: 1, head: .maskedLanguageModel)
        case .miniLM:
            .encoder(
                family: .bert, layers: 6, hidden: 384, heads: 12, intermediate: 1_536, vocabulary: 30_522,
                positions: 512, tokenTypes: 2, head: .none, hasPooler: true)
        case .smolLM2Of135M:
            .gatedDecoder(
                family: .llama, layers: 30, hidden: 576, heads: 9, keyValueHeads: 3, intermediate: 1_536,
                vocabulary: 49_152, tiesHead: true)
        case .storiesOf260K:
            .gatedDecoder(
                family: .llama, layers: 5, hidden: 64, heads: 8, keyValueHeads: 4, intermediate: 172, vocabulary: 512,
                tiesHead: true)
        }
    }
}
