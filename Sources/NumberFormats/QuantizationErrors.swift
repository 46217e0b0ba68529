/// How far codes are from the numbers they stand for (docs/semantics.md, section 7.7).
///
/// Binary64: each difference x − x̂ and each square is rounded once; a group's squares are added by the tree of section 3, the groups in ascending
/// order. Everything is NaN where a scale is.
public struct QuantizationErrors: Hashable, Sendable {
    /// Elements.
    public var count = 0
    /// Σ x².
    public var signal = 0.0
    /// Σ (x − x̂)².
    public var noise = 0.0
    /// The greatest |x − x̂|, in the numbers' unit.
    public var largest = 0.0
    /// Elements beyond the range of the codes, which had to be limited.
    public var limited = 0

    public init() {}

    /// √(Σ (x − x̂)² / count), in the numbers' unit; 0 without elements.
    public var rootMeanSquare: Double { count == 0 ? 0 : (noise / Double(count)).squareRoot() }

    /// Σ x² / Σ (x − x̂)², the signal-to-quantization-noise ratio as a ratio of powers; infinite where nothing was lost, nil without signal.
    public var signalToNoise: Double? { signal == 0 ? nil : signal / noise }

    /// Adds the errors of the next group.
    public mutating func add(_ next: QuantizationErrors) {
        count += next.count
        signal += next.signal
        noise += next.noise
        largest = largest.isNaN || next.largest.isNaN ? .nan : max(largest, next.largest)
        limited += next.limited
    }

    /// The tree of section 3 over sixteen partial sums.
    static func sum(_ partial: SIMD16<Double>) -> Double {
        let eight = partial.lowHalf + partial.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
