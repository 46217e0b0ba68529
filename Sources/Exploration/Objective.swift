/// What a point of a space is judged by: a column of the results.
public enum Objective: String, Sendable, Hashable, Codable, CaseIterable {
    /// Energy of the step, in picojoules.
    case energy
    /// Time of the step, in milliseconds.
    case latency
    /// Energy times time, in picojoule milliseconds (10⁻¹⁵ J s).
    case edp
    /// Bytes between DRAM and chip in the step.
    case dramBytes = "dram_bytes"
    /// Bytes of DRAM that the step's allocation spans.
    case peakMemory = "peak_memory"
    /// Bytes of the machine's on-chip memories.
    case sramBytes = "sram_bytes"
    /// Elements of the machine's array.
    case macCount = "mac_count"
    /// Area of the machine's SRAM banks, in mm², from the energy table's rows.
    case sramArea = "sram_area"
    /// The baseline's value over the step's; more is better.
    case energyRatio = "energy_ratio"
    case latencyRatio = "latency_ratio"
    case edpRatio = "edp_ratio"
    case dramBytesRatio = "dram_bytes_ratio"
    case peakMemoryRatio = "peak_memory_ratio"

    /// Names that may stand for others.
    static let aliases = ["memory": Objective.peakMemory, "area": .sramArea]

    /// Whether the first-order baseline has to be costed for it.
    public var isRatio: Bool {
        switch self {
        case .energyRatio, .latencyRatio, .edpRatio, .dramBytesRatio, .peakMemoryRatio: true
        default: false
        }
    }

    /// The column of the results.
    public var column: String {
        switch self {
        case .energy: "energy_pj"
        case .latency: "latency_ms"
        case .edp: "edp_pj_ms"
        case .peakMemory: "peak_memory_bytes"
        case .sramArea: "sram_area_mm2"
        default: rawValue
        }
    }

    /// - Throws: `ExplorationError.badObjective` naming what there is.
    public init(name: String) throws(ExplorationError) {
        guard let objective = Objective(rawValue: name) ?? Self.aliases[name] else {
            throw .badObjective(name: name, allowed: Self.allCases.map(\.rawValue))
        }
        self = objective
    }

    /// Objectives from a list, such as `energy,latency`; each once.
    public static func list(_ text: String) throws(ExplorationError) -> [Objective] {
        var objectives: [Objective] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let objective = try Objective(name: String(word))
            if !objectives.contains(objective) { objectives.append(objective) }
        }
        return objectives
    }

    /// The value such that less is better.
    public func minimised(_ value: Double) -> Double { isRatio ? -value : value }
}
