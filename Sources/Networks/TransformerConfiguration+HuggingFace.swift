extension TransformerConfiguration {
    /// Reads a Hugging Face `config.json` of `model_type` llama, mistral, qwen2, opt, gpt2, roberta or bert.
    ///
    /// Sizes have to be there, within `TransformerLimits`: a misspelt one would otherwise turn into another network's.
    /// What files leave out since it was added later has the default of Hugging Face's configuration class
    /// (transformers 4.46.3 and 5.23.0, `models/*/configuration_*.py`; null and missing are alike):
    ///
    /// - all: `architectures` the causal language model of a decoder, the encoder with its pooler; `num_labels` 2 (or as
    ///   many as `id2label` has); `tie_word_embeddings` false for llama, mistral and qwen2, otherwise true;
    ///   `is_encoder_decoder`, `is_decoder`, `add_cross_attention` false.
    /// - llama, mistral, qwen2: `hidden_act` "silu"; `head_dim` `hidden_size` / `num_attention_heads`.
    ///   `num_key_value_heads` as `num_attention_heads` for llama; the others need it. llama: `attention_bias` and
    ///   `mlp_bias` false. mistral: `sliding_window` 4096 if the key is missing, none if it is null. qwen2:
    ///   `use_sliding_window` false, and if true `sliding_window` 4096, `max_window_layers` 28, `layer_types` from it.
    /// - opt: `activation_function` "relu"; `do_layer_norm_before` true; `_remove_final_layer_norm` false;
    ///   `word_embed_proj_dim` as `hidden_size`; `enable_bias` and `layer_norm_elementwise_affine` true.
    /// - gpt2: `activation_function` "gelu_new"; `n_inner` 4 × `n_embd`.
    /// - bert, roberta: `hidden_act` "gelu"; `type_vocab_size` 2; `position_embedding_type` "absolute"; roberta:
    ///   `pad_token_id` 1.
    ///
    /// What changes neither sizes nor counts of operations (`rope_scaling`, `rope_theta`, epsilons, dropout, token
    /// numbers, `quantization_config`, which stores weights in a way that costing doesn't look at) is passed over. What
    /// does and isn't costed is refused by name: mixtures of experts, cross-attention, relative positions, partly
    /// rotated heads, windows in some blocks only, pruned heads, norms without parameters.
    ///
    /// - Parameter head: the head to cost; nil for the one of `architectures`, which isn't looked at otherwise.
    /// - Throws: the errors of JSON, `InputError.settingMissing` or `.settingInvalid`.
    public init(source: any ByteSource, head: TransformerHead? = nil) throws(InputError) {
        let settings = try ConfigurationSettings(source: source)
        let families = TransformerFamily.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard let type = settings["model_type"] else {
            throw .settingMissing(file: settings.file, key: "model_type", expected: "one of \(families)")
        }
        guard let family = type.string.flatMap(TransformerFamily.init) else {
            throw settings.invalid("model_type", type, "one of \(families)")
        }
        try settings.refuseWhatIsNotCosted(family)
        let top = if let head { (head: head, hasPooler: false) } else { try settings.head(of: family) }
        let result =
            switch family {
            case .llama, .mistral, .qwen2: try Self.gatedDecoder(family, settings)
            case .opt: try Self.opt(settings)
            case .gpt2: try Self.gpt2(settings)
            case .roberta, .bert: try Self.encoder(family, settings)
            }
        self = result.withHead(top.head, hasPooler: top.hasPooler)
    }

    private static func gatedDecoder(
        _ family: TransformerFamily, _ settings: ConfigurationSettings
    ) throws(InputError) -> TransformerConfiguration {
        let layers = try settings.size("num_hidden_layers", TransformerLimits.layers)
        let hidden = try settings.size("hidden_size", TransformerLimits.width)
        let heads = try settings.size("num_attention_heads", TransformerLimits.heads)
        let headDimension = try settings.rotaryHeadDimension(hidden: hidden, heads: heads)
        let biases: TransformerBiases =
            switch family {
            case .llama: try settings.llamaBiases()
            case .qwen2: TransformerBiases(queryKeyValue: true, attentionOutput: false, feedForward: false)
            default: .none
            }
        return gatedDecoder(
            family: family, layers: layers, hidden: hidden, heads: heads,
            keyValueHeads: try settings.keyValueHeads(family, heads: heads),
            headDimension: headDimension,
            intermediate: try settings.size("intermediate_size", TransformerLimits.intermediate),
            vocabulary: try settings.size("vocab_size", TransformerLimits.vocabulary),
            activation: try settings.activation("hidden_act", missing: .silu), biases: biases,
            slidingWindow: try settings.slidingWindow(family, layers: layers),
            tiesHead: try settings.flag("tie_word_embeddings", missing: false))
    }

    private static func opt(_ settings: ConfigurationSettings) throws(InputError) -> TransformerConfiguration {
        let layers = try settings.size("num_hidden_layers", TransformerLimits.layers)
        let hidden = try settings.size("hidden_size", TransformerLimits.width)
        let heads = try settings.heads("num_attention_heads", dividing: "hidden_size", hidden)
        let isPre = try settings.flag("do_layer_norm_before", missing: true)
        let lacksFinalNorm = try settings.flag("_remove_final_layer_norm", missing: false)
        return opt(
            layers: layers, hidden: hidden, heads: heads,
            intermediate: try settings.size("ffn_dim", TransformerLimits.intermediate),
            vocabulary: try settings.size("vocab_size", TransformerLimits.vocabulary),
            embeddingWidth: try settings.optionalSize("word_embed_proj_dim", TransformerLimits.width),
            sequence: try settings.size("max_position_embeddings", TransformerLimits.positions),
            activation: try settings.activation("activation_function", missing: .relu),
            normPlacement: isPre ? .pre : .post, hasFinalNorm: isPre && !lacksFinalNorm,
            biases: try settings.flag("enable_bias", missing: true) ? .all : .none,
            tiesHead: try settings.flag("tie_word_embeddings", missing: true))
    }

    private static func gpt2(_ settings: ConfigurationSettings) throws(InputError) -> TransformerConfiguration {
        let layers = try settings.size("n_layer", alias: "num_hidden_layers", TransformerLimits.layers)
        let hidden = try settings.size("n_embd", alias: "hidden_size", TransformerLimits.width)
        let heads = try settings.heads("n_head", alias: "num_attention_heads", dividing: "n_embd", hidden)
        return gpt2(
            layers: layers, hidden: hidden, heads: heads,
            intermediate: try settings.optionalSize("n_inner", TransformerLimits.intermediate),
            vocabulary: try settings.size("vocab_size", TransformerLimits.vocabulary),
            positions: try settings.size(
                "n_positions", alias: "max_position_embeddings", TransformerLimits.positions),
            activation: try settings.activation("activation_function", missing: .geluTanh),
            tiesHead: try settings.flag("tie_word_embeddings", missing: true))
    }

    private static func encoder(
        _ family: TransformerFamily, _ settings: ConfigurationSettings
    ) throws(InputError) -> TransformerConfiguration {
        let layers = try settings.size("num_hidden_layers", TransformerLimits.layers)
        let hidden = try settings.size("hidden_size", TransformerLimits.width)
        // RoBERTa's first position is the row after the padding token's number.
        let offset = family == .roberta ? try settings.optionalSize("pad_token_id", 0...1 << 16).map { $0 + 1 } ?? 2 : 0
        let positions = (offset + 1)...TransformerLimits.positions.upperBound
        return encoder(
            family: family, layers: layers, hidden: hidden,
            heads: try settings.heads("num_attention_heads", dividing: "hidden_size", hidden),
            intermediate: try settings.size("intermediate_size", TransformerLimits.intermediate),
            vocabulary: try settings.size("vocab_size", TransformerLimits.vocabulary),
            positions: try settings.size("max_position_embeddings", positions), positionOffset: offset,
            tokenTypes: try settings.optionalSize("type_vocab_size", TransformerLimits.tokenTypes) ?? 2,
            activation: try settings.activation("hidden_act", missing: .gelu), head: .none,
            tiesHead: try settings.flag("tie_word_embeddings", missing: true))
    }
}
