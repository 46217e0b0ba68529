/// Why a quantizer can't be as asked: one case per cause.
public enum QuantizerError: Error, Hashable, Sendable {
    /// A format that nothing is quantized to.
    case format(ElementFormat)
    /// A zero point for floating-point codes.
    case asymmetricFloat(ElementFormat)
    /// Groups of fewer than one element.
    case groupSize(Int)
    /// A format that MX blocks don't have.
    case blockFormat(ElementFormat)
    /// A zero point for MX blocks.
    case asymmetricBlock
    /// A rule other than that of the MX specification for its scales.
    case blockScaleRule(Quantizer.ScaleRule)
    /// A number of random bits that stochastic rounding doesn't take.
    case randomBits(Int)
    /// Given scales for MX blocks.
    case blockScalesGiven
    /// A given scale that is NaN, infinite, not positive, or so small or large that its reciprocal is no normal number.
    case scale(Float)
    /// A given zero point that is no code.
    case zeroPoint(Int64, ClosedRange<Int64>)
}

extension QuantizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .format(let format):
            "format \(format.rawValue) is not one to quantize to; \(Self.names(Quantizer.formats)) are"
        case .asymmetricFloat(let format):
            "format \(format.rawValue) has no zero point; asymmetric quantizers take int4, int8 or int16"
        case .groupSize(let size): "a group size of \(size) is out of range; at least 1 is needed"
        case .blockFormat(let format):
            "format \(format.rawValue) has no MX blocks; "
                + "\(Self.names(Quantizer.formats.filter { $0 != .int4 && $0 != .int16 })) have"
        case .asymmetricBlock: "MX blocks have no zero point; symmetric is needed"
        case .blockScaleRule(let rule):
            "MX blocks have their specification's scales, 2^(floor(log2(absmax)) - emax), not \(rule.rawValue); "
                + "leave the rule out, or ask for group:32"
        case .randomBits(let bits): "\(bits) random bits are out of range; 1 to 32 are needed"
        case .blockScalesGiven: "MX blocks derive their scales; given scales go with tensor, channel or group:N"
        case .scale(let scale): "scale \(scale) is out of range; a finite number from 2^-126 to 2^126 is needed"
        case .zeroPoint(let zero, let range):
            "zero point \(zero) is out of range; \(range.lowerBound) to \(range.upperBound) is needed"
        }
    }

    private static func names(_ formats: [ElementFormat]) -> String {
        formats.map(\.rawValue).joined(separator: ", ")
    }
}
