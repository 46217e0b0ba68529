import Costs
import FineTuning
import Hardware
import Programs
import Reports
import Timing

/// `zeroth cost --vary`: a step's comparison at several sizes.
struct VariationJob {
    /// Settings that one command may ask for.
    static let limit = 1000

    private let rows: [VariationReport.Row]

    /// Costs every combination of the sizes, batches slowest; those that the flags don't name stay as they are.
    ///
    /// - Throws: `RunError.badSetting` naming the flag, and what no size would change: an unknown network or machine.
    init(_ settings: StepRequest, _ flags: [String]) throws {
        var sizes: [String: [Int]] = [:]
        for flag in flags {
            let (name, values) = try Self.parse(flag)
            guard sizes[name] == nil else {
                throw RunError.badSetting(name: "vary", value: flag, allowed: "given once for \(name)")
            }
            sizes[name] = values
        }
        let batches = sizes["batch"] ?? [settings.batch]
        let sequences: [Int?] = sizes["sequence"] ?? [settings.sequence]
        guard batches.count * sequences.count <= Self.limit else {
            throw RunError.badSetting(
                name: "vary", value: flags.joined(separator: " "),
                allowed: "at most \(Self.limit) settings")
        }
        let cache = StepCache()
        var rows: [VariationReport.Row] = []
        for batch in batches {
            for sequence in sequences {
                var setting = settings
                (setting.batch, setting.sequence) = (batch, sequence)
                do {
                    let summary = try StepCostJob(setting, cache: cache).summary()
                    rows.append(.init(batch: batch, sequence: summary.lengths[0].sequenceTokens, .success(summary)))
                } catch let error as ScheduleError {
                    rows.append(.init(batch: batch, sequence: sequence, .failure(error)))
                } catch let error as StepRequestError {
                    // More tokens than the network has positions for.
                    guard case .badSetting("sequence", _, _) = error else { throw error }
                    rows.append(.init(batch: batch, sequence: sequence, .failure(error)))
                }
            }
        }
        self.rows = rows
    }

    private static func parse(_ flag: String) throws -> (name: String, values: [Int]) {
        let halves = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let values =
            halves.count == 2 ? halves[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) } : []
        guard let name = halves.first, ["batch", "sequence"].contains(name), !values.isEmpty,
            values.allSatisfy({ $0 ?? 0 >= 1 })
        else {
            throw RunError.badSetting(
                name: "vary", value: flag,
                allowed: "batch=… or sequence=… with whole numbers from 1 on, such as batch=1,4,16")
        }
        return (name, values.compactMap { $0 })
    }

    func show(json: Bool) throws {
        guard !json else { return try Terminal.print(json: rows) }
        for line in VariationReport.lines(rows) { Terminal.print(line) }
    }
}
