import CKernels
import NumberFormats

/// A cast from FP32 to one format of at most 16 bits, its rules resolved once for whole buffers.
///
/// Its meaning is that of `FormatConversion.convert` from `fp32` (docs/semantics.md, section 6).
public struct Float32Cast: Sendable {
    /// The format of the codes.
    public let format: ElementFormat
    /// Rounding, overflow, flushing.
    public let environment: FloatEnvironment
    /// Whether integers are limited to ±(2^(bits−1) − 1) instead of the format's whole range.
    public let isSymmetric: Bool
    let rules: zk_cast

    /// A cast.
    ///
    /// - Parameters:
    ///   - format: the format of the codes.
    ///   - environment: rounding, overflow, flushing; a stochastic rounding has 1…32 random bits.
    ///   - isSymmetric: whether the lowest code of an integer format is left out; no matter for the others.
    /// - Returns: nil where codes have more than 16 bits: such casts are the reference's alone.
    public init?(
        to format: ElementFormat, _ environment: FloatEnvironment = FloatEnvironment(), isSymmetric: Bool = false
    ) {
        guard format.bits <= 16 else { return nil }
        precondition((1...32).contains(environment.rounding.randomBits ?? 1), "Stochastic rounding takes 1 to 32 bits")
        self.format = format
        self.environment = environment
        self.isSymmetric = isSymmetric
        rules = Self.rules(for: format, environment, isSymmetric: isSymmetric)
    }

    /// Random bits N that each element takes; nil where the rounding draws nothing.
    public var randomBits: Int? { environment.rounding.randomBits }

    /// The code of one number: the definition.
    ///
    /// - Parameter random: R in its low N bits, of the stochastic modes.
    public func code(of number: Float, random: UInt32 = 0) -> Rounded {
        Self.code(of: number, format, environment, isSymmetric: isSymmetric, random: random)
    }

    private static func code(
        of number: Float, _ format: ElementFormat, _ environment: FloatEnvironment, isSymmetric: Bool, random: UInt32
    ) -> Rounded {
        let rounded = FormatConversion.convert(
            number.bitPattern, from: .fp32, to: format, environment, random: random)
        guard isSymmetric, let integer = format.integer, integer.decode(rounded.code) == integer.range.lowerBound
        else { return rounded }
        return Rounded(code: integer.encode(integer.range.lowerBound + 1).code, flags: .invalid)
    }

    /// What the definition says of each kind of number that is no matter of rounding, as codes in their containers.
    private static func rules(
        for format: ElementFormat, _ environment: FloatEnvironment, isSymmetric: Bool
    ) -> zk_cast {
        let container = UInt32.max >> UInt32(32 - 8 * format.containerBytes)
        func stored(_ rounded: Rounded) -> UInt32 {
            format.integer.map { UInt32(truncatingIfNeeded: $0.decode(rounded.code)) & container } ?? rounded.code
        }
        func cast(_ number: Float) -> Rounded {
            code(of: number, format, environment, isSymmetric: isSymmetric, random: 0)
        }
        var rules = zk_cast()
        rules.mask = container
        rules.infinity = (stored(cast(.infinity)), stored(cast(-.infinity)))
        rules.infinity_flags = (cast(.infinity).flags.word, cast(-.infinity).flags.word)
        rules.nan = stored(cast(.nan))
        rules.nan_flags = (cast(.nan).flags.word, cast(.signalingNaN).flags.word)
        rules.flushes_inputs = environment.flushesInputs ? 1 : 0
        (rules.rounding, rules.random_bits) = number(of: environment.rounding)
        rules.bytes = Int32(format.containerBytes)
        switch format.descriptor {
        case .integer(let integer):
            // Every number beyond the range becomes the end of the range, as infinities do.
            rules.fraction_bits = 17
            rules.minimum_exponent = 17
            rules.is_integer = 1
            let highest = UInt32(integer.range.upperBound)
            rules.largest = (highest, isSymmetric ? highest : highest + 1)
            rules.overflow = rules.infinity
            rules.overflow_flags = rules.infinity_flags.0
        case .float(let float):
            // 2^200 is beyond every format here, and no FP32 number.
            func beyond(negative: Bool) -> Rounded {
                float.encode(.finite(negative: negative, significand: 1, exponent: 200), environment)
            }
            rules.fraction_bits = Int32(float.fractionBits)
            rules.minimum_exponent = Int32(float.minimumExponent)
            rules.sign = float.signMask
            rules.is_power = float.hasSubnormals ? 0 : 1
            rules.largest = (float.largestFiniteCode, float.largestFiniteCode)
            rules.overflow = (beyond(negative: false).code, beyond(negative: true).code)
            rules.overflow_flags = beyond(negative: false).flags.word
            rules.flushes_outputs = environment.flushesOutputs && float.hasSubnormals ? 1 : 0
            rules.not_positive_flags = cast(-1).flags.word
        }
        return rules
    }

    /// A rounding's number in casts.h, and its N.
    private static func number(of rounding: RoundingMode) -> (Int32, Int32) {
        let (number, bits) =
            switch rounding {
            case .nearestEven: (ZK_CAST_NEAREST_EVEN, 0)
            case .nearestAway: (ZK_CAST_NEAREST_AWAY, 0)
            case .towardZero: (ZK_CAST_TOWARD_ZERO, 0)
            case .down: (ZK_CAST_DOWN, 0)
            case .up: (ZK_CAST_UP, 0)
            case .odd: (ZK_CAST_ODD, 0)
            case .stochasticA(let bits): (ZK_CAST_STOCHASTIC_A, bits)
            case .stochasticB(let bits): (ZK_CAST_STOCHASTIC_B, bits)
            case .stochasticC(let bits): (ZK_CAST_STOCHASTIC_C, bits)
            }
        return (Int32(number), Int32(bits))
    }
}

extension ExceptionFlags {
    fileprivate var word: UInt32 { UInt32(rawValue) }
}
