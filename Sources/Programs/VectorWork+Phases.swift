import Networks

/// The same work by the phases in which a row is read where it does not fit the chip: for an element, and for a row at a phase's end. Sums are
/// n additions to sixteen partial sums, then 15 (semantics, section 3).
extension VectorWork {
    struct Phase {
        let work: VectorWork
        var end: VectorWork?
    }

    /// `quantize`: |x| and maximum; the tests and both quotients; clamp, product, rounding.
    static let largestMagnitude = VectorWork([.compare: 2])
    static let scale = VectorWork([.compare: 2, .divide: 2])
    static let code = VectorWork([.compare: 1, .multiply: 1, .convert: 1])

    /// `softmax`: maximum; exponentials' sum and its reciprocal; the exponentials again, times it. Each phase scales its scores.
    static let softmaxPhases = [
        Phase(work: VectorWork([.multiply: 1, .compare: 1])),
        Phase(
            work: VectorWork([.multiply: 1, .add: 2, .exponential: 1]), end: VectorWork([.add: 15, .divide: 1])),
        Phase(work: VectorWork([.multiply: 2, .add: 1, .exponential: 1])),
    ]

    /// `loss`: maximum; exponentials' sum, its logarithm.
    static let lossPhases = [
        Phase(work: VectorWork([.compare: 1])),
        Phase(work: VectorWork([.add: 2, .exponential: 1]), end: VectorWork([.add: 15 + 3, .logarithm: 1])),
    ]

    /// `lossGradient`, but for the label's own subtraction: the exponentials of the last phase are made again.
    static let lossGradientPhases = [
        Phase(work: VectorWork([.compare: 1])),
        Phase(work: VectorWork([.add: 2, .exponential: 1]), end: VectorWork([.add: 15, .divide: 1])),
        Phase(work: VectorWork([.add: 1, .exponential: 1, .multiply: 2, .convert: 1])),
    ]

    /// `norm`: layer norm's mean, variance (the differences are made again behind it), values.
    static func normPhases(_ norm: TransformerNorm) -> [Phase] {
        switch norm {
        case .layerNorm:
            [
                Phase(work: VectorWork([.add: 1]), end: VectorWork([.add: 15, .divide: 1])),
                Phase(
                    work: VectorWork([.add: 2, .multiply: 1]),
                    end: VectorWork([.add: 15 + 1, .divide: 2, .squareRoot: 1])),
                Phase(work: VectorWork([.add: 2, .multiply: 2])),
            ]
        case .rmsNorm:
            [
                Phase(
                    work: VectorWork([.add: 1, .multiply: 1]),
                    end: VectorWork([.add: 15 + 1, .divide: 2, .squareRoot: 1])),
                Phase(work: VectorWork([.multiply: 2])),
            ]
        }
    }

    /// `softmaxGradient`: Σ g·p; the gradient.
    static func softmaxGradientPhases(isCoded: Bool) -> [Phase] {
        let scale = VectorWork([.multiply: isCoded ? 1 : 0])
        return [
            Phase(work: VectorWork([.convert: 2, .multiply: 1, .add: 1]) + scale, end: VectorWork([.add: 15])),
            Phase(work: VectorWork([.convert: 3, .multiply: 2, .add: 1]) + scale),
        ]
    }

    /// `normGradient`: the norm's own sums; those of g and g·x̂; the gradient, for which x̂ and g are made again.
    static func normGradientPhases(_ norm: TransformerNorm) -> [Phase] {
        switch norm {
        case .layerNorm:
            [
                Phase(work: VectorWork([.convert: 1, .add: 1]), end: VectorWork([.add: 15, .divide: 1])),
                Phase(
                    work: VectorWork([.convert: 1, .add: 2, .multiply: 1]),
                    end: VectorWork([.add: 15 + 1, .divide: 2, .squareRoot: 1])),
                Phase(
                    work: VectorWork([.convert: 2, .add: 3, .multiply: 3]), end: VectorWork([.add: 30, .divide: 2])),
                Phase(work: VectorWork([.convert: 3, .add: 3, .multiply: 4])),
            ]
        case .rmsNorm:
            [
                Phase(
                    work: VectorWork([.convert: 1, .add: 1, .multiply: 1]),
                    end: VectorWork([.add: 15 + 1, .divide: 2, .squareRoot: 1])),
                Phase(
                    work: VectorWork([.convert: 2, .add: 1, .multiply: 3]), end: VectorWork([.add: 15, .divide: 1])),
                Phase(work: VectorWork([.convert: 3, .add: 1, .multiply: 4])),
            ]
        }
    }
}
