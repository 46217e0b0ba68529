/// A non-negative number, exact as far as rounding can tell: significand · 2^exponent, and perhaps something below that.
struct Magnitude {
    /// Its bits.
    let significand: UInt128
    /// The weight of the significand's last bit, as a power of two.
    let exponent: Int
    /// Whether the number is greater than significand · 2^exponent, by less than 2^exponent. Then the significand has 128 bits.
    let hasMore: Bool

    init(_ significand: UInt128, exponent: Int, hasMore: Bool = false) {
        precondition(!hasMore || significand.leadingZeroBitCount == 0, "Bits are dropped only below 128 of them")
        self.significand = significand
        self.exponent = exponent
        self.hasMore = hasMore
    }

    var isZero: Bool { significand == 0 }

    /// ⌊log₂⌋; the number must not be 0.
    var logarithm: Int { exponent + 127 - significand.leadingZeroBitCount }

    /// ⌊number / 2^place⌋, and whether that leaves something.
    func floor(place: Int) -> (quotient: UInt128, hasRest: Bool) {
        let shift = place - exponent
        if shift >= 128 { return (0, hasMore || !isZero) }
        if shift < 0 {
            precondition(-shift <= significand.leadingZeroBitCount, "A place far below the number's last")
            return (significand << UInt128(-shift), hasMore)
        }
        let quotient = significand >> UInt128(shift)
        return (quotient, hasMore || quotient << UInt128(shift) != significand)
    }

    /// The number in units of 2^place, rounded to an integer (docs/semantics.md, section 6).
    ///
    /// - Parameters:
    ///   - place: the weight of the last kept bit, as a power of two.
    ///   - mode: how it is rounded.
    ///   - negative: the number's sign, which `down` and `up` look at.
    ///   - random: R in its low N bits, of the stochastic modes.
    func rounded(
        place: Int, _ mode: RoundingMode, negative: Bool, random: UInt32
    ) -> (quotient: UInt128, isInexact: Bool) {
        let (kept, isInexact) = floor(place: place)
        guard isInexact else { return (kept, false) }
        let roundsUp: Bool
        switch mode {
        case .nearestEven:
            let (twice, hasRest) = floor(place: place - 1)
            roundsUp = twice & 1 == 1 && (hasRest || kept & 1 == 1)
        case .nearestAway: roundsUp = floor(place: place - 1).quotient & 1 == 1
        case .towardZero: roundsUp = false
        case .down: roundsUp = negative
        case .up: roundsUp = !negative
        case .odd: roundsUp = kept & 1 == 0
        case .stochasticA(let n):
            // ⌊v·2^N⌋ + R ≥ 2^N, v the discarded fraction
            let discarded = floor(place: place - n).quotient - kept << UInt128(n)
            roundsUp = discarded + Self.low(n, of: random) >= 1 << UInt128(n)
        case .stochasticB(let n):
            // ⌊v·2^(N+1)⌋ + 2R + 1 ≥ 2^(N+1)
            let discarded = floor(place: place - n - 1).quotient - kept << UInt128(n + 1)
            roundsUp = discarded + 2 * Self.low(n, of: random) + 1 >= 1 << UInt128(n + 1)
        case .stochasticC(let n):
            // rne(v·2^N) + R ≥ 2^N
            let nearest = rounded(place: place - n, .nearestEven, negative: negative, random: 0).quotient
            roundsUp = nearest - kept << UInt128(n) + Self.low(n, of: random) >= 1 << UInt128(n)
        }
        return (kept + (roundsUp ? 1 : 0), true)
    }

    /// The low `count` bits, 1…32.
    private static func low(_ count: Int, of random: UInt32) -> UInt128 {
        precondition((1...32).contains(count), "Stochastic rounding takes 1 to 32 random bits")
        return UInt128(random & (.max >> UInt32(32 - count)))
    }
}
