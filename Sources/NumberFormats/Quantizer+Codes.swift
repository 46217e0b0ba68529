extension Quantizer {
    /// A code, and whether the number was beyond the range and had to be limited.
    public struct Coded: Hashable, Sendable {
        /// An integer format's integer, or a floating-point format's code.
        public var code: Int16
        public var isLimited: Bool
    }

    /// The code of a number (docs/semantics.md, section 7.5).
    ///
    /// - Parameters:
    ///   - x: a finite number, unless the scale is NaN.
    ///   - parameters: those of its group.
    ///   - random: R in its low N bits, of the stochastic modes.
    public func code(of x: Float, _ parameters: QuantizationParameters, random: UInt32 = 0) -> Coded {
        guard !parameters.scale.isNaN else { return Coded(code: 0, isLimited: false) }
        let scaled = FloatFormat.value(of: self.scaled(x, parameters))
        let environment = FloatEnvironment(rounding: rounding, overflow: .saturateFinite)
        if let float = format.float {
            let rounded = float.encode(scaled, environment, random: random)
            return Coded(code: Int16(rounded.code), isLimited: rounded.flags.contains(.overflow))
        }
        let wide = IntegerFormat.int32
        let integer = wide.decode(wide.encode(scaled, environment, random: random).code) + Int64(parameters.zeroPoint)
        let limited = min(max(integer, integers.lowerBound), integers.upperBound)
        return Coded(code: Int16(limited), isLimited: limited != integer)
    }

    /// The number in units of its scale: fl(x · factor); in blocks the exact quotient, times 2^6 for INT8.
    func scaled(_ x: Float, _ parameters: QuantizationParameters) -> Double {
        guard granularity == .block else { return Double(x * parameters.factor) }
        return Double(x) * Double(sign: .plus, exponent: fractionBits - Int(parameters.scale.exponent), significand: 1)
    }

    /// What a code stands for: fl(v · s), v being code − zero point, or the number of a floating-point code, or code · 2^−6 of INT8 in blocks.
    ///
    /// - Parameters:
    ///   - code: as `code(of:_:random:)` gives it.
    ///   - parameters: those of its group.
    public func dequantized(_ code: Int16, _ parameters: QuantizationParameters) -> Float {
        value(of: code, parameters) * parameters.scale
    }

    /// What a code stands for in units of the scale; binary32 holds it.
    private func value(of code: Int16, _ parameters: QuantizationParameters) -> Float {
        if let float = format.float { return Float(float.value(of: UInt32(UInt16(bitPattern: code)))) }
        let integer = Float(Int32(code) - parameters.zeroPoint)
        return integer * Float(sign: .plus, exponent: -fractionBits, significand: 1)
    }
}
