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

    /// The scale of weights that have none of their own, those of a new head: fl(0.5/M).
    ///
    /// - Parameter limit: M, the largest code, 1…127.
    public static func newHeadScale(limit: Int32) -> Float { 0.5 / Float(limit) }

    /// Quantizes one vector: a row of activations, a row of weights, or a column of attention's values.
    ///
    /// - Parameter limit: M, the largest code, 1…127: 127 for INT8, 7 for INT4.
    public static func quantized(_ x: some Collection<Float>, limit: Int32 = 127) -> Result {
        if !x.allSatisfy(\.isFinite) {
            return Result(codes: Array(repeating: 0, count: x.count), scale: .nan)
        }
        let largest = x.reduce(0) { max($0, abs($1)) }
        if largest < zeroThreshold {
            return Result(codes: Array(repeating: 0, count: x.count), scale: 1)
        }
        let most = Float(limit)
        let reciprocal = most / largest
        let codes = x.map { element in
            Int8(max(-most, min(most, (element * reciprocal).rounded(.toNearestOrEven))))
        }
        return Result(codes: codes, scale: largest / most)
    }
}
