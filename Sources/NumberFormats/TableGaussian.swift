/// The Gaussian `gaussian-table`: a normal of standard deviation 85 rounded to integers, inverted from a table of 511 thresholds.
///
/// Right to about 2⁻³² in every probability and bounded at ±511, that is ±6.01 standard deviations, where `irwin-hall-4` ends at
/// ±3.45. In hardware nine comparisons, one a bit of the magnitude, and 511 entries of 31 bits.
///
/// Source: docs/semantics.md, 5.4; inversion of a discrete distribution: L. Devroye, "Non-Uniform Random Variate Generation" (1986), III.2.
public enum TableGaussian: Sendable {
    /// The largest |t|.
    public static let largestInteger: Int32 = 511

    /// The variance of t, Σ t²·n_t / 2³¹ with n_t the number of words that give |t|: 15515748257401 / 2³¹, about 85² + 1/12.
    public static let variance = 15_515_748_257_401.0 / 2_147_483_648

    /// t from one 32-bit draw: the number of thresholds at or below its low 31 bits, negative if bit 31 is set.
    public static func integer(word: UInt32) -> Int32 {
        let low = word & 0x7FFF_FFFF
        var magnitude = 0
        for step in [256, 128, 64, 32, 16, 8, 4, 2, 1] where thresholds[magnitude + step - 1] <= low {
            magnitude += step
        }
        return word >> 31 == 0 ? Int32(magnitude) : -Int32(magnitude)
    }
}
