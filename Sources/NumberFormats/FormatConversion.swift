/// A code of one format as a code of another (docs/semantics.md, section 6).
public enum FormatConversion: Sendable {
    /// Converts any format to any other, with one rounding.
    ///
    /// - Parameters:
    ///   - code: the code; bits above its format's width are ignored.
    ///   - source: its format.
    ///   - target: the result's format.
    ///   - environment: rounding, overflow and flushing. Integers are limited to their range whatever the overflow policy.
    ///   - random: R in its low N bits, of the stochastic modes.
    public static func convert(
        _ code: UInt32, from source: ElementFormat, to target: ElementFormat, _ environment: FloatEnvironment,
        random: UInt32 = 0
    ) -> Rounded {
        let value: FloatValue
        switch source.descriptor {
        case .integer(let format): value = FloatValue(format.decode(code))
        case .float(let format): value = environment.value(of: FloatOperand(code, format))
        }
        switch target.descriptor {
        case .integer(let format): return format.encode(value, environment, random: random)
        case .float(let format): return format.encode(value, environment, random: random)
        }
    }
}
