import Costs
import FineTuning
import Hardware
import Networks
import Programs

/// A machine with its prices, and the costs of a run's steps on it.
public struct RunCosts: Sendable {
    /// The machine a run is costed on.
    public struct Machinery: Sendable {
        public let machine: Machine
        public let prices: EnergyTable
        /// The two files, with their hashes.
        public let inputs: [FineTuningTask.InputFile]

        /// - Throws: `HardwareError`, naming file and field; also where the emulator does not implement the machine's arithmetic.
        public init(hardware: String, overrides: [String]) throws {
            machine = try Machine.load(hardware, overrides: overrides)
            try machine.requireEmulated()
            prices = try EnergyTable.load(for: machine)
            inputs = try [machine.file, prices.file].map { (file: String) throws -> FineTuningTask.InputFile in
                let embedded = "embedded:"
                let hash =
                    file.hasPrefix(embedded)
                    ? try EmbeddedFiles.file(String(file.dropFirst(embedded.count))).sha256
                    : try SHA256.hexadecimal(ofFile: file)
                return FineTuningTask.InputFile(path: file, sha256: hash)
            }
        }
    }

    public let machinery: Machinery

    /// Costs one step at the run's longest sequence, so that what cannot run is found before the first step.
    public init(machinery: Machinery, tuner: FineTuner) throws {
        self.machinery = machinery
        _ = try comparison(tuner, sequence: tuner.settings.sequence)
    }

    /// A QuZO step of the run beside a first-order QAT step with the same trainable set and batch.
    private func comparison(_ tuner: FineTuner, sequence: Int) throws -> Comparison {
        try Comparison(
            tuner.stepDescription(sequence: sequence), on: machinery.machine, prices: machinery.prices)
    }

    /// The costs of the steps done so far: each padded length's, and their mean.
    public func summary(tuner: FineTuner) throws -> RunSummary {
        let lengths = try tuner.stepsBySequence.sorted { $0.key < $1.key }.map { sequence, steps in
            RunSummary.Length(
                sequenceTokens: sequence, steps: steps, comparison: try comparison(tuner, sequence: sequence))
        }
        return RunSummary(
            machine: machinery.machine, method: tuner.stepDescription(sequence: tuner.settings.sequence).method,
            batch: tuner.settings.batch, queries: tuner.settings.queries, lengths: lengths)
    }
}
