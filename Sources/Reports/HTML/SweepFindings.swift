import Costs
import Exploration

/// What a sweep's page is made of.
public struct SweepFindings: Sendable {
    /// The results' folder, as the user knows it.
    public let folder: String
    public let space: ExplorationSpace
    /// By point.
    public let rows: [ResultRow]
    /// Rows that the folder will have; nil where the search breeds its points.
    public let expected: Int?
    /// i/n; nil for all points.
    public let shard: String?
    /// Nil where no point works, or none has all objectives.
    public var analysis: FrontAnalysis?
    /// Why there is none.
    public var reason: String?
    /// The knee's step beside its baseline, costed again.
    public var knee: RunSummary?
    /// Why it is not shown.
    public var kneeReason: String?

    /// - Throws: `ExplorationError` where the folder is no sweep's, is damaged, or lacks an objective.
    public init(_ folder: ResultsFolder, objectives: [Objective]?) throws {
        let space = try folder.space()
        let rows = try folder.rows(space.columns).rows.sorted { $0.point < $1.point }
        self.folder = folder.path
        self.space = space
        self.rows = rows
        (expected, shard) = try folder.extent()
        do {
            analysis = try FrontAnalysis(space, rows, objectives ?? space.objectives, path: folder.path)
        } catch ExplorationError.noResult {
            reason =
                rows.isEmpty
                ? "no point is costed yet"
                : rows.contains(where: \.works)
                    ? "no point has all the objectives" : "none of the points costed can work"
        }
    }

    /// The knee's step, as `zeroth cost` would be asked for it.
    public var kneeRequest: StepRequest? {
        analysis.map { $0.space.request($0.space.choices(of: $0.rows[$0.knee].point)) }
    }
}
