/// Functions in binary64 for tables that are made before a run (docs/semantics.md, 8.6): every operation rounds to nearest, ties to even, none is fused.
///
/// Not functions of the vector unit: no machine computes them while it runs. Their use is that tables do not depend on a C library.
public enum BinaryFunctions: Sendable {
    /// ln 2 in two parts; the upper one has 32 significant bits, so that its products with |n| < 2^20 are exact.
    private static let logOfTwo = (upper: 0x1.62e42feep-1, lower: 0x1.a39ef35793c76p-33)
    /// π/2 in three parts; the upper two have 33 significant bits each.
    private static let halfPi = (0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69)
    /// 2/π.
    private static let twoOverPi = 0x1.45f306dc9c883p-1

    /// eˣ for −700 ≤ x ≤ 700, within 2 ulp: x = n·ln 2 + r, Taylor's polynomial of degree 13 in r by Horner's rule, times 2ⁿ.
    public static func exp(_ x: Double) -> Double {
        precondition(abs(x) <= 700, "an exponent beyond the range of binary64")
        let n = (x * 0x1.71547652b82fep+0).rounded(.toNearestOrEven)
        let r = (x - n * logOfTwo.upper) - n * logOfTwo.lower
        var sum = 1.0
        for k in stride(from: 13, through: 1, by: -1) { sum = (sum * r) / Double(k) + 1 }
        return Double(sign: .plus, exponent: Int(n), significand: sum)
    }

    /// ln x for normal x > 0, within 4 ulp for x ≥ 2: x = 2ᵏ·m with ⅔ ≤ m < 4/3, ln m = 2·Σ s^(2j+1)/(2j+1), s = (m − 1)/(m + 1), j = 0 … 11.
    public static func log(_ x: Double) -> Double {
        precondition(x.isNormal && x > 0, "a logarithm of a positive number")
        let isLarge = x.significand * 3 >= 4
        let m = isLarge ? x.significand / 2 : x.significand
        let k = Double(Int(x.exponent) + (isLarge ? 1 : 0))
        let s = (m - 1) / (m + 1)
        let square = s * s
        var sum = 0.0
        for j in stride(from: 11, through: 0, by: -1) { sum = sum * square + 1 / Double(2 * j + 1) }
        return k * logOfTwo.upper + (2 * s * sum + k * logOfTwo.lower)
    }

    /// cos x and sin x for 0 ≤ x ≤ 2^20, each within 2^−52: x = n·π/2 + r in three steps, Taylor's polynomials of degree 16 and 17 in r by Horner's rule.
    public static func cosineAndSine(_ x: Double) -> (cosine: Double, sine: Double) {
        precondition((0...0x1p20).contains(x), "an angle beyond the reduction's range")
        let n = (x * twoOverPi).rounded(.toNearestOrEven)
        let r = ((x - n * halfPi.0) - n * halfPi.1) - n * halfPi.2
        let square = r * r
        var (cosine, sine) = (1.0, 1.0)
        for k in stride(from: 8, through: 1, by: -1) {
            cosine = 1 - (cosine * square) / Double((2 * k - 1) * (2 * k))
            sine = 1 - (sine * square) / Double((2 * k) * (2 * k + 1))
        }
        sine = sine * r
        switch Int(n) % 4 {
        case 0: return (cosine, sine)
        case 1: return (-sine, cosine)
        case 2: return (-cosine, -sine)
        default: return (sine, -cosine)
        }
    }
}
