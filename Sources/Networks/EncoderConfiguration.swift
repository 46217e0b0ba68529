/// The sizes of a BERT encoder, from a Hugging Face `config.json`.
///
/// Every size is positive and bounded (see `init(source:)`), so products of any three of them fit in 64 bits.
public struct EncoderConfiguration: Equatable, Sendable {
    /// The tokens of the vocabulary, `vocab_size`.
    public let vocabularySize: Int
    /// The width of a token's state, `hidden_size`; a multiple of `headCount`.
    public let hiddenSize: Int
    /// The transformer blocks, `num_hidden_layers`.
    public let layerCount: Int
    /// The attention heads of a block, `num_attention_heads`.
    public let headCount: Int
    /// The width of a block's feed-forward layer, `intermediate_size`.
    public let intermediateSize: Int
    /// The longest sequence in tokens, `max_position_embeddings`; at least 3.
    public let maximumPositions: Int
    /// The token types, `type_vocab_size`.
    public let typeCount: Int
    /// The term that layer norm adds to the variance, `layer_norm_eps`; positive as an FP32 number, and at most 1.
    public let normEpsilon: Float
    /// The labels of a classification head in the order of its rows, from `id2label`; nil if the configuration names
    /// none.
    public let labels: [String]?

    /// The width of an attention head.
    public var headSize: Int { hiddenSize / headCount }

    /// Reads and checks a `config.json`.
    ///
    /// Needed are `model_type` ("bert"), `hidden_act` ("gelu", the exact one), the seven sizes above and
    /// `layer_norm_eps`; `position_embedding_type`, if it is there, must be "absolute". Other keys belong to training
    /// and are passed over.
    ///
    /// - Throws: the errors of JSON, `InputError.settingMissing`, `.settingInvalid` or `.headsDoNotDivide`.
    public init(source: any ByteSource) throws(InputError) {
        let file = source.name
        let settings = try JSONReader.object(in: source.bytes, file: file)

        func setting(_ key: String, _ expected: String) throws(InputError) -> JSON {
            guard let value = settings[key] else { throw .settingMissing(file: file, key: key, expected: expected) }
            return value
        }
        func invalid(_ key: String, _ value: JSON, _ expected: String) -> InputError {
            .settingInvalid(file: file, key: key, found: value.summary, expected: expected)
        }
        func size(_ key: String, _ range: ClosedRange<Int>) throws(InputError) -> Int {
            let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            let value = try setting(key, expected)
            guard let number = value.integer, range.contains(number) else { throw invalid(key, value, expected) }
            return number
        }
        func require(_ key: String, is wanted: String, mayBeMissing: Bool = false) throws(InputError) {
            if mayBeMissing, settings[key] == nil { return }
            let value = try setting(key, "\"\(wanted)\"")
            guard value.string == wanted else { throw invalid(key, value, "\"\(wanted)\"") }
        }

        try require("model_type", is: "bert")
        try require("hidden_act", is: "gelu")
        try require("position_embedding_type", is: "absolute", mayBeMissing: true)
        vocabularySize = try size("vocab_size", 4...1 << 22)
        hiddenSize = try size("hidden_size", 1...1 << 16)
        layerCount = try size("num_hidden_layers", 1...1 << 10)
        headCount = try size("num_attention_heads", 1...1 << 16)
        intermediateSize = try size("intermediate_size", 1...1 << 18)
        maximumPositions = try size("max_position_embeddings", 3...1 << 20)
        typeCount = try size("type_vocab_size", 1...1 << 10)
        guard hiddenSize % headCount == 0 else {
            throw .headsDoNotDivide(file: file, hidden: hiddenSize, heads: headCount)
        }

        let epsilonRange = "a number greater than 0, as FP32, and at most 1"
        let epsilon = try setting("layer_norm_eps", epsilonRange)
        guard let number = epsilon.double.map(Float.init), number > 0, number <= 1 else {
            throw invalid("layer_norm_eps", epsilon, epsilonRange)
        }
        normEpsilon = number
        labels = try settings["id2label"].map { value throws(InputError) in
            guard let labels = Self.labels(value) else {
                throw invalid("id2label", value, "a map from \"0\", \"1\", … to labels, at least two, each once")
            }
            return labels
        }
    }

    /// The labels of an `id2label` in the order of their numbers, or nil if it is no such map.
    private static func labels(_ value: JSON) -> [String]? {
        guard let members = value.object?.members, members.count >= 2 else { return nil }
        var labels = [String?](repeating: nil, count: members.count)
        for member in members {
            guard let index = Int(member.key), String(index) == member.key, labels.indices.contains(index) else {
                return nil
            }
            guard let label = member.value.string, !label.isEmpty else { return nil }
            labels[index] = label
        }
        // The keys are as many as the places and no two are equal: no place is empty.
        let names = labels.compactMap { $0 }
        return Set(names).count == names.count ? names : nil
    }
}
