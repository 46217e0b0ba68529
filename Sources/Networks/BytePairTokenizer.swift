/// GPT-2's byte-level byte-pair encoding (Sennrich et al., arXiv 1508.07909; openai/gpt-2, `encoder.py`), from the metadata of a GGUF file with `tokenizer.ggml.model` "gpt2" and `tokenizer.ggml.pre` "smollm".
///
/// A text is cut into pieces (`PieceSplitter`), each piece's UTF-8 bytes are tokens, and the pair that stands first in the list of merges is merged, the leftmost first, until no pair stands there. Names of control tokens in
/// a text are ordinary text.
public struct BytePairTokenizer: TextTokenizer {
    public let name: String
    public var count: Int { pieces.count }
    public let endTokens: Set<Int32>
    /// The token in front of every text, or nil.
    public let startToken: Int32?

    /// The bytes of each token; none for control tokens.
    private let pieces: [[UInt8]]
    /// The token of each byte, or −1.
    private let byteTokens: [Int32]
    /// The rank and the result of each merge, by its two tokens.
    private let merges: [UInt64: (rank: Int32, token: Int32)]

    /// Reads `tokenizer.ggml.tokens`, `.merges`, `.token_type`, `.add_bos_token`, `.bos_token_id` and `.eos_token_id`.
    ///
    /// - Throws: `InputError.tokenizer` or `.gguf`.
    public init(_ file: GGUFFile) throws(InputError) {
        let prefix = "tokenizer.ggml."
        guard file[prefix + "model"] != nil else { throw .tokenizer(file: file.name, .missing) }
        for (key, wanted) in [("model", "gpt2"), ("pre", "smollm")] where file[prefix + key]?.string != wanted {
            throw .tokenizer(
                file: file.name,
                .unsupported(
                    key: prefix + key, found: file[prefix + key]?.summary ?? "missing",
                    expected: "\"\(wanted)\", a byte-level BPE with single digits,"))
        }
        let tokens = try Self.list("tokens", file)
        let limit = TransformerLimits.vocabulary.upperBound
        guard (1...limit).contains(tokens.count) else {
            throw .tokenizer(file: file.name, .count(found: tokens.count, limit: limit))
        }
        let controls = try Self.controls(file, count: tokens.count)
        var numbers: [String: Int32] = [:]
        var pieces: [[UInt8]] = []
        for (index, token) in tokens.enumerated() {
            if let first = numbers.updateValue(Int32(index), forKey: token) {
                throw .tokenizer(file: file.name, .tokenTwice(token: index, first: Int(first), text: token))
            }
            if controls[index] {
                pieces.append([])
            } else {
                guard let bytes = ByteAlphabet.bytes(of: token) else {
                    throw .tokenizer(file: file.name, .letter(token: index, text: token))
                }
                pieces.append(bytes)
            }
        }
        name = file.name
        self.pieces = pieces
        byteTokens = ByteAlphabet.letters.map { letter in
            numbers[String(letter)].flatMap { controls[Int($0)] ? nil : $0 } ?? -1
        }
        merges = try Self.merges(try Self.list("merges", file), numbers, file: file.name)
        let range = 0...tokens.count - 1
        let adds = file[prefix + "add_bos_token"].map { $0.bool ?? false } ?? false
        startToken = adds ? Int32(try file.integer(prefix + "bos_token_id", range)) : nil
        let end = file[prefix + "eos_token_id"] == nil ? nil : try file.integer(prefix + "eos_token_id", range)
        endTokens = Set(end.map { [Int32($0)] } ?? [])
    }

    /// The strings of a list; a string that is no UTF-8 is refused.
    private static func list(_ key: String, _ file: GGUFFile) throws(InputError) -> [String] {
        let key = "tokenizer.ggml." + key
        let expected = "a list of strings"
        let value = try file.require(key, expected)
        guard let strings = value.array.flatMap({ file.strings($0) }) else {
            throw file.invalid(key, value, expected)
        }
        var result: [String] = []
        for bytes in strings {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .gguf(
                    file: file.name,
                    .keyInvalid(key: key, found: "not UTF-8 at entry \(result.count)", expected: expected))
            }
            result.append(text)
        }
        return result
    }

    /// Whether each token is a control token (type 3 of llama.cpp's `llama_token_type`); none is where the list is missing.
    private static func controls(_ file: GGUFFile, count: Int) throws(InputError) -> [Bool] {
        let key = "tokenizer.ggml.token_type"
        guard let value = file[key] else { return [Bool](repeating: false, count: count) }
        guard let types = value.array.flatMap({ file.integers($0) }), types.count == count else {
            throw file.invalid(key, value, "a list of \(count) whole numbers")
        }
        return types.map { $0 == 3 }
    }

    private static func merges(
        _ lines: [String], _ numbers: [String: Int32], file: String
    ) throws(InputError) -> [UInt64: (rank: Int32, token: Int32)] {
        guard lines.count <= Int32.max else {
            throw .tokenizer(file: file, .count(found: lines.count, limit: Int(Int32.max)))
        }
        var merges: [UInt64: (rank: Int32, token: Int32)] = [:]
        merges.reserveCapacity(lines.count)
        for (rank, line) in lines.enumerated() {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw .tokenizer(file: file, .merge(index: rank, text: line))
            }
            func number(_ piece: String) throws(InputError) -> Int32 {
                guard let number = numbers[piece] else {
                    throw .tokenizer(file: file, .mergePiece(index: rank, piece: piece))
                }
                return number
            }
            let pair = key(try number(parts[0]), try number(parts[1]))
            // The first of equal merges counts, as its rank is the lower one.
            if merges[pair] == nil { merges[pair] = (Int32(rank), try number(parts[0] + parts[1])) }
        }
        return merges
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    public func encode(_ text: String) throws(InputError) -> [Int32] {
        var result = startToken.map { [$0] } ?? []
        var place = 0
        for piece in PieceSplitter.pieces(of: text) {
            var tokens: [Int32] = []
            for byte in text.unicodeScalars[piece].utf8Bytes {
                let token = byteTokens[Int(byte)]
                guard token >= 0 else {
                    let letter = String(ByteAlphabet.letters[Int(byte)])
                    throw .tokenizer(file: name, .pieceMissing(piece: letter, textByte: place + tokens.count))
                }
                tokens.append(token)
            }
            place += tokens.count
            result += PairMerger.merge(tokens) { left, right in
                merges[Self.key(left, right)].map { (Double($0.rank), $0.token) }
            }
        }
        return result
    }

    public func bytes(of tokens: some Sequence<Int32>) -> [UInt8] { tokens.flatMap { pieces[Int($0)] } }
}

extension Substring.UnicodeScalarView {
    fileprivate var utf8Bytes: Substring.UTF8View { Substring(self).utf8 }
}
