import Costs
import Programs
import Timing

/// Where a step's time and memory go, as figures of a page.
struct TimeSection {
    let steps: [TimedStep]
    let comparison: Comparison?
    let summary: RunSummary?
    /// Why there are no steps.
    let stepsReason: String?
    let sequenceTokens: Int?

    private var length: String { sequenceTokens.map { " Padded to \($0) tokens." } ?? "" }

    var parts: [Markup] {
        var parts: [Markup] = []
        if steps.isEmpty {
            parts.append(
                .tag("p", [:], "Timeline and memory over time are not drawn: \(stepsReason ?? "no step was laid out").")
            )
        } else {
            let timeline = UnitTimeline(steps: steps)
            parts.append(
                Figure(
                    name: "timeline", title: "Timeline",
                    description:
                        "Above, the pass that takes most of each moment; below, the part of each moment for which a unit works: "
                        + "a full lane is a unit that never waits. Work is spread evenly over its operation." + length,
                    drawing: timeline.drawing(), legend: timeline.legend,
                    flags: [SourceFlag.markup(.derived, "cycles of the timing model")]
                ).markup)
        }
        var figures: [Figure] = []
        if !steps.isEmpty {
            let memory = MemoryChart(steps: steps)
            figures.append(
                Figure(
                    name: "memory", title: "Memory over time",
                    description: "Live bytes in DRAM, by kind; both panels have one scale of bytes." + length,
                    drawing: memory.drawing(), legend: memory.legend,
                    flags: [SourceFlag.markup(.derived, "the program's own allocation")]))
        }
        if let roofline = roofline { figures.append(roofline) }
        if !figures.isEmpty { parts.append(.tag("div", ["class": "grid"], figures.map(\.markup))) }
        if let kinds { parts.append(kinds.folded("Each kind of work under its roofs")) }
        if let units = waits { parts.append(units.folded("What each unit waits for")) }
        return parts
    }

    private var costs: [(name: String, cost: StepCost)] {
        guard let comparison, let summary else { return [] }
        let section = CostSection(summary, name: "")
        return [("\(section.zerothName) step", comparison.zerothOrder)]
            + (comparison.firstOrder.map { [("\(section.firstName) step", $0)] } ?? [])
    }

    private var rooflines: [(name: String, roofline: Roofline)] {
        costs.compactMap { name, cost in cost.roofline.map { (name, $0) } }
    }

    private var roofline: Figure? {
        guard !rooflines.isEmpty else { return nil }
        let chart = RooflineChart(steps: rooflines)
        return Figure(
            name: "roofline", title: "Roofline",
            description:
                "Each kind of work by how many multiply-accumulates it does for a byte of DRAM and how fast it does them; the lines are "
                + "what DRAM and array allow. Kinds that do not multiply are in the table alone.",
            drawing: chart.drawing(), legend: chart.legend,
            flags: [SourceFlag.markup(.derived, "cycles of the timing model, roofs of the machine's file")])
    }

    private var kinds: PageTable? {
        guard !rooflines.isEmpty else { return nil }
        var table = PageTable(
            caption: "Kinds of work under their roofs",
            columns: ["kind", "step", "cycles", "MAC/byte", "attained, GMAC/s", "binding roof", "of that roof"])
        table.words = [1, 5]
        for (name, roofline) in rooflines {
            let kinds = CostKind.allCases.compactMap { kind in roofline.kinds[kind].map { (kind.label, $0) } }
            for (label, point) in kinds + [("whole step", roofline.step)] {
                table.rows.append([
                    .init(label), .init(name), .init(Quantity.number(point.cycles), value: Double(point.cycles)),
                    .init(point.macsPerByte.map(NumberText.short) ?? "–", value: point.macsPerByte),
                    .init(NumberText.short(point.attainedGigaMacsPerSecond), value: point.attainedGigaMacsPerSecond),
                    .init(point.binding?.rawValue ?? "–"),
                    .init(Quantity.percent(point.share), value: point.share, meter: point.share),
                ])
            }
        }
        return table
    }

    /// Parts of the step's cycles, by unit.
    private var waits: PageTable? {
        let known = costs.filter { $0.cost.unitTimes != nil }
        guard !known.isEmpty else { return nil }
        var table = PageTable(
            caption: "Cycles of each unit, in percent of the step's",
            columns: ["unit", "step", "busy"] + StallCause.allCases.map { "waits for \(TimingReport.label($0))" } + [
                "no work left"
            ], words: [1])
        for (name, cost) in known {
            for unit in Command.Unit.allCases {
                guard let time = cost.unitTimes?[unit] else { continue }
                func cell(_ cycles: Int) -> PageTable.Cell {
                    let share = Double(cycles) / Double(max(1, cost.cycles))
                    return .init(Quantity.percent(share), value: share)
                }
                table.rows.append(
                    [.init(unit.rawValue), .init(name), cell(time.busyCycles)]
                        + StallCause.allCases.map { cell(time.stallCycles[$0, default: 0]) } + [cell(time.idleCycles)])
            }
        }
        return table
    }
}
