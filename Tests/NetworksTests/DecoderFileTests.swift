import Foundation
import Networks
import Testing

/// The least of a llama2.c checkpoint: dim 4, hidden 2, 1 block, 2 heads, 1 key head, 3 tokens, 5 positions; element i of all tensors together is i.
private func llama2c(_ sizes: [Int32] = [4, 2, 1, 2, 1, 3, 5], floats: Int = floatCount) -> [UInt8] {
    var file: [UInt8] = []
    for size in sizes { file += withUnsafeBytes(of: size.littleEndian, Array.init) }
    for value in 0..<floats { file += withUnsafeBytes(of: Float(value).bitPattern.littleEndian, Array.init) }
    return file
}

/// 12 + 4 + 16 + 8 + 8 + 16 + 4 + 8 + 8 + 8 + 4 + 5·2 (angles).
private let floatCount = 106

@Suite struct Llama2cCheckpointTests {
    private func open(_ bytes: [UInt8]) throws(InputError) -> DecoderCheckpoint {
        try DecoderCheckpoint(llama2c: TestFile("a.bin", bytes))
    }

    @Test func tensorsLieInTheOrderOfTheFileAndPairsAreTakenApart() throws {
        let checkpoint = try open(llama2c(floats: floatCount))
        let c = checkpoint.configuration
        #expect(c.transformer.hidden == 4 && c.transformer.keyValueHeads == 1 && c.transformer.tiesHead)
        #expect(c.maximumPositions == 5 && c.normEpsilon == 1e-5 && c.rotaryBase == 10_000)
        func first(_ parameter: DecoderParameter) -> Float { checkpoint.tensor(parameter).values[0] }
        #expect(first(.embedding) == 0 && first(.layer(0, .attentionNorm)) == 12)
        #expect(first(.layer(0, .query)) == 16 && first(.layer(0, .key)) == 32 && first(.layer(0, .value)) == 40)
        #expect(first(.layer(0, .attentionOutput)) == 48 && first(.layer(0, .feedForwardNorm)) == 64)
        #expect(first(.layer(0, .gate)) == 68 && first(.layer(0, .down)) == 76 && first(.layer(0, .up)) == 84)
        #expect(first(.finalNorm) == 92)
        // Heads of two rows are one pair: their order is the same either way.
        #expect(checkpoint.tensor(.layer(0, .query)).values == (16..<32).map(Float.init))
    }

    @Test func rowsOfHeadsOfFourComeHalfAHeadApart() throws {
        // One head of four rows: pairs (0, 1), (2, 3) of the file are rows (0, 2), (1, 3).
        let checkpoint = try open(llama2c([4, 2, 1, 1, 1, 3, 5], floats: 12 + 4 + 64 + 4 + 24 + 4 + 20))
        #expect(
            checkpoint.tensor(.layer(0, .query)).values
                == [16, 17, 18, 19, 24, 25, 26, 27, 20, 21, 22, 23, 28, 29, 30, 31])
        #expect(checkpoint.tensor(.layer(0, .value)).values == (48..<64).map(Float.init))
    }

    @Test func aNegativeVocabularyHasAHeadOfItsOwn() throws {
        let checkpoint = try open(llama2c([4, 2, 1, 2, 1, -3, 5], floats: floatCount + 12))
        #expect(!checkpoint.configuration.transformer.tiesHead)
        #expect(checkpoint.tensor(.head).values == (106..<118).map(Float.init))
    }

    @Test func whatIsWrongIsNamed() {
        func text(_ bytes: [UInt8]) -> String { message { _ = try open(bytes) } }
        #expect(
            text([1, 2, 3])
                == "a.bin: byte 0: the file has 3 bytes; a GGUF file, or the seven 32-bit sizes of a llama2.c checkpoint of version 0, is needed"
        )
        #expect(
            text(llama2c([0x616B_3432, 1, 1, 2, 1, 3, 5]))
                == "a.bin: byte 0: is a llama2.c checkpoint of version 1; version 0 is read (export.py --version 0)")
        #expect(
            text(llama2c([4, 2, 0, 2, 1, 3, 5]))
                == "a.bin: byte 8, n_layers: is 0; a whole number from 1 to 1024 is needed (is this a llama2.c checkpoint of version 0?)"
        )
        #expect(
            text(llama2c([4, 2, 1, 3, 1, 3, 5])).hasPrefix(
                "a.bin: byte 12, n_heads: is 3; a number that divides dim, which is 4, into heads of even size is needed"
            ))
        #expect(
            text(llama2c([4, 2, 1, 2, 3, 3, 5])).hasPrefix("a.bin: byte 16, n_kv_heads: is 3; a divisor of n_heads"))
        #expect(text(llama2c([4, 2, 1, 2, 1, .min, 5])).hasPrefix("a.bin: byte 20, vocab_size: is -2147483648;"))
        #expect(
            text(llama2c(floats: floatCount - 1))
                == "a.bin: has 448 bytes; its seven sizes need 452 (is it truncated, or no llama2.c checkpoint of version 0?)"
        )
        // The largest sizes are counted without overflow.
        #expect(text(llama2c([65_536, 262_144, 1_024, 4_096, 4_096, -4_194_304, 1_048_576])).hasPrefix("a.bin: has "))
    }

    @Test func noMutationTraps() throws {
        var generator = TestGenerator(state: 3)
        let valid = llama2c(floats: floatCount)
        for _ in 0..<3_000 {
            var bytes = valid
            for _ in 0..<1 + generator.next() % 3 {
                bytes[Int(generator.next() % 28)] = UInt8(truncatingIfNeeded: generator.next() >> 40)
            }
            if generator.next() % 4 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            if let checkpoint = try? open(bytes) {
                for parameter in DecoderParameter.all(in: checkpoint.configuration.transformer) {
                    _ = checkpoint.tensor(parameter).values
                }
            }
        }
    }
}

@Suite struct GGUFTests {
    private func open(_ file: GGUFBytes) throws(InputError) -> DecoderCheckpoint {
        try DecoderCheckpoint(gguf: TestFile("a.gguf", file.bytes))
    }

    private func text(_ file: GGUFBytes) -> String { message { _ = try open(file) } }
    private func text(_ bytes: [UInt8]) -> String {
        message { _ = try DecoderCheckpoint(gguf: TestFile("a.gguf", bytes)) }
    }

    @Test func aDecoderOpensAndMissingKeysHaveTheirDefaults() throws {
        let checkpoint = try open(.decoder())
        let c = checkpoint.configuration
        #expect(c.transformer.vocabulary == 3 && c.transformer.headDimension == 16 && c.transformer.tiesHead)
        #expect(c.rotaryBase == 10_000 && c.maximumPositions == 16 && c.normEpsilon == 1e-5)
        #expect(checkpoint.gguf?["llama.block_count"]?.integer == 1)
    }

    /// Blocks whose values are known: d = 0.5, m = −1 (FP16 0x3800, 0xBC00).
    @Test(arguments: [UInt32(3), 8, 1, 30])
    func blocksAreDecoded(type: UInt32) throws {
        var file = GGUFBytes.decoder(types: ["token_embd": type])
        let expected: [Float]
        switch type {
        case 3:
            let block: [UInt8] = [0, 0x38, 0, 0xBC] + (0..<16).map { UInt8($0) | UInt8(15 - $0) << 4 }
            file.data.replaceSubrange(20..<40, with: block)
            expected = (0..<16).map { 0.5 * Float($0) - 1 } + (0..<16).map { 0.5 * Float(15 - $0) - 1 }
        case 8:
            let block: [UInt8] = [0, 0x38] + (0..<32).map { UInt8(bitPattern: Int8($0 * 8 - 128)) }
            file.data.replaceSubrange(34..<68, with: block)
            expected = (0..<32).map { 0.5 * Float($0 * 8 - 128) }
        case 1:
            for i in 0..<32 { file.data.replaceSubrange(64 + 2 * i..<66 + 2 * i, with: [UInt8(i), 0x38]) }
            expected = (0..<32).map { 0.5 * (1 + Float($0) / 1_024) }
        default:
            for i in 0..<32 { file.data.replaceSubrange(64 + 2 * i..<66 + 2 * i, with: [UInt8(i), 0x3F]) }
            expected = (0..<32).map { Float(bitPattern: 0x3F00_0000 + UInt32($0) << 16) }
        }
        let values = try open(file).tensor(.embedding).values
        #expect(Array(values[32..<64]) == expected)
        #expect(values[..<32].allSatisfy { $0 == 0 } && values[64...].allSatisfy { $0 == 0 })
    }

    @Test func headersAreRefusedByName() {
        #expect(text(Array("GGUE".utf8)) == "a.gguf: byte 0: is no GGUF file; it has to start with the letters GGUF")
        var file = GGUFBytes.decoder()
        file.version = 2
        #expect(text(file) == "a.gguf: byte 4: is GGUF version 2; version 3, little-endian, is read")
        #expect(
            text(Array("GGUF".utf8) + [3, 0, 0, 0, 1])
                == "a.gguf: byte 8: 8 bytes are needed, 1 are left (is the file truncated?)")
        let counts = Array("GGUF".utf8) + [3, 0, 0, 0]
        #expect(
            text(counts + GGUFBytes.word(UInt64(0)) + GGUFBytes.word(UInt64.max))
                == "a.gguf: byte 16: 18446744073709551615 keys don't fit into the 0 bytes that are left")
        #expect(
            text(counts + GGUFBytes.word(UInt64.max) + GGUFBytes.word(UInt64(0)))
                == "a.gguf: byte 8: 18446744073709551615 tensors don't fit into the 0 bytes that are left")
        file = .decoder()
        file.keys.append(("x", GGUFBytes.word(UInt32(13))))
        #expect(text(file).contains(": has value type 13; types are 0 to 12"))
        file = .decoder()
        file.keys.append(("x", GGUFBytes.word(UInt32(7)) + [2]))
        #expect(text(file).hasSuffix(": is 2; a boolean is 0 or 1"))
        file = .decoder()
        file.add("llama.block_count", UInt32(1))
        #expect(text(file) == "a.gguf: key \"llama.block_count\": stands twice; keep one of them")
        file = .decoder()
        file.keys.append(("x", GGUFBytes.word(UInt32(9)) + GGUFBytes.word(UInt32(4)) + GGUFBytes.word(UInt64.max)))
        #expect(text(file).contains(": 18446744073709551615 array elements don't fit into the "))
        file = .decoder()
        var nested: [UInt8] = []
        for _ in 0..<12 { nested += GGUFBytes.word(UInt32(9)) + GGUFBytes.word(UInt64(1)) }
        file.keys.append(("x", GGUFBytes.word(UInt32(9)) + nested + [UInt8](repeating: 0, count: 64)))
        #expect(text(file).hasSuffix(": arrays nest deeper than 8"))
        file = .decoder()
        file.keys.append(("x", GGUFBytes.word(UInt32(8)) + GGUFBytes.word(UInt64(1)) + [0xFF]))
        #expect(text(file).hasSuffix(": is not UTF-8; names and texts of metadata have to be"))
        file = .decoder()
        file.add("general.alignment", UInt32(24))
        #expect(text(file) == "a.gguf: key \"general.alignment\": is 24; a power of two from 8 to 65536 is needed")
    }

    @Test func tensorsAreRefusedByName() {
        var file = GGUFBytes.decoder()
        file.tensors[0].type = 12
        #expect(
            text(file)
                == "a.gguf: tensor \"token_embd.weight\": has type Q4_K, which isn't read; F32, F16, BF16, Q8_0, Q4_1 are"
        )
        file.tensors[0].type = 77
        #expect(
            text(file)
                == "a.gguf: tensor \"token_embd.weight\": has type number 77, which isn't read; F32, F16, BF16, Q8_0, Q4_1 are"
        )
        file = .decoder()
        file.tensors[0].offset = 4
        #expect(
            text(file)
                == "a.gguf: tensor \"token_embd.weight\": starts at data byte 4; a multiple of 32, the file's alignment, is needed"
        )
        file.tensors[0].offset = .max - 31
        #expect(
            text(file).hasPrefix(
                "a.gguf: tensor \"token_embd.weight\": ends at data byte 18446744073709551615; at most "))
        file = .decoder()
        file.tensors[0].extents = [1 << 40, 1 << 40]
        #expect(text(file).contains("has 1099511627776 × 1099511627776 elements, none or more than 64 bits can count"))
        file.tensors[0].extents = [32, 0]
        #expect(text(file).contains("has 32 × 0 elements"))
        file.tensors[0].extents = []
        #expect(text(file) == "a.gguf: tensor \"token_embd.weight\": has 0 dimensions; 1 to 4 are possible")
        file = .decoder()
        file.tensors[1].name = "token_embd.weight"
        #expect(text(file) == "a.gguf: tensor \"token_embd.weight\": stands twice; keep one of them")
        file = .decoder()
        file.tensors[2].name = "blk.0.attn_qq.weight"
        #expect(text(file).hasPrefix("a.gguf: tensor \"blk.0.attn_q.weight\": is missing (near: "))
        #expect(text(file).contains("\"blk.0.attn_qq.weight\""))
        file = .decoder()
        file.tensors[2].extents = [16, 64]
        #expect(text(file) == "a.gguf: tensor \"blk.0.attn_q.weight\": has shape [64, 16]; [32, 32] is needed")
        file = .decoder()
        file.tensors.append(("blk.0.attn_q.bias", [32], 0, 0))
        #expect(
            text(file).hasPrefix(
                "a.gguf: tensor \"blk.0.attn_q.bias\": is no tensor of the Llama architecture that is computed"))
        file = .decoder()
        file.tensors.append(("rope_freqs.weight", [8], 0, 0))
        #expect(text(file).contains("\"rope_freqs.weight\": is no tensor of the Llama architecture"))
        file = .decoder(types: ["blk.0.ffn_norm": 8])
        file.tensors[6].extents = [33]
        #expect(
            text(file)
                == "a.gguf: tensor \"blk.0.ffn_norm.weight\": has rows of 33 elements; Q8_0 needs a multiple of 32")
    }

    @Test func settingsThatAreNotComputedAreRefused() {
        func with(_ key: String, _ value: String) -> String {
            var file = GGUFBytes.decoder()
            file.add(key, value)
            return text(file)
        }
        func with(_ key: String, _ value: UInt32) -> String {
            var file = GGUFBytes.decoder()
            file.add(key, value)
            return text(file)
        }
        #expect(
            with("llama.rope.dimension_count", 8)
                == "a.gguf: key \"llama.rope.dimension_count\": is 8; 16, the size of a head, is needed")
        #expect(with("llama.expert_count", 8).contains("0, since mixtures of experts aren't computed, is needed"))
        #expect(
            with("llama.rope.scaling.type", "yarn").contains(
                "is \"yarn\"; \"none\", since scaled positions aren't computed,"))
        var file = GGUFBytes.decoder()
        file.add("llama.rope.freq_base", Float.infinity)
        #expect(text(file) == "a.gguf: key \"llama.rope.freq_base\": is inf; a number from 1 to 10^15 is needed")
        file = .decoder()
        file.keys.removeFirst()
        file.add("general.architecture", "qwen2")
        #expect(text(file).hasPrefix("a.gguf: key \"general.architecture\": is \"qwen2\"; \"llama\", the architecture"))
        file = .decoder()
        file.keys.remove(at: 1)
        #expect(text(file) == "a.gguf: key \"llama.block_count\": is missing; a whole number from 1 to 1024 is needed")
    }

    @Test func everyTruncationIsRefused() {
        let bytes = GGUFBytes.decoder(types: ["token_embd": 8, "blk.0.ffn_up": 3]).bytes
        for count in stride(from: 0, to: bytes.count - 31, by: 1) where count < 1_500 || count % 37 == 0 {
            #expect(throws: InputError.self) {
                try DecoderCheckpoint(gguf: TestFile("a.gguf", Array(bytes[..<count])))
            }
        }
    }

    @Test func noMutationTraps() {
        var generator = TestGenerator(state: 5)
        var file = GGUFBytes.decoder(types: ["token_embd": 8, "blk.0.ffn_up": 3, "blk.0.attn_k": 1])
        file.add("tokenizer.ggml.model", "gpt2")
        file.add("tokenizer.ggml.pre", "smollm")
        file.add("tokenizer.ggml.tokens", ["a", "b", "ab"])
        file.add("tokenizer.ggml.merges", ["a b"])
        let valid = file.bytes
        let headerEnd = valid.count - file.data.count
        var opened = 0
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<1 + generator.next() % 3 {
                bytes[Int(generator.next() % UInt64(headerEnd))] = UInt8(truncatingIfNeeded: generator.next() >> 40)
            }
            let source = TestFile("a.gguf", bytes)
            if let checkpoint = try? DecoderCheckpoint(gguf: source) {
                opened += 1
                for parameter in DecoderParameter.all(in: checkpoint.configuration.transformer) {
                    _ = checkpoint.tensor(parameter).values
                }
                if let tokenizer = try? checkpoint.ownTokenizer() {
                    _ = try? tokenizer.encode("abba ab")
                    _ = tokenizer.bytes(of: [0])
                }
            }
        }
        #expect(opened > 100)
    }
}

@Suite struct DecoderFolderTests {
    private static let sizes =
        "\"model_type\":\"llama\",\"hidden_size\":32,\"num_hidden_layers\":1,\"num_attention_heads\":2,\"intermediate_size\":8,\"vocab_size\":3"

    private func text(_ settings: String) -> String {
        message { _ = try DecoderConfiguration(source: TestFile("config.json", "{\(Self.sizes)\(settings)}")) }
    }

    @Test func missingKeysHaveTheDefaultsOfHuggingFace() throws {
        let c = try DecoderConfiguration(source: TestFile("config.json", "{\(Self.sizes)}"))
        #expect(c.normEpsilon == 1e-6 && c.rotaryBase == 10_000 && c.maximumPositions == 2_048)
        #expect(!c.transformer.tiesHead && c.transformer.keyValueHeads == 2)
        let new = ",\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":500.5}"
        #expect(try DecoderConfiguration(source: TestFile("config.json", "{\(Self.sizes)\(new)}")).rotaryBase == 500.5)
    }

    @Test(arguments: [
        (
            ",\"attention_bias\":true",
            "key \"attention_bias\": is true; false, since the decoder's linear layers are computed without bias, is needed"
        ),
        (",\"rope_theta\":0.5", "key \"rope_theta\": is 0.5; a number from 1 to 10^15 is needed"),
        (",\"rope_theta\":\"a\"", "key \"rope_theta\": is \"a\"; a number from 1 to 10^15 is needed"),
        (
            ",\"rms_norm_eps\":1e-60",
            "key \"rms_norm_eps\": is 1e-60; a number greater than 0, as FP32, and at most 1 is needed"
        ),
        (",\"hidden_act\":\"relu\"", "key \"hidden_act\": is \"relu\"; \"silu\" is needed"),
        (
            ",\"max_position_embeddings\":0",
            "key \"max_position_embeddings\": is 0; a whole number from 1 to 1048576 is needed"
        ),
        (
            ",\"rope_scaling\":{\"rope_type\":\"llama3\"}",
            "key \"rope_scaling\": is an object of 1 keys; null or the type \"default\", since scaled positions aren't computed, is needed"
        ),
        (
            ",\"architectures\":[\"LlamaModel\"]",
            "key \"architectures\": is a list of 1; [\"LlamaForCausalLM\"] is needed"
        ),
    ])
    func whatIsNotComputedIsRefused(settings: String, expected: String) {
        #expect(text(settings) == "config.json: " + expected)
    }

    @Test func otherArchitecturesAndFoldersAreRefused() throws {
        #expect(
            message {
                _ = try DecoderConfiguration(source: TestFile("config.json", "{\"model_type\":\"mistral\"}"))
            }
                == "config.json: key \"model_type\": is \"mistral\"; \"llama\", the architecture whose forward is computed, is needed"
        )
        let folder = try ScratchFolder()
        #expect(
            message { _ = try DecoderCheckpoint(path: folder.path) }
                == "\(folder.path): has no config.json; a decoder's folder holds config.json and model.safetensors")
        try folder.write("config.json", "{\(Self.sizes)}")
        try folder.write("model.safetensors.index.json", "{}")
        #expect(
            message { _ = try DecoderCheckpoint(path: folder.path) }
                == "\(folder.path): has model.safetensors.index.json: weights in several files aren't read; one model.safetensors is needed"
        )
        #expect(
            message { _ = try DecoderCheckpoint(path: folder.path + "/none") }
                == "\(folder.path)/none: no such file; give the path of a file that exists")
    }
}
