/// A wide word of hardware in the making, as hexadecimal digits: fields are added from the low end up.
struct HexWord {
    /// ASCII digits, the least significant first.
    private var digits: [UInt8] = []
    private var bits: UInt64 = 0
    private var count: UInt64 = 0

    /// Adds the low `width` bits of a value.
    mutating func append(_ value: UInt128, bits width: Int) {
        var value = value
        var left = width
        while left > 0 {
            let taken = min(left, 32)
            let piece = UInt64(truncatingIfNeeded: value) & (1 << UInt64(taken) - 1)
            bits |= piece << count
            count += UInt64(taken)
            while count >= 4 { flushDigit() }
            value >>= 32
            left -= taken
        }
    }

    /// Adds one bit.
    mutating func append(_ bit: Bool) { append(bit ? 1 : 0, bits: 1) }

    /// Adds bytes, the first lowest.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { append(UInt128(byte), bits: 8) }
    }

    private mutating func flushDigit() {
        let nibble = UInt8(bits & 15)
        digits.append(nibble < 10 ? 48 + nibble : 87 + nibble)
        bits >>= 4
        count = count > 4 ? count - 4 : 0
    }

    /// The word, most significant digit first; a last digit is filled with zero bits.
    var text: String {
        var whole = self
        if whole.count > 0 { whole.flushDigit() }
        return String(decoding: whole.digits.reversed(), as: UTF8.self)
    }
}
