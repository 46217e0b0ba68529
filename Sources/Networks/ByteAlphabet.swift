/// GPT-2's letters for bytes: printable Latin-1 characters stand for themselves, the other 68 bytes for U+0100 and up, in order (openai/gpt-2, `encoder.py`, `bytes_to_unicode`).
enum ByteAlphabet {
    /// The letter of each byte.
    static let letters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte -> Unicode.Scalar in
            let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            let value = isPrintable ? UInt32(byte) : next
            if !isPrintable { next += 1 }
            return Unicode.Scalar(value) ?? "?"  // below U+0200 every number is a scalar
        }
    }()

    private static let bytes = Dictionary(uniqueKeysWithValues: letters.enumerated().map { ($1, UInt8($0)) })

    /// The bytes that letters stand for, or nil if one of them stands for none.
    static func bytes(of text: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }
}
