/// Which points of a space are costed.
public enum Search: Sendable, Hashable {
    /// All that meet the constraints.
    case grid
    /// Distinct points, each equally likely.
    case random(points: Int, seed: Int)
    /// Points such that each dimension's range is covered evenly.
    case latinHypercube(points: Int, seed: Int)
    /// Points bred from those that are best in all objectives together.
    case nsga2(population: Int, generations: Int, seed: Int)

    /// Its word in a space file.
    public var word: String {
        switch self {
        case .grid: "grid"
        case .random: "random"
        case .latinHypercube: "latin-hypercube"
        case .nsga2: "nsga2"
        }
    }
}
