import Programs
import Timing

/// What a unit does in a step: cycles that add up to the step's.
public struct UnitTime: Sendable, Hashable, Codable {
    public let busyCycles: Int
    /// Waits within an operation, by what ended them; causes of no wait are left out.
    public let stallCycles: [StallCause: Int]
    /// Behind its last command of an operation.
    public let idleCycles: Int

    init(_ unit: Command.Unit, _ timing: ProgramTiming) {
        busyCycles = timing.busyCycles[unit, default: 0]
        stallCycles = timing.stallCycles[unit, default: [:]]
        idleCycles = timing.idleCycles[unit, default: 0]
    }
}

// Dictionaries by these names become JSON objects.
extension StallCause: CodingKeyRepresentable {}
extension Command.Unit: CodingKeyRepresentable {}
