import ArgumentParser
import Costs
import FineTuning
import Hardware
import Networks
import Programs
import Reports
import Timing

/// The flag of `zeroth cost` that writes what occupies memory over a step.
struct MemoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write what occupies DRAM, by kind, and the activation buffer, operation by operation of both steps, as CSV; an existing file is replaced, whole or not at all. Prints closed formulas beside the allocator's peaks.",
            valueName: "file"))
    var memory: String?

    /// Flags that were given, for commands in which they have no meaning.
    var given: [(name: String, value: String?)] { [("memory", memory)] }

    /// Writes the file, if one was asked for, and returns the lines that stand beside it; a step that the machine cannot run is left out.
    ///
    /// - Throws: `ScheduleError`, `InputError.fileNotWritten`.
    func write(
        _ steps: [(name: String, step: StepDescription)], on machine: Machine, objective: ScheduleObjective
    ) throws -> [String] {
        guard let memory else { return [] }
        var written: [MemoryOverTime.Step] = []
        var lines: [String] = []
        for (number, (name, step)) in steps.enumerated() {
            do {
                let scheduled = try TimingModel.schedule(step, on: machine, objective: objective)
                written.append(
                    .init(name: name, scheduled: scheduled, timing: try TimingModel.time(scheduled)))
                lines += MemoryReport.lines(scheduled, of: step, name: name) + [""]
            } catch {
                // The answer beside the file says so, too.
                guard number > 0 else { throw error }
                Terminal.error("memory: without the \(name): \(error)")
            }
        }
        try writeAtomically(to: memory) { file in
            try MemoryOverTime(written).write { try file.append(Array($0.utf8)) }
        }
        return lines
    }
}
