/// The front of a space's results in some objectives, its knee, and what moves the objectives.
public struct FrontAnalysis: Sendable {
    public let space: ExplorationSpace
    public let objectives: [Objective]
    /// Rows that work and have all the objectives, by point.
    public let rows: [ResultRow]
    /// By row, by objective, as the columns have them.
    public let values: [[Double]]
    /// Rows that say why a point cannot work.
    public let impossible: Int
    /// Rows that work but lack an objective, such as a ratio without a baseline.
    public let incomplete: Int
    /// Indices into `rows`, by the first objective, best first.
    public let front: [Int]
    /// Index into `rows`.
    public let knee: Int
    public let sensitivities: [Sensitivity]

    /// Reads a folder.
    ///
    /// - Parameter objectives: nil for those of the space.
    /// - Throws: `ExplorationError` where the folder has no such numbers.
    public init(_ folder: ResultsFolder, objectives: [Objective]? = nil) throws {
        let space = try folder.space()
        let rows = try folder.rows(space.columns).rows.sorted { $0.point < $1.point }
        try self.init(space, rows, objectives ?? space.objectives, path: folder.path)
    }

    /// - Parameter path: the folder that errors name.
    public init(_ space: ExplorationSpace, _ all: [ResultRow], _ objectives: [Objective], path: String) throws {
        for objective in objectives where space.columns.index(objective.column) == nil {
            throw ExplorationError.objectiveMissing(
                name: objective.rawValue, path: path,
                remedy: "name the ratio among the space's objectives, or a baseline, and explore again")
        }
        var rows: [ResultRow] = []
        var values: [[Double]] = []
        for row in all where row.works {
            let numbers = objectives.compactMap { row.number($0.column, space.columns) }
            guard numbers.count == objectives.count else { continue }
            rows.append(row)
            values.append(numbers)
        }
        guard !rows.isEmpty else { throw ExplorationError.noResult(path: path) }
        let minimised = values.map { zip(objectives, $0).map { $0.minimised($1) } }
        let front = Dominance.front(minimised).sorted { (minimised[$0][0], $0) < (minimised[$1][0], $1) }
        self.space = space
        self.objectives = objectives
        self.rows = rows
        self.values = values
        impossible = all.count { !$0.works }
        incomplete = all.count - impossible - rows.count
        self.front = front
        knee = front[Self.knee(front.map { minimised[$0] })]
        let choices = rows.map { space.choices(of: $0.point) }
        sensitivities = space.dimensions.indices.flatMap { dimension in
            objectives.indices.map { objective in
                Sensitivity(
                    dimension: dimension, objective: objectives[objective], in: space, choices: choices,
                    values: values.map { $0[objective] })
            }
        }
    }

    /// The point of a front nearest to the corner of the best values, each objective scaled to 0…1 over the front; of equally near ones the
    /// first. An objective that is the same all over the front does not count.
    static func knee(_ front: [[Double]]) -> Int {
        guard let first = front.first else { preconditionFailure("a front has points") }
        let ranges = first.indices.map { objective in
            let values = front.map { $0[objective] }
            return (low: values.min()!, range: values.max()! - values.min()!)
        }
        let distances = front.map { point in
            zip(point, ranges).reduce(0) { sum, pair in
                let (value, scale) = pair
                let part = scale.range > 0 ? (value - scale.low) / scale.range : 0
                return sum + part * part
            }
        }
        return distances.indices.min { (distances[$0], $0) < (distances[$1], $1) }!
    }
}
