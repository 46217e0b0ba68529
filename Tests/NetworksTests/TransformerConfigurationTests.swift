import Networks
import Testing

private typealias Files = TransformerConfigurations

@Suite struct TransformerConfigurationTests {
    @Test func readsLlama() throws {
        let network = try Files.read(Files.llama)
        #expect(
            network
                == TransformerConfiguration(
                    family: .llama, layers: 3, hidden: 24, heads: 6, keyValueHeads: 2, headDimension: 4,
                    intermediate: 40, vocabulary: 100, embeddingWidth: 24, positions: nil, positionOffset: 0,
                    tokenTypes: 0, activation: .silu, isGated: true, norm: .rmsNorm, normPlacement: .pre,
                    hasFinalNorm: true, hasEmbeddingNorm: false, biases: .none, isCausal: true, slidingWindow: nil,
                    head: .languageModel, hasPooler: false, tiesHead: false))
        #expect(network.keyValueGroups == 3)
        #expect(network.queryWidth == 24)
        #expect(network.keyValueWidth == 8)
        #expect(network.isRotary)
        #expect(network.longestSequence == nil)
        #expect(network.classes == nil)
    }

    @Test func readsMistral() throws {
        let network = try Files.read(Files.mistral)
        var expected = try Files.read(Files.llama)
        expected.family = .mistral
        expected.slidingWindow = 16
        #expect(network == expected)
    }

    @Test func readsQwen2() throws {
        let network = try Files.read(Files.qwen2)
        var expected = try Files.read(Files.llama)
        expected.family = .qwen2
        expected.biases = TransformerBiases(queryKeyValue: true, attentionOutput: false, feedForward: false)
        expected.tiesHead = true
        #expect(network == expected)
    }

    @Test func readsOPT() throws {
        let network = try Files.read(Files.opt)
        #expect(
            network
                == TransformerConfiguration(
                    family: .opt, layers: 3, hidden: 24, heads: 6, keyValueHeads: 6, headDimension: 4,
                    intermediate: 40, vocabulary: 100, embeddingWidth: 24, positions: 66, positionOffset: 2,
                    tokenTypes: 0, activation: .relu, isGated: false, norm: .layerNorm, normPlacement: .pre,
                    hasFinalNorm: true, hasEmbeddingNorm: false, biases: .all, isCausal: true, slidingWindow: nil,
                    head: .languageModel, hasPooler: false, tiesHead: true))
        #expect(network.longestSequence == 64)
        #expect(!network.isRotary)
    }

    @Test func readsGPT2() throws {
        let network = try Files.read(Files.gpt2)
        var expected = try Files.read(Files.opt)
        expected.family = .gpt2
        expected.intermediate = 96
        expected.positions = 64
        expected.positionOffset = 0
        expected.activation = .geluTanh
        #expect(network == expected)
        #expect(try Files.read(Files.gpt2, ["n_inner": "40"]).intermediate == 40)
        #expect(try Files.read(Files.gpt2, ["n_inner": "null"]).intermediate == 96)
    }

    @Test func readsTheOtherNamesOfGPT2sKeys() throws {
        let renamed: [String: String?] = [
            "n_embd": nil, "hidden_size": "24", "n_layer": nil, "num_hidden_layers": "3", "n_head": nil,
            "num_attention_heads": "6", "n_positions": nil, "max_position_embeddings": "64",
        ]
        #expect(try Files.read(Files.gpt2, renamed) == Files.read(Files.gpt2))
        #expect(try Files.read(Files.gpt2, ["hidden_size": "24"]) == Files.read(Files.gpt2))
        #expect(
            message { _ = try Files.read(Files.gpt2, ["hidden_size": "48"]) }
                == "config.json: key \"n_embd\": is 24; 48, as hidden_size says, or one of the two keys is needed")
    }

    @Test func readsRoBERTa() throws {
        let network = try Files.read(Files.roberta)
        #expect(
            network
                == TransformerConfiguration(
                    family: .roberta, layers: 3, hidden: 24, heads: 6, keyValueHeads: 6, headDimension: 4,
                    intermediate: 40, vocabulary: 100, embeddingWidth: 24, positions: 66, positionOffset: 2,
                    tokenTypes: 1, activation: .gelu, isGated: false, norm: .layerNorm, normPlacement: .post,
                    hasFinalNorm: false, hasEmbeddingNorm: true, biases: .all, isCausal: false, slidingWindow: nil,
                    head: .maskedLanguageModel, hasPooler: false, tiesHead: true))
        #expect(network.longestSequence == 64)
        #expect(try Files.read(Files.roberta, ["pad_token_id": "0"]).longestSequence == 65)
    }

    @Test func readsBERT() throws {
        let network = try Files.read(Files.bert)
        var expected = try Files.read(Files.roberta)
        expected.family = .bert
        expected.positions = 64
        expected.positionOffset = 0
        expected.tokenTypes = 2
        expected.head = .none
        expected.hasPooler = true
        #expect(network == expected)
    }

    @Test func takesTheDefaultsOfHuggingFace() throws {
        let missing: [String: String?] = [
            "architectures": nil, "hidden_act": nil, "activation_function": nil, "tie_word_embeddings": nil,
            "attention_bias": nil, "rope_scaling": nil, "do_layer_norm_before": nil, "word_embed_proj_dim": nil,
            "_remove_final_layer_norm": nil, "position_embedding_type": nil, "use_sliding_window": nil,
            "max_window_layers": nil, "pad_token_id": nil,
        ]
        for settings in [Files.llama, Files.mistral, Files.opt, Files.gpt2, Files.bert] {
            #expect(try Files.read(settings, missing) == Files.read(settings))
        }
        // Qwen2's example ties its head, which isn't the default, and RoBERTa's names a head.
        #expect(try !Files.read(Files.qwen2, missing).tiesHead)
        let roberta = try Files.read(Files.roberta, missing)
        #expect(roberta == (try Files.read(Files.roberta)).withHead(.none, hasPooler: true))
        #expect(try Files.read(Files.llama, ["num_key_value_heads": nil]).keyValueHeads == 6)
        #expect(try Files.read(Files.llama, ["num_key_value_heads": "null"]).keyValueHeads == 6)
        #expect(try Files.read(Files.mistral, ["sliding_window": nil]).slidingWindow == 4_096)
        #expect(try Files.read(Files.mistral, ["sliding_window": "null"]).slidingWindow == nil)
        #expect(try Files.read(Files.bert, ["type_vocab_size": nil]).tokenTypes == 2)
    }

    @Test func readsTheChoicesOfFamilies() throws {
        #expect(try Files.read(Files.llama, ["head_dim": "8"]).headDimension == 8)
        #expect(try Files.read(Files.llama, ["head_dim": "8"]).queryWidth == 48)
        #expect(try Files.read(Files.llama, ["num_attention_heads": "10", "head_dim": "2"]).headDimension == 2)
        #expect(
            try Files.read(Files.llama, ["attention_bias": "true"]).biases
                == TransformerBiases(queryKeyValue: true, attentionOutput: true, feedForward: false))
        #expect(
            try Files.read(Files.llama, ["mlp_bias": "true"]).biases
                == TransformerBiases(queryKeyValue: false, attentionOutput: false, feedForward: true))
        let post = try Files.read(Files.opt, ["do_layer_norm_before": "false"])
        #expect(post.normPlacement == .post)
        #expect(!post.hasFinalNorm)
        let bare = try Files.read(Files.opt, ["_remove_final_layer_norm": "true", "enable_bias": "false"])
        #expect(bare.normPlacement == .pre)
        #expect(!bare.hasFinalNorm)
        #expect(bare.biases == .none)
        #expect(try Files.read(Files.opt, ["word_embed_proj_dim": "16"]).embeddingWidth == 16)
        #expect(try !Files.read(Files.opt, ["tie_word_embeddings": "false"]).tiesHead)
    }

    @Test(arguments: [
        ("\"gelu\"", TransformerActivation.gelu), ("\"gelu_python\"", .gelu), ("\"gelu_new\"", .geluTanh),
        ("\"gelu_pytorch_tanh\"", .geluTanh), ("\"gelu_fast\"", .geluTanh), ("\"silu\"", .silu), ("\"swish\"", .silu),
        ("\"relu\"", .relu),
    ])
    func readsActivations(name: String, expected: TransformerActivation) throws {
        #expect(try Files.read(Files.llama, ["hidden_act": name]).activation == expected)
        #expect(try Files.read(Files.gpt2, ["activation_function": name]).activation == expected)
    }

    @Test func readsTheWindowsOfQwen2() throws {
        func window(_ replacements: [String: String?]) throws -> Int? {
            try Files.read(Files.qwen2, replacements.merging(["use_sliding_window": "true"]) { $1 }).slidingWindow
        }
        #expect(try window(["max_window_layers": "0"]) == 32)
        #expect(try window(["max_window_layers": "0", "sliding_window": nil]) == 4_096)
        #expect(try window(["max_window_layers": "0", "sliding_window": "null"]) == nil)
        #expect(try window(["max_window_layers": "3"]) == nil)
        #expect(try window(["max_window_layers": nil]) == nil)
        let sliding = "\"sliding_attention\""
        let full = "\"full_attention\""
        #expect(try window(["layer_types": "[\(sliding), \(sliding), \(sliding)]"]) == 32)
        #expect(try window(["layer_types": "[\(full), \(full), \(full)]"]) == nil)
        for types in ["[\(full), \(sliding), \(sliding)]", "[\(sliding)]", "[]", "[1, 2, 3]", "[\"a\", \"a\", \"a\"]"] {
            #expect(
                message { _ = try window(["layer_types": types]) }.hasSuffix(
                    "a list of 3 times \"full_attention\" or 3 times \"sliding_attention\" is needed"))
        }
        #expect(
            message { _ = try window([:]) } == "config.json: key \"max_window_layers\": is 2; 0 or at least 3, since "
                + "windows in some blocks only aren't costed, is needed")
    }

    @Test func readsTheHeadsOfArchitectures() throws {
        func head(_ settings: [String: String], _ name: String, _ more: [String: String?] = [:]) throws
            -> (TransformerHead, Bool)
        {
            let network = try Files.read(settings, more.merging(["architectures": "[\"\(name)\"]"]) { $1 })
            return (network.head, network.hasPooler)
        }
        #expect(try head(Files.llama, "LlamaModel") == (.none, false))
        #expect(
            try head(Files.opt, "OPTForSequenceClassification") == (.classifier(classes: 2, hasBias: false), false))
        #expect(
            try head(Files.gpt2, "GPT2ForSequenceClassification", ["num_labels": "5"])
                == (.classifier(classes: 5, hasBias: false), false))
        #expect(
            try head(
                Files.roberta, "RobertaForSequenceClassification",
                ["id2label": "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}"])
                == (.classifier(classes: 3, hasBias: true), true))
        #expect(try head(Files.bert, "BertForMaskedLM") == (.maskedLanguageModel, false))
        #expect(try head(Files.bert, "BertModel") == (.none, true))
        #expect(
            message { _ = try head(Files.bert, "BertForPreTraining") }
                == "config.json: key \"architectures\": is \"BertForPreTraining\"; a list of one of \"BertModel\", "
                + "\"BertForMaskedLM\", \"BertForSequenceClassification\" is needed")
        #expect(
            message { _ = try Files.read(Files.gpt2, ["architectures": "[\"GPT2Model\", \"GPT2LMHeadModel\"]"]) }
                == "config.json: key \"architectures\": is a list of 2; a list of one of \"GPT2Model\", "
                + "\"GPT2LMHeadModel\", \"GPT2ForSequenceClassification\" is needed")
        #expect(
            message {
                _ = try head(Files.bert, "BertForSequenceClassification", ["num_labels": "0"])
            } == "config.json: key \"num_labels\": is 0; a whole number from 1 to 65536 is needed")
    }

    @Test func takesAnotherHead() throws {
        let own = TransformerHead.classifier(classes: 4, hasBias: true)
        let settings: [String: String?] = ["architectures": "[\"BertForPreTraining\"]"]
        let network = try Files.read(Files.bert, settings, head: own)
        #expect(network.head == own)
        #expect(!network.hasPooler)
        #expect(network.classes == 4)
        #expect(network == (try Files.read(Files.bert)).forClassification(classes: 4))
    }
}
