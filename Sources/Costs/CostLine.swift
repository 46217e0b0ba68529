import Hardware

/// One row of an energy ledger: `count` actions of one entry, by one unit, for one purpose.
///
/// A step's energy is the sum of its lines in their order, and each line is `count` times its entry, both in binary64: an
/// independent script that does the same gets the same bits.
public struct CostLine: Sendable, Hashable, Codable {
    public let unit: CostUnit
    public let kind: CostKind
    /// Name in the energy table.
    public let entry: String
    /// Actions, in the entry's unit.
    public let count: Double
    public let picojoules: Double
}

/// An amount of energy with its bounds.
///
/// The bounds take every entry at its own end of its range at once; they are no confidence interval.
public struct Energy: Sendable, Hashable, Codable {
    public var picojoules: Double
    public var lowPicojoules: Double
    public var highPicojoules: Double
    /// The part that rests on estimated entries.
    public var estimatedPicojoules: Double

    public static let zero = Energy(picojoules: 0, lowPicojoules: 0, highPicojoules: 0, estimatedPicojoules: 0)

    /// Adds `count` actions of an entry.
    mutating func add(_ count: Double, of entry: EnergyEntry) {
        picojoules += count * entry.picojoules
        lowPicojoules += count * entry.lowPicojoules
        highPicojoules += count * entry.highPicojoules
        estimatedPicojoules += count * entry.estimatedPicojoules
    }
}
