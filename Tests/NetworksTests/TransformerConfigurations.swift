import Networks

/// Small `config.json` texts of each family, with the keys that published ones have.
enum TransformerConfigurations {
    static let llama: [String: String] = [
        "architectures": "[\"LlamaForCausalLM\"]", "model_type": "\"llama\"", "vocab_size": "100",
        "hidden_size": "24", "intermediate_size": "40", "num_hidden_layers": "3", "num_attention_heads": "6",
        "num_key_value_heads": "2", "hidden_act": "\"silu\"", "max_position_embeddings": "64",
        "rms_norm_eps": "1e-05", "pretraining_tp": "1", "tie_word_embeddings": "false", "rope_theta": "500000.0",
        "rope_scaling": "{\"factor\": 8.0, \"rope_type\": \"llama3\"}", "attention_bias": "false",
        "torch_dtype": "\"bfloat16\"", "use_cache": "true", "bos_token_id": "1", "eos_token_id": "2",
    ]
    static let mistral: [String: String] = [
        "architectures": "[\"MistralForCausalLM\"]", "model_type": "\"mistral\"", "vocab_size": "100",
        "hidden_size": "24", "intermediate_size": "40", "num_hidden_layers": "3", "num_attention_heads": "6",
        "num_key_value_heads": "2", "hidden_act": "\"silu\"", "max_position_embeddings": "64",
        "sliding_window": "16", "rope_theta": "10000.0", "tie_word_embeddings": "false",
    ]
    static let qwen2: [String: String] = [
        "architectures": "[\"Qwen2ForCausalLM\"]", "model_type": "\"qwen2\"", "vocab_size": "100",
        "hidden_size": "24", "intermediate_size": "40", "num_hidden_layers": "3", "num_attention_heads": "6",
        "num_key_value_heads": "2", "hidden_act": "\"silu\"", "max_position_embeddings": "64",
        "sliding_window": "32", "use_sliding_window": "false", "max_window_layers": "2",
        "tie_word_embeddings": "true",
    ]
    static let opt: [String: String] = [
        "architectures": "[\"OPTForCausalLM\"]", "model_type": "\"opt\"", "vocab_size": "100", "hidden_size": "24",
        "ffn_dim": "40", "num_hidden_layers": "3", "num_attention_heads": "6", "max_position_embeddings": "64",
        "activation_function": "\"relu\"", "do_layer_norm_before": "true", "word_embed_proj_dim": "24",
        "_remove_final_layer_norm": "false", "prefix": "\"</s>\"", "layerdrop": "0.0",
    ]
    static let gpt2: [String: String] = [
        "architectures": "[\"GPT2LMHeadModel\"]", "model_type": "\"gpt2\"", "vocab_size": "100", "n_embd": "24",
        "n_layer": "3", "n_head": "6", "n_positions": "64", "n_ctx": "64", "activation_function": "\"gelu_new\"",
        "layer_norm_epsilon": "1e-05", "summary_type": "\"cls_index\"",
    ]
    static let roberta: [String: String] = [
        "architectures": "[\"RobertaForMaskedLM\"]", "model_type": "\"roberta\"", "vocab_size": "100",
        "hidden_size": "24", "intermediate_size": "40", "num_hidden_layers": "3", "num_attention_heads": "6",
        "hidden_act": "\"gelu\"", "max_position_embeddings": "66", "type_vocab_size": "1", "pad_token_id": "1",
        "layer_norm_eps": "1e-05",
    ]
    static let bert: [String: String] = [
        "architectures": "[\"BertModel\"]", "model_type": "\"bert\"", "vocab_size": "100", "hidden_size": "24",
        "intermediate_size": "40", "num_hidden_layers": "3", "num_attention_heads": "6", "hidden_act": "\"gelu\"",
        "max_position_embeddings": "64", "type_vocab_size": "2", "pad_token_id": "0",
        "position_embedding_type": "\"absolute\"", "layer_norm_eps": "1e-12",
    ]

    static let all = [llama, mistral, qwen2, opt, gpt2, roberta, bert]

    /// The settings as a file, with some of them replaced; nil removes a key.
    static func file(_ settings: [String: String], _ replacements: [String: String?] = [:]) -> TestFile {
        var settings = settings
        for (key, value) in replacements { settings[key] = value }
        let members = settings.sorted { $0.key < $1.key }.map { "\"\($0)\": \($1)" }
        return TestFile("config.json", "{\(members.joined(separator: ", "))}")
    }

    static func read(
        _ settings: [String: String], _ replacements: [String: String?] = [:], head: TransformerHead? = nil
    ) throws -> TransformerConfiguration {
        try TransformerConfiguration(source: file(settings, replacements), head: head)
    }
}
