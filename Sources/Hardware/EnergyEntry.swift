/// The price of one action, with where it comes from.
public struct EnergyEntry: Sendable, Hashable, Codable {
    /// What one action is.
    public enum Unit: String, Sendable, Hashable, Codable, CaseIterable {
        /// One multiply-accumulate.
        case mac
        /// One byte read, written or transferred.
        case byte
        /// One operation of a vector lane, an adder or a multiplier.
        case operation
        /// One bit drawn, or written to a register.
        case bit
        /// One block of a random generator.
        case block
        /// One weight perturbed or updated.
        case weight
        /// One nanosecond of leakage.
        case nanosecond
    }

    /// How well the number is known.
    public enum Status: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
        /// Published for the thing itself: by its source's silicon or synthesis.
        case measured
        /// Calculated from measured numbers or by a model of the device, as `source` says.
        case derived
        /// Rests on a judgement, as `note` or `source` says. Reports flag it.
        case estimated

        /// Orders by trust: `measured < derived < estimated`.
        public static func < (a: Status, b: Status) -> Bool { a.rank < b.rank }
        private var rank: Int {
            switch self {
            case .measured: 0
            case .derived: 1
            case .estimated: 2
            }
        }
    }

    /// A part of a derived entry: `times` actions of another entry.
    public struct Term: Sendable, Hashable, Codable {
        public let entry: String
        public let times: Double
    }

    public let name: String
    public let unit: Unit
    /// Energy of one action. A derived entry's sum is rounded to 10⁻⁶ pJ.
    public let picojoules: Double
    /// Bounds of the same; both equal `picojoules` where the source gives no range.
    public let lowPicojoules: Double
    public let highPicojoules: Double
    /// Process node at which the source gives the number, such as `45 nm`.
    public let node: String
    /// How the number of another node became the table's; nil where it is the table's own.
    public let scaling: NodeScaling?
    /// Area of what does the action, and where it comes from; nil where no source gives it.
    public let squareMicrometres: Double?
    public let areaSource: String?
    public let source: String
    public let year: Int
    public let status: Status
    /// What the entry is the sum of; empty for an entry that gives its number itself.
    public let terms: [Term]
    /// The part of `picojoules` that rests on estimates: all of it, or what the estimated parts of a sum bring.
    public let estimatedPicojoules: Double
    /// `terms` expanded to entries that give their numbers themselves: what the interval of a ratio needs.
    public let primaries: [String: Double]
}

/// A row of the SRAM model: one bank.
public struct SRAMMacro: Sendable, Hashable, Codable {
    public let kibibytes: Int
    public let wordBits: Int
    /// 1: one port that reads or writes. 2: one that reads and one that writes.
    public let ports: Int
    /// Energy of one access of `wordBits`.
    public let readPicojoules: Double
    public let writePicojoules: Double
    public let leakageMilliwatts: Double
    public let accessNanoseconds: Double
    public let areaSquareMillimetres: Double

    /// Name of its entries without the action: `sram.128KiB.256b`, `sram.128KiB.256b.2ports`.
    public var name: String { "sram.\(kibibytes)KiB.\(wordBits)b" + (ports == 1 ? "" : ".\(ports)ports") }
}
