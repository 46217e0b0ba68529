import Costs
import Programs

/// The first-order side at many recipes, as a table.
public enum FrontReport {
    /// - Parameter method: the zeroth-order method's word.
    public static func lines(_ front: FirstOrderFront, method: String) -> [String] {
        let name = StepDescription.Method.title(method)
        var table = TextTable()
        table.append([
            "first-order front", "peak DRAM", "/\(name)", "latency", "/\(name)", "energy", "/\(name)",
        ])
        table.rule()
        var optimizer: String?
        for point in front.points where point.isOnFront {
            if let optimizer, optimizer != point.optimizer { table.rule() }
            optimizer = point.optimizer
            table.append([
                point.recipe, Quantity.bytes(point.peakDRAMBytes), Quantity.ratio(point.memoryRatio),
                Quantity.milliseconds(point.milliseconds), Quantity.ratio(point.latencyRatio),
                Quantity.energy(picojoules: point.picojoules), Quantity.ratio(point.energyRatio),
            ])
        }
        var lines = table.lines()
        let count = front.points.count
        lines.append(
            "of \(count) recipes those that no other with the same optimizer beats in both memory and latency; optimizers "
                + "differ in how many steps they need, which no cost of a step shows")
        if let refusal = front.refusals.first {
            lines.append("\(front.refusals.count) more recipes cannot run here; \(refusal.recipe): \(refusal.reason)")
        }
        return lines
    }
}
