import Hardware

/// The columns of a space's results, in order.
public struct ResultColumns: Sendable, Hashable {
    public let names: [String]

    /// Whether a row says that its point works.
    public static let works = "ok"

    public init(dimensions: [SpaceDimension], hasRatios: Bool) {
        var names = ["point", "status", "reason"] + dimensions.flatMap { $0.fields.map(\.name) }
        names += [
            Objective.energy.column, "energy_low_pj", "energy_high_pj", Objective.latency.column, "cycles",
            Objective.edp.column, Objective.dramBytes.column, Objective.peakMemory.column, Objective.sramBytes.column,
            Objective.macCount.column, Objective.sramArea.column,
        ]
        if hasRatios {
            names += Objective.allCases.filter(\.isRatio).map(\.column) + ["baseline_recipe", "baseline_reason"]
        }
        self.names = names + ["command"]
    }

    var csvHeader: String { names.map { ResultCell.string($0).csv }.joined(separator: ",") + "\n" }

    func index(_ name: String) -> Int? { names.firstIndex(of: name) }
}

/// One point's row.
public struct ResultRow: Sendable, Hashable {
    public let point: Int
    /// Nil where the point works.
    public let reason: String?
    /// By column.
    public let cells: [ResultCell]

    public var works: Bool { reason == nil }

    init(point: Int, reason: String?, rest: [ResultCell]) {
        self.point = point
        self.reason = reason
        cells = [.init(point), .string(reason == nil ? ResultColumns.works : "impossible"), .init(reason)] + rest
    }

    func csv() -> String { cells.map(\.csv).joined(separator: ",") + "\n" }

    /// One JSON object on a line, keys in the columns' order.
    func json(_ columns: ResultColumns) -> String {
        "{" + zip(columns.names, cells).map { "\(JSON5Node.quoted($0)): \($1.json)" }.joined(separator: ", ") + "}\n"
    }

    /// Reads what `json` writes.
    ///
    /// - Throws: `ExplorationError.badRow` naming the line.
    init(
        json bytes: ArraySlice<UInt8>, _ columns: ResultColumns, file: String, line: Int
    ) throws(ExplorationError) {
        func bad(_ problem: String) -> ExplorationError { .badRow(file: file, line: line, problem: problem) }
        let node: JSON5Node
        do { node = try JSON5Parser.parse(Array(bytes), file: file) } catch { throw bad("not a row of JSON") }
        guard case .object(let members) = node.value, members.map(\.key) == columns.names else {
            throw bad("not a row with this space's columns")
        }
        var cells: [ResultCell] = []
        for member in members {
            switch member.node.value {
            case .null: cells.append(.empty)
            case .string(let text): cells.append(.string(text))
            case .number(_, let text): cells.append(.number(text))
            default: throw bad("'\(member.key)' is \(member.node.typeDescription), no value of a row")
            }
        }
        guard case .number(let text) = cells[0], let point = Int(text), point >= 0 else { throw bad("has no point") }
        switch (cells[1], cells[2]) {
        case (.string(ResultColumns.works), .empty): reason = nil
        case (.string("impossible"), .string(let text)): reason = text
        default: throw bad("has no status")
        }
        self.point = point
        self.cells = cells
    }

    /// A column's number; nil where it has none.
    public func number(_ column: String, _ columns: ResultColumns) -> Double? {
        columns.index(column).flatMap { cells[$0].double }
    }
}
