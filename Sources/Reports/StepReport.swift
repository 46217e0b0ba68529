import Costs
import Programs

/// One step's cost, or some products', as a table of its own.
public enum StepReport {
    /// - Parameter title: what was costed, such as `QAT`.
    public static func lines(_ cost: StepCost, title: String) -> [String] {
        var table = TextTable()
        table.append(["on \(cost.machine)", title])
        table.rule()
        func row(_ name: String, _ value: String) { table.append([name, value]) }
        row("latency, cycles", Quantity.number(cost.cycles))
        row("latency, time", Quantity.milliseconds(cost.latencyMilliseconds))
        row("energy", Quantity.energy(picojoules: cost.energy.picojoules))
        for unit in CostUnit.allCases where cost.energy(of: unit).picojoules > 0 {
            row("  " + unit.label, Quantity.energy(picojoules: cost.energy(of: unit).picojoules))
        }
        row("DRAM read", Quantity.bytes(cost.dramTraffic.readBytes))
        row("DRAM written", Quantity.bytes(cost.dramTraffic.writtenBytes))
        row("peak DRAM memory", Quantity.bytes(cost.memory.peakDRAMBytes))
        for kind in MemoryKind.allCases {
            guard let bytes = cost.memory.peakDRAMBytesByKind[kind], bytes > 0 else { continue }
            row("  " + CostReport.label(kind), Quantity.bytes(bytes))
        }
        row("multiply-accumulates", Quantity.number(cost.macs.values.reduce(0, +)))
        row(
            "array slots in use while it works",
            Quantity.percent(cost.arraySlots > 0 ? 1 - Double(cost.idleArraySlots) / Double(cost.arraySlots) : 0))
        var lines = table.lines()
        let low = Quantity.energy(picojoules: cost.energy.lowPicojoules)
        let high = Quantity.energy(picojoules: cost.energy.highPicojoules)
        lines.append("energy within its sources' ranges: \(low) … \(high)")
        let estimated = cost.energy.picojoules > 0 ? cost.energy.estimatedPicojoules / cost.energy.picojoules : 0
        lines.append(
            "resting on estimated prices: \(Quantity.percent(estimated)) of the energy (--json names every entry)")
        if let objective = cost.layoutObjective { lines.append(LayoutNote.line(objective)) }
        return lines + CostReport.trained(cost) + cost.assumptions
    }
}
