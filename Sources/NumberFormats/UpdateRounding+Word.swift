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
