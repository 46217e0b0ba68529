/// How a magnitude that lies between two of a format's is rounded to one of them (docs/semantics.md, section 6).
public enum RoundingMode: Hashable, Sendable {
    /// To the nearer; halfway, to the one whose last kept bit is 0.
    case nearestEven
    /// To the nearer; halfway, away from zero.
    case nearestAway
    /// To the smaller magnitude.
    case towardZero
    /// Toward minus infinity.
    case down
    /// Toward plus infinity.
    case up
    /// To the one whose last kept bit is 1, so that a later rounding to fewer bits is as if there had been only one.
    case odd
    /// IEEE P3109 StochasticA with N random bits: they are added to the top N discarded bits, and the carry is kept.
    case stochasticA(bits: Int)
    /// IEEE P3109 StochasticB with N random bits: as A, with one more bit, a 1, below the random ones and the discarded ones that take part.
    case stochasticB(bits: Int)
    /// IEEE P3109 StochasticC with N random bits: the discarded bits are first rounded to N, nearest, ties to even.
    case stochasticC(bits: Int)

    /// Random bits of the stochastic modes, nil for the others; 1…32 are valid.
    public var randomBits: Int? {
        switch self {
        case .stochasticA(let bits), .stochasticB(let bits), .stochasticC(let bits): bits
        default: nil
        }
    }
}
