/// The tokenizer of llama2.c: SentencePiece's byte-pair encoding with a score for each token (karpathy/llama2.c, `run.c`: `build_tokenizer`, `encode`, `decode`).
///
/// The file is a 32-bit maximal token length, then for each token an FP32 score, a 32-bit length and its bytes. Token 1 starts a text, 2 ends one; tokens 3 to 258 are the bytes, written
/// "<0x00>" to "<0xFF>". A text that is not empty begins with a space of its own, as SentencePiece has it; each character is its token, or the tokens of its bytes; then the pair whose joined text is the token of the highest score is merged,
/// the leftmost first, until no joined text is a token.
public struct Llama2cTokenizer: TextTokenizer {
    /// The longest token that is read, in bytes.
    static let longestToken = 1 << 12
    /// The token that starts a text.
    public static let start: Int32 = 1
    /// The first of the 256 byte tokens.
    static let firstByte = 3
    /// llama2.c merges no pair whose token has this score or a lower one.
    private static let leastScore: Float = -1e10

    public let name: String
    public var count: Int { pieces.count }
    /// The token that ends a text, and the one that starts another: llama2.c stops at the latter.
    public let endTokens: Set<Int32> = [1, 2]

    private let pieces: [[UInt8]]
    private let scores: [Float]
    private let numbers: [[UInt8]: Int32]
    /// The token of the space that a text begins with.
    private let space: Int32

    /// Reads a `tokenizer.bin`.
    ///
    /// - Throws: `InputError.tokenizer`.
    public init(source: any ByteSource) throws(InputError) {
        let read: (pieces: [[UInt8]], scores: [Float], numbers: [[UInt8]: Int32], space: Int32)
        do throws(TokenizerProblem) {
            read = try Self.read(source.bytes)
        } catch {
            throw .tokenizer(file: source.name, error)
        }
        name = source.name
        (pieces, scores, numbers, space) = read
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(TokenizerProblem) -> (pieces: [[UInt8]], scores: [Float], numbers: [[UInt8]: Int32], space: Int32) {
        let limit = TransformerLimits.vocabulary.upperBound
        var place = 0
        func word() throws(TokenizerProblem) -> UInt32 {
            guard bytes.count - place >= 4 else {
                throw .truncated(byte: place, needed: 4, available: bytes.count - place)
            }
            defer { place += 4 }
            return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        }
        func length() throws(TokenizerProblem) -> Int {
            let start = place
            let length = Int(Int32(bitPattern: try word()))
            guard (0...longestToken).contains(length) else {
                throw .length(byte: start, found: length, limit: longestToken)
            }
            return length
        }
        _ = try length()
        var pieces: [[UInt8]] = []
        var scores: [Float] = []
        var numbers: [[UInt8]: Int32] = [:]
        while place < bytes.count {
            guard pieces.count < limit else { throw .count(found: limit + 1, limit: limit) }
            let score = Float(bitPattern: try word())
            guard score.isFinite else { throw .score(token: pieces.count, found: score) }
            let length = try length()
            guard bytes.count - place >= length else {
                throw .truncated(byte: place, needed: length, available: bytes.count - place)
            }
            let piece = Array(bytes[place..<place + length])
            place += length
            if let first = numbers.updateValue(Int32(pieces.count), forKey: piece) {
                throw .tokenTwice(token: pieces.count, first: Int(first), text: String(decoding: piece, as: UTF8.self))
            }
            pieces.append(piece)
            scores.append(score)
        }
        guard !pieces.isEmpty else { throw .count(found: 0, limit: limit) }
        guard let space = numbers[[0x20]] else { throw .pieceMissing(piece: " ", textByte: nil) }
        for byte in 0..<256 {
            let wanted = byteName(byte)
            guard firstByte + byte < pieces.count, pieces[firstByte + byte] == Array(wanted.utf8) else {
                throw .pieceMissing(piece: wanted, textByte: nil)
            }
        }
        return (pieces, scores, numbers, space)
    }

    private static func byteName(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x" + (digits.count < 2 ? "0" : "") + digits + ">"
    }

    public func encode(_ text: String) throws(InputError) -> [Int32] {
        guard !text.isEmpty else { return [Self.start] }
        var tokens = [space]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if let number = numbers[bytes] {
                tokens.append(number)
            } else {
                tokens += bytes.map { Int32(Self.firstByte) + Int32($0) }
            }
        }
        let merged = PairMerger.merge(tokens) { left, right in
            let (left, right) = (pieces[Int(left)], pieces[Int(right)])
            guard let token = numbers[left + right] else { return nil }
            let score = scores[Int(token)]
            return score > Self.leastScore ? (-Double(score), token) : nil
        }
        return [Self.start] + merged
    }

    public func bytes(of tokens: some Sequence<Int32>) -> [UInt8] {
        var result: [UInt8] = []
        var follows = false  // whether the token before starts a text, whose own space then goes
        for token in tokens {
            defer { follows = token == Self.start }
            if endTokens.contains(token) { continue }
            let byte = Int(token) - Self.firstByte
            if (0..<256).contains(byte) {
                result.append(UInt8(byte))
            } else {
                let piece = pieces[Int(token)]
                result += follows && piece.first == 0x20 ? piece.dropFirst() : piece[...]
            }
        }
        return result
    }
}
