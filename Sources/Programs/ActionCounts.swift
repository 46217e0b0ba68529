import Hardware
import NumberFormats

/// What an operation, or a whole step, makes the machine do: the counts that Costs prices and tests conserve.
public struct ActionCounts: Sendable, Hashable, Codable {
    /// What random bits are drawn for (docs/semantics.md, section 4).
    public enum RandomPurpose: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
        case perturbation, firstRounding, secondRounding, gridRounding, update
    }

    /// Useful multiply-accumulates on the array, by operand format.
    public var macs: [ElementFormat: Int] = [:]
    /// Cycles in which the array was occupied.
    public var arrayCycles = 0
    /// MACs that the array's elements could have done in those cycles: `macs` and `idleSlots` together.
    public var slots = 0
    public var idleSlots = 0
    /// Bits written to the registers of array elements: operands and sums that move on, weights shifted in.
    public var registerBits = 0
    /// Bytes.
    public var sramRead: [SRAM.Buffer: Int] = [:]
    public var sramWritten: [SRAM.Buffer: Int] = [:]
    public var dramRead = DRAMBytes()
    public var dramWritten = DRAMBytes()
    /// Operations of single lanes.
    public var vectorOperations: [VectorOperation: Int] = [:]
    /// Weights that passed the perturbation unit on their way to SRAM.
    public var perturbedWeights = 0
    /// Weights updated by the perturbation unit, and how many of them carry a residual.
    public var updatedWeights = 0
    public var residualUpdatedWeights = 0
    public var randomBits: [RandomPurpose: Int] = [:]

    public init() {}

    public static func += (a: inout ActionCounts, b: ActionCounts) {
        a.macs.merge(b.macs, uniquingKeysWith: +)
        a.arrayCycles += b.arrayCycles
        a.slots += b.slots
        a.idleSlots += b.idleSlots
        a.registerBits += b.registerBits
        a.sramRead.merge(b.sramRead, uniquingKeysWith: +)
        a.sramWritten.merge(b.sramWritten, uniquingKeysWith: +)
        a.dramRead += b.dramRead
        a.dramWritten += b.dramWritten
        a.vectorOperations.merge(b.vectorOperations, uniquingKeysWith: +)
        a.perturbedWeights += b.perturbedWeights
        a.updatedWeights += b.updatedWeights
        a.residualUpdatedWeights += b.residualUpdatedWeights
        a.randomBits.merge(b.randomBits, uniquingKeysWith: +)
    }

    public static func + (a: ActionCounts, b: ActionCounts) -> ActionCounts {
        var sum = a
        sum += b
        return sum
    }
}

/// Bytes between DRAM and chip, in one direction.
public struct DRAMBytes: Sendable, Hashable, Codable {
    /// Wanted, the first time in its operation.
    public var useful: Int
    /// Filled up to whole bursts.
    public var padding: Int
    /// Wanted again because SRAM could not keep them.
    public var refetch: Int

    public init(useful: Int = 0, padding: Int = 0, refetch: Int = 0) {
        self.useful = useful
        self.padding = padding
        self.refetch = refetch
    }

    public var transferred: Int { useful + padding + refetch }

    public static func += (a: inout DRAMBytes, b: DRAMBytes) {
        a.useful += b.useful
        a.padding += b.padding
        a.refetch += b.refetch
    }
}

// Dictionaries by these names become JSON objects.
extension ElementFormat: CodingKeyRepresentable {}
