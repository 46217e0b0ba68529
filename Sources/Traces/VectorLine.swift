/// A line of a vector file in the making: fields in hex, joined by `_`, as `$readmemh` reads them.
public struct VectorLine: Sendable {
    /// The text so far, as UTF-8.
    public private(set) var text: [UInt8] = []

    /// An empty line.
    public init() {}

    /// Starts again with an empty line.
    mutating func clear() { text.removeAll(keepingCapacity: true) }

    /// Adds a field of up to 64 bits; bits of the value beyond it are left out, so negative numbers come as two's complement.
    public mutating func append(_ value: some FixedWidthInteger, bits: Int) {
        precondition((1...64).contains(bits), "longer fields are appended as words")
        separate()
        let kept = UInt64(truncatingIfNeeded: value) & (UInt64.max >> UInt64(64 - bits))
        digits(of: kept, count: (bits + 3) / 4)
    }

    /// Adds a field of any width from its words of 32 bits, the lowest first; bits beyond the field have to be 0.
    public mutating func append(words: [UInt32], bits: Int) {
        precondition(words.count == (bits + 31) / 32, "a field of \(bits) bits has \((bits + 31) / 32) words")
        separate()
        let top = (bits + 3) / 4 - 8 * (words.count - 1)
        digits(of: UInt64(words[words.count - 1]), count: top)
        for word in words.dropLast().reversed() { digits(of: UInt64(word), count: 8) }
    }

    /// Adds a field whose bits do not matter.
    public mutating func appendUnknown(bits: Int) {
        separate()
        for _ in 0..<(bits + 3) / 4 { text.append(UInt8(ascii: "x")) }
    }

    private mutating func separate() {
        if !text.isEmpty { text.append(UInt8(ascii: "_")) }
    }

    private mutating func digits(of value: UInt64, count: Int) {
        for place in (0..<count).reversed() {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * place)) & 15
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }
}
