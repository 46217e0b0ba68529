import Foundation
import Networks
import Testing

/// Byte-level BPE against Hugging Face's tokenizers, with a vocabulary trained for the test, and with SmolLM2's.
@Suite(
    .enabled(
        if: Resources.required || (try? Python.run(["-c", "import tokenizers"])) != nil,
        "set ZEROTH_PYTHON to a Python with tokenizers"))
struct BytePairAgainstHuggingFaceTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            let text: String
            let ids: [Int32]
        }
        let path: String
        let cases: [Case]
    }

    private func check(_ arguments: [String]) throws {
        let folder = try ScratchFolder()
        let script =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
            + "/EmulatorTests/decoder/tokens.py"
        _ = try Python.run(["-B", script, folder.path] + arguments)
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/cases.json"))
        let cases = try JSONDecoder().decode(Cases.self, from: data)
        let tokenizer = try openTokenizer(path: cases.path)
        #expect(cases.cases.count > 3_000)
        var unspelled = 0
        for item in cases.cases {
            do throws(InputError) {
                let ids = try tokenizer.encode(item.text)
                #expect(ids == item.ids, "\(item.text.debugDescription)")
                #expect(tokenizer.text(of: ids) == item.text)
            } catch .tokenizer(_, .pieceMissing) {
                // Hugging Face passes over bytes that the vocabulary lacks.
                unspelled += 1
            }
        }
        #expect(unspelled == 0)
    }

    @Test func aTrainedVocabularyGivesTheSameNumbers() throws { try check([]) }

    @Test(.enabled(if: Resources.smolLM2 != nil || Resources.required, "set ZEROTH_SMOLLM2"))
    func smolLM2GivesTheSameNumbers() throws { try check([try #require(Resources.smolLM2)]) }
}

/// A tokenizer of llama2.c made by hand.
private func llama2cFile(_ extra: [(String, Float)], bytes: Bool = true, space: Bool = true) -> [UInt8] {
    var tokens: [(String, Float)] = [("<unk>", 0), ("\n<s>\n", 0), ("\n</s>\n", 0)]
    if bytes {
        for byte in 0..<256 {
            let digits = String(byte, radix: 16, uppercase: true)
            tokens.append(("<0x\(digits.count < 2 ? "0" : "")\(digits)>", 0))
        }
    }
    if space { tokens.append((" ", -1_000)) }
    var file: [UInt8] = [7, 0, 0, 0]
    for (text, score) in tokens + extra {
        withUnsafeBytes(of: score.bitPattern.littleEndian) { file += $0 }
        withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { file += $0 }
        file += Array(text.utf8)
    }
    return file
}

@Suite struct Llama2cTokenizerTests {
    /// Tokens 260 and up.
    private static let words: [(String, Float)] = [
        ("a", -50), ("b", -51), ("c", -52), ("ab", -3), ("bc", -2), ("abc", -9), (" a", -4), ("aa", -1), ("é", -53),
    ]

    private func tokenizer() throws -> Llama2cTokenizer {
        try Llama2cTokenizer(source: TestFile("tok.bin", llama2cFile(Self.words)))
    }

    /// A text and its tokens.
    struct Case: Sendable {
        let text: String
        let tokens: [Int32]
    }

    private static let cases: [Case] = [
        Case(text: "", tokens: [1]),
        // The space of its own, then "a": " a".
        Case(text: "a", tokens: [1, 266]),
        // "bc" has the higher score, so "ab" is never made; then "a" + "bc".
        Case(text: "babc", tokens: [1, 259, 261, 265]),
        // Of the equal pairs in "aaa" the leftmost; "aa" comes before " a".
        Case(text: "aaa", tokens: [1, 259, 267, 260]),
        Case(text: "aaaa", tokens: [1, 259, 267, 267]),
        Case(text: "é!", tokens: [1, 259, 268, 36]),
        Case(text: "ü", tokens: [1, 259, 198, 191]),
    ]

    @Test(arguments: cases)
    func mergesTheHighestScoreFirstAndFallsBackToBytes(item: Case) throws {
        let tokenizer = try tokenizer()
        #expect(try tokenizer.encode(item.text) == item.tokens)
        #expect(tokenizer.text(of: item.tokens) == item.text)
    }

    @Test func theSpaceBehindTheStartGoesAndOthersStay() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.text(of: [1, 266, 266]) == "a a")
        #expect(tokenizer.text(of: [266, 2, 1, 266]) == " aa")
        #expect(tokenizer.endTokens == [1, 2])
    }

    @Test func whatItLacksIsNamed() throws {
        func text(_ bytes: [UInt8]) -> String {
            message { _ = try Llama2cTokenizer(source: TestFile("tok.bin", bytes)) }
        }
        #expect(text(llama2cFile([], space: false)) == "tok.bin: token \" \": is missing from the vocabulary")
        #expect(text(llama2cFile([], bytes: false)) == "tok.bin: token \"<0x00>\": is missing from the vocabulary")
        #expect(text(llama2cFile([("x", .nan)])) == "tok.bin: token 260: has the score nan; a finite number is needed")
        #expect(
            text(llama2cFile([("x", 0), ("x", 0)]))
                == "tok.bin: token 261: \"x\" is token 260 already; keep one of them")
        #expect(text([7, 0, 0, 0]) == "tok.bin: has 0 tokens; 1 to 4194304 are read")
        #expect(
            text(Array("GIF89a".utf8))
                == "tok.bin: byte 0: the token's length is 944130375; 0 to 4096 bytes are possible (is this a llama2.c tokenizer?)"
        )
        let tokenizer = try tokenizer()
        #expect(
            message { try tokenizer.require(vocabulary: 512) }
                == "tok.bin: has 269 tokens; 512 are needed, the network's vocabulary")
    }

    @Test func everyTruncationIsRefusedOrEndsBetweenTokens() throws {
        let bytes = llama2cFile(Self.words)
        for count in 0..<bytes.count {
            do throws(InputError) {
                let file = try Llama2cTokenizer(source: TestFile("tok.bin", Array(bytes[..<count])))
                #expect(file.count < 269)
            } catch .tokenizer {
            } catch { Issue.record("\(error)") }
        }
    }
}

@Suite struct BytePairTokenizerErrorTests {
    private func text(_ file: GGUFBytes) -> String {
        message { _ = try BytePairTokenizer(GGUFFile(source: TestFile("t.gguf", file.bytes))) }
    }

    private func file(
        tokens: [String] = ["a", "b", "ab"], merges: [String] = ["a b"], model: String = "gpt2", pre: String = "smollm"
    ) -> GGUFBytes {
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", model)
        file.add("tokenizer.ggml.pre", pre)
        file.add("tokenizer.ggml.tokens", tokens)
        file.add("tokenizer.ggml.merges", merges)
        return file
    }

    @Test func encodesAndNamesThePieceThatATextLacks() throws {
        let tokenizer = try BytePairTokenizer(GGUFFile(source: TestFile("t.gguf", file().bytes)))
        #expect(try tokenizer.encode("abba") == [2, 1, 0])
        #expect(
            message { _ = try tokenizer.encode("ab ba") }
                == "t.gguf: token \"Ġ\": is missing from the vocabulary; the text needs it at its byte 2")
        #expect(tokenizer.startToken == nil && tokenizer.endTokens.isEmpty)
    }

    @Test func whatIsWrongIsNamed() {
        #expect(
            text(GGUFBytes())
                == "t.gguf: has no tokenizer; give --tokenizer a llama2.c tokenizer or a GGUF file that has one")
        #expect(
            text(file(model: "llama"))
                == "t.gguf: key \"tokenizer.ggml.model\": is \"llama\"; \"gpt2\", a byte-level BPE with single digits, is read"
        )
        #expect(
            text(file(pre: "qwen2"))
                == "t.gguf: key \"tokenizer.ggml.pre\": is \"qwen2\"; \"smollm\", a byte-level BPE with single digits, is read"
        )
        #expect(
            text(file(merges: ["ab"])) == "t.gguf: merge 0: is \"ab\"; two pieces with a space between them are needed")
        #expect(
            text(file(merges: ["a c"])) == "t.gguf: merge 0: \"c\" is no token; a merge's pieces and result have to be")
        #expect(
            text(file(merges: ["b a"])) == "t.gguf: merge 0: \"ba\" is no token; a merge's pieces and result have to be"
        )
        #expect(text(file(tokens: ["a", "a"])) == "t.gguf: token 1: \"a\" is token 0 already; keep one of them")
        #expect(
            text(file(tokens: ["a", "b", "ab", "漢"]))
                == "t.gguf: token 3: \"漢\" has a character that stands for no byte in GPT-2's alphabet")
        #expect(text(file(tokens: [])) == "t.gguf: has 0 tokens; 1 to 4194304 are read")
        var wrongType = GGUFBytes()
        wrongType.add("tokenizer.ggml.model", "gpt2")
        wrongType.add("tokenizer.ggml.pre", "smollm")
        wrongType.add("tokenizer.ggml.tokens", UInt32(3))
        #expect(text(wrongType) == "t.gguf: key \"tokenizer.ggml.tokens\": is 3; a list of strings is needed")
        var wrongEnd = file()
        wrongEnd.add("tokenizer.ggml.eos_token_id", UInt32(3))
        #expect(
            text(wrongEnd) == "t.gguf: key \"tokenizer.ggml.eos_token_id\": is 3; a whole number from 0 to 2 is needed")
    }
}
