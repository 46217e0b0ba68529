/// Turns text into token numbers as BERT does: clean-up, splitting at white space and punctuation, then WordPiece.
///
/// WordPiece takes the longest token that starts a word, then the longest that, marked with "##", continues it; a word
/// of which a part is unknown, or of more than 100 characters, is [UNK] (Wu et al. 2016, arXiv 1609.08144; Devlin et
/// al. 2018, arXiv 1810.04805). Names of special tokens in the text, such as "[SEP]", are ordinary text.
public struct WordPieceTokenizer: Sendable {
    /// How text is cleaned up before it is split.
    public struct Options: Equatable, Sendable {
        /// Whether letters become lower-case.
        public var lowercases = true
        /// Whether marks above and below letters are dropped, after canonical decomposition.
        public var stripsAccents = true
        /// Whether each CJK ideograph is a word of its own.
        public var splitsIdeographs = true

        /// The options of the uncased models.
        public init() {}

        /// Reads `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` from a Hugging Face
        /// `tokenizer_config.json`.
        ///
        /// Keys that are missing or null are as in the uncased models, but accents are kept where case is. Other keys
        /// are passed over.
        ///
        /// - Throws: the errors of JSON, or `InputError.settingInvalid`.
        public init(source: any ByteSource) throws(InputError) {
            let settings = try JSONReader.object(in: source.bytes, file: source.name)
            func flag(_ key: String, default standard: Bool) throws(InputError) -> Bool {
                guard let value = settings[key], value != .null else { return standard }
                guard let flag = value.bool else {
                    throw .settingInvalid(file: source.name, key: key, found: value.summary, expected: "true or false")
                }
                return flag
            }
            lowercases = try flag("do_lower_case", default: true)
            stripsAccents = try flag("strip_accents", default: lowercases)
            splitsIdeographs = try flag("tokenize_chinese_chars", default: true)
        }
    }

    /// The most characters (Unicode scalars) of a word that isn't [UNK].
    public static let longestWord = 100

    public let vocabulary: Vocabulary
    public let options: Options

    /// A tokenizer of a vocabulary.
    public init(vocabulary: Vocabulary, options: Options = Options()) {
        self.vocabulary = vocabulary
        self.options = options
    }

    /// The token numbers of a text: [CLS], the text's tokens, [SEP].
    ///
    /// - Parameters:
    ///   - text: any text; an empty one gives [CLS] [SEP].
    ///   - maximumLength: the most numbers to return; tokens that don't fit are dropped from the text's end.
    /// - Precondition: maximumLength >= 2.
    public func encode(_ text: String, maximumLength: Int = .max) -> [Int32] {
        precondition(maximumLength >= 2, "[CLS] and [SEP] need room")
        var tokens = [vocabulary.classification]
        let limit = maximumLength - 1
        WordSplitter.split(text, options: options) { word, characters in
            append(word, characters: characters, to: &tokens)
            return tokens.count < limit
        }
        if tokens.count > limit { tokens.removeSubrange(limit...) }
        tokens.append(vocabulary.separator)
        return tokens
    }

    /// Appends the tokens of a word.
    private func append(_ word: UnsafeBufferPointer<UInt8>, characters: Int, to tokens: inout [Int32]) {
        guard characters <= Self.longestWord else {
            tokens.append(vocabulary.unknown)
            return
        }
        let firstToken = tokens.count
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: word.count + 1) { hashes in
            var start = 0
            while start < word.count {
                let prefix: StaticString = start == 0 ? "" : "##"
                // hashes[i]: the prefix and the bytes from start up to i.
                var hash = start == 0 ? Vocabulary.emptyHash : Self.continuationHash
                for index in start..<word.count {
                    hash = Vocabulary.extend(hash, word[index])
                    hashes[index + 1] = hash
                }
                var end = word.count
                var found: Int32?
                while end > start {
                    let piece = UnsafeBufferPointer(rebasing: word[start..<end])
                    found = vocabulary.number(of: piece, after: prefix, hash: hashes[end])
                    if found != nil { break }
                    // Tokens are whole characters: skip the bytes that continue one.
                    repeat { end -= 1 } while end > start && word[end] & 0xc0 == 0x80
                }
                guard let found else {
                    tokens.removeSubrange(firstToken...)
                    tokens.append(vocabulary.unknown)
                    return
                }
                tokens.append(found)
                start = end
            }
        }
    }

    private static let continuationHash = Vocabulary.extend(
        Vocabulary.extend(Vocabulary.emptyHash, UInt8(ascii: "#")), UInt8(ascii: "#"))
}
