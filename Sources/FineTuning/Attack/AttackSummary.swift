/// What an attack on many images came to.
public struct AttackSummary: Codable, Hashable, Sendable {
    /// Images that were looked at until enough were recognized, and those: what was attacked.
    public let seen: Int
    public let attacked: Int
    public let succeeded: Int
    /// Of those that were attacked.
    public let successRate: Double
    /// Median over the successes, the lower of two; nil without one.
    public let medianQueries: Int?
    /// Mean over all that were attacked, failures with all of their queries.
    public let meanQueries: Double

    public init(_ outcomes: [ImageAttack.Outcome], seen: Int) {
        let queries = outcomes.filter(\.succeeded).map(\.queries).sorted()
        self.seen = seen
        attacked = outcomes.count
        succeeded = queries.count
        successRate = outcomes.isEmpty ? 0 : Double(queries.count) / Double(outcomes.count)
        medianQueries = queries.isEmpty ? nil : queries[(queries.count - 1) / 2]
        meanQueries =
            outcomes.isEmpty ? 0 : Double(outcomes.reduce(0) { $0 + $1.queries }) / Double(outcomes.count)
    }
}

extension ImageAttack.Outcome {
    /// The columns of an attack's CSV.
    public static let header = "image,label,succeeded,queries,margin,largest_change"

    public var line: String { "\(image),\(label),\(succeeded ? 1 : 0),\(queries),\(margin),\(largestChange)" }
}
