import Exploration

/// What `zeroth explore pareto --json` prints.
public struct ParetoSummary: Sendable, Encodable {
    /// A point: its fields and its objectives, by column.
    public struct Point: Sendable, Encodable {
        public let point: Int
        public let fields: [String: String]
        public let objectives: [String: Double]
        public let command: String
    }

    /// What `Sensitivity` holds, by name.
    public struct Effect: Sendable, Encodable {
        public let fields: [String]
        public let objective: String
        public let sets: Int
        public let meanFactor: Double?
        public let mostFactor: Double?
        public let choiceFactor: Double?
        public let best: [String]?
        public let varianceShare: Double?
    }

    public let space: String
    public let objectives: [String]
    public let works: Int
    public let impossible: Int
    public let incomplete: Int
    public let front: [Point]
    public let knee: Int
    public let sensitivity: [Effect]

    public init(_ analysis: FrontAnalysis) {
        let all = analysis.space
        space = all.name
        objectives = analysis.objectives.map(\.rawValue)
        works = analysis.rows.count
        impossible = analysis.impossible
        incomplete = analysis.incomplete
        front = analysis.front.map { index in
            let row = analysis.rows[index]
            let choices = all.choices(of: row.point)
            var fields: [String: String] = [:]
            for (dimension, choice) in zip(all.dimensions.indices, choices) {
                for (field, text) in zip(all.dimensions[dimension].fields, all.label(dimension, choice)) {
                    fields[field.name] = text
                }
            }
            return Point(
                point: row.point, fields: fields,
                objectives: Dictionary(
                    uniqueKeysWithValues: zip(analysis.objectives.map(\.column), analysis.values[index])),
                command: row.cells.last?.text ?? "")
        }
        knee = analysis.rows[analysis.knee].point
        sensitivity = analysis.sensitivities.map { entry in
            Effect(
                fields: all.dimensions[entry.dimension].fields.map(\.name), objective: entry.objective.rawValue,
                sets: entry.groups, meanFactor: entry.meanFactor, mostFactor: entry.mostFactor,
                choiceFactor: entry.choiceFactor, best: entry.bestChoice.map { all.label(entry.dimension, $0) },
                varianceShare: entry.share)
        }
    }
}
