extension DecoderConfiguration {
    /// Reads the sizes of a GGUF file whose `general.architecture` is "llama" (ggml, docs/gguf.md, "LLM").
    ///
    /// Needed are `llama.block_count`, `.context_length`, `.embedding_length`, `.feed_forward_length`, `.attention.head_count` and `.attention.layer_norm_rms_epsilon`. Missing ones:
    /// `.attention.head_count_kv` as many as heads, `.rope.freq_base` 10,000, `.rope.dimension_count` and `.attention.key_length` embedding length / heads, `.vocab_size` the rows of `token_embd.weight`. The head is the
    /// embedding table where there is no `output.weight`. Refused: scaled or partly rotary positions, mixtures of experts, heads that differ by block.
    ///
    /// - Throws: `InputError.gguf`.
    init(_ file: GGUFFile) throws(InputError) {
        let architecture = try file.require("general.architecture", "\"llama\"")
        guard architecture.string == "llama" else {
            throw file.invalid(
                "general.architecture", architecture, "\"llama\", the architecture whose forward is computed,")
        }
        let layers = try file.integer("llama.block_count", TransformerLimits.layers)
        let positions = try file.integer("llama.context_length", TransformerLimits.positions)
        let hidden = try file.integer("llama.embedding_length", TransformerLimits.width)
        let intermediate = try file.integer("llama.feed_forward_length", TransformerLimits.intermediate)
        let heads = try file.integer("llama.attention.head_count", TransformerLimits.heads)
        let keyValueHeads = try file.integer(
            "llama.attention.head_count_kv", TransformerLimits.heads, missing: heads)
        guard heads.isMultiple(of: keyValueHeads) else {
            throw file.invalid(
                "llama.attention.head_count_kv", .unsigned(UInt64(keyValueHeads)),
                "a divisor of head_count, which is \(heads),")
        }
        let headDimension = try Self.headDimension(file, hidden: hidden, heads: heads)
        try Self.refuseWhatIsNotComputed(file, headDimension: headDimension)
        let rows = file.tensor(named: DecoderParameter.embedding.ggufName)?.shape.first
        let vocabulary = try file.integer("llama.vocab_size", TransformerLimits.vocabulary, missing: rows)
        self.init(
            transformer: .gatedDecoder(
                family: .llama, layers: layers, hidden: hidden, heads: heads, keyValueHeads: keyValueHeads,
                headDimension: headDimension, intermediate: intermediate, vocabulary: vocabulary,
                tiesHead: file.tensor(named: DecoderParameter.head.ggufName) == nil),
            normEpsilon: try Self.epsilon(file), rotaryBase: try Self.base(file), maximumPositions: positions)
    }

    private static func headDimension(_ file: GGUFFile, hidden: Int, heads: Int) throws(InputError) -> Int {
        let key = "llama.attention.key_length"
        let limit = TransformerLimits.width.upperBound
        guard file[key] != nil else {
            guard hidden.isMultiple(of: 2 * heads) else {
                throw file.invalid(
                    "llama.attention.head_count", .unsigned(UInt64(heads)),
                    "a number that divides the embedding length, which is \(hidden), into heads of even size")
            }
            return hidden / heads
        }
        let dimension = try file.integer(key, TransformerLimits.headDimension)
        guard dimension.isMultiple(of: 2), dimension * heads <= limit else {
            throw file.invalid(
                key, .unsigned(UInt64(dimension)), "an even number of at most \(limit / heads) for \(heads) heads")
        }
        return dimension
    }

    private static func refuseWhatIsNotComputed(_ file: GGUFFile, headDimension: Int) throws(InputError) {
        for key in ["llama.rope.dimension_count", "llama.attention.value_length"] {
            guard let value = file[key], value.integer != headDimension else { continue }
            throw file.invalid(key, value, "\(headDimension), the size of a head,")
        }
        if let value = file["llama.rope.scaling.type"], value.string != "none" {
            throw file.invalid("llama.rope.scaling.type", value, "\"none\", since scaled positions aren't computed,")
        }
        if let value = file["llama.expert_count"], value.integer != 0 {
            throw file.invalid("llama.expert_count", value, "0, since mixtures of experts aren't computed,")
        }
    }

    private static func epsilon(_ file: GGUFFile) throws(InputError) -> Float {
        let (key, expected) = (
            "llama.attention.layer_norm_rms_epsilon", "a number greater than 0, as FP32, and at most 1"
        )
        let value = try file.require(key, expected)
        guard let number = value.double.map(Float.init), number > 0, number <= 1 else {
            throw file.invalid(key, value, expected)
        }
        return number
    }

    private static func base(_ file: GGUFFile) throws(InputError) -> Double {
        let key = "llama.rope.freq_base"
        guard let value = file[key] else { return 10_000 }
        guard let number = value.double, rotaryBases.contains(number) else {
            throw file.invalid(key, value, "a number from 1 to 10^15")
        }
        return number
    }
}
