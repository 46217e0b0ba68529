import Networks
import Testing

/// A `config.json` of a tiny encoder; a replacement of nil removes the key.
func configuration(_ replacements: [String: String?] = [:]) -> TestFile {
    var settings: [String: String] = [
        "model_type": "\"bert\"", "hidden_act": "\"gelu\"", "vocab_size": "12", "hidden_size": "8",
        "num_hidden_layers": "2",
        "num_attention_heads": "2", "intermediate_size": "16", "max_position_embeddings": "10", "type_vocab_size": "2",
        "layer_norm_eps": "1e-12",
    ]
    for (key, value) in replacements { settings[key] = value }
    let members = settings.sorted { $0.key < $1.key }.map { "\"\($0)\": \($1)" }
    return TestFile("config.json", "{\(members.joined(separator: ", "))}")
}

@Suite struct ConfigurationTests {
    @Test func readsTheSizes() throws {
        let sizes = try EncoderConfiguration(
            source: configuration([
                "id2label": "{\"1\": \"spam\", \"0\": \"ham\"}", "position_embedding_type": "\"absolute\"",
                "use_cache": "true",
            ]))
        #expect(sizes.vocabularySize == 12)
        #expect(sizes.hiddenSize == 8)
        #expect(sizes.layerCount == 2)
        #expect(sizes.headCount == 2)
        #expect(sizes.headSize == 4)
        #expect(sizes.intermediateSize == 16)
        #expect(sizes.maximumPositions == 10)
        #expect(sizes.typeCount == 2)
        #expect(sizes.normEpsilon == 1e-12)
        #expect(sizes.labels == ["ham", "spam"])
        #expect(try EncoderConfiguration(source: configuration()).labels == nil)
    }

    @Test(
        arguments: [
            ("model_type", nil, "key \"model_type\": is missing; \"bert\" is needed"),
            ("model_type", "\"llama\"", "key \"model_type\": is \"llama\"; \"bert\" is needed"),
            ("hidden_act", "\"gelu_new\"", "key \"hidden_act\": is \"gelu_new\"; \"gelu\" is needed"),
            (
                "position_embedding_type", "\"relative_key\"",
                "key \"position_embedding_type\": is \"relative_key\"; \"absolute\" is needed"
            ),
            ("vocab_size", nil, "key \"vocab_size\": is missing; a whole number from 4 to 4194304 is needed"),
            ("vocab_size", "3", "key \"vocab_size\": is 3; a whole number from 4 to 4194304 is needed"),
            ("hidden_size", "0", "key \"hidden_size\": is 0; a whole number from 1 to 65536 is needed"),
            ("hidden_size", "-8", "key \"hidden_size\": is -8; a whole number from 1 to 65536 is needed"),
            ("hidden_size", "8.5", "key \"hidden_size\": is 8.5; a whole number from 1 to 65536 is needed"),
            (
                "hidden_size", "99999999999999999999",
                "key \"hidden_size\": is 99999999999999999999; a whole number from 1 to 65536 is needed"
            ),
            (
                "num_hidden_layers", "\"2\"",
                "key \"num_hidden_layers\": is \"2\"; a whole number from 1 to 1024 is needed"
            ),
            (
                "num_attention_heads", "3",
                "key \"num_attention_heads\": is 3; a divisor of hidden_size, which is 8, is needed"
            ),
            (
                "intermediate_size", "[16]",
                "key \"intermediate_size\": is a list of 1; a whole number from 1 to 262144 is needed"
            ),
            (
                "max_position_embeddings", "2",
                "key \"max_position_embeddings\": is 2; a whole number from 3 to 1048576 is needed"
            ),
            ("type_vocab_size", "null", "key \"type_vocab_size\": is null; a whole number from 1 to 1024 is needed"),
            (
                "layer_norm_eps", nil,
                "key \"layer_norm_eps\": is missing; a number greater than 0, as FP32, and at most 1 is needed"
            ),
            (
                "layer_norm_eps", "0",
                "key \"layer_norm_eps\": is 0; a number greater than 0, as FP32, and at most 1 is needed"
            ),
            (
                "layer_norm_eps", "1e-60",
                "key \"layer_norm_eps\": is 1e-60; a number greater than 0, as FP32, and at most 1 is needed"
            ),
            (
                "layer_norm_eps", "1e999",
                "key \"layer_norm_eps\": is 1e999; a number greater than 0, as FP32, and at most 1 is needed"
            ),
            (
                "id2label", "{\"0\": \"a\"}",
                "key \"id2label\": is an object of 1 keys; a map from \"0\", \"1\", … to labels, at least two, each once is needed"
            ),
            (
                "id2label", "{\"0\": \"a\", \"2\": \"b\"}",
                "key \"id2label\": is an object of 2 keys; a map from \"0\", \"1\", … to labels, at least two, each once is needed"
            ),
            (
                "id2label", "{\"0\": \"a\", \"01\": \"b\"}",
                "key \"id2label\": is an object of 2 keys; a map from \"0\", \"1\", … to labels, at least two, each once is needed"
            ),
            (
                "id2label", "{\"0\": \"a\", \"1\": \"a\"}",
                "key \"id2label\": is an object of 2 keys; a map from \"0\", \"1\", … to labels, at least two, each once is needed"
            ),
            (
                "id2label", "7",
                "key \"id2label\": is 7; a map from \"0\", \"1\", … to labels, at least two, each once is needed"
            ),
        ] as [(String, String?, String)])
    func tellsWhatIsWrongWithASetting(key: String, value: String?, expected: String) {
        #expect(
            message { _ = try EncoderConfiguration(source: configuration([key: value])) } == "config.json: \(expected)")
    }

    @Test func refusesDuplicateKeys() {
        #expect(
            message {
                _ = try EncoderConfiguration(
                    source: TestFile("config.json", "{\"hidden_size\": 8, \"hidden_size\": 9}"))
            }
                == "config.json: line 1, column 20: key \"hidden_size\" stands twice; keep one of them")
    }
}
