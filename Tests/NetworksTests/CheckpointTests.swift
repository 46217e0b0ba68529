import Foundation
import Testing

@testable import Networks

private let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\n##a\n##b\n##c\n.\nabc\n"

/// The tensors of the encoder that `configuration()` describes: element i of tensor t is t + i/1024.
private func tensors() throws -> [(name: String, shape: [Int], values: [Float])] {
    let sizes = try EncoderConfiguration(source: configuration())
    return EncoderParameter.all(in: sizes).enumerated().map { index, parameter in
        let shape = parameter.shape(in: sizes)
        return (parameter.name, shape, (0..<shape.reduce(1, *)).map { Float(index) + Float($0) / 1_024 })
    }
}

/// Writes a checkpoint folder; `change` may alter its tensors first.
private func folder(
    configuration settings: TestFile = configuration(),
    _ change: (inout [(name: String, shape: [Int], values: [Float])]) -> Void = { _ in }
) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    try folder.write("config.json", Array(settings.bytes))
    try folder.write("vocab.txt", vocabulary)
    var contents = try tensors()
    change(&contents)
    var writer = SafetensorsWriter()
    for tensor in contents { writer.add(tensor.name, shape: tensor.shape, tensor.values) }
    try writer.write(to: "\(folder.path)/model.safetensors")
    return folder
}

private let head: [(name: String, shape: [Int], values: [Float])] = [
    ("classifier.weight", [2, 8], (0..<16).map(Float.init)), ("classifier.bias", [2], [0.5, -0.5]),
]

@Suite struct EncoderCheckpointTests {
    @Test func readsEveryParameterInPlace() throws {
        let folder = try folder()
        let checkpoint = try EncoderCheckpoint(folder: folder.path)
        for (parameter, tensor) in zip(EncoderParameter.all(in: checkpoint.configuration), try tensors()) {
            #expect(parameter.name == tensor.name)
            #expect(Array(checkpoint.parameter(parameter)) == tensor.values)
            let inPlace = try checkpoint.weights.float32(tensor.name, shape: tensor.shape)
            #expect(checkpoint.parameter(parameter).baseAddress == inPlace.baseAddress)
        }
        #expect(checkpoint.head == nil)
        #expect(checkpoint.tokenizer.encode("abc.") == [2, 11, 10, 3])
        #expect(checkpoint.files.map(\.name) == ["config.json", "model.safetensors", "vocab.txt"])
        #expect(try checkpoint.files[2].source.sha256 == SHA256.hexadecimal(ofFile: "\(folder.path)/vocab.txt"))
        try checkpoint.checkFinite()
    }

    @Test func opensFilesInMemory() throws {
        let folder = try folder { $0 += head }
        let weights = try MappedFile(path: "\(folder.path)/model.safetensors")
        let checkpoint = try EncoderCheckpoint(
            name: "memory", configuration: configuration(), weights: MemoryFile(name: "weights", bytes: weights.bytes),
            vocabulary: TestFile("vocab", vocabulary))
        #expect(checkpoint.parameter(.wordEmbeddings).baseAddress! > weights.bytes.baseAddress!)
        #expect(Array(checkpoint.parameter(.wordEmbeddings)) == (try tensors()[0].values))
        #expect(checkpoint.head?.labels.count == 2)
        withExtendedLifetime(weights) {}
    }

    /// Whatever happens to the bytes of good text files: an error on one line or a value, never a trap.
    @Test func survivesDamagedTexts() {
        let labelled = configuration(["id2label": "{\"0\": \"bad\", \"1\": \"good\"}"])
        let settings = withExtendedLifetime(labelled) { Array(labelled.bytes) }
        var generator = TestGenerator(state: 5)
        func damaged(_ bytes: [UInt8]) -> TestFile {
            var bytes = bytes
            for _ in 0...generator.next() % 3 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next() >> 40)
            }
            if generator.next() % 4 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            return TestFile("damaged", bytes)
        }
        var refused = [0, 0, 0]
        for _ in 0..<5_000 {
            let readers: [() throws -> Void] = [
                { _ = try EncoderConfiguration(source: damaged(settings)) },
                { _ = try Vocabulary(source: damaged(Array(vocabulary.utf8))) },
                { _ = try TextDataset(source: damaged(Array("good\tfine\nbad\tpoor\nbad\tweak\n".utf8))) },
            ]
            for (index, read) in readers.enumerated() {
                do {
                    try read()
                } catch {
                    refused[index] += 1
                    #expect(error is InputError && !"\(error)".contains("\n"))
                }
            }
        }
        #expect(refused.allSatisfy { $0 > 500 && $0 < 5_000 })
    }

    @Test func namesAndShapesAreThoseOfHuggingFace() throws {
        let sizes = try EncoderConfiguration(source: configuration())
        #expect(EncoderParameter.all(in: sizes).count == 5 + 2 * 16)
        #expect(EncoderParameter.layer(1, .intermediateWeight).name == "encoder.layer.1.intermediate.dense.weight")
        #expect(EncoderParameter.layer(1, .intermediateWeight).shape(in: sizes) == [16, 8])
        #expect(EncoderParameter.layer(0, .outputWeight).shape(in: sizes) == [8, 16])
        #expect(EncoderParameter.layer(0, .attentionNormBias).name == "encoder.layer.0.attention.output.LayerNorm.bias")
        #expect(EncoderParameter.wordEmbeddings.shape(in: sizes) == [12, 8])
        #expect(EncoderParameter.typeEmbeddings.shape(in: sizes) == [2, 8])
    }

    @Test func acceptsThePrefixOldNormNamesAndHeadsOfPreTraining() throws {
        let folder = try folder { tensors in
            for index in tensors.indices {
                let name = tensors[index].name
                    .replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
                tensors[index].name = "bert." + name
            }
            tensors.append(("cls.predictions.bias", [12], [Float](repeating: 0, count: 12)))
            tensors.append(("bert.pooler.dense.bias", [8], [Float](repeating: 0, count: 8)))
            tensors.append(("bert.embeddings.position_ids", [1], [0]))
        }
        let checkpoint = try EncoderCheckpoint(folder: folder.path)
        #expect(Array(checkpoint.parameter(.layer(1, .outputNormBias))) == (try tensors().last?.values))
    }

    @Test func widensHalfPrecisionExactly() throws {
        let folder = try folder()
        let sizes = try EncoderConfiguration(source: configuration())
        for type in [TensorType.float16, .bfloat16] {
            var writer = SafetensorsWriter()
            // Three bytes first: the weights that follow are misaligned, too.
            writer.add("bert.embeddings.position_ids", shape: [3], [1, 2, 3] as [UInt8])
            for parameter in EncoderParameter.all(in: sizes) {
                let shape = parameter.shape(in: sizes)
                let one: UInt16 = type == .float16 ? 0x3c01 : 0x3f81
                let words = [UInt16](repeating: one, count: shape.reduce(1, *))
                words.withUnsafeBytes { writer.add(parameter.name, type: type, shape: shape, bytes: $0) }
            }
            try writer.write(to: "\(folder.path)/model.safetensors")
            let checkpoint = try EncoderCheckpoint(folder: folder.path)
            let expected: Float = type == .float16 ? 1 + 0x1p-10 : 1 + 0x1p-7
            #expect(checkpoint.parameter(.wordEmbeddings).allSatisfy { $0 == expected })
        }
    }

    @Test func widensEveryHalfPrecisionNumberExactly() {
        for bits in UInt16.min...UInt16.max {
            let exponent = Int(bits >> 10 & 0x1f)
            let fraction = Double(bits & 0x3ff)
            let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
            let value = float(fromFloat16: bits)
            if exponent == 31 {
                #expect(fraction == 0 ? value == Float(sign) * .infinity : value.isNaN)
            } else {
                let magnitude =
                    exponent == 0
                    ? fraction * 0x1p-24
                    : (1_024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
                if Double(value) != sign * magnitude || (value.sign == .minus) != (sign < 0) { Issue.record("\(bits)") }
            }
        }
    }

    @Test func copiesWeightsThatAreMisaligned() throws {
        let folder = try folder()
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/model.safetensors")))
        let length = Int(bytes[0]) | Int(bytes[1]) << 8
        // One space more in the header moves all data by a byte.
        let moved =
            withUnsafeBytes(of: UInt64(length + 1).littleEndian, Array.init) + bytes[8..<8 + length] + [0x20]
            + bytes[(8 + length)...]
        try folder.write("model.safetensors", moved)
        let checkpoint = try EncoderCheckpoint(folder: folder.path)
        #expect(Array(checkpoint.parameter(.wordEmbeddings)) == (try tensors()[0].values))
    }

    @Test func readsTheHeadAndItsLabels() throws {
        let labels = configuration(["id2label": "{\"0\": \"bad\", \"1\": \"good\"}"])
        let named = try folder(configuration: labels) { $0 += head }
        let checkpoint = try EncoderCheckpoint(folder: named.path)
        let found = try #require(checkpoint.head)
        #expect(found.labels == ["bad", "good"])
        #expect(Array(found.weight) == head[0].values)
        #expect(Array(found.bias) == [0.5, -0.5])
        #expect(try EncoderCheckpoint(folder: named.path, head: .ignored).head == nil)

        let unnamed = try folder { $0 += head }
        #expect(try EncoderCheckpoint(folder: unnamed.path).head?.labels == ["LABEL_0", "LABEL_1"])
    }

    @Test func refusesHeadsItCannotUse() throws {
        let three = configuration(["id2label": "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}"])
        let unlike = try folder(configuration: three) { $0 += head }
        #expect(
            message { _ = try EncoderCheckpoint(folder: unlike.path) }
                == "\(unlike.path)/model.safetensors: tensor \"classifier.weight\": has 2 rows; 3 are needed, one for each id2label in config.json"
        )
        let half = try folder { $0.append(head[0]) }
        #expect(
            message { _ = try EncoderCheckpoint(folder: half.path) }
                == "\(half.path)/model.safetensors: tensor \"classifier.bias\": is missing; a head has both classifier.weight and classifier.bias"
        )
        let other = try folder { $0.append(head[1]) }
        #expect(
            message { _ = try EncoderCheckpoint(folder: other.path) }.contains(
                "tensor \"classifier.weight\": is missing"))
        let narrow = try folder { $0 += [("classifier.weight", [2, 7], [Float](repeating: 0, count: 14)), head[1]] }
        #expect(
            message { _ = try EncoderCheckpoint(folder: narrow.path) }.contains("has shape [2, 7]; [2, 8] is needed"))
        let pooled = try folder { $0 += head + [("bert.pooler.dense.bias", [8], [Float](repeating: 0, count: 8))] }
        #expect(
            message { _ = try EncoderCheckpoint(folder: pooled.path) }
                == "\(pooled.path)/model.safetensors: tensor \"classifier.weight\": reads the pooler's output, which isn't computed here; a head on the mean of the tokens, without pooler, is needed"
        )
        #expect(try EncoderCheckpoint(folder: pooled.path, head: .ignored).head == nil)
    }

    @Test func namesTensorsThatAreMissingWrongUnknownOrTwice() throws {
        let missing = try folder { $0[5].name = "encoder.layer.0.attention.self.query.wieght" }
        #expect(
            message { _ = try EncoderCheckpoint(folder: missing.path) }
                == "\(missing.path)/model.safetensors: tensor \"encoder.layer.0.attention.self.query.weight\": is missing (near: \"encoder.layer.1.attention.self.query.weight\", \"encoder.layer.0.attention.self.query.wieght\", \"encoder.layer.0.attention.self.key.weight\"); the network needs it"
        )
        let shape = try folder { $0[0] = ($0[0].name, [8, 12], $0[0].values) }
        #expect(
            message { _ = try EncoderCheckpoint(folder: shape.path) }
                == "\(shape.path)/model.safetensors: tensor \"embeddings.word_embeddings.weight\": has shape [8, 12]; [12, 8] is needed"
        )
        let unknown = try folder {
            $0.append(("encoder.layer.2.output.dense.bias", [8], [Float](repeating: 0, count: 8)))
        }
        #expect(
            message { _ = try EncoderCheckpoint(folder: unknown.path) }
                == "\(unknown.path)/model.safetensors: tensor \"encoder.layer.2.output.dense.bias\": is no tensor of the BERT encoder in config.json (near: \"encoder.layer.0.output.dense.bias\", \"encoder.layer.1.output.dense.bias\", \"encoder.layer.0.output.dense.weight\"); remove or rename it"
        )
        let twice = try folder { $0.append(("bert." + $0[0].name, $0[0].shape, $0[0].values)) }
        #expect(
            message { _ = try EncoderCheckpoint(folder: twice.path) }
                == "\(twice.path)/model.safetensors: tensor \"bert.embeddings.word_embeddings.weight\": means the same parameter as \"embeddings.word_embeddings.weight\"; keep one of them"
        )
        let type = try folder()
        var writer = SafetensorsWriter()
        for tensor in try tensors() { writer.add(tensor.name, shape: tensor.shape, tensor.values.map { Int32($0) }) }
        try writer.write(to: "\(type.path)/model.safetensors")
        #expect(
            message { _ = try EncoderCheckpoint(folder: type.path) }
                == "\(type.path)/model.safetensors: tensor \"embeddings.word_embeddings.weight\": has dtype I32; F32, F16 or BF16 is needed"
        )
    }

    @Test(arguments: [(Float.nan, "nan"), (-.infinity, "-inf")])
    func findsTheNumberThatIsNotFinite(value: Float, text: String) throws {
        let folder = try folder { $0[11].values[13] = value }
        let checkpoint = try EncoderCheckpoint(folder: folder.path)
        #expect(
            message { try checkpoint.checkFinite() }
                == "\(folder.path)/model.safetensors: tensor \"encoder.layer.0.attention.output.dense.weight\", element [1, 5]: is \(text); a finite number is needed"
        )
    }

    @Test func namesFilesThatAreMissing() throws {
        for name in ["config.json", "model.safetensors", "vocab.txt"] {
            let folder = try folder()
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
            #expect(
                message { _ = try EncoderCheckpoint(folder: folder.path) }
                    == "\(folder.path): has no \(name); a checkpoint folder holds config.json, model.safetensors and vocab.txt"
            )
        }
        #expect(
            message { _ = try EncoderCheckpoint(folder: "/none") }
                == "/none: no such folder; give the path of a folder that exists")
        #expect(
            message { _ = try EncoderCheckpoint(folder: "/dev/null") }
                == "/dev/null: is a file; give the path of a folder that holds config.json, model.safetensors and vocab.txt"
        )
    }

    @Test func refusesAVocabularyOfAnotherSize() throws {
        let folder = try folder(configuration: configuration(["vocab_size": "13"]))
        #expect(
            message { _ = try EncoderCheckpoint(folder: folder.path) }
                == "\(folder.path)/vocab.txt: line 12: is the last token; 13 are needed, the vocab_size in config.json")
    }

    @Test func readsTheTokenizerConfiguration() throws {
        let folder = try folder()
        try folder.write("tokenizer_config.json", "{\"do_lower_case\": false, \"model_max_length\": 512}")
        let checkpoint = try EncoderCheckpoint(folder: folder.path)
        #expect(checkpoint.tokenizer.encode("ABC") == [2, 1, 3])
        #expect(checkpoint.files.map(\.name).last == "tokenizer_config.json")
        try folder.write("tokenizer_config.json", "{\"do_lower_case\": \"yes\"}")
        #expect(
            message { _ = try EncoderCheckpoint(folder: folder.path) }
                == "\(folder.path)/tokenizer_config.json: key \"do_lower_case\": is \"yes\"; true or false is needed")
    }

    /// Whatever the sizes in a configuration, the weights beside it decide; nothing is allocated from a lie.
    @Test func survivesALargestConfiguration() throws {
        let largest = configuration([
            "hidden_size": "65536", "num_hidden_layers": "1024", "num_attention_heads": "65536",
            "intermediate_size": "262144",
        ])
        let folder = try folder(configuration: largest)
        #expect(
            message { _ = try EncoderCheckpoint(folder: folder.path) }.contains(
                "has shape [12, 8]; [12, 65536] is needed"))
    }
}

@Suite struct EmbeddedFilesTests {
    @Test func namesAFileThatIsNotEmbedded() {
        #expect(
            message { _ = try EmbeddedFiles.file("opinions/none") }
                == "embedded:opinions/none: is not embedded in this build; build from a checkout that has the file")
    }

    /// The sources beside this test are the ones that were embedded: their bytes are the same.
    @Test(arguments: [
        ("opinions/config.json", "Sources/CEmbedded/opinions/config.json"),
        ("opinions/model.safetensors", "Sources/CEmbedded/opinions/model.safetensors"),
        ("opinions/vocab.txt", "Sources/CEmbedded/opinions/vocab.txt"),
        ("opinions/films-train.tsv", "Sources/CEmbedded/opinions/films-train.tsv"),
        ("opinions/films-validation.tsv", "Sources/CEmbedded/opinions/films-validation.tsv"),
        ("hwmodels/datacentre-fp8.json5", "hwmodels/datacentre-fp8.json5"),
        ("hwmodels/edge-int4.json5", "hwmodels/edge-int4.json5"),
        ("hwmodels/edge-int8.json5", "hwmodels/edge-int8.json5"),
        ("hwmodels/gemmini-like.json5", "hwmodels/gemmini-like.json5"),
        ("hwmodels/quzo-edge.json5", "hwmodels/quzo-edge.json5"),
        ("hwmodels/tpu-like.json5", "hwmodels/tpu-like.json5"),
        ("hwmodels/energy/cmos45.json5", "hwmodels/energy/cmos45.json5"),
    ])
    func embedsTheFilesOfTheSourceTree(name: String, path: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let source = try? MappedFile(path: "\(root.path)/\(path)") else {
            #expect(message { _ = try EmbeddedFiles.file(name) }.contains("is not embedded in this build"))
            return
        }
        let embedded = try EmbeddedFiles.file(name)
        #expect(embedded.bytes.elementsEqual(source.bytes))
        #expect(UInt(bitPattern: embedded.bytes.baseAddress) % 64 == 0)
    }

    @Test(.enabled(if: (try? EmbeddedFiles.opinions()) != nil, "skipped: opinions are not embedded in this build"))
    func opensTheDefaultNetworkAndItsData() throws {
        let checkpoint = try EncoderCheckpoint.embedded()
        try checkpoint.checkFinite()
        let head = try #require(checkpoint.head)
        let files = try EmbeddedFiles.opinions()
        for source in [files.training, files.validation] {
            let data = try TextDataset(source: source, labels: head.labels)
            let unknown = checkpoint.tokenizer.vocabulary.unknown
            #expect(data.examples.allSatisfy { !checkpoint.tokenizer.encode($0.text).contains(unknown) })
        }
    }
}
