import Programs

/// Cycles of one nest. For each unit `busyCycles` + all of `stallCycles` + `idleCycles` = `cycles`.
public struct NestTiming: Sendable, Hashable {
    /// From the first command's issue to the end of the last one and of its accesses.
    public internal(set) var cycles = 0
    public internal(set) var busyCycles: [Command.Unit: Int] = [:]
    /// Waits before a command, the unit's first included, by cause.
    public internal(set) var stallCycles: [Command.Unit: [StallCause: Int]] = [:]
    /// After a unit's last command; all cycles where it has none.
    public internal(set) var idleCycles: [Command.Unit: Int] = [:]
    /// Cycles for which each port of an on-chip memory serves accesses.
    public internal(set) var portCycles: [MemoryPort: Int] = [:]
}

/// Cycles of a program. For each unit `busyCycles` + all of `stallCycles` + `idleCycles` = `cycles`.
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
    /// Cycles for which a unit has no work left in an operation.
    public let idleCycles: [Command.Unit: Int]
    /// Cycles for which each port of an on-chip memory serves accesses.
    public let portCycles: [MemoryPort: Int]
    /// By nest of the scheduled program.
    public let nests: [NestTiming]
}
