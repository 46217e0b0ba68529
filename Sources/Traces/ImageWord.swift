/// A word of the tile engine's command image: 384 bits, as 96 hex digits with the most significant first.
struct ImageWord {
    private var words = [UInt64](repeating: 0, count: 6)

    /// - Parameter kind: for which unit: the highest digit.
    init(kind: Int) { set(kind, at: 380, bits: 4) }

    /// Puts a number of 0 … 2^bits − 1 at a place.
    mutating func set(_ value: Int, at place: Int, bits: Int) { set(UInt64(value), at: place, bits: bits) }

    mutating func set(_ value: UInt64, at place: Int, bits: Int) {
        precondition(bits == 64 || value >> UInt64(bits) == 0, "a field holds its value")
        let (word, shift) = place.quotientAndRemainder(dividingBy: 64)
        words[word] |= value << UInt64(shift)
        if shift + bits > 64 { words[word + 1] |= value >> UInt64(64 - shift) }
    }

    /// The line, without its end.
    var text: String {
        words.reversed().map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
