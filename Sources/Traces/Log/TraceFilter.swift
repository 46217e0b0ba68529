/// Which events of a step a trace holds.
public struct TraceFilter: Hashable, Sendable {
    /// Operations of one transformer layer, by the number in their names (`layer.2.query`); all where it is nil.
    public var layer: Int?
    /// Events of one unit.
    public var unit: String?
    /// Events that begin in these cycles of the step.
    public var cycles: ClosedRange<Int>?

    public init(layer: Int? = nil, unit: String? = nil, cycles: ClosedRange<Int>? = nil) {
        (self.layer, self.unit, self.cycles) = (layer, unit, cycles)
    }

    var isAll: Bool { layer == nil && unit == nil && cycles == nil }

    /// As the header has it.
    var text: String {
        var parts: [String] = []
        if let unit { parts.append("unit=\(unit)") }
        if let layer { parts.append("layer=\(layer)") }
        if let cycles { parts.append("cycles=\(cycles.lowerBound)..\(cycles.upperBound)") }
        return "filter " + parts.joined(separator: " ")
    }

    func holds(operation name: String) -> Bool {
        guard let layer else { return true }
        return name == "layer.\(layer)" || name.hasPrefix("layer.\(layer).")
    }
}
