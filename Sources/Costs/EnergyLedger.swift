import Hardware

/// Collects the actions of a step and prices them.
public struct EnergyLedger: Sendable {
    private struct Key: Hashable {
        let unit: CostUnit
        let kind: CostKind
        let entry: String
    }

    public let table: EnergyTable
    private var counts: [Key: Double] = [:]

    public init(table: EnergyTable) { self.table = table }

    /// Adds `count` actions; none where `count` is 0, so that an entry nobody uses is not asked for.
    ///
    /// Counts up to 2⁵³ are exact.
    /// - Throws: `HardwareError.missingEnergy` where the table does not price them.
    public mutating func add(
        _ count: Double, _ entry: String, _ entryUnit: EnergyEntry.Unit, by unit: CostUnit, for kind: CostKind
    ) throws(HardwareError) {
        guard count > 0 else { return }
        _ = try table.entry(entry, entryUnit, for: "\(kind.label) on the \(unit.label)")
        counts[Key(unit: unit, kind: kind, entry: entry), default: 0] += count
    }

    /// The ledger's rows: by unit, then kind, then entry.
    public var lines: [CostLine] {
        let units = Dictionary(uniqueKeysWithValues: CostUnit.allCases.enumerated().map { ($1, $0) })
        let kinds = Dictionary(uniqueKeysWithValues: CostKind.allCases.enumerated().map { ($1, $0) })
        return counts.sorted { a, b in
            (units[a.key.unit]!, kinds[a.key.kind]!, a.key.entry) < (
                units[b.key.unit]!, kinds[b.key.kind]!, b.key.entry
            )
        }.map { key, count in
            CostLine(
                unit: key.unit, kind: key.kind, entry: key.entry, count: count,
                picojoules: count * table.entries[key.entry]!.picojoules)
        }
    }
}
