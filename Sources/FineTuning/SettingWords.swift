import NumberFormats

/// How run.json and the flags spell a perturbation's size.
extension PerturbationSize {
    /// `steps:κ` or `epsilon:ε`.
    public var word: String {
        switch self {
        case .gridSteps(let steps): "steps:\(steps)"
        case .weightUnits(let epsilon): "epsilon:\(epsilon)"
        }
    }

    /// Parses `steps:κ` or `epsilon:ε` with a positive finite number; nil for anything else.
    public init?(word: String) {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let value = Double(parts[1]), value > 0, value.isFinite else { return nil }
        switch parts[0] {
        case "steps": self = .gridSteps(value)
        case "epsilon": self = .weightUnits(value)
        default: return nil
        }
    }
}

/// How run.json and the flags spell an update's rounding.
