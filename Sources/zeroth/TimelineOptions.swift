import ArgumentParser
import FineTuning
import Networks
import Reports

/// Flags of `zeroth cost` that write a step over time.
struct TimelineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write both steps over time, for Perfetto or chrome://tracing; an existing file is replaced, whole or not at all.",
            valueName: "file"))
    var timeline: String?

    @Option(
        help: ArgumentHelp(
            "Timeline: show the commands of operations of this name; without it, of the first of each distinct shape.",
            valueName: "name"))
    var timelineOperation: String?

    @Option(
        help: ArgumentHelp(
            "Timeline: commands shown one by one in an operation, at most; turns beyond are one slice (default: 1000).",
            valueName: "n"))
    var timelineCommands: Int?

    /// Flags that were given, for commands in which they have no meaning.
    var given: [(name: String, value: String?)] {
        [
            ("timeline", timeline), ("timeline-operation", timelineOperation),
            ("timeline-commands", timelineCommands.map { "\($0)" }),
        ]
    }

    func validate() throws {
        for (name, value) in given.dropFirst() where value != nil && timeline == nil {
            throw ValidationError("--\(name) has no meaning without --timeline")
        }
    }

    /// Writes the file, if one was asked for: the steps, each as a process.
    ///
    /// - Throws: `RunError.badSetting` naming the flag, `InputError.fileNotWritten`.
    func write(_ steps: [TimedStep]) throws {
        guard let timeline else { return }
        if let timelineCommands, timelineCommands < 1 {
            throw RunError.badSetting(name: "timeline-commands", value: "\(timelineCommands)", allowed: "1 or more")
        }
        let lines = Timeline(
            processes: steps, operation: timelineOperation, commandLimit: timelineCommands ?? 1000)
        guard lines.findsOperation else {
            let names = steps[0].scheduled.program.operations.prefix(4).map(\.name).joined(separator: ", ")
            throw RunError.badSetting(
                name: "timeline-operation", value: timelineOperation ?? "",
                allowed: "the name of an operation, such as \(names)")
        }
        let events = try lines.eventCount()
        try writeAtomically(to: timeline) { file in
            // An event is 130 to 190 bytes long.
            Terminal.error(
                "timeline: \(Quantity.number(events)) events, about \(Quantity.bytes(160 * events)), to \(timeline)")
            try lines.write { try file.append($0) }
        }
    }
}
