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
        // The text for an error takes longer than all else here.
        if table.entries[entry]?.unit != entryUnit {
            _ = try table.entry(entry, entryUnit, for: "\(kind.label) on the \(unit.label)")
        }
        counts[Key(unit: unit, kind: kind, entry: entry), default: 0] += count
    }

    private static let units = Dictionary(uniqueKeysWithValues: CostUnit.allCases.enumerated().map { ($1, $0) })
    private static let kinds = Dictionary(uniqueKeysWithValues: CostKind.allCases.enumerated().map { ($1, $0) })

    /// The ledger's rows: by unit, then kind, then entry.
    public var lines: [CostLine] {
        var rows: [(place: Int, key: Key, count: Double)] = []
        for (key, count) in counts { rows.append((Self.place(key), key, count)) }
        rows.sort { a, b in a.place != b.place ? a.place < b.place : a.key.entry < b.key.entry }
        return rows.map { _, key, count in
            CostLine(
                unit: key.unit, kind: key.kind, entry: key.entry, count: count,
                picojoules: count * table.entries[key.entry]!.picojoules)
        }
    }

    /// Orders by unit, then kind.
    private static func place(_ key: Key) -> Int { units[key.unit]! * kinds.count + kinds[key.kind]! }
}
