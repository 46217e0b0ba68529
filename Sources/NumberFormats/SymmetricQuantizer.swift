/// The symmetric quantizer of FP32 vectors to INT8 codes (docs/semantics.md, section 7).
public enum SymmetricQuantizer: Sendable {
    /// The codes of one vector and the value of one unit.
    public struct Result: Equatable, Sendable {
        /// Codes, −127…127.
        public let codes: [Int8]
        /// The scale; 1 for a vector of zeros, NaN where an element is NaN or infinite.
        public let scale: Float

        public init(codes: [Int8], scale: Float) {
            self.codes = codes
            self.scale = scale
        }
    }

    /// Below this largest magnitude, 2⁻¹⁰⁰, a vector counts as zero: 127/a would overflow further down.
    public static let zeroThreshold: Float = 0x1p-100

    /// The scale of weights that have none of their own, those of a new head: fl(0.5/127).
    public static let newHeadScale: Float = 0.5 / 127

    /// Quantizes one vector: a row of activations, a row of weights, or a column of attention's values.
    public static func quantized(_ x: some Collection<Float>) -> Result {
        let (scale, reciprocal) = self.scale(largest: x.reduce(0, largest))
        return Result(codes: x.map { code($0, reciprocal: reciprocal) }, scale: scale)
    }

    /// The largest magnitude so far with one element more; NaN from the first NaN or infinity on.
    public static func largest(_ magnitude: Float, _ element: Float) -> Float {
        magnitude.isNaN || !element.isFinite ? .nan : max(magnitude, abs(element))
    }

    /// The scale that a largest magnitude gives, and codes for each unit: 0 where every code is 0.
    public static func scale(largest: Float) -> (scale: Float, reciprocal: Float) {
        if largest.isNaN { return (.nan, 0) }
        if largest < zeroThreshold { return (1, 0) }
        return (largest / 127, 127 / largest)
    }

    /// The code of one element; 0 for a NaN or an infinity, whose vector has the reciprocal 0.
    public static func code(_ element: Float, reciprocal: Float) -> Int8 {
        let scaled = element * reciprocal
        return scaled.isNaN ? 0 : Int8(max(-127, min(127, scaled.rounded(.toNearestOrEven))))
    }
}
