/// Which operand stays in the elements of SCALE-Sim's array, by its words `ws`, `os` and `is`.
public enum ScaleSimDataflow: String, Sendable, Hashable, Codable, CaseIterable {
    case weightStationary = "ws"
    case outputStationary = "os"
    case inputStationary = "is"

    /// The same in words, as machine files spell it.
    public var name: String {
        switch self {
        case .weightStationary: "weight-stationary"
        case .outputStationary: "output-stationary"
        case .inputStationary: "input-stationary"
        }
    }

    /// The dataflow that `word` or its long name means.
    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.rawValue == word || $0.name == word }) else { return nil }
        self = match
    }
}
