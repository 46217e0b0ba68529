import Hardware
import NumberFormats

/// What an operation, or a whole step, makes the machine do: the counts that Costs prices and tests conserve.
public struct ActionCounts: Sendable, Hashable, Codable {
    /// Bytes between DRAM and chip, in one direction.
    public struct Transfer: Sendable, Hashable, Codable {
        /// Wanted, the first time in its operation.
        public var usefulBytes = 0
        /// Filled up to whole bursts.
        public var paddingBytes = 0
        /// Wanted again because SRAM could not keep them.
        public var refetchedBytes = 0

        /// Bytes transferred.
        public var bytes: Int { usefulBytes + paddingBytes + refetchedBytes }

        public init(usefulBytes: Int = 0, paddingBytes: Int = 0, refetchedBytes: Int = 0) {
            self.usefulBytes = usefulBytes
            self.paddingBytes = paddingBytes
            self.refetchedBytes = refetchedBytes
        }

        public static func += (a: inout Transfer, b: Transfer) {
            a.usefulBytes += b.usefulBytes
            a.paddingBytes += b.paddingBytes
            a.refetchedBytes += b.refetchedBytes
        }
    }

    /// What random bits are drawn for (docs/semantics.md, section 4).
    public enum RandomPurpose: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
        case perturbation, firstRounding, secondRounding, gridRounding, update
    }

    /// Useful multiply-accumulates on the array, by operand format.
    public var macs: [ElementFormat: Int] = [:]
    /// MACs that the array's elements could have done, and did not, in the cycles it was occupied.
    public var idleSlots = 0
    /// Bits written to the registers of array elements: operands and sums that move on, weights shifted in.
    public var arrayRegisterBits = 0
    public var sramReadBytes: [SRAM.Buffer: Int] = [:]
    public var sramWrittenBytes: [SRAM.Buffer: Int] = [:]
    public var dramRead = Transfer()
    public var dramWritten = Transfer()
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
        a.idleSlots += b.idleSlots
        a.arrayRegisterBits += b.arrayRegisterBits
        a.sramReadBytes.merge(b.sramReadBytes, uniquingKeysWith: +)
        a.sramWrittenBytes.merge(b.sramWrittenBytes, uniquingKeysWith: +)
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

// Dictionaries by these names become JSON objects.
extension ElementFormat: CodingKeyRepresentable {}
