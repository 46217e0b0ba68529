import Programs

/// What a unit waits for while it could work.
public enum StallCause: String, Sendable, Hashable, Codable, CaseIterable {
    /// Data on their way from DRAM.
    case dram
    /// A port of an on-chip memory that others use, too.
    case sram
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

    /// Place in `allCases`.
    var index: Int {
        switch self {
        case .dram: 0
        case .sram: 1
        case .perturbation: 2
        case .array: 3
        case .vector: 4
        case .bufferSpace: 5
        }
    }
}
