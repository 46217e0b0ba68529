import Foundation
import Networks
import Testing

private let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]

private func tokenizer(
    _ words: [String], options: WordPieceTokenizer.Options = .init()
) throws -> WordPieceTokenizer {
    try WordPieceTokenizer(
        vocabulary: Vocabulary(source: TestFile("vocab.txt", (special + words).joined(separator: "\n"))),
        options: options)
}

/// The tokens of a text, without [CLS] and [SEP].
private func pieces(_ text: String, _ tokenizer: WordPieceTokenizer) -> [String] {
    tokenizer.encode(text).dropFirst().dropLast().map(tokenizer.vocabulary.token)
}

@Suite struct WordPieceTokenizerTests {
    @Test func takesTheLongestPieces() throws {
        let words = try tokenizer(["un", "unaff", "##aff", "##able", "##a", "##ff", "##ffable"])
        #expect(pieces("unaffable", words) == ["unaff", "##able"])
        #expect(pieces("unaffxable", words) == ["[UNK]"])
        #expect(pieces("un affable", words) == ["un", "[UNK]"])
        #expect(words.encode("") == [2, 3])
        #expect(words.encode(" \t\n") == [2, 3])
    }

    @Test func splitsAtSpacesPunctuationAndIdeographs() throws {
        let words = try tokenizer(["a", "b", "-", "!", "$", "\u{2014}", "\u{597d}", "\u{30ab}", "##\u{30ab}"])
        #expect(pieces("a-b!a$b", words) == ["a", "-", "b", "!", "a", "$", "b"])
        #expect(pieces("a\u{2014}b", words) == ["a", "\u{2014}", "b"])
        #expect(pieces("a\u{a0}b\u{3000}a\u{2028}b\r\na", words) == ["a", "b", "a", "b", "a"])
        #expect(pieces("a\u{597d}\u{597d}b", words) == ["a", "\u{597d}", "\u{597d}", "b"])
        #expect(pieces("\u{30ab}\u{30ab}", words) == ["\u{30ab}", "##\u{30ab}"])
    }

    @Test func dropsControlCharacters() throws {
        let words = try tokenizer(["ab"])
        #expect(
            pieces("a\u{0}b a\u{7f}b a\u{ad}b a\u{200b}b a\u{fffd}b a\u{e000}b", words)
                == Array(repeating: "ab", count: 6))
    }

    @Test func lowersCaseAndStripsAccents() throws {
        let words = try tokenizer(["a", "\u{e9}", "E", "e", "i", "\u{df}", "\u{3c3}", "ss"])
        #expect(
            pieces("\u{c9} E\u{301} \u{130} \u{df} \u{3a3} \u{c5}", words) == ["e", "e", "i", "\u{df}", "\u{3c3}", "a"])
        var options = WordPieceTokenizer.Options()
        options.stripsAccents = false
        #expect(pieces("\u{c9} E", try tokenizer(["e", "\u{e9}"], options: options)) == ["\u{e9}", "e"])
        options.lowercases = false
        #expect(pieces("\u{c9} E e", try tokenizer(["e", "E"], options: options)) == ["[UNK]", "E", "e"])
    }

    @Test func keepsIdeographsTogetherIfToldTo() throws {
        var options = WordPieceTokenizer.Options()
        options.splitsIdeographs = false
        #expect(
            pieces("\u{597d}\u{597d}", try tokenizer(["\u{597d}", "##\u{597d}"], options: options)) == [
                "\u{597d}", "##\u{597d}",
            ])
    }

    @Test func readsOptionsAsHuggingFaceDoes() throws {
        func options(_ text: String) throws -> WordPieceTokenizer.Options {
            try WordPieceTokenizer.Options(source: TestFile("tokenizer_config.json", text))
        }
        #expect(try options("{}") == WordPieceTokenizer.Options())
        #expect(try options("{\"do_lower_case\": true, \"strip_accents\": null}") == WordPieceTokenizer.Options())
        #expect(try !options("{\"do_lower_case\": false}").stripsAccents)
        #expect(try options("{\"do_lower_case\": false, \"strip_accents\": true}").stripsAccents)
        #expect(try !options("{\"tokenize_chinese_chars\": false}").splitsIdeographs)
    }

    @Test func givesUpOnWordsOfMoreThan100Characters() throws {
        let words = try tokenizer(["a", "##a", "\u{3b1}", "##\u{3b1}"])
        for letter in ["a", "\u{3b1}"] {
            #expect(pieces(String(repeating: letter, count: 100), words).count == 100)
            #expect(pieces(String(repeating: letter, count: 101), words) == ["[UNK]"])
        }
    }

    @Test func truncatesBeforeTheSeparator() throws {
        let words = try tokenizer(["a", "b", "##b", "##c"])
        #expect(words.encode("a bbc a", maximumLength: 7) == [2, 4, 5, 6, 7, 4, 3])
        #expect(words.encode("a bbc a", maximumLength: 6) == [2, 4, 5, 6, 7, 3])
        #expect(words.encode("a bbc a", maximumLength: 4) == [2, 4, 5, 3])
        #expect(words.encode("a bbc a", maximumLength: 2) == [2, 3])
    }

    @Test func takesNamesOfSpecialTokensAsText() throws {
        let words = try tokenizer(["[", "]", "sep"])
        #expect(pieces("[SEP]", words) == ["[", "sep", "]"])
    }

    @Test func knowsItsTokens() throws {
        let vocabulary = try tokenizer(["a", "##a"]).vocabulary
        #expect(vocabulary.count == 6)
        #expect(
            (vocabulary.padding, vocabulary.unknown, vocabulary.classification, vocabulary.separator) == (0, 1, 2, 3))
        #expect((0..<6).map { vocabulary.token($0) } == special + ["a", "##a"])
        #expect(vocabulary.number(of: "##a") == 5)
        #expect(vocabulary.number(of: "b") == nil)
    }

    @Test func toleratesCarriageReturnsAndAByteOrderMark() throws {
        let vocabulary = try Vocabulary(source: TestFile("vocab.txt", "\u{feff}[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n"))
        #expect(vocabulary.count == 4)
        #expect(vocabulary.padding == 0)
    }

    @Test func tellsWhatIsWrongWithAVocabulary() {
        func problem(_ bytes: [UInt8]) -> String {
            message { _ = try Vocabulary(source: TestFile("vocab.txt", bytes)) }
        }
        let good = Array((special.joined(separator: "\n") + "\n").utf8)
        for token in special {
            let rest = special.filter { $0 != token }.joined(separator: "\n")
            #expect(
                problem(Array(rest.utf8))
                    == "vocab.txt: token \"\(token)\": is missing; [PAD], [UNK], [CLS] and [SEP] are needed, each on its line"
            )
        }
        #expect(
            problem(good + Array("a\nb\na\n".utf8))
                == "vocab.txt: line 7: token \"a\" stands on line 5 already; keep one of them")
        #expect(problem(good + Array("a\n\nb\n".utf8)) == "vocab.txt: line 6: has no token; one token a line is needed")
        #expect(
            problem(good + [0x61, 0x0a, 0xc3, 0x28, 0x0a]) == "vocab.txt: line 6: is not UTF-8; save the file as UTF-8")
    }

    @Test func survivesAnyText() throws {
        let words = try tokenizer(["a", "##\u{301}", "\u{597d}", "."])
        var generator = TestGenerator(state: 7)
        for _ in 0..<2_000 {
            let bytes = (0..<generator.next() % 200).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 13) }
            let tokens = words.encode(String(decoding: bytes, as: UTF8.self), maximumLength: 32)
            #expect(tokens.count <= 32 && tokens.first == 2 && tokens.last == 3)
        }
    }
}

/// Against the vocabulary of all-MiniLM-L6-v2, with results that Zeroth did not produce.
@Suite struct MiniLMTests {
    private static let available = Resources.miniLM != nil || Resources.required
    private static let folder = "skipped: ZEROTH_MINILM names no folder of all-MiniLM-L6-v2"
    private static let both = "skipped: ZEROTH_MINILM or the references are missing"
    private static let bothAvailable = Resources.miniLM != nil && Resources.references != nil || Resources.required

    @Test(.enabled(if: available, Comment(rawValue: folder)))
    func opensTheRealCheckpoint() throws {
        let checkpoint = try EncoderCheckpoint(folder: #require(Resources.miniLM))
        #expect(checkpoint.configuration.layerCount == 6)
        #expect(checkpoint.configuration.hiddenSize == 384)
        #expect(checkpoint.weights.tensors.count == 104)
        #expect(checkpoint.parameter(.wordEmbeddings).count == 30_522 * 384)
        #expect(checkpoint.head == nil)
        try checkpoint.checkFinite()
        // As notes on the package give it, from sha256sum.
        #expect(checkpoint.files[1].source.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
    }

    @Test(.enabled(if: available, Comment(rawValue: folder)))
    func agreesWithTheReferenceOnWrittenOutSentences() throws {
        let words = try WordPieceTokenizer(vocabulary: Vocabulary(path: #require(Resources.miniLM) + "/vocab.txt"))
        #expect(
            words.encode("Apparently reassembled from the cutting-room floor of any given daytime soap.")
                == [
                    101, 4593, 2128, 27241, 23931, 2013, 1996, 6276, 1011, 2282, 2723, 1997, 2151, 2445, 12217, 7815,
                    1012, 102,
                ])
        // From the PyPI package tokenizers 0.23.3, BertWordPieceTokenizer(vocab.txt, lowercase=True).
        #expect(
            words.encode("H\u{e9}llo, \u{4f60}\u{597d}! \u{130}stanbul\u{2026}") == [
                101, 7592, 1010, 100, 100, 999, 9960, 1529, 102,
            ])
    }

    @Test(.enabled(if: bothAvailable, Comment(rawValue: both)))
    func agreesWithTheReferenceSentences() throws {
        struct Reference: Decodable {
            let text: String
            let ids: [Int32]
        }
        let words = try WordPieceTokenizer(vocabulary: Vocabulary(path: #require(Resources.miniLM) + "/vocab.txt"))
        let path = try #require(Resources.references) + "/data/minilm-ref/ref_embeddings.json"
        let references = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(references.count == 3)
        for reference in references { #expect(words.encode(reference.text) == reference.ids) }
    }

    /// The hash of all 141,590 token numbers as INT32, little-endian, that the PyPI package tokenizers gives for the
    /// 5,574 messages.
    @Test(.enabled(if: bothAvailable, Comment(rawValue: both)))
    func agreesWithTheReferenceOnEveryMessage() throws {
        let words = try WordPieceTokenizer(vocabulary: Vocabulary(path: #require(Resources.miniLM) + "/vocab.txt"))
        let data = try TextDataset.load(path: #require(Resources.references) + "/data/sms-spam/sms.tsv")
        var hash = SHA256()
        var count = 0
        for example in data.examples {
            let tokens = words.encode(example.text)
            count += tokens.count
            tokens.withUnsafeBytes { hash.update($0) }
        }
        #expect(count == 141_590)
        #expect(hash.hexadecimal == "3e8cde6d8719f2081bca185ea03cc9561e439258a492aade3ed7416eb315f81a")
    }
}
