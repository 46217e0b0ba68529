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
extension UpdateRounding {
    /// `stochastic`, `nearest`, `residual:8` or `residual:16`.
    public var word: String {
        switch self {
        case .stochastic: "stochastic"
        case .nearest: "nearest"
        case .residual(let bits): "residual:\(bits.rawValue)"
        }
    }

    /// Parses what `word` writes; nil for anything else.
    public init?(word: String) {
        switch word {
        case "stochastic": self = .stochastic
        case "nearest": self = .nearest
        case "residual:8": self = .residual(.eight)
        case "residual:16": self = .residual(.sixteen)
        default: return nil
        }
    }
}
