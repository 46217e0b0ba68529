import Costs
import Programs

/// A step's cost as a table: a zeroth-order method beside first-order training, with ratios.
public enum CostReport {
    /// - Parameter details: where everything else stands: the file of a run, or a flag.
    public static func lines(_ summary: RunSummary, details: String = "cost.json") -> [String] {
        let zeroth = summary.zerothOrder
        let first = summary.firstOrder
        let name = StepDescription.Method.title(summary.method)
        let baseline = title(of: summary.baseline)
        var table = TextTable()
        table.append([
            "per step on \(summary.machine)", name, first == nil ? "" : baseline,
            first == nil ? "" : "\(baseline)/\(name)",
        ])
        table.rule()
        func row(_ name: String, _ value: (RunSummary.MeanStep) -> Double, _ format: (Double) -> String) {
            let z = value(zeroth)
            var cells = [name, format(z)]
            if let first {
                let f = value(first)
                cells += [format(f), z > 0 ? Quantity.ratio(f / z) : "-"]
            }
            table.append(cells)
        }
        row("latency, cycles", { $0.cycles }, { Quantity.number($0) })
        row("latency, time", { $0.milliseconds }, Quantity.milliseconds)
        row("energy", { $0.picojoules }, { Quantity.energy(picojoules: $0) })
        for unit in CostUnit.allCases {
            let total = zeroth.picojoulesByUnit[unit, default: 0] + (first?.picojoulesByUnit[unit] ?? 0)
            guard total > 0 else { continue }
            row("  " + unit.label, { $0.picojoulesByUnit[unit, default: 0] }, { Quantity.energy(picojoules: $0) })
        }
        row("DRAM read", { $0.dramReadBytes }, { Quantity.bytes($0) })
        row("DRAM written", { $0.dramWrittenBytes }, { Quantity.bytes($0) })
        row("peak DRAM memory", { Double($0.peakDRAMBytes) }, { Quantity.bytes($0) })
        for kind in MemoryKind.allCases {
            let total = zeroth.peakDRAMBytesByKind[kind, default: 0] + (first?.peakDRAMBytesByKind[kind] ?? 0)
            guard total > 0 else { continue }
            row("  " + label(kind), { Double($0.peakDRAMBytesByKind[kind, default: 0]) }, { Quantity.bytes($0) })
        }
        row("multiply-accumulates", { $0.macs }, { Quantity.number($0) })
        var lines = table.lines()
        if let reason = summary.reason { lines.append("no first-order step beside it: \(reason)") }
        if let first { lines.append(breakEven(zeroth, first, name, baseline)) }
        lines.append(contentsOf: notes(summary, baseline, details))
        return lines
    }

    /// A recipe's name in tables, which its text stands below.
    public static func title(of recipe: String?) -> String {
        guard let recipe, let parsed = try? FirstOrderRecipe(recipe), parsed.scheme == .qat else {
            return "first-order"
        }
        return "QAT"
    }

    /// How many steps the cheaper method may take for each of the other's.
    private static func breakEven(
        _ zeroth: RunSummary.MeanStep, _ first: RunSummary.MeanStep, _ name: String, _ baseline: String
    ) -> String {
        func steps(_ value: (RunSummary.MeanStep) -> Double) -> String {
            let z = value(zeroth)
            return z > 0 ? Quantity.number(value(first) / z, digits: 2) : "-"
        }
        return
            "break-even: for each \(baseline) step, \(name) may take \(steps { $0.milliseconds }) steps in the same time, "
            + "\(steps { $0.picojoules }) with the same energy"
    }

    /// What the figures rest on.
    private static func notes(_ summary: RunSummary, _ baseline: String, _ details: String) -> [String] {
        let name = StepDescription.Method.title(summary.method)
        let lengths = summary.lengths.map {
            "\($0.sequenceTokens) tokens: \(Quantity.number($0.steps)) \($0.steps == 1 ? "step" : "steps")"
        }
        let queries = summary.queries == 1 ? "" : ", \(summary.queries) queries"
        var lines = [
            "means over \(summary.batch) examples a step\(queries); padded to " + lengths.joined(separator: ", ")
        ]
        func share(_ step: RunSummary.MeanStep) -> String {
            Quantity.percent(step.picojoules > 0 ? step.estimatedPicojoules / step.picojoules : 0)
        }
        func range(_ step: RunSummary.MeanStep) -> String {
            "\(Quantity.energy(picojoules: step.lowPicojoules)) … \(Quantity.energy(picojoules: step.highPicojoules))"
        }
        var line = "energy within its sources' ranges: \(name) \(range(summary.zerothOrder))"
        if let first = summary.firstOrder { line += ", \(baseline) \(range(first))" }
        lines.append(line)
        line = "resting on estimated prices: \(name) \(share(summary.zerothOrder))"
        if let first = summary.firstOrder { line += ", \(baseline) \(share(first))" }
        lines.append(line + " of the energy (\(details) names every entry with its source)")
        if let text = summary.baseline, summary.firstOrder != nil {
            lines.append("\(baseline) is \(text) (docs/costs.md, First-order steps)")
        }
        lines += trained(summary.lengths.first?.comparison.zerothOrder)
        lines += summary.assumptions
        if let objective = summary.lengths.first?.comparison.zerothOrder.layoutObjective {
            lines.append(LayoutNote.line(objective))
        }
        if summary.method == "mezo" {
            lines.append("both sides in floating point: what the machine's arithmetic has in codes is BF16 here")
        }
        return lines
    }

    /// What is trained, where it is adapters.
    static func trained(_ cost: StepCost?) -> [String] {
        guard let cost, let adapters = cost.adapterParameters, let all = cost.trainedParameters else { return [] }
        let others = all > adapters ? " and \(Quantity.number(all - adapters)) of the head" : ""
        return [
            "trained: \(Quantity.number(adapters)) adapter parameters\(others) (\(cost.trainable ?? "")); all other weights are frozen"
        ]
    }

    static func label(_ kind: MemoryKind) -> String {
        switch kind {
        case .weights: "weights"
        case .scales: "scales"
        case .otherParameters: "embeddings, norms, biases"
        case .residuals: "residuals"
        case .savedActivations: "saved activations"
        case .liveActivations: "live activations"
        case .gradients: "gradients"
        case .optimizerState: "optimizer state"
        case .perturbations: "kept for restoring"
        case .data: "tokens, labels, losses"
        }
    }
}
