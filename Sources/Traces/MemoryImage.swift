/// Bytes of a memory as text for $readmemh: a line holds `width` bytes, its hex digits those of the last byte first.
public struct MemoryImage: Hashable, Sendable {
    public let bytes: [UInt8]
    public let width: Int

    /// - Parameter width: bytes of a word, at least 1; the last word is filled with zeros.
    public init(_ bytes: [UInt8], width: Int) {
        self.bytes = bytes
        self.width = width
    }

    /// Words of the memory.
    public var words: Int { (bytes.count + width - 1) / width }

    public var text: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(words * (2 * width + 1))
        for word in 0..<words {
            for place in (word * width..<(word + 1) * width).reversed() {
                let byte = place < bytes.count ? bytes[place] : 0
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
            text.append(10)
        }
        return text
    }
}
