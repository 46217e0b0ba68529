/// Turns text into the token numbers of a decoder, and back.
public protocol TextTokenizer: Sendable {
    /// The file that errors name.
    var name: String { get }
    /// The number of tokens.
    var count: Int { get }
    /// Tokens after which a text has ended.
    var endTokens: Set<Int32> { get }
    /// The token numbers of a text, with the token that starts a text in front where the network was trained so.
    ///
    /// - Throws: `InputError.tokenizer` with `.pieceMissing` where the vocabulary can't spell the text.
    func encode(_ text: String) throws(InputError) -> [Int32]
    /// The bytes of a text; control tokens give none. A text's first tokens give the text that was encoded, byte for byte.
    ///
    /// - Precondition: each token is in 0 ..< count.
    func bytes(of tokens: some Sequence<Int32>) -> [UInt8]
}

extension TextTokenizer {
    /// The text of tokens; bytes that are no UTF-8 become U+FFFD.
    public func text(of tokens: some Sequence<Int32>) -> String { String(decoding: bytes(of: tokens), as: UTF8.self) }

    /// Checks that the vocabulary has as many tokens as a network.
    ///
    /// - Throws: `InputError.tokenizer` with `.vocabulary`.
    public func require(vocabulary: Int) throws(InputError) {
        guard count == vocabulary else {
            throw .tokenizer(file: name, .vocabulary(found: count, expected: vocabulary))
        }
    }
}

extension DecoderCheckpoint {
    /// The tokenizer in the network's own file.
    ///
    /// - Throws: `InputError.tokenizer`; `.missing` where the file has none: only GGUF files do.
    public func ownTokenizer() throws(InputError) -> any TextTokenizer {
        guard let gguf else { throw .tokenizer(file: name, .missing) }
        return try BytePairTokenizer(gguf)
    }
}

/// Opens a tokenizer's file: a GGUF file with a byte-level BPE, or llama2.c's.
///
/// - Throws: `InputError`, naming the file and what is wrong with it.
public func openTokenizer(path: String) throws(InputError) -> any TextTokenizer {
    let file = try MappedFile(path: path)
    if GGUFFile.isGGUF(file.bytes) { return try BytePairTokenizer(GGUFFile(source: file)) }
    return try Llama2cTokenizer(source: file)
}
