import Programs

/// What occupies memory as steps run, operation by operation: a CSV.
public struct MemoryOverTime: Sendable {
    private let steps: [TimedStep]

    public init(_ steps: [TimedStep]) { self.steps = steps }

    /// The first line: step, number of the operation, its name and pass, the cycles from and to which it runs, bytes of live tensors in DRAM, in
    /// all and by kind, and bytes of the activation buffer that tensors hold which stay on the chip.
    public static var header: String {
        let kinds = MemoryKind.allCases.map { "dram_\($0.rawValue)_bytes" }
        return
            (["step", "operation", "name", "pass", "start_cycle", "end_cycle", "dram_bytes"] + kinds + [
                "resident_sram_bytes"
            ])
            .joined(separator: ",")
    }

    /// A line for each operation, in order, given to `body` as they are made.
    public func write(_ body: (String) throws -> Void) rethrows {
        try body(Self.header + "\n")
        for step in steps {
            let memory = step.scheduled.memory
            for (number, operation) in step.scheduled.program.operations.enumerated() {
                let time = step.timing.operations[number]
                let bytes = memory.bytesByKind(at: number)
                let counts = [number, time.start, time.end, memory.timeline[number]] + bytes
                let numbers = counts.map { "\($0)" }
                try body(
                    ([step.name, numbers[0], operation.name, operation.pass.rawValue] + numbers[1...]
                        + ["\(memory.residentBytes[number])"]).joined(separator: ",") + "\n")
            }
        }
    }
}
