import FineTuning
import Hardware
import Kernels

/// What a run is, in a few lines: network, data, machine, method, formats, seed.
public enum RunHeader {
    public static func lines(
        record: RunRecord, machine: Machine, threads: Int, level: KernelLevel, folder: String
    ) -> [String] {
        let settings = record.settings
        let network = record.network
        let data = record.data
        let organisation = machine.organisation
        var rows: [(String, String)] = []
        rows.append(
            (
                "network",
                "\(network.name): \(network.layers) blocks × \(network.hidden) channels, \(Quantity.number(network.parameters)) "
                    + "parameters, \(Quantity.number(network.trainedParameters)) trained (\(settings.trainable)"
                    + (network.newHead ? ", new head)" : ")")
            ))
        rows.append(
            (
                "data",
                "\(data.name): \(Quantity.number(data.trainingExamples)) to train, "
                    + "\(Quantity.number(data.validationExamples)) to validate"
                    + (data.duplicatesRemoved > 0 ? ", \(Quantity.number(data.duplicatesRemoved)) duplicates removed" : "")
                    + (data.examplesCut > 0 ? ", \(Quantity.number(data.examplesCut)) cut to \(settings.sequence) tokens" : "")
                    + (data.validationInTraining > 0
                        ? "; \(Quantity.number(data.validationInTraining)) validation texts stand in the training file too" : "")
            ))
        rows.append(
            (
                "machine",
                "\(machine.name): \(organisation.array.rows)×\(organisation.array.columns) array, "
                    + "\(Quantity.number(organisation.clockMegahertz)) MHz, "
                    + "\(Quantity.bytes(organisation.sram.totalBytes)) SRAM, \(organisation.dram.standard) "
                    + "\(Quantity.number(organisation.dram.bandwidthGigabytesPerSecond, digits: 1)) GB/s"
                    + (machine.overrides.isEmpty ? "" : "; " + machine.overrides.joined(separator: ", "))
            ))
        rows.append(
            (
                "method",
                "QuZO, 1 query, \(settings.perturbationBits)-bit perturbation of size \(settings.perturbationSize), update "
                    + "\(settings.updateRounding), learning rate \(settings.learningRate) \(settings.schedule.rawValue)"
            ))
        rows.append(("formats", "INT8 weights and activations, INT32 sums, FP32 vector unit"))
        rows.append(
            (
                "run",
                "\(Quantity.number(settings.steps)) steps × \(settings.batch) examples, seed \(settings.seed), kernels \(level), "
                    + "\(threads) thread\(threads == 1 ? "" : "s"), to \(folder)"
            ))
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + "  " + $0.1 }
    }
}
