import Costs
import Programs
import Timing

/// Where a step's time goes: what units wait for, and the roofs over each kind of operation.
public enum TimingReport {
    /// Tables of one step; none where its times are not known.
    public static func lines(_ cost: StepCost, name: String) -> [String] {
        var lines: [String] = []
        if let units = cost.unitTimes { lines += unitTable(units, cost, name).lines() + [""] }
        if let roofline = cost.roofline { lines += rooflineTable(roofline, name).lines() + [""] }
        return lines
    }

    private static func unitTable(_ units: [Command.Unit: UnitTime], _ cost: StepCost, _ name: String) -> TextTable {
        var table = TextTable()
        table.append(["\(name), % of cycles"] + Command.Unit.allCases.map(\.rawValue))
        table.rule()
        func row(_ name: String, _ cycles: (UnitTime) -> Int) {
            let values = Command.Unit.allCases.map { unit in units[unit].map(cycles) ?? 0 }
            guard values.contains(where: { $0 > 0 }) else { return }
            table.append(
                [name] + values.map { Quantity.number(100 * Double($0) / Double(max(1, cost.cycles)), digits: 2) })
        }
        row("busy") { $0.busyCycles }
        for cause in StallCause.allCases { row("waits for " + label(cause)) { $0.stallCycles[cause, default: 0] } }
        row("no work left in the operation") { $0.idleCycles }
        return table
    }

    private static func rooflineTable(_ roofline: Roofline, _ name: String) -> TextTable {
        var table = TextTable()
        table.append([
            name, "cycles", "MAC/byte", "peak GMAC/s", "at DRAM's rate", "attained", "binding roof", "reached",
        ])
        table.rule()
        func row(_ name: String, _ point: Roofline.Point) {
            func speed(_ value: Double?) -> String { value.map { Quantity.number($0, digits: 1) } ?? "-" }
            table.append([
                name, Quantity.number(point.cycles), speed(point.macsPerByte), speed(point.peakGigaMacsPerSecond),
                speed(point.bandwidthGigaMacsPerSecond), speed(point.attainedGigaMacsPerSecond),
                point.binding?.rawValue ?? "-", Quantity.percent(point.share),
            ])
        }
        for kind in CostKind.allCases { if let point = roofline.kinds[kind] { row(kind.label, point) } }
        table.rule()
        row("step", roofline.step)
        return table
    }

    static func label(_ cause: StallCause) -> String {
        switch cause {
        case .dram: "DRAM"
        case .sram: "an SRAM port"
        case .perturbation: "the perturbation unit"
        case .array: "the array"
        case .vector: "the vector unit"
        case .bufferSpace: "a free tile buffer"
        }
    }
}
