import Costs
import FineTuning
import Hardware
import Reports

/// What `zeroth reproduce` prints.
struct ReproductionJob {
    private struct Entry: Encodable {
        let claim: String
        let summary: String
    }

    private let rows: [ReproductionRow]
    /// Whether one claim was asked for.
    private let isOne: Bool

    /// Counts one figure, or all.
    ///
    /// - Throws: `RunError.badSetting` naming the claims, `HardwareError` or `ScheduleError` where a machine can't
    /// be read or used.
    init(claim: String?) throws {
        var chosen = Reproductions.all
        if let claim {
            chosen.removeAll { $0.figure.name != claim }
            guard !chosen.isEmpty else {
                throw RunError.badSetting(
                    name: "claim", value: claim, allowed: "one of " + Reproductions.names.joined(separator: ", "))
            }
        }
        isOne = claim != nil
        rows = try chosen.map { try $0.row(allocate: Self.allocate) }
    }

    /// Lays a row's steps out on their machine: the one in the program, whatever ZEROTH_HWMODELS names, so that the
    /// page holds.
    private static func allocate(_ request: AllocatorRequest) throws -> AllocatorFigure {
        let library = HardwareLibrary(folder: nil)
        return try AllocatorFigure(
            request, on: Machine.load(request.machine, overrides: request.overrides, from: library))
    }

    /// Prints the rows.
    func show(json: Bool) throws {
        guard !json else { return try Terminal.print(json: rows) }
        if isOne {
            for row in rows { for line in ReproductionReport.details(row) { Terminal.print(line) } }
        } else {
            for line in ReproductionReport.summary(rows) { Terminal.print(line) }
            Terminal.print("\neverything behind a row: zeroth reproduce memory --claim NAME")
        }
    }

    /// Prints the claims' names, a line each.
    static func list(json: Bool) throws {
        let entries = Reproductions.all.map { Entry(claim: $0.figure.name, summary: $0.figure.summary) }
        guard !json else { return try Terminal.print(json: entries) }
        let width = entries.map(\.claim.count).max() ?? 0
        for entry in entries {
            Terminal.print(entry.claim + String(repeating: " ", count: width - entry.claim.count + 2) + entry.summary)
        }
    }
}
