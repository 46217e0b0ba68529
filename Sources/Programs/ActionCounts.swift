import Hardware
import NumberFormats

/// Bytes moved between DRAM and chip in one direction.
public struct DRAMBytes: Sendable, Hashable, Codable {
    /// Wanted, for the first time in its operation.
    public var useful = 0
    /// Moved because a burst is the least that can be.
    public var padding = 0
    /// Wanted and fetched before, but no longer on the chip.
    public var refetch = 0

    public init(useful: Int = 0, padding: Int = 0, refetch: Int = 0) {
        self.useful = useful
        self.padding = padding
        self.refetch = refetch
    }

    public var transferred: Int { useful + padding + refetch }
}

/// What the units do, counted: what energy is a sum over.
public struct ActionCounts: Sendable, Hashable, Codable {
    /// Useful multiply-accumulates, by format of the operands.
    public var macs: [ElementFormat: Int] = [:]
    /// Cycles for which the array is occupied.
    public var arrayCycles = 0
    /// MACs that its elements could have done in those cycles: `macs` + `idleSlots`.
    public var slots = 0
    public var idleSlots = 0
    /// Bits written in the array's registers.
    public var registerBits = 0
    /// Bytes, by buffer.
    public var sramRead: [SRAM.Buffer: Int] = [:]
    public var sramWritten: [SRAM.Buffer: Int] = [:]
    public var dramRead = DRAMBytes()
    public var dramWritten = DRAMBytes()
    public var vectorOperations: [VectorOperation: Int] = [:]
    /// Codes turned into clamp(k ± d), refetches included.
    public var perturbedWeights = 0
    public var updatedWeights = 0
    public var randomBits: [RandomPurpose: Int] = [:]

    public init() {}

    /// Every count with its name, for addition, scaling and comparison in one place.
    mutating func combine(
        _ other: ActionCounts, times: Int = 1
    ) throws(ScheduleError) {
        func add(_ a: inout Int, _ b: Int, _ what: String) throws(ScheduleError) {
            a = try Checked.sum(a, try Checked.product(b, times, what), what)
        }
        func add<Key>(_ a: inout [Key: Int], _ b: [Key: Int], _ what: String) throws(ScheduleError) {
            for (key, value) in b {
                var sum = a[key, default: 0]
                try add(&sum, value, what)
                a[key] = sum
            }
        }
        func add(_ a: inout DRAMBytes, _ b: DRAMBytes, _ what: String) throws(ScheduleError) {
            try add(&a.useful, b.useful, what)
            try add(&a.padding, b.padding, what)
            try add(&a.refetch, b.refetch, what)
        }
        try add(&macs, other.macs, "the count of multiply-accumulates")
        try add(&arrayCycles, other.arrayCycles, "the count of array cycles")
        try add(&slots, other.slots, "the count of array slots")
        try add(&idleSlots, other.idleSlots, "the count of idle slots")
        try add(&registerBits, other.registerBits, "the count of register bits")
        try add(&sramRead, other.sramRead, "the count of SRAM bytes")
        try add(&sramWritten, other.sramWritten, "the count of SRAM bytes")
        try add(&dramRead, other.dramRead, "the count of DRAM bytes")
        try add(&dramWritten, other.dramWritten, "the count of DRAM bytes")
        try add(&vectorOperations, other.vectorOperations, "the count of vector operations")
        try add(&perturbedWeights, other.perturbedWeights, "the count of perturbed weights")
        try add(&updatedWeights, other.updatedWeights, "the count of updated weights")
        try add(&randomBits, other.randomBits, "the count of random bits")
    }

    /// The sum of these counts and `times` those of another.
    ///
    /// - Throws: `ScheduleError.tooLarge` where 64 bits do not hold it.
    public func adding(_ other: ActionCounts, times: Int = 1) throws(ScheduleError) -> ActionCounts {
        var result = self
        try result.combine(other, times: times)
        return result
    }
}
