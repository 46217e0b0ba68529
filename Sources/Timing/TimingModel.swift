import Hardware
import Networks
import Programs

/// Runs a scheduled program in time.
public enum TimingModel {
    /// Times each distinct nest once, and lays the operations end to end.
    ///
    /// Operations do not overlap: each one plans the same tile half of the activation buffer anew, so its first tile needs the
    /// room of the one before, and in an encoder nearly every operation reads what the one before it wrote.
    ///
    /// - Parameter cache: the one that the program was laid out with, whose times of shared nests are taken.
    public static func time(
        _ scheduled: ScheduledProgram, cache: StepCache? = nil
    ) throws(ScheduleError) -> ProgramTiming {
        var nests: [NestTiming] = []
        if let cache, !scheduled.shared.isEmpty {
            for nest in scheduled.shared { nests.append(try cache.time(nest, on: scheduled.model)) }
        } else {
            for nest in scheduled.nests { nests.append(try NestClock.time(nest, on: scheduled.model)) }
        }
        var now = 0
        var intervals: [ProgramTiming.Interval] = []
        var times = [Int](repeating: 0, count: nests.count)
        for nest in scheduled.nestOfOperation {
            let end = try Checked.sum(now, nests[nest].cycles, "the step's cycles")
            intervals.append(.init(start: now, end: end))
            now = end
            times[nest] += 1
        }
        var busy: [Command.Unit: Int] = [:]
        var stalls: [Command.Unit: [StallCause: Int]] = [:]
        var idle: [Command.Unit: Int] = [:]
        var ports: [MemoryPort: Int] = [:]
        for (nest, count) in zip(nests, times) where count > 0 {
            // Within one operation these cycles of a unit or port are at most its span, so the sums are at most `now`.
            for (unit, cycles) in nest.busyCycles { busy[unit, default: 0] += cycles * count }
            for (unit, cycles) in nest.idleCycles { idle[unit, default: 0] += cycles * count }
            for (port, cycles) in nest.portCycles { ports[port, default: 0] += cycles * count }
            for (unit, causes) in nest.stallCycles {
                for (cause, cycles) in causes { stalls[unit, default: [:]][cause, default: 0] += cycles * count }
            }
        }
        return ProgramTiming(
            cycles: now, operations: intervals, busyCycles: busy, stallCycles: stalls, idleCycles: idle,
            portCycles: ports, nests: nests)
    }

    /// The same by visiting every command: slow, for tests.
    public static func expandedTime(
        _ nest: Nest, on model: MachineModel, observe: ((Command, Int, Int) -> Void)? = nil
    ) throws(ScheduleError) -> NestTiming {
        guard let observe else { return try NestClock.time(nest, on: model, expandsLoops: true) }
        return try NestClock.time(nest, on: model, expandsLoops: true) { event in
            if case .command(let command, let start, let end) = event { observe(command, start, end) }
        }
    }

    /// Cycles of one nest.
    ///
    /// - Parameters:
    ///   - expandsLoops: visit every command, instead of skipping turns in a steady state.
    ///   - observe: gets what is visited, in the order in which it is timed.
    public static func time(
        _ nest: Nest, on model: MachineModel, expandsLoops: Bool = false, observe: ((TimedEvent) -> Void)? = nil
    ) throws(ScheduleError) -> NestTiming {
        try NestClock.time(nest, on: model, expandsLoops: expandsLoops, observe: observe)
    }

    /// Lays a step out on a machine, by measured time where the objective is latency.
    ///
    /// - Parameter cache: where steps share what is laid out alike; results do not depend on it.
    /// - Throws: as `Lowering.schedule`.
    public static func schedule(
        _ step: StepDescription, on machine: Machine, objective: ScheduleObjective, cache: StepCache? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        try Lowering.schedule(step, on: machine, objective: objective, timer: measure, cache: cache?.layouts)
    }

    /// The same for a program that is lowered already, its step in the machine's formats.
    public static func schedule(
        _ program: Program, on machine: Machine, objective: ScheduleObjective, cache: StepCache? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        try Lowering.schedule(program, on: machine, objective: objective, timer: measure, cache: cache?.layouts)
    }

    /// The same for matrix products alone.
    public static func schedule(
        _ topology: GEMMTopology, on machine: Machine, objective: ScheduleObjective
    ) throws(ScheduleError) -> ScheduledProgram {
        try Lowering.schedule(topology, on: machine, objective: objective, timer: measure)
    }

    private static func measure(_ nest: Nest, _ model: MachineModel) throws(ScheduleError) -> Int {
        try NestClock.time(nest, on: model).cycles
    }
}
