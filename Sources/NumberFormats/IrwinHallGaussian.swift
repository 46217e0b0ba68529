/// Bits of a perturbation code u₁ or u₂ (docs/semantics.md, section 5).
public enum PerturbationBits: Int, CaseIterable, Sendable {
    case two = 2
    case four = 4
    case eight = 8

    /// The largest code, 2^(b−1) − 1: 1, 7 or 127.
    public var largestCode: Int32 { (1 << Int32(rawValue - 1)) - 1 }

    /// s_u = 512 / ((2^(b−1) − 1)·√21845), the value of one unit of a code, in binary64.
    public var scale: Double { 512 / (Double(largestCode) * IrwinHallGaussian.variance.squareRoot()) }
}

/// The Gaussian `irwin-hall-4`: a sum of four random bytes, bounded at ±3.4506 standard deviations.
///
/// Its codes are a stochastic rounding of u on a grid whose scale is a constant of the construction, so nothing needs a pass
/// over the tensor first. Source: docs/semantics.md, section 5.
public enum IrwinHallGaussian: Sendable {
    /// The variance of the integer t: 4·(256² − 1)/12.
    public static let variance = 21845.0

    /// The largest |t|.
    public static let largestInteger: Int32 = 510

    /// t = b₀ + b₁ + b₂ + b₃ − 510, in −510…510, from the bytes of one 32-bit draw.
    public static func integer(word: UInt32) -> Int32 {
        let bytes = (word & 0xFF) + (word >> 8 & 0xFF) + (word >> 16 & 0xFF) + (word >> 24)
        return Int32(bytes) - 510
    }

    /// The real number u = t/σ.
    public static func value(integer t: Int32) -> Double {
        Double(t) / variance.squareRoot()
    }

    /// The perturbation code (t·(2^(b−1) − 1)·2⁷ + R) >> 16, in ±(2^(b−1) − 1).
    ///
    /// All nine discarded bits of t·(2^(b−1) − 1)/2⁹ take part, so the code times s_u is u in expectation, exactly.
    ///
    /// - Parameters:
    ///   - t: the integer, −510…510.
    ///   - bits: bits of the code.
    ///   - random: the 16-bit draw R, of purpose Q₁ for u₁ and Q₂ for u₂.
    public static func code(integer t: Int32, bits: PerturbationBits, random: UInt16) -> Int32 {
        StochasticRounding.rounded(fixedPoint: t * bits.largestCode * 128, random: random)
    }
}
