/// The symmetric uniform distribution of nine bits: the odd integers −511…511, the cheap stand-in for a Gaussian that PeZO
/// (arXiv 2504.20314) argues for.
///
/// |t| < 512 as for the Gaussians, so the same rounding makes perturbation codes of it. Source: docs/semantics.md, 5.2.
public enum SymmetricUniform: Sendable {
    /// The largest |t|.
    public static let largestInteger: Int32 = 511

    /// The variance of t: (512² − 1)/3.
    public static let variance = 87381.0

    /// t = 2·b − 511 with b the top nine bits of a 16-bit draw.
    public static func integer(half: UInt16) -> Int32 {
        2 * Int32(half >> 7) - 511
    }
}
