/// The symmetric quantizer of FP32 vectors to INT8 or INT4 codes (docs/semantics.md, section 7).
public enum SymmetricQuantizer: Sendable {
    /// The codes of one vector and the value of one unit.
    public struct Result: Equatable, Sendable {
        /// Codes, −M…M.
        public let codes: [Int8]
        /// The scale; 1 for a vector of zeros, NaN where an element is NaN or infinite.
        public let scale: Float

        public init(codes: [Int8], scale: Float) {
            self.codes = codes
            self.scale = scale
        }
    }

    /// Below this largest magnitude, 2⁻¹⁰⁰, a vector counts as zero: M/a would overflow further down.
    public static let zeroThreshold: Float = 0x1p-100

    /// The scale of weights that have none of their own, those of a new head and of an adapter's B: fl(0.5/M).
    ///
    /// - Parameter largest: M, the largest code's number.
    public static func newScale(largest: Float) -> Float { 0.5 / largest }

    /// Quantizes one vector: a row of activations, a row of weights, or a column of attention's values.
    ///
    /// - Parameter limit: M, the largest code, 1…127: 127 for INT8, 7 for INT4.
    public static func quantized(_ x: some Collection<Float>, limit: Int32 = 127) -> Result {
        let (scale, reciprocal) = self.scale(largest: x.reduce(0, largest), limit: limit)
        return Result(codes: x.map { code($0, reciprocal: reciprocal, limit: limit) }, scale: scale)
    }

    /// The largest magnitude so far with one element more; NaN from the first NaN or infinity on.
    public static func largest(_ magnitude: Float, _ element: Float) -> Float {
        magnitude.isNaN || !element.isFinite ? .nan : max(magnitude, abs(element))
    }

    /// The scale that a largest magnitude gives, and codes for each unit: 0 where every code is 0.
    public static func scale(largest: Float, limit: Int32 = 127) -> (scale: Float, reciprocal: Float) {
        if largest.isNaN { return (.nan, 0) }
        if largest < zeroThreshold { return (1, 0) }
        return (largest / Float(limit), Float(limit) / largest)
    }

    /// The code of one element; 0 for a NaN or an infinity, whose vector has the reciprocal 0.
    public static func code(_ element: Float, reciprocal: Float, limit: Int32 = 127) -> Int8 {
        let scaled = element * reciprocal
        let most = Float(limit)
        return scaled.isNaN ? 0 : Int8(max(-most, min(most, scaled.rounded(.toNearestOrEven))))
    }
}
