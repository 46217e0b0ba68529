import NumberFormats

/// How run-time choices are encoded on the pins of `hwmodels/rtl`.
public enum Pins: Sendable {
    /// Codes 0 to 12 of `format` pins, in order; 13 is int4, packed two to a byte.
    public static let formats: [ElementFormat] = [
        .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .bf16, .fp16, .fp32, .e8m0, .int8, .int4,
    ]
    /// Formats of 8 bits or less, which the multipliers take.
    static let narrow = 0..<7
    /// Floating-point formats.
    static let floats = 0..<11
    /// Rounding modes without random bits: codes 0 to 5 of `rounding` pins; 6 to 8 are the stochastic ones.
    public static let roundings: [RoundingMode] = [.nearestEven, .nearestAway, .towardZero, .down, .up, .odd]
    /// Codes of `overflow` pins.
    public static let overflows: [OverflowPolicy] = [.saturateFinite, .saturatePropagate, .ieee]

    /// The floating-point format of a pin's code, 0 to 10.
    static func float(_ code: Int) -> FloatFormat { formats[code].float! }

    /// The rounding of codes 0 to 8 with N random bits.
    static func rounding(_ code: Int, bits: Int) -> RoundingMode {
        switch code {
        case 6: .stochasticA(bits: bits)
        case 7: .stochasticB(bits: bits)
        case 8: .stochasticC(bits: bits)
        default: roundings[code]
        }
    }
}
