import Networks
import Testing

private typealias Files = TransformerConfigurations

/// A setting that is refused, and how.
private struct Refusal: Sendable, CustomStringConvertible {
    let settings: [String: String]
    let key: String
    let value: String?
    /// The message after `config.json: key "KEY": `.
    let expected: String
    /// The key that the message names, if it isn't `key`.
    var named: String?

    init(_ settings: [String: String], _ key: String, _ value: String?, _ expected: String, named: String? = nil) {
        self.settings = settings
        self.key = key
        self.value = value
        self.expected = expected
        self.named = named
    }

    var description: String { "\(settings["model_type"]!) \(key): \(value ?? "-")" }
}

@Suite struct TransformerRefusalTests {
    private static let families = "one of \"llama\", \"mistral\", \"qwen2\", \"opt\", \"gpt2\", \"roberta\", \"bert\""
    private static let activations = "one of \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"silu\", \"relu\""

    private static let refusals: [Refusal] = [
        Refusal(Files.llama, "model_type", nil, "is missing; \(families) is needed"),
        Refusal(Files.llama, "model_type", "\"mixtral\"", "is \"mixtral\"; \(families) is needed"),
        Refusal(Files.llama, "model_type", "7", "is 7; \(families) is needed"),

        Refusal(Files.llama, "hidden_size", nil, "is missing; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "hidden_size", "0", "is 0; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "hidden_size", "-24", "is -24; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "hidden_size", "24.0", "is 24.0; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "hidden_size", "null", "is null; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "hidden_size", "\"24\"", "is \"24\"; a whole number from 1 to 65536 is needed"),
        Refusal(
            Files.llama, "hidden_size", "1099511627776",
            "is 1099511627776; a whole number from 1 to 65536 is needed"),
        Refusal(
            Files.llama, "hidden_size", "99999999999999999999",
            "is 99999999999999999999; a whole number from 1 to 65536 is needed"),
        Refusal(Files.llama, "num_hidden_layers", "0", "is 0; a whole number from 1 to 1024 is needed"),
        Refusal(Files.llama, "vocab_size", "0", "is 0; a whole number from 1 to 4194304 is needed"),
        Refusal(Files.llama, "intermediate_size", nil, "is missing; a whole number from 1 to 262144 is needed"),
        Refusal(Files.gpt2, "n_inner", "0", "is 0; a whole number from 1 to 262144 is needed"),
        Refusal(Files.gpt2, "n_embd", nil, "is missing; a whole number from 1 to 65536 is needed"),
        Refusal(Files.opt, "ffn_dim", nil, "is missing; a whole number from 1 to 262144 is needed"),
        Refusal(
            Files.opt, "max_position_embeddings", "9223372036854775807",
            "is 9223372036854775807; a whole number from 1 to 1048576 is needed"),
        Refusal(Files.opt, "word_embed_proj_dim", "0", "is 0; a whole number from 1 to 65536 is needed"),
        Refusal(Files.roberta, "max_position_embeddings", "2", "is 2; a whole number from 3 to 1048576 is needed"),
        Refusal(Files.roberta, "pad_token_id", "-1", "is -1; a whole number from 0 to 65536 is needed"),
        Refusal(Files.bert, "type_vocab_size", "-1", "is -1; a whole number from 0 to 1024 is needed"),
        Refusal(Files.mistral, "sliding_window", "0", "is 0; a whole number from 1 to 1048576 is needed"),

        Refusal(
            Files.llama, "num_attention_heads", "5",
            "is 5; a divisor of hidden_size, which is 24, or a head_dim is needed"),
        Refusal(
            Files.llama, "num_attention_heads", "8",
            "is 8; a divisor of hidden_size, which is 24, that leaves heads of even size, since positions rotate pairs, "
                + "is needed"),
        Refusal(Files.opt, "num_attention_heads", "5", "is 5; a divisor of hidden_size, which is 24, is needed"),
        Refusal(Files.gpt2, "n_head", "5", "is 5; a divisor of n_embd, which is 24, is needed"),
        Refusal(Files.bert, "num_attention_heads", "5", "is 5; a divisor of hidden_size, which is 24, is needed"),
        Refusal(
            Files.llama, "num_key_value_heads", "4", "is 4; a divisor of num_attention_heads, which is 6, is needed"),
        Refusal(Files.llama, "num_key_value_heads", "0", "is 0; a whole number from 1 to 4096 is needed"),
        Refusal(
            Files.mistral, "num_key_value_heads", nil,
            "is missing; a divisor of num_attention_heads, which is 6, is needed"),
        Refusal(
            Files.qwen2, "num_key_value_heads", nil,
            "is missing; a divisor of num_attention_heads, which is 6, is needed"),
        Refusal(
            Files.llama, "head_dim", "7", "is 7; an even number, since positions rotate pairs, is needed"),
        Refusal(Files.llama, "head_dim", "0", "is 0; a whole number from 1 to 4096 is needed"),

        Refusal(Files.llama, "hidden_act", "\"quick_gelu\"", "is \"quick_gelu\"; \(activations) is needed"),
        Refusal(Files.bert, "hidden_act", "1", "is 1; \(activations) is needed"),
        Refusal(Files.opt, "activation_function", "\"tanh\"", "is \"tanh\"; \(activations) is needed"),
        Refusal(Files.llama, "tie_word_embeddings", "1", "is 1; true or false is needed"),

        Refusal(
            Files.llama, "num_local_experts", "8",
            "is 8; no such key, since mixtures of experts aren't costed, is needed"),
        Refusal(
            Files.qwen2, "num_experts", "60", "is 60; no such key, since mixtures of experts aren't costed, is needed"),
        Refusal(
            Files.bert, "position_embedding_type", "\"relative_key\"", "is \"relative_key\"; \"absolute\" is needed"),
        Refusal(
            Files.bert, "is_decoder", "true",
            "is true; false, since encoders are costed with attention in both directions, is needed"),
        Refusal(
            Files.gpt2, "add_cross_attention", "true", "is true; false, since cross-attention isn't costed, is needed"),
        Refusal(
            Files.bert, "is_encoder_decoder", "true",
            "is true; false, since only single stacks of blocks are costed, is needed"),
        Refusal(
            Files.bert, "pruned_heads", "{\"1\": [0, 2]}",
            "is an object of 1 keys; {}, since pruned heads aren't costed, is needed"),
        Refusal(
            Files.llama, "partial_rotary_factor", "0.5",
            "is 0.5; 1, since partly rotated heads aren't costed, is needed"),
        Refusal(
            Files.llama, "rope_parameters", "{\"partial_rotary_factor\": 0.5}",
            "is 0.5; 1, since partly rotated heads aren't costed, is needed", named: "partial_rotary_factor"),
        Refusal(
            Files.opt, "layer_norm_elementwise_affine", "false",
            "is false; true, since norms without parameters aren't costed, is needed"),
    ]

    @Test(arguments: refusals)
    private func saysWhatIsWrong(_ refusal: Refusal) {
        #expect(
            message { _ = try Files.read(refusal.settings, [refusal.key: refusal.value]) }
                == "config.json: key \"\(refusal.named ?? refusal.key)\": \(refusal.expected)")
    }

    @Test func refusesHeadsThatAreTooWideTogether() {
        #expect(
            message { _ = try Files.read(Files.llama, ["num_attention_heads": "4096", "head_dim": "18"]) }
                == "config.json: key \"head_dim\": is 18; at most 16 for 4096 heads, 65536 in all, is needed")
    }

    @Test func passesOverWhatDoesNotChangeTheArithmetic() throws {
        let harmless: [String: String?] = [
            "quantization_config": "{\"bits\": 4}", "rope_theta": "1e6", "num_local_experts": "1",
            "partial_rotary_factor": "1.0", "pruned_heads": "{}", "is_decoder": "false", "hidden_dropout_prob": "0.1",
        ]
        for settings in Files.all { #expect(try Files.read(settings, harmless) == Files.read(settings)) }
    }

    @Test func theLargestSizesDoNotOverflow() throws {
        let largest: [String: String?] = [
            "vocab_size": "4194304", "hidden_size": "65536", "num_hidden_layers": "1024", "intermediate_size": "262144",
            "num_attention_heads": "4096", "num_key_value_heads": "4096", "max_position_embeddings": "1048576",
            "ffn_dim": "262144", "n_embd": "65536", "n_layer": "1024", "n_head": "4096", "n_positions": "1048576",
            "word_embed_proj_dim": "65536", "tie_word_embeddings": "false", "type_vocab_size": "1024",
        ]
        for settings in Files.all {
            let keys = largest.filter { settings[$0.key] != nil || $0.key == "tie_word_embeddings" }
            let count = try Files.read(settings, keys).parameterCount
            #expect(count > 1 << 45 && count < 1 << 47)
        }
    }

    @Test func survivesAnyValueOfAnyKey() throws {
        let values = [
            "null", "true", "-1", "0", "1", "3", "0.5", "1e999", "1099511627776", "9223372036854775807",
            "99999999999999999999", "\"x\"", "[]", "[1]", "[[\"x\"]]", "{}", "{\"0\": null}",
        ]
        let keys = Set(Files.all.flatMap(\.keys)).union([
            "head_dim", "n_inner", "id2label", "num_labels", "layer_types", "pruned_heads", "rope_parameters",
            "partial_rotary_factor", "num_experts", "mlp_bias", "enable_bias", "is_decoder",
        ])
        var read = 0
        for settings in Files.all {
            for key in keys {
                for value in values {
                    do {
                        #expect(try Files.read(settings, [key: value]).parameterCount > 0)
                        read += 1
                    } catch is InputError {}
                }
            }
        }
        #expect(read > 1_000)
    }

    @Test func refusesWhatIsNoJSON() {
        #expect(
            message { _ = try TransformerConfiguration(source: TestFile("config.json", "{\"model_type\": }")) }
                .hasPrefix("config.json: line 1, column 16: is not JSON"))
        #expect(
            message {
                _ = try TransformerConfiguration(
                    source: TestFile("config.json", "{\"hidden_size\": 8, \"hidden_size\": 9}"))
            } == "config.json: line 1, column 20: key \"hidden_size\" stands twice; keep one of them")
    }
}
