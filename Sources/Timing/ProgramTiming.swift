import Programs

/// What a unit waits for while it could work.
public enum StallCause: String, Sendable, Hashable, Codable, CaseIterable {
    /// Data on their way from DRAM.
    case dram
    /// Weights being perturbed, or bits being drawn.
    case perturbation
    /// Sums of the array.
    case array
    /// Results of the vector unit.
    case vector
    /// A free slot of a tile buffer: what follows is slower.
    case bufferSpace

    init(producer: Command.Unit) {
        switch producer {
        case .dma: self = .dram
        case .perturbation: self = .perturbation
        case .array: self = .array
        case .vector: self = .vector
        }
    }
}

/// Cycles of one nest.
public struct NestTiming: Sendable, Hashable {
    /// From the first command's issue to the last one's end.
    public internal(set) var cycles = 0
    public internal(set) var busyCycles: [Command.Unit: Int] = [:]
    public internal(set) var stallCycles: [Command.Unit: [StallCause: Int]] = [:]
}

/// Cycles of a program.
public struct ProgramTiming: Sendable, Hashable {
    /// When an operation runs: cycles from the step's start.
    public struct Interval: Sendable, Hashable, Codable {
        public let start: Int
        public let end: Int
        public var cycles: Int { end - start }
    }

    public let cycles: Int
    /// By operation.
    public let operations: [Interval]
    public let busyCycles: [Command.Unit: Int]
    /// Cycles for which a unit waits within an operation with work still to come, by cause.
    public let stallCycles: [Command.Unit: [StallCause: Int]]
    /// By nest of the scheduled program.
    public let nests: [NestTiming]
}
