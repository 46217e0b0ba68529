import Hardware
import NumberFormats

/// What tiles and loop orders are chosen for.
public enum ScheduleObjective: String, Sendable, Hashable, Codable, CaseIterable {
    /// Least expected time of the tilings whose DRAM traffic is within `nearTie` of the least.
    case traffic
    /// Least expected time, then least DRAM traffic.
    case latency

    /// More of a product's DRAM traffic than the least, as a part of it, that counts as the same: for a twentieth, layouts that keep the array busy
    /// are there in most products, and a step's traffic grows by less (docs/architecture.md, "Tiles").
    public static let nearTie = 0.05
}

/// A program laid out on a machine: a nest for each operation, addresses for each tensor.
public struct ScheduledProgram: Sendable {
    public let program: Program
    public let machine: Machine
    public let model: MachineModel
    /// Distinct nests; operations of equal shape share one.
    public let nests: [Nest]
    /// Index into `nests`, by operation.
    public let nestOfOperation: [Int]
    /// By nest.
    public let countsOfNest: [ActionCounts]
    public let memory: MemoryPlan
    /// What tiles and loop orders were chosen for.
    public internal(set) var objective = ScheduleObjective.traffic
    /// By nest, the objects that a cache shares; empty where the layout had none.
    public internal(set) var shared: [LaidOutNest] = []

    public func nest(of operation: Int) -> Nest { nests[nestOfOperation[operation]] }
    public func counts(of operation: Int) -> ActionCounts { countsOfNest[nestOfOperation[operation]] }

    /// By nest, the first of the operations that run it and how many they are. All do the same: their actions differ in numbers alone.
    public var nestUses: [(first: Int, times: Int)] {
        var uses = [(first: Int, times: Int)](repeating: (0, 0), count: nests.count)
        for (operation, nest) in nestOfOperation.enumerated() {
            if uses[nest].times == 0 { uses[nest].first = operation }
            uses[nest].times += 1
        }
        return uses
    }

    /// Counts of the whole step.
    public func totalCounts() throws(ScheduleError) -> ActionCounts {
        var total = ActionCounts()
        for (nest, use) in nestUses.enumerated() { try total.combine(countsOfNest[nest], times: use.times) }
        return total
    }

    /// DRAM address of a transfer's first byte in an operation, at given loop indices; nil for a gathered transfer, whose rows
    /// data decide.
    public func address(of transfer: Transfer, in operation: Int, at indices: [Int]) -> Int? {
        guard !transfer.gathered else { return nil }
        let operands = program.operations[operation].reads + program.operations[operation].writes
        return memory.addresses[operands[transfer.operand].index].map { $0 + transfer.offset.value(at: indices) }
    }
}

extension Lowering {
    /// Lowers a step and lays it out: the one call that takes any sizes a user can write.
    public static func schedule(
        _ step: StepDescription, on machine: Machine, objective: ScheduleObjective = .traffic, timer: NestTimer? = nil,
        cache: LayoutCache? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        let step = step.on(machine)
        try step.checkSizes()
        return try schedule(program(for: step), on: machine, objective: objective, timer: timer, cache: cache)
    }

    /// Lays a program out on a machine; the program's step says in which formats and where it perturbs (`StepDescription.on`).
    ///
    /// - Parameters:
    ///   - timer: chooses by measured instead of expected time where `objective` is `latency`.
    ///   - cache: where steps share what is laid out alike; results do not depend on it.
    public static func schedule(
        _ program: Program, on machine: Machine, objective: ScheduleObjective = .traffic, timer: NestTimer? = nil,
        cache: LayoutCache? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        try program.step.checkSizes()
        do throws(ScheduleError) {
            return try layOut(program, on: machine, objective: objective, timer: timer, cache: cache)
        } catch {
            throw withSmallest(error, program, on: machine)
        }
    }

    /// Lays out a program whose sizes are known to be good.
    static func layOut(
        _ program: Program, on machine: Machine, objective: ScheduleObjective, timer: NestTimer?,
        cache: LayoutCache? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        let model = MachineModel(machine)
        let planner = MemoryPlanner(program, on: machine)
        var layout = Layout(program: program, model: model, objective: objective, timer: timer, cache: cache)
        let residents: [Int?]
        if objective == .latency, timer != nil {
            residents = try layout.fastestResidents(planner)
        } else {
            residents = planner.residents()
        }
        let (nests, nestOfOperation) = try layout.nests(residents: residents)
        var countsOfNest: [ActionCounts] = []
        for nest in nests { countsOfNest.append(try nest.counts.get()) }
        // Residents lie in the upper half: occupancy counts the bytes in use of both halves.
        let memory = try planner.plan(
            residents: residents, tilesOfNest: nests.map(\.tiles), nestOfOperation: nestOfOperation)
        return ScheduledProgram(
            program: program, machine: machine, model: model, nests: nests.map(\.nest),
            nestOfOperation: nestOfOperation, countsOfNest: countsOfNest, memory: memory, objective: objective,
            shared: cache == nil ? [] : nests)
    }
}
