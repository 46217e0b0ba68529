import Hardware
import Programs
import Timing

/// Steps on a machine over time, in the Trace Event Format that Perfetto and chrome://tracing read: JSON, one object an event.
///
/// A step is a process; its threads are `operations` and the machine's units. Events are complete slices (`ph` X), counters (C) and
/// names (M). `ts` and `dur` are microseconds, as the format has it, in whole nanoseconds; `args` has the exact cycles. Source of
/// the format: Google, "Trace Event Format".
///
/// Operations and counters are shown all; commands for the first operation of each distinct nest, or for every operation of one name.
/// Where an operation has more than `commandLimit` commands, turns of loops in a steady state are one slice a unit; where even then
/// there are more, each unit has a single slice.
public struct Timeline {
    public let processes: [TimedStep]
    /// Commands are shown for operations of this name alone.
    public let operation: String?
    /// Commands of an operation that are shown one by one, at most.
    public let commandLimit: Int

    /// - Parameter commandLimit: 1 or more.
    public init(processes: [TimedStep], operation: String? = nil, commandLimit: Int = 1000) {
        self.processes = processes
        self.operation = operation
        self.commandLimit = commandLimit
    }

    /// Whether a step has an operation of the name that was asked for; true where none was.
    public var findsOperation: Bool {
        guard let operation else { return true }
        return processes.contains { $0.scheduled.program.operations.contains { $0.name == operation } }
    }

    /// Events that `write` will write.
    ///
    /// - Throws: `ScheduleError.tooLarge` where 64 bits do not hold a time.
    public func eventCount() throws(ScheduleError) -> Int {
        var count = 0
        for process in processes {
            let detail = try Detail.ofNests(process.scheduled, limit: commandLimit)
            // Names of the process and of five threads, with their order; an operation has a slice and three counters.
            count += 2 + 2 * 5 + 4 * process.scheduled.program.operations.count + 3
            for index in detailed(process.scheduled) {
                count += detail[process.scheduled.nestOfOperation[index]]?.events ?? 0
            }
        }
        return count
    }

    /// Writes the file, piece by piece: memory does not grow with its length.
    ///
    /// - Throws: what `output` throws, or `ScheduleError.tooLarge`.
    public func write(to output: ([UInt8]) throws -> Void) throws {
        try withoutActuallyEscaping(output) { output in
            let writer = TimelineWriter(output: output)
            try writer.begin()
            for (index, process) in processes.enumerated() { try write(process, number: index + 1, writer) }
            try writer.end()
        }
    }

    /// Operations whose commands are shown.
    private func detailed(_ scheduled: ScheduledProgram) -> [Int] {
        let operations = scheduled.program.operations
        if let operation { return operations.indices.filter { operations[$0].name == operation } }
        var seen = Set<Int>()
        return operations.indices.filter { seen.insert(scheduled.nestOfOperation[$0]).inserted }
    }

    private func write(_ process: TimedStep, number: Int, _ writer: TimelineWriter) throws {
        let (scheduled, timing) = (process.scheduled, process.timing)
        let organisation = scheduled.machine.organisation
        let clock = TimelineWriter.Track(process: number, megahertz: organisation.clockMegahertz)
        try writer.name(clock, process: "\(process.name) on \(scheduled.machine.name)")
        try writer.name(clock, thread: 1, "operations")
        for unit in Command.Unit.allCases { try writer.name(clock, thread: Self.thread(unit), unit.rawValue) }

        let residents = scheduled.memory.residentBytes
        for (index, operation) in scheduled.program.operations.enumerated() {
            let interval = timing.operations[index]
            let counts = scheduled.counts(of: index)
            let nest = scheduled.nest(of: index)
            var arguments = [("pass", TimelineWriter.Value.text(operation.pass.rawValue))]
            if operation.macs > 0 { arguments.append(("macs", .integer(operation.macs))) }
            let (read, written) = (counts.dramRead.transferred, counts.dramWritten.transferred)
            arguments += [("dramReadBytes", .integer(read)), ("dramWrittenBytes", .integer(written))]
            try writer.slice(
                clock, thread: 1, operation.name, "operation", from: interval.start, to: interval.end, arguments)
            let gigabytes = { (bytes: Int) -> TimelineWriter.Value in
                let milliseconds = organisation.milliseconds(cycles: interval.cycles)
                return .number(milliseconds > 0 ? Double(bytes) / milliseconds / 1e6 : 0)
            }
            try writer.counter(
                clock, "DRAM bandwidth, 10^9 bytes/s", at: interval.start,
                [("read", gigabytes(read)), ("written", gigabytes(written))])
            try writer.counter(
                clock, "SRAM in use, bytes", at: interval.start,
                organisation.sram.memories.map { memory, _ in
                    let held = nest.occupied(memory) + (memory == .activation ? residents[index] : 0)
                    return (memory.rawValue, .integer(held))
                })
            try writer.counter(
                clock, "DRAM in use, bytes", at: interval.start,
                [("live", .integer(scheduled.memory.timeline[index]))])
        }
        try writer.counter(
            clock, "DRAM bandwidth, 10^9 bytes/s", at: timing.cycles, [("read", .integer(0)), ("written", .integer(0))])
        try writer.counter(
            clock, "SRAM in use, bytes", at: timing.cycles,
            organisation.sram.memories.map { ($0.buffer.rawValue, .integer(0)) })
        try writer.counter(clock, "DRAM in use, bytes", at: timing.cycles, [("live", .integer(0))])

        let detail = try Detail.ofNests(scheduled, limit: commandLimit)
        for index in detailed(scheduled) {
            guard let detail = detail[scheduled.nestOfOperation[index]] else { continue }
            try write(detail, of: index, process, clock, writer)
        }
    }

    private func write(
        _ detail: Detail, of index: Int, _ process: TimedStep, _ clock: TimelineWriter.Track,
        _ writer: TimelineWriter
    ) throws {
        let (scheduled, timing) = (process.scheduled, process.timing)
        let start = timing.operations[index].start
        let operation = scheduled.program.operations[index]
        if detail.kind == .units {
            let nest = timing.nests[scheduled.nestOfOperation[index]]
            for unit in Command.Unit.allCases {
                let busy = nest.busyCycles[unit, default: 0]
                guard busy > 0 else { continue }
                let end = start + nest.cycles - nest.idleCycles[unit, default: 0]
                try writer.slice(
                    clock, thread: Self.thread(unit), "all of \(operation.name)", "commands",
                    from: start, to: end, [("busyCycles", .integer(busy))])
            }
            return
        }
        let names = operation.reads + operation.writes
        var failure: (any Error)?
        // Stores are timed when they are served: order within a unit's track is all that the format asks for.
        _ = try TimingModel.time(
            scheduled.nest(of: index), on: scheduled.model, expandsLoops: detail.kind == .commands
        ) { event in
            guard failure == nil else { return }
            do {
                switch event {
                case .command(let command, let from, let to):
                    let (name, arguments) = Self.describe(command) { scheduled.program[names[$0]].name }
                    try writer.slice(
                        clock, thread: Self.thread(command.unit), name, command.unit.rawValue, from: start + from,
                        to: start + to, arguments)
                case .turns(let turns, let unit, let from, let to, let busy):
                    guard busy > 0 else { return }
                    try writer.slice(
                        clock, thread: Self.thread(unit), "\(turns) more turns", "turns", from: start + from,
                        to: start + to, [("busyCycles", .integer(busy))])
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private static func thread(_ unit: Command.Unit) -> Int {
        switch unit {
        case .dma: 2
        case .perturbation: 3
        case .array: 4
        case .vector: 5
        }
    }

    /// A command's name and sizes.
    private static func describe(
        _ command: Command, tensor: (Int) -> String
    ) -> (name: String, arguments: [(String, TimelineWriter.Value)]) {
        switch command.work {
        case .load(let transfer): return ("load \(tensor(transfer.operand))", [("bytes", .integer(transfer.bytes))])
        case .store(let transfer): return ("store \(tensor(transfer.operand))", [("bytes", .integer(transfer.bytes))])
        case .perturb(let weights, _, _): return ("perturb", [("weights", .integer(weights))])
        case .draw(let values, _): return ("draw", [("values", .integer(values))])
        case .update(let weights, _): return ("update", [("weights", .integer(weights))])
        case .matmul(let block):
            let instances = block.instances > 1 ? "\(block.instances) × " : ""
            return ("matmul \(instances)\(block.m) × \(block.n) × \(block.k)", [("macs", .integer(block.macs))])
        case .vector(let work):
            return ("vector", [("laneOperations", .integer(work.operations.values.reduce(0, +)))])
        }
    }
}
