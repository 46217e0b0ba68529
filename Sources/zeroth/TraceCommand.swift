import ArgumentParser
import FineTuning
import Foundation
import Kernels
import Traces

/// `zeroth trace`: what the commands of one step of a run read, drew and wrote.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Write traces of one step of a run: a log of its commands, waves, DRAM requests, arrays.",
        discussion: """
            The step is made again from the run's folder: from the checkpoint at or before it, or from the beginning, whole layers up to it \
            and the step itself on tiles. The folder is only read, and may belong to a run that still goes on. \
            What the logs hold is stated in docs/traces.md.

            How large the log gets is printed before anything is written.

            Examples:
              zeroth trace --run runs/opinions-1 --step 3 --layer 0 --unit array --output traces-3
              zeroth trace --run runs/opinions-1 --step 3 --format log,dram --compress --output traces-3
              zeroth trace --run runs/opinions-1 --step 3 --layer 1 --unit array --cycles 0..600000 --format vcd --output traces-3
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("The step, from 0.", valueName: "n"))
    var step: Int

    @Option(help: ArgumentHelp("Operations of one transformer layer alone, from 0.", valueName: "n"))
    var layer: Int?

    @Option(
        help: ArgumentHelp(
            "Events of one unit alone: \(TraceLayout.units.joined(separator: ", ")).", valueName: "unit"))
    var unit: String?

    @Option(help: ArgumentHelp("Events that begin in these cycles of the step alone.", valueName: "a..b"))
    var cycles: String?

    @Option(
        help: ArgumentHelp(
            "What to write, joined by commas: log, vcd (registers in the first matmul command of the selection), dram (requests for Ramulator 2), npy.",
            valueName: "list"))
    var format = "log"

    @Option(help: ArgumentHelp("The folder to write; it must not exist.", valueName: "dir"))
    var output: String?

    @Flag(help: "Pack the log with the system's gzip: trace.log.gz.")
    var compress = false

    @Flag(help: "Print what would be written, and stop.")
    var dryRun = false

    @Flag(help: "Print one JSON object on standard output; lines for people go to standard error.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    mutating func run() throws {
        var filter = TraceFilter(layer: layer, unit: unit)
        if let unit, !TraceLayout.units.contains(unit) {
            throw RunError.badSetting(
                name: "unit", value: unit, allowed: TraceLayout.units.joined(separator: ", "))
        }
        if let cycles { filter.cycles = try Self.range(cycles) }
        let words = format.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let formats = words.compactMap(TraceJob.Format.init)
        guard formats.count == words.count, Set(formats).count == formats.count else {
            throw RunError.badSetting(
                name: "format", value: format,
                allowed: "some of " + TraceJob.Format.allCases.map(\.rawValue).joined(separator: ",") + ", each once")
        }
        guard output != nil || dryRun else {
            throw RunError.badSetting(name: "output", value: "nothing", allowed: "a folder to write")
        }
        let job = try TraceJob(
            folder: RunFolder(path: folder), step: step, filter: filter, formats: Set(formats), isCompressed: compress,
            kernels: Kernels(level: try KernelLevel.fromEnvironment()), threads: threads.count, json: json)
        try job.run(output: dryRun ? nil : output)
    }

    private static func range(_ text: String) throws -> ClosedRange<Int> {
        let parts = text.components(separatedBy: "..")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]), 0 <= first, first <= last else {
            throw RunError.badSetting(name: "cycles", value: text, allowed: "A..B with 0 ≤ A ≤ B, as 20000..30000")
        }
        return first...last
    }
}
