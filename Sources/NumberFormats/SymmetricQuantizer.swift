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
        if !x.allSatisfy(\.isFinite) {
            return Result(codes: Array(repeating: 0, count: x.count), scale: .nan)
        }
        let largest = x.reduce(0) { max($0, abs($1)) }
        if largest < zeroThreshold {
            return Result(codes: Array(repeating: 0, count: x.count), scale: 1)
        }
        let reciprocal = 127 / largest
        let codes = x.map { element in
            Int8(max(-127, min(127, (element * reciprocal).rounded(.toNearestOrEven))))
        }
        return Result(codes: codes, scale: largest / 127)
    }
}
