import ArgumentParser
import FineTuning
import Foundation
import Networks
import Traces

/// `zeroth compare`: the first event in which two logs differ.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Hold a trace log against a golden one: the first divergence, what led there, counts by unit.",
        discussion: """
            Logs are those of docs/traces.md, section 1, written by zeroth trace or by a bench; .gz files are unpacked by gzip. \
            Both are read once, in memory that does not grow with them.

            Exit status: 0 where they are equal, 1 where they differ, 2 where one cannot be read or they are not of one program.

            Examples:
              zeroth compare traces-3/trace.log rtl.log
              zeroth compare traces-3/trace.log rtl.log --ignore-order-between-units --ignore-cycles --allow-extra load,store
            """)

    @Argument(help: ArgumentHelp("The log that is right.", valueName: "golden"))
    var golden: String

    @Argument(help: ArgumentHelp("The log that is held against it.", valueName: "other"))
    var other: String

    @Flag(help: "Compare each unit's events in their order, however those of other units lie between them.")
    var ignoreOrderBetweenUnits = false

    @Flag(help: "Do not compare cycles.")
    var ignoreCycles = false

    @Flag(help: "Do not compare flags.")
    var ignoreFlags = false

    @Option(
        help: ArgumentHelp(
            "Kinds of event that the other log may have more of, joined by commas: \(TraceLayout.events.joined(separator: ", ")).",
            valueName: "list"))
    var allowExtra: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        var options = TraceComparison.Options()
        options.ignoresOrderBetweenUnits = ignoreOrderBetweenUnits
        options.ignoresCycles = ignoreCycles
        options.ignoresFlags = ignoreFlags
        for word in allowExtra?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [] {
            guard TraceLayout.events.contains(word) else {
                throw ValidationError(
                    "--allow-extra \(word): should be some of \(TraceLayout.events.joined(separator: ", "))")
            }
            options.allowedExtra.insert(word)
        }
        let result: TraceComparison.Result
        do {
            result = try TraceComparison(golden: golden, other: other, options: options).run()
        } catch {
            Terminal.error("error: \(error)")
            throw ExitCode(2)
        }
        if json {
            try Terminal.print(json: result)
        } else {
            for line in ComparisonReport.lines(result) { Terminal.print(line) }
        }
        if !result.isEqual { throw ExitCode(1) }
    }
}
