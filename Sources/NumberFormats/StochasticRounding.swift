/// Stochastic rounding of fixed-point numbers in two's complement, form A with 16 random bits (docs/semantics.md, section 6.5).
///
/// Codes of number formats are rounded by their magnitude instead: `RoundingMode`.
///
/// The random bits are added to the top 16 discarded bits and the carry is kept: what hardware builds.
public enum StochasticRounding: Sendable {
    /// Random bits of one rounding.
    public static let randomBits = 16

    /// Rounds x / 2¹⁶ to an integer: (x + R) >> 16. Exact in expectation over R uniform in 0…65535.
    ///
    /// - Parameters:
    ///   - x: a fixed-point number with 16 fraction bits, x + R ≤ 2³¹ − 1.
    ///   - random: the random bits R.
    public static func rounded(fixedPoint x: Int32, random: UInt16) -> Int32 {
        (x + Int32(random)) >> 16
    }

    /// Rounds a real number to an integer: ⌊(⌊x·2¹⁶⌋ + R) / 2¹⁶⌋.
    ///
    /// Fraction bits below the 16th are dropped first, a bias of at most 2⁻¹⁶ toward minus infinity. NaN and infinities are
    /// returned as they are.
    ///
    /// - Parameters:
    ///   - x: |x| < 2³⁶, so that every step here is exact in binary64.
    ///   - random: the random bits R.
    public static func rounded(_ x: Double, random: UInt16) -> Double {
        (((x * 65536).rounded(.down) + Double(random)) / 65536).rounded(.down)
    }
}
