import FineTuning
import Hardware
import Kernels
import NumberFormats
import Programs

/// What a run is, in a few lines: network, data, machine, method, formats, seed.
public enum RunHeader {
    public static func lines(
        record: RunRecord, machine: Machine, threads: Int, level: KernelLevel, folder: String
    ) -> [String] {
        let rows =
            facts(record: record, machine: machine)
            + [("run", run(record.settings, threads: threads, level: level, folder: folder))]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, text in name + String(repeating: " ", count: width - name.count + 2) + text }
    }

    /// What a run is, whoever runs it.
    ///
    /// - Parameter machine: nil where its file cannot be read any more.
    static func facts(record: RunRecord, machine: Machine?) -> [(name: String, text: String)] {
        [
            ("network", network(record)), ("data", data(record)),
            ("machine", machine.map(describe) ?? ([record.machine] + record.machineOverrides).joined(separator: ", ")),
            ("method", method(record.settings)), ("formats", formats(record.settings)),
        ]
    }

    private static func network(_ record: RunRecord) -> String {
        let network = record.network
        let size =
            "\(network.layers) blocks × \(network.hidden) channels, \(Quantity.number(network.parameters)) parameters"
        let trained = "\(Quantity.number(network.trainedParameters)) trained (\(record.settings.trainable)"
        return "\(network.name): \(size), \(trained)\(network.newHead ? ", new head" : ""))"
    }

    private static func data(_ record: RunRecord) -> String {
        let data = record.data
        var parts = [
            "\(data.name): \(Quantity.number(data.trainingExamples)) to train",
            "\(Quantity.number(data.validationExamples)) to validate",
        ]
        if data.duplicatesRemoved > 0 { parts.append("\(Quantity.number(data.duplicatesRemoved)) duplicates removed") }
        if data.examplesCut > 0 {
            parts.append("\(Quantity.number(data.examplesCut)) cut to \(record.settings.sequence) tokens")
        }
        if data.validationInTraining > 0 {
            parts.append(
                "\(Quantity.number(data.validationInTraining)) validation texts stand in the training file too")
        }
        return parts.joined(separator: ", ")
    }

    private static func describe(_ machine: Machine) -> String {
        let organisation = machine.organisation
        let sram = organisation.sram.bytes
        var parts = [
            "\(machine.name): \(organisation.array.rows)×\(organisation.array.columns) array",
            "\(Quantity.number(organisation.clockMegahertz)) MHz", "\(Quantity.bytes(sram)) SRAM",
            "\(organisation.dram.standard) \(Quantity.number(organisation.dram.bandwidthGigabytesPerSecond, digits: 1)) GB/s",
        ]
        parts += machine.overrides
        return parts.joined(separator: ", ")
    }

    private static func method(_ settings: RunSettings) -> String {
        let queries = "\(settings.queries) \(settings.queries == 1 ? "query" : "queries")"
        let rate = "learning rate \(settings.learningRate) \(settings.schedule.rawValue)"
        let parts =
            switch settings.method {
            case .quzo:
                ["QuZO" + (settings.estimator == .qRGE2 ? "" : " with \(settings.estimator.rawValue)"), queries]
                    + ["\(settings.perturbationBits)-bit perturbation of size \(settings.perturbationSize)"]
                    + ["update \(settings.updateRounding)", rate]
            case .zoqo: ["ZOQO", queries, "perturbation of size \(settings.perturbationSize)", rate]
            case .mezo: ["MeZO", queries, "perturbation of size \(settings.perturbationSize)", rate]
            case .zoSignSGD: ["ZO-SignSGD", queries, "perturbation of size \(settings.perturbationSize)", rate]
            case .firstOrder: ["first-order: \(settings.recipe ?? "")", rate]
            }
        return parts.joined(separator: ", ")
    }

    private static func formats(_ settings: RunSettings) -> String {
        guard let work = try? settings.validated().work else { return "" }
        guard case .codes = work else {
            let own = based(settings.formats.of(work.method), settings)
            let operands = [own.weights, own.activations, own.attention, own.head]
            var sums: [String] = []
            if operands.contains(where: { $0.integer != nil }) { sums.append("INT32 sums of codes") }
            let backward: ElementFormat? =
                if case .firstOrder(let recipe, _) = work { recipe.backward } else { nil }
            let narrow = (operands + [backward].compactMap(\.self)).filter { $0.integer == nil && $0 != .fp32 }
            if !narrow.isEmpty {
                let names = Set(narrow.map { $0.rawValue.uppercased() }).sorted().joined(separator: " and ")
                sums.append("\(names) products added \(settings.floatAccumulator ?? "fp32-sequential")")
            }
            return formats(own, sums: sums)
        }
        return formats(based(settings.formats, settings), sums: ["INT32 sums"])
    }

    /// The formats with that of a frozen base beside adapters.
    private static func based(_ formats: StepFormats, _ settings: RunSettings) -> StepFormats {
        var formats = formats
        if let base = TrainableSet(settings.trainable)?.adapters?.base { formats.weights = base }
        return formats
    }

    private static func formats(_ formats: StepFormats, sums: [String]) -> String {
        func name(_ format: ElementFormat) -> String { format.rawValue.uppercased() }
        var parts = [
            formats.weights == formats.activations
                ? "\(name(formats.weights)) weights and activations"
                : "\(name(formats.weights)) weights, \(name(formats.activations)) activations"
        ]
        if formats.attention != formats.activations { parts.append("\(name(formats.attention)) attention") }
        if formats.head != formats.weights { parts.append("\(name(formats.head)) head") }
        return (parts + sums + ["FP32 vector unit"]).joined(separator: ", ")
    }

    private static func run(_ settings: RunSettings, threads: Int, level: KernelLevel, folder: String) -> String {
        let parts = [
            "\(Quantity.number(settings.steps)) steps × \(settings.batch) examples", "seed \(settings.seed)",
            "kernels \(level)",
            "\(threads) thread\(threads == 1 ? "" : "s")", "to \(folder)",
        ]
        return parts.joined(separator: ", ")
    }
}
