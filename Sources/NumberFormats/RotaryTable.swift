/// The cosines and sines by which rotary positions turn the pairs of a head (docs/semantics.md, 8.6; Su et al., arXiv 2104.09864).
///
/// Pair i of D/2 turns at position p by the angle p·base^(−2i/D). Angles, cosines and sines are computed in binary64 by `BinaryFunctions`, each operation in a stated
/// order, and rounded once to FP32, so that no C library decides a bit.
public struct RotaryTable: Sendable {
    /// D/2 angles a position, in radians: base^(−2i/D).
    public let frequencies: [Double]

    /// The largest position whose angles are reduced as stated: 2^20.
    public static let positionLimit = 1 << 20

    /// - Parameters:
    ///   - headDimension: D, even, at least 2.
    ///   - base: θ in papers and files, such as 10,000; finite, at least 1.
    public init(headDimension: Int, base: Double) {
        precondition(headDimension >= 2 && headDimension % 2 == 0, "positions rotate pairs")
        precondition(base.isFinite && base >= 1, "the base of rotary positions is at least 1")
        let logarithm = BinaryFunctions.log(base)
        frequencies = (0..<headDimension / 2).map { i in
            BinaryFunctions.exp(-((Double(2 * i) / Double(headDimension)) * logarithm))
        }
    }

    /// The cosines and sines of a position, one of each for each pair.
    ///
    /// - Parameter position: 0 … `positionLimit`.
    public func row(_ position: Int) -> (cosines: [Float], sines: [Float]) {
        precondition((0...Self.positionLimit).contains(position), "a position beyond the table's limit")
        let values = frequencies.map { BinaryFunctions.cosineAndSine(Double(position) * $0) }
        return (values.map { Float($0.cosine) }, values.map { Float($0.sine) })
    }
}
