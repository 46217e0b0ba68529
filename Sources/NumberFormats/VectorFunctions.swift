/// The functions of the vector unit on single FP32 numbers, in a stated order of operations (docs/semantics.md, 8.1–8.3).
///
/// Every operation rounds to FP32, nearest, ties to even; none is fused; subnormals are kept. Coefficients are fitted by
/// `coefficients.py` beside this file.
public enum VectorFunctions: Sendable {
    /// exp(x): Cody–Waite reduction by ln 2 in two steps, a polynomial of degree 6, two scalings by powers of two.
    ///
    /// Within 1 ulp for every x, subnormal results included. exp(+∞) = +∞, exp(−∞) = +0; from 88.72284 up +∞, from −103.97208 down +0;
    /// NaN gives NaN.
    public static func exp(_ x: Float) -> Float {
        if x.isNaN { return .nan }
        let x = max(-104, min(89, x))
        let n = (x * 0x1.715476p+0).rounded(.toNearestOrEven)
        let r = (x - n * 0x1.62e4p-1) - n * 0x1.7f7d1cp-20
        var q: Float = 0x1.6a4b44p-10
        q = q * r + 0x1.123994p-7
        q = q * r + 0x1.5558b2p-5
        q = q * r + 0x1.555492p-3
        q = q * r + 0x1.fffffcp-2
        let y = ((r * r) * q + r) + 1
        let power = Int32(n)
        return (y * powerOfTwo(power >> 1)) * powerOfTwo(power - power >> 1)
    }

    /// 2ⁿ for −126 ≤ n ≤ 127.
    private static func powerOfTwo(_ n: Int32) -> Float {
        Float(bitPattern: UInt32(n + 127) << 23)
    }

    /// gelu(x) = x·Φ(x), the exact form, by Φ(−z) = t·P(t)·exp(−z²/2) with t = 1/(1 + p·z), P of degree 8.
    ///
    /// Error bounds stand in docs/semantics.md, 8.2. gelu(±0) = ±0, gelu(+∞) = +∞, gelu(−∞) = −0; NaN gives NaN.
    public static func gelu(_ x: Float) -> Float {
        if x.isNaN { return .nan }
        let z = min(abs(x), 16)
        let tail = geluTail(z, power: exp((z * z) * -0.5))
        return x < 0 ? -z * tail : x * (1 - tail)
    }

    /// silu(x) = x·σ(x), also called swish, as one quotient: x / (1 + exp(−x)).
    ///
    /// Error bounds stand in docs/semantics.md, 8.6. silu(±0) = ±0, silu(+∞) = +∞, −0 for finite x ≤ −88.72284; −∞ and NaN give NaN.
    public static func silu(_ x: Float) -> Float {
        x / (1 + exp(-x))
    }

    /// log(x): x = 2ᵏ·m with √½ ≤ m < √2, and log m = f − f²/2 + f³·R(f) with f = m − 1, R of degree 8.
    ///
    /// Within 1 ulp for every x > 0, subnormals included. log(0) = −∞, log(x < 0) = NaN, log(+∞) = +∞; NaN gives NaN.
    public static func log(_ x: Float) -> Float {
        if x.isNaN || x < 0 { return .nan }
        if x == 0 { return -.infinity }
        if x == .infinity { return x }
        let isSubnormal = x < 0x1p-126
        let bits = Int32(bitPattern: (isSubnormal ? x * 0x1p23 : x).bitPattern)
        let exponent = (bits - 0x3F35_04F3) >> 23  // the bits of √½
        let f = Float(bitPattern: UInt32(bitPattern: bits - exponent << 23)) - 1
        let k = Float(isSubnormal ? exponent - 23 : exponent)
        var h: Float = 0x1.147338p-4
        h = h * f + -0x1.de01dap-4
        h = h * f + 0x1.e6c00ap-4
        h = h * f + -0x1.fc28cap-4
        h = h * f + 0x1.233ba2p-3
        h = h * f + -0x1.555c44p-3
        h = h * f + 0x1.99a476p-3
        h = h * f + -0x1.000006p-2
        h = h * f + 0x1.555548p-2
        let square = f * f
        let rest = ((square * f) * h + k * -0x1.bd0106p-13) - square * 0.5
        return (f + rest) + k * 0x1.63p-1
    }
}
