/// What running a decoder of the Llama architecture takes beside its sizes and parts.
public struct DecoderConfiguration: Sendable, Hashable {
    /// Sizes and parts: family llama, rotary positions, root mean square norms, a gated feed-forward layer with SiLU, no biases.
    public let transformer: TransformerConfiguration
    /// ε of the norms; positive as an FP32 number, at most 1.
    public let normEpsilon: Float
    /// The base of rotary positions; 1 … 10^15.
    public let rotaryBase: Double
    /// The most tokens of a sequence that the network was made for; 1 … 2^20.
    public let maximumPositions: Int

    /// The bases that are read: 10,000 is Llama's; long contexts have some millions.
    static let rotaryBases = 1.0...1e15

    /// - Precondition: the ranges above.
    init(transformer: TransformerConfiguration, normEpsilon: Float, rotaryBase: Double, maximumPositions: Int) {
        precondition(normEpsilon > 0 && normEpsilon <= 1 && Self.rotaryBases.contains(rotaryBase))
        precondition(TransformerLimits.positions.contains(maximumPositions))
        self.transformer = transformer
        self.normEpsilon = normEpsilon
        self.rotaryBase = rotaryBase
        self.maximumPositions = maximumPositions
    }

    /// Reads a Hugging Face `config.json` of `model_type` "llama".
    ///
    /// Sizes are read as `TransformerConfiguration.init(source:head:)` does. Beside them: `rms_norm_eps` (1e-6 if missing), `rope_theta` or `rope_parameters.rope_theta` (10,000 if missing),
    /// `max_position_embeddings` (2048 if missing), the defaults of `LlamaConfig` (transformers 4.46.3). Refused, since the forward does not compute them: scaled rotary positions, biases, other
    /// activations than SiLU, other heads than a language model's.
    ///
    /// - Throws: the errors of JSON, `InputError.settingMissing` or `.settingInvalid`.
    public init(source: any ByteSource) throws(InputError) {
        let settings = try ConfigurationSettings(source: source)
        if let type = settings["model_type"], type.string != "llama" {
            throw settings.invalid("model_type", type, "\"llama\", the architecture whose forward is computed,")
        }
        let transformer = try TransformerConfiguration(source: source)
        guard transformer.head == .languageModel else {
            throw settings.invalid("architectures", settings["architectures"] ?? .null, "[\"LlamaForCausalLM\"]")
        }
        guard transformer.activation == .silu else {
            throw settings.invalid("hidden_act", settings["hidden_act"] ?? .null, "\"silu\"")
        }
        for key in ["attention_bias", "mlp_bias"] {
            try settings.requireFalse(key, "the decoder's linear layers are computed without bias")
        }
        let scaling = settings["rope_scaling"] ?? settings["rope_parameters"]
        if let scaling {
            let key = settings["rope_scaling"] != nil ? "rope_scaling" : "rope_parameters"
            let kind = (scaling.object?["rope_type"] ?? scaling.object?["type"])?.string
            guard scaling.object != nil, kind == "default" || (kind == nil && key == "rope_parameters") else {
                throw settings.invalid(
                    key, scaling, "null or the type \"default\", since scaled positions aren't computed,")
            }
        }
        let base = settings["rope_theta"] ?? settings["rope_parameters"]?.object?["rope_theta"]
        let bases = "a number from 1 to 10^15"
        let number: Double? = if let base { base.double } else { 10_000 }
        guard let rotaryBase = number, Self.rotaryBases.contains(rotaryBase) else {
            throw settings.invalid("rope_theta", base ?? .null, bases)
        }
        let epsilon = settings["rms_norm_eps"]
        let wide: Double? = if let epsilon { epsilon.double } else { 1e-6 }
        guard let normEpsilon = wide.map({ Float($0) }), normEpsilon > 0, normEpsilon <= 1 else {
            throw settings.invalid("rms_norm_eps", epsilon ?? .null, "a number greater than 0, as FP32, and at most 1")
        }
        self.init(
            transformer: transformer, normEpsilon: normEpsilon, rotaryBase: rotaryBase,
            maximumPositions: try settings.optionalSize("max_position_embeddings", TransformerLimits.positions) ?? 2_048
        )
    }
}
