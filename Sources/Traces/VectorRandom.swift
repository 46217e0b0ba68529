import NumberFormats

/// Random choices for stimulus: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), and operands where rounding, overflow and special values are met.
struct VectorRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number of 0 … bound − 1.
    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }

    /// A number of a range.
    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// One of some.
    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    /// True once in `n` times.
    mutating func oneIn(_ n: Int) -> Bool { below(n) == 0 }

    /// A code of any kind: all bits random, near an end of the format's classes, or with few fraction bits.
    mutating func code(_ format: FloatFormat) -> UInt32 {
        let all = UInt32.max >> UInt32(32 - format.bits)
        let sign = oneIn(2) ? format.signMask : 0
        switch below(8) {
        case 0, 1, 2: return UInt32(truncatingIfNeeded: next()) & all
        case 3:
            let ends: [UInt32] = [
                0, 1, format.fractionMask, format.fractionMask + 1, format.largestFiniteCode,
                format.largestFiniteCode - 1, format.infinityCode ?? format.magnitudeMask,
                format.canonicalNaN ?? format.magnitudeMask, format.magnitudeMask,
            ]
            return sign | (pick(ends) & format.magnitudeMask)
        case 4: return sign | (UInt32(truncatingIfNeeded: next()) & format.fractionMask)
        case 5:
            // A binade in the middle, a fraction with a run of ones or zeros: carries, ties.
            let run = UInt32.max << UInt32(below(format.fractionBits + 1))
            let fraction = (oneIn(2) ? run : ~run) & format.fractionMask
            return sign | middle(format) | fraction
        default: return sign | middle(format) | (UInt32(truncatingIfNeeded: next()) & format.fractionMask)
        }
    }

    /// An exponent field within a third of the range around that of 1.
    private mutating func middle(_ format: FloatFormat) -> UInt32 {
        let span = max(1, (1 << format.exponentBits) / 6)
        return UInt32(max(0, format.bias + within(-span...span))) << UInt32(format.fractionBits)
    }

    /// An FP32 code whose exponent lies close to another's, so that sums align, cancel and carry; often equal to it but for the sign or the last bits.
    mutating func code(near other: UInt32) -> UInt32 {
        let exponent = Int(other >> 23 & 255)
        switch below(6) {
        case 0: return other ^ 0x8000_0000
        case 1: return other ^ 0x8000_0000 ^ UInt32(below(8))
        case 2: return other ^ 0x8000_0000 ^ (1 << UInt32(below(24)))
        default:
            let field = max(0, min(254, exponent + within(-27...27)))
            let fraction = UInt32(truncatingIfNeeded: next()) & 0x7F_FFFF
            let trimmed = oneIn(3) ? fraction & (UInt32.max << UInt32(below(23))) : fraction
            return UInt32(below(2)) << 31 | UInt32(field) << 23 | trimmed
        }
    }

    /// An FP32 code at or about the middle between two neighbours of a narrower format, or at one of them.
    mutating func code(aroundTieOf format: FloatFormat) -> UInt32 {
        let magnitude = UInt32(truncatingIfNeeded: next()) & format.magnitudeMask
        let environment = FloatEnvironment(rounding: .towardZero)
        var code = FloatFormat.fp32.encode(format.decode(min(magnitude, format.largestFiniteCode)), environment).code
        let dropped = UInt32(max(0, 23 - format.fractionBits))
        if dropped > 0, oneIn(2) { code &+= 1 << (dropped - 1) }
        switch below(4) {
        case 0: code &+= 1
        case 1: code = code == 0 ? 0 : code &- 1
        default: break
        }
        return (code & 0x7FFF_FFFF) | UInt32(below(2)) << 31
    }

    /// A code with other bits above the format's width half of the time: hardware ignores them.
    mutating func withJunk(_ code: UInt32, above format: FloatFormat) -> UInt32 {
        guard format.bits < 32, oneIn(2) else { return code }
        return code | UInt32(truncatingIfNeeded: next()) << UInt32(format.bits)
    }

    /// A random word for which the lowest of the N bits often decides whether an FP32 number is rounded up: the least word that does, or the one below.
    ///
    /// Found by bisection on the reference, since a larger word never rounds down what a smaller one rounds up; any word where none decides.
    mutating func word(decidingFor a: UInt32, _ format: FloatFormat, _ rounding: Int, bits: Int) -> UInt32 {
        let environment = FloatEnvironment(rounding: Pins.rounding(rounding, bits: bits))
        let value = FloatFormat.fp32.decode(a)
        let largest = UInt32.max >> UInt32(32 - bits)
        let rounded = { (word: UInt32) in format.encode(value, environment, random: word).code }
        let (below, above) = (rounded(0), rounded(largest))
        let any = UInt32(truncatingIfNeeded: next())
        guard below != above else { return any }
        var (down, up) = (UInt32(0), largest)
        while up - down > 1 {
            let middle = down + (up - down) / 2
            if rounded(middle) == above { up = middle } else { down = middle }
        }
        // Bits above the N that count are any.
        return (oneIn(2) ? up : down) | any & ~largest
    }
}
