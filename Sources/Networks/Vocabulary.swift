/// The tokens of a WordPiece vocabulary, numbered from zero, found by their UTF-8 bytes.
///
/// Lookups hash a prefix of the key while it grows, so that all prefixes of a word cost one pass over it.
public struct Vocabulary: Sendable {
    /// The name that errors give: a path, or the name of an embedded file.
    public let name: String
    /// The number of tokens.
    public let count: Int
    /// The number of [PAD], which fills sequences up to a common length.
    public private(set) var padding: Int32 = -1
    /// The number of [UNK], which stands for what the vocabulary can't spell.
    public private(set) var unknown: Int32 = -1
    /// The number of [CLS], which starts every sequence.
    public private(set) var classification: Int32 = -1
    /// The number of [SEP], which ends every sequence.
    public private(set) var separator: Int32 = -1

    /// The bytes of all tokens, one after the other.
    private var text: [UInt8] = []
    /// Where each token starts in `text`, and after the last where it ends.
    private var starts: [Int32] = [0]
    /// A hash table with open addressing: the token's number, or -1; its size is a power of two of at least twice the
    /// tokens.
    private var table: [Int32]

    /// Maps and reads a `vocab.txt`; see `init(source:)`.
    public init(path: String) throws(InputError) {
        try self.init(source: MappedFile(path: path))
    }

    /// Reads a `vocab.txt`: one token a line, the first line being token 0.
    ///
    /// - Throws: the errors of `MappedFile`, `InputError.invalidUTF8`, `.tokenEmpty`, `.tokenDuplicate` or
    ///   `.specialTokenMissing`.
    public init(source: any ByteSource) throws(InputError) {
        let lines = try textLines(of: source)
        name = source.name
        count = lines.count
        var capacity = 16
        while capacity < 2 * lines.count { capacity *= 2 }
        table = [Int32](repeating: -1, count: capacity)
        for (index, line) in lines.enumerated() {
            var line = line
            guard !line.isEmpty else { throw .tokenEmpty(file: source.name, line: index + 1) }
            let first = line.withUTF8 { insert($0, number: Int32(index)) }
            if let first {
                throw .tokenDuplicate(file: source.name, line: index + 1, token: line, firstLine: Int(first) + 1)
            }
        }
        func special(_ token: String) throws(InputError) -> Int32 {
            guard let number = number(of: token) else { throw .specialTokenMissing(file: source.name, token: token) }
            return number
        }
        padding = try special("[PAD]")
        unknown = try special("[UNK]")
        classification = try special("[CLS]")
        separator = try special("[SEP]")
    }

    /// A token's text.
    ///
    /// - Precondition: 0 <= number < count.
    public func token(_ number: Int32) -> String {
        String(decoding: text[Int(starts[Int(number)])..<Int(starts[Int(number) + 1])], as: UTF8.self)
    }

    /// A token's number, or nil if it isn't in the vocabulary.
    public func number(of token: String) -> Int32? {
        var token = token
        return token.withUTF8 { number(of: $0, hash: Self.hash($0)) }
    }

    /// The hash of no bytes (FNV-1a, 64 bits).
    static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash after one more byte.
    @inline(__always)
    static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 { bytes.reduce(emptyHash, extend) }

    /// The number of a token whose hash is known; `prefix` bytes come before those of `bytes`.
    func number(of bytes: UnsafeBufferPointer<UInt8>, after prefix: StaticString = "", hash: UInt64) -> Int32? {
        let mask = table.count - 1
        var slot = Self.slot(hash, mask)
        while table[slot] >= 0 {
            let number = Int(table[slot])
            let start = Int(starts[number])
            let length = Int(starts[number + 1]) - start
            if length == prefix.utf8CodeUnitCount + bytes.count, matches(start, prefix, bytes) { return table[slot] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func matches(_ start: Int, _ prefix: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in 0..<prefix.utf8CodeUnitCount where text[start + index] != prefix.utf8Start[index] { return false }
        let rest = start + prefix.utf8CodeUnitCount
        for index in bytes.indices where text[rest + index] != bytes[index] { return false }
        return true
    }

    /// Adds a token, or returns the number it has already.
    private mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>, number: Int32) -> Int32? {
        let hash = Self.hash(bytes)
        if let first = self.number(of: bytes, hash: hash) { return first }
        let mask = table.count - 1
        var slot = Self.slot(hash, mask)
        while table[slot] >= 0 { slot = (slot + 1) & mask }
        table[slot] = number
        text.append(contentsOf: bytes)
        starts.append(Int32(text.count))
        return nil
    }

    private static func slot(_ hash: UInt64, _ mask: Int) -> Int { Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask }
}
