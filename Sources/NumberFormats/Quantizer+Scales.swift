extension Quantizer {
    /// The scale, and if asymmetric the zero point, of a group by the quantizer's rule (docs/semantics.md, sections 7.2 to 7.4).
    ///
    /// - Parameter group: the group's elements; none gives the scale of zeros.
    public func parameters(of group: UnsafeBufferPointer<Float>) -> QuantizationParameters {
        if granularity == .block { return blockParameters(of: group) }
        // Starting at 0 widens the range to hold it.
        var low: Float = 0
        var high: Float = 0
        for element in group {
            guard element.isFinite else { return .notFinite }
            low = min(low, element)
            high = max(high, element)
        }
        let extent = GroupExtent(low: low, high: high)
        switch scaleRule {
        case .absmax: return absmaxParameters(extent)
        case .powerOfTwo: return powerOfTwoParameters(extent)
        case .meanSquareError: return meanSquareErrorParameters(extent, of: group)
        }
    }

    /// The parameters of a scale that is given.
    ///
    /// - Throws: `QuantizerError.scale`, `.zeroPoint` or `.blockScalesGiven`.
    public func parameters(scale: Float, zeroPoint: Int64 = 0) throws(QuantizerError) -> QuantizationParameters {
        guard granularity != .block else { throw .blockScalesGiven }
        guard Self.givenScales.contains(scale) else { throw .scale(scale) }
        let zeroPoints = scheme == .asymmetric ? integers : 0...0
        guard zeroPoints.contains(zeroPoint) else { throw .zeroPoint(zeroPoint, zeroPoints) }
        return QuantizationParameters(scale: scale, zeroPoint: Int32(zeroPoint), factor: 1 / scale)
    }

    /// The least and the greatest element of a group, widened to hold 0.
    struct GroupExtent {
        var low: Float
        var high: Float

        /// The greatest magnitude.
        var absolute: Float { max(-low, high) }
        /// fl(high − low).
        var range: Float { high - low }

        /// The extent a share as wide.
        func scaled(by share: Float) -> GroupExtent { GroupExtent(low: low * share, high: high * share) }
    }

    /// Whether a group is so small that it counts as zeros.
    func countsAsZeros(_ extent: GroupExtent) -> Bool {
        (scheme == .symmetric ? extent.absolute : extent.range) < Self.zeroThreshold
    }

    /// Symmetric: s = fl(a/largest), factor fl(largest/a). Asymmetric: s = fl(range/(2^b − 1)), factor fl(1/s).
    func absmaxParameters(_ extent: GroupExtent) -> QuantizationParameters {
        if countsAsZeros(extent) { return .zeros }
        switch scheme {
        case .symmetric:
            let a = extent.absolute
            return QuantizationParameters(scale: a / largest, factor: largest / a)
        case .asymmetric:
            let range = extent.range
            guard range.isFinite else { return .notFinite }
            return asymmetricParameters(scale: range / steps, extent)
        }
    }

    /// The codes' steps from the least to the greatest, 2^b − 1.
    private var steps: Float { Float(integers.upperBound - integers.lowerBound) }

    /// z = lowest code − rne(fl(low/s)), limited to the codes.
    private func asymmetricParameters(scale: Float, _ extent: GroupExtent) -> QuantizationParameters {
        let below = Int64((extent.low / scale).rounded(.toNearestOrEven))
        let zero = min(max(integers.lowerBound - below, integers.lowerBound), integers.upperBound)
        return QuantizationParameters(scale: scale, zeroPoint: Int32(zero), factor: 1 / scale)
    }

    /// The smallest power of two s with a ≤ largest · s, or range ≤ (2^b − 1) · s.
    private func powerOfTwoParameters(_ extent: GroupExtent) -> QuantizationParameters {
        if countsAsZeros(extent) { return .zeros }
        let span = scheme == .symmetric ? extent.absolute : extent.range
        let codes = scheme == .symmetric ? largest : steps
        guard span.isFinite else { return .notFinite }
        let exponent = span.exponent - codes.exponent + (span.significand > codes.significand ? 1 : 0)
        let scale = Float(sign: .plus, exponent: exponent, significand: 1)
        if scheme == .asymmetric { return asymmetricParameters(scale: scale, extent) }
        return QuantizationParameters(scale: scale, factor: 1 / scale)
    }

    /// The scale of an MX block: 2^(⌊log₂ a⌋ − emax), its exponent limited to −127…127; −127 for a block of zeros.
    private func blockParameters(of block: UnsafeBufferPointer<Float>) -> QuantizationParameters {
        var a: Float = 0
        for element in block {
            guard element.isFinite else { return .notFinite }
            a = max(a, abs(element))
        }
        let exponent = a == 0 ? -127 : min(max(Int(a.exponent) - largestExponent, -127), 127)
        return QuantizationParameters(scale: Float(sign: .plus, exponent: exponent, significand: 1), factor: 0)
    }

    /// emax of the MX specification: the exponent of the largest number of the element format.
    private var largestExponent: Int { Int(largest.exponent) - fractionBits }

    /// The E8M0 code of a block's scale: its exponent + 127; 0xFF for NaN.
    public static func blockScaleCode(_ scale: Float) -> UInt8 {
        scale.isNaN ? 0xFF : UInt8(scale.exponent + 127)
    }
}
