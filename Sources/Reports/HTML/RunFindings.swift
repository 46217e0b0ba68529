import FineTuning
import Hardware

/// What a run's page is made of.
public struct RunFindings: Sendable {
    /// The run's folder, as the user knows it.
    public let folder: String
    public let record: RunRecord
    /// Empty where no step was done.
    public let metrics: Metrics
    /// Nil where nothing could be costed.
    public var cost: RunSummary?
    /// Whether the costs were counted for the page, since the run has not written its own.
    public var isCostedNow = false
    /// Why there are no costs.
    public var costReason: String?
    /// Nil where its file cannot be read as it was.
    public var machine: Machine?
    /// The steps over time, at the padded length that most steps had; empty where they cannot be laid out.
    public var steps: [TimedStep] = []
    /// Tokens an example of those.
    public var sequenceTokens: Int?
    /// Why there are none.
    public var stepsReason: String?

    public init(folder: String, record: RunRecord, metrics: Metrics) {
        self.folder = folder
        self.record = record
        self.metrics = metrics
    }

    public var isFinished: Bool { metrics.rows.count >= record.settings.steps }

    /// The padded length that most steps had, the longest of several; the run's longest where no step was done.
    public var commonSequence: Int {
        let counts = metrics.rows.reduce(into: [Int: Int]()) { $0[$1.sequence, default: 0] += 1 }
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? record.settings.sequence
    }
}
