import ArgumentParser
import Networks
import Programs
import Reports

/// The flag of `zeroth cost` that writes what occupies memory over a step.
struct MemoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write what occupies DRAM, by kind, and the activation buffer, operation by operation of both steps, as CSV; an existing file is replaced, whole or not at all. Prints closed formulas beside the allocator's peaks.",
            valueName: "file"))
    var memory: String?

    /// Flags that were given, for commands in which they have no meaning.
    var given: [(name: String, value: String?)] { [("memory", memory)] }

    /// Writes the file, if one was asked for, and returns the lines that stand beside it.
    ///
    /// - Parameter descriptions: of the same steps.
    /// - Throws: `InputError.fileNotWritten`.
    func write(_ steps: [TimedStep], of descriptions: [StepDescription]) throws -> [String] {
        guard let memory else { return [] }
        try writeAtomically(to: memory) { file in
            try MemoryOverTime(steps).write { try file.append(Array($0.utf8)) }
        }
        return zip(steps, descriptions).flatMap { MemoryReport.lines($0.scheduled, of: $1, name: $0.name) + [""] }
    }
}
