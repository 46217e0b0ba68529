/// The settings of transformers that take more than one key, or a rule, to read.
extension ConfigurationSettings {
    func activation(
        _ key: String, missing: TransformerActivation
    ) throws(InputError) -> TransformerActivation {
        let expected = "one of \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"silu\", \"relu\""
        guard let name = try text(key, expected: expected) else { return missing }
        guard let activation = TransformerActivation(huggingFace: name) else {
            throw invalid(key, .string(name), expected)
        }
        return activation
    }

    /// A number of heads that divides the width of the state.
    func heads(
        _ key: String, alias: String? = nil, dividing widthKey: String, _ width: Int
    ) throws(InputError) -> Int {
        let heads = try size(key, alias: alias, TransformerLimits.heads)
        guard width.isMultiple(of: heads) else {
            throw invalid(key, .number("\(heads)"), "a divisor of \(widthKey), which is \(width),")
        }
        return heads
    }

    func keyValueHeads(_ family: TransformerFamily, heads: Int) throws(InputError) -> Int {
        let key = "num_key_value_heads"
        let expected = "a divisor of num_attention_heads, which is \(heads),"
        // Hugging Face's defaults of 8 and 32 are those of one size of network.
        if family != .llama, !contains(key) { throw .settingMissing(file: file, key: key, expected: expected) }
        guard let number = try optionalSize(key, TransformerLimits.heads) else { return heads }
        guard heads.isMultiple(of: number) else { throw invalid(key, .number("\(number)"), expected) }
        return number
    }

    /// The elements of a head, of which rotary positions rotate pairs.
    func rotaryHeadDimension(hidden: Int, heads: Int) throws(InputError) -> Int {
        let key = "head_dim"
        let limit = TransformerLimits.width.upperBound
        if let dimension = try optionalSize(key, TransformerLimits.headDimension) {
            guard dimension.isMultiple(of: 2) else {
                throw invalid(key, .number("\(dimension)"), "an even number, since positions rotate pairs,")
            }
            guard dimension * heads <= limit else {
                throw invalid(
                    key, .number("\(dimension)"), "at most \(limit / heads) for \(heads) heads, \(limit) in all,")
            }
            return dimension
        }
        guard hidden.isMultiple(of: heads) else {
            throw invalid(
                "num_attention_heads", .number("\(heads)"),
                "a divisor of hidden_size, which is \(hidden), or a head_dim")
        }
        guard (hidden / heads).isMultiple(of: 2) else {
            throw invalid(
                "num_attention_heads", .number("\(heads)"),
                "a divisor of hidden_size, which is \(hidden), that leaves heads of even size, since positions rotate pairs,"
            )
        }
        return hidden / heads
    }

    func llamaBiases() throws(InputError) -> TransformerBiases {
        let attention = try flag("attention_bias", missing: false)
        return TransformerBiases(
            queryKeyValue: attention, attentionOutput: attention, feedForward: try flag("mlp_bias", missing: false))
    }

    /// The window of attention in tokens, the same in every block, or nil.
    func slidingWindow(_ family: TransformerFamily, layers: Int) throws(InputError) -> Int? {
        let key = "sliding_window"
        switch family {
        case .mistral:
            return contains(key) ? try optionalSize(key, TransformerLimits.positions) : 4_096
        case .qwen2:
            guard try flag("use_sliding_window", missing: false), !contains(key) || self[key] != nil else {
                return nil
            }
            let window = try optionalSize(key, TransformerLimits.positions) ?? 4_096
            return try windowedLayers(of: layers) == 0 ? nil : window
        default:
            return nil
        }
    }

    /// How many blocks of a Qwen2 have a window: none or all.
    private func windowedLayers(of layers: Int) throws(InputError) -> Int {
        if let value = self["layer_types"] {
            let expected = "a list of \(layers) times \"full_attention\" or \(layers) times \"sliding_attention\""
            let types = value.array?.compactMap(\.string) ?? []
            guard types.count == layers, value.array?.count == layers, Set(types).count == 1,
                types[0] == "full_attention" || types[0] == "sliding_attention"
            else { throw invalid("layer_types", value, expected) }
            return types[0] == "sliding_attention" ? layers : 0
        }
        // Blocks from this number on have a window (transformers 5.23.0, `Qwen2Config.__post_init__`).
        let first = try optionalSize("max_window_layers", 0...TransformerLimits.layers.upperBound) ?? 28
        guard first == 0 || first >= layers else {
            throw invalid(
                "max_window_layers", .number("\(first)"),
                "0 or at least \(layers), since windows in some blocks only aren't costed,")
        }
        return first == 0 ? layers : 0
    }

    /// The head that `architectures` names, and whether a dense layer on the first token stands below it.
    func head(of family: TransformerFamily) throws(InputError) -> (head: TransformerHead, hasPooler: Bool) {
        let key = "architectures"
        let prefix = family.classPrefix
        let model = "\(prefix)Model"
        let tokens =
            switch family {
            case .gpt2: "\(prefix)LMHeadModel"
            case .roberta, .bert: "\(prefix)ForMaskedLM"
            default: "\(prefix)ForCausalLM"
            }
        let classifier = "\(prefix)ForSequenceClassification"
        var name = family.isEncoder ? model : tokens
        if let value = self[key], value != .array([]) {
            guard let names = value.array, names.count == 1, let only = names[0].string,
                [model, tokens, classifier].contains(only)
            else {
                let found = value.array?.count == 1 ? value.array![0] : value
                throw invalid(
                    key, found, "a list of one of \"\(model)\", \"\(tokens)\", \"\(classifier)\"")
            }
            name = only
        }
        if name == model { return (.none, family.isEncoder) }
        if name == tokens { return (family.isEncoder ? .maskedLanguageModel : .languageModel, false) }
        return (.classifier(classes: try classes(), hasBias: family.isEncoder), family.isEncoder)
    }

    private func classes() throws(InputError) -> Int {
        if let value = self["id2label"] {
            guard let count = value.object?.members.count, TransformerLimits.classes.contains(count) else {
                throw invalid(
                    "id2label", value, "a map with 1 to \(TransformerLimits.classes.upperBound) labels")
            }
            return count
        }
        return try optionalSize("num_labels", TransformerLimits.classes) ?? 2
    }

    /// Refuses what changes the arithmetic and isn't costed.
    func refuseWhatIsNotCosted(_ family: TransformerFamily) throws(InputError) {
        try requireFalse("is_encoder_decoder", "only single stacks of blocks are costed")
        try requireFalse("add_cross_attention", "cross-attention isn't costed")
        for key in ["num_local_experts", "num_experts", "n_routed_experts"] {
            guard let value = self[key], value != .number("0"), value != .number("1") else { continue }
            throw invalid(key, value, "no such key, since mixtures of experts aren't costed,")
        }
        if let value = self["pruned_heads"], value.object?.members.isEmpty != true {
            throw invalid("pruned_heads", value, "{}, since pruned heads aren't costed,")
        }
        if family.isEncoder {
            try requireFalse("is_decoder", "encoders are costed with attention in both directions")
            let kind = try text("position_embedding_type", expected: "\"absolute\"") ?? "absolute"
            guard kind == "absolute" else { throw invalid("position_embedding_type", .string(kind), "\"absolute\"") }
        }
        let rotated = "partial_rotary_factor"
        if !family.isEncoder, let value = self[rotated] ?? self["rope_parameters"]?.object?[rotated], value.double != 1
        {
            throw invalid(rotated, value, "1, since partly rotated heads aren't costed,")
        }
        if family == .opt, try !flag("layer_norm_elementwise_affine", missing: true) {
            throw invalid(
                "layer_norm_elementwise_affine", .bool(false), "true, since norms without parameters aren't costed,")
        }
    }
}
