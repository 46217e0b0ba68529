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
        /// - Parameter isOnGrid: the run's method trains codes.
        public init(hardware: String, overrides: [String], isOnGrid: Bool = true) throws {
            machine = try Machine.load(hardware, overrides: overrides)
            try machine.requireEmulated(isOnGrid: isOnGrid)
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
    /// Why the run's own step is not costed: the machine multiplies no operands of its formats; nil where it is.
    public let reason: String?

    /// Costs one step at the run's longest sequence, so that what cannot run is found before the first step.
    public init(machinery: Machinery, tuner: FineTuner) throws {
        self.machinery = machinery
        let settings = tuner.settings
        let method = tuner.stepDescription(sequence: settings.sequence).method
        let (own, machines) = (settings.formats.of(method), StepFormats(machinery.machine.arithmetic).of(method))
        guard own == machines else {
            reason =
                "the run's products are of \(own.weights.rawValue), \(machinery.machine.name) makes them of \(machines.weights.rawValue)"
            return
        }
        do {
            _ = try Self.comparison(tuner, sequence: settings.sequence, on: machinery)
            reason = nil
        } catch let error as ScheduleError where !settings.method.isOnGrid && error.isOfMachine {
            reason = error.description
        }
    }

    /// A zeroth-order step beside a first-order step with the same trainable set and batch; one of them is the run's own.
    private static func comparison(
        _ tuner: FineTuner, sequence: Int, on machinery: Machinery
    ) throws -> Comparison {
        try Comparison(
            tuner.zerothOrderDescription(sequence: sequence), beside: tuner.recipe, on: machinery.machine,
            prices: machinery.prices)
    }

    /// The costs of the steps done so far: each padded length's, and their mean; nil where there is a `reason`.
    public func summary(tuner: FineTuner) throws -> RunSummary? {
        try summary(tuner: tuner, stepsBySequence: tuner.stepsBySequence)
    }

    /// The same for any numbers of steps at padded lengths.
    public func summary(tuner: FineTuner, stepsBySequence: [Int: Int]) throws -> RunSummary? {
        guard reason == nil else { return nil }
        let lengths = try stepsBySequence.sorted { $0.key < $1.key }.map { sequence, steps in
            RunSummary.Length(
                sequenceTokens: sequence, steps: steps,
                comparison: try Self.comparison(tuner, sequence: sequence, on: machinery))
        }
        return RunSummary(
            machine: machinery.machine, method: tuner.zerothOrderDescription(sequence: tuner.settings.sequence).method,
            batch: tuner.settings.batch, queries: tuner.settings.queries, lengths: lengths)
    }
}
