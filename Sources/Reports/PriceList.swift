import Hardware

/// The entries of an energy table.
public struct PriceList: Encodable, Sendable {
    public let name: String
    public let summary: String
    /// Process node of the logic, and its supply voltage.
    public let nanometres: Double
    public let volts: Double
    public let exclusions: [String]
    /// By name.
    public let entries: [EnergyEntry]

    public init(_ table: EnergyTable) {
        name = table.name
        summary = table.summary
        (nanometres, volts) = (table.nanometres, table.volts)
        exclusions = table.exclusions
        entries = table.entries.values.sorted { $0.name < $1.name }
    }

    /// The same for people.
    public var lines: [String] {
        func number(_ value: Double) -> String { Quantity.number(value, digits: value < 10 ? 4 : 2) }
        var table = TextTable()
        table.append(["\(name)", "pJ", "low", "high", "per", "node", "status"])
        table.rule()
        for entry in entries {
            let rule = entry.scaling.map { $0 == .none ? ", unscaled" : ", \($0.rawValue)" } ?? ""
            table.append([
                entry.name, number(entry.picojoules), number(entry.lowPicojoules), number(entry.highPicojoules),
                entry.unit.rawValue, entry.node + rule, entry.status.rawValue,
            ])
        }
        return table.lines() + ["not priced: " + exclusions.joined(separator: "; ")]
    }
}
