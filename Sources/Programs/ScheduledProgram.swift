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

    public func nest(of operation: Int) -> Nest { nests[nestOfOperation[operation]] }
    public func counts(of operation: Int) -> ActionCounts { countsOfNest[nestOfOperation[operation]] }

    /// Counts of the whole step.
    public func totalCounts() throws(ScheduleError) -> ActionCounts {
        var times = [Int](repeating: 0, count: nests.count)
        for nest in nestOfOperation { times[nest] += 1 }
        var total = ActionCounts()
        for (nest, count) in times.enumerated() { try total.combine(countsOfNest[nest], times: count) }
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
        _ step: StepDescription, on machine: Machine, objective: ScheduleObjective = .traffic, timer: NestTimer? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        let step = step.on(machine)
        try step.checkSizes()
        return try schedule(program(for: step), on: machine, objective: objective, timer: timer)
    }

    /// Lays a program out on a machine; the program's step says in which formats and where it perturbs (`StepDescription.on`).
    ///
    /// - Parameter timer: chooses by measured instead of expected time where `objective` is `latency`.
    public static func schedule(
        _ program: Program, on machine: Machine, objective: ScheduleObjective = .traffic, timer: NestTimer? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        try program.step.checkSizes()
        do throws(ScheduleError) {
            return try layOut(program, on: machine, objective: objective, timer: timer)
        } catch {
            throw withSmallest(error, program, on: machine)
        }
    }

    /// Lays out a program whose sizes are known to be good.
    static func layOut(
        _ program: Program, on machine: Machine, objective: ScheduleObjective, timer: NestTimer?
    ) throws(ScheduleError) -> ScheduledProgram {
        let model = MachineModel(machine)
        let planner = MemoryPlanner(program, on: machine)
        var layout = Layout(program: program, model: model, objective: objective, timer: timer)
        let residents: [Int?]
        if objective == .latency, timer != nil {
            residents = try layout.fastestResidents(planner)
        } else {
            residents = planner.residents()
        }
        let (nests, nestOfOperation) = try layout.nests(residents: residents)
        var countsOfNest: [ActionCounts] = []
        for nest in nests { countsOfNest.append(try nest.counts(on: model)) }
        let tilesOfNest = nests.map { nest in
            Dictionary(uniqueKeysWithValues: SRAM.Buffer.allCases.map { ($0, nest.occupied($0)) })
        }
        // Residents lie in the upper half: occupancy counts the bytes in use of both halves.
        let memory = try planner.plan(
            residents: residents, tilesOfNest: tilesOfNest, nestOfOperation: nestOfOperation)
        return ScheduledProgram(
            program: program, machine: machine, model: model, nests: nests, nestOfOperation: nestOfOperation,
            countsOfNest: countsOfNest, memory: memory, objective: objective)
    }
}

/// Nests of a program's operations, each distinct one once, whatever tensors are resident.
struct Layout {
    let program: Program
    let model: MachineModel
    let objective: ScheduleObjective
    let timer: NestTimer?
    private var numbers: [NestKey: Int] = [:]
    private var nests: [Nest] = []
    /// By nest, where measured.
    private var cycles: [Int] = []

    init(program: Program, model: MachineModel, objective: ScheduleObjective, timer: NestTimer?) {
        (self.program, self.model, self.objective) = (program, model, objective)
        self.timer = objective == .latency ? timer : nil
    }

    /// The nests that the operations run, by first use, and each operation's.
    mutating func nests(residents: [Int?]) throws(ScheduleError) -> (nests: [Nest], nestOfOperation: [Int]) {
        var used: [Int: Int] = [:]
        var result: [Nest] = []
        var nestOfOperation: [Int] = []
        for operation in program.operations {
            let number = try number(of: operation, residents)
            if used[number] == nil {
                used[number] = result.count
                result.append(nests[number])
            }
            nestOfOperation.append(used[number]!)
        }
        return (result, nestOfOperation)
    }

    /// The resident tensors with which the step takes fewest cycles: those that fit the resident half, or a power of two below it.
    mutating func fastestResidents(_ planner: MemoryPlanner) throws(ScheduleError) -> [Int?] {
        guard let timer else { return planner.residents() }
        var best: (residents: [Int?], cycles: Int)?
        var tried: Set<[Bool]> = []
        var capacity = MemoryPlanner.residentBytes(model.machine)
        while true {
            let residents = planner.residents(in: capacity)
            if tried.insert(residents.map { $0 != nil }).inserted {
                var total = 0
                for operation in program.operations {
                    let number = try number(of: operation, residents)
                    if number == cycles.count { cycles.append(try timer(nests[number], model)) }
                    total = try Checked.sum(total, cycles[number], "the step's cycles")
                    if let best, total >= best.cycles { break }
                }
                if best == nil || total < best!.cycles { best = (residents, total) }
            }
            guard capacity > 0 else { break }
            var power = 1
            while power * 2 < capacity { power *= 2 }
            capacity = capacity > 1 ? power : 0
        }
        return best?.residents ?? planner.residents()
    }

    /// The operation that needs most of a buffer that is too small for it, and what it needs; nil where none does.
    mutating func largestNeed(of buffer: SRAM.Buffer, residents: [Int?]) -> (operation: String, smallest: Int)? {
        var largest: (operation: String, smallest: Int)?
        var refused: Set<NestKey> = []
        for operation in program.operations {
            let isResident = (operation.reads + operation.writes).map { residents[$0.index] != nil }
            let key = NestKey(operation, in: program, isResident: isResident)
            guard !refused.contains(key) else { continue }
            do throws(ScheduleError) {
                _ = try number(of: operation, residents)
            } catch {
                refused.insert(key)
                guard case .tileDoesNotFit(let name, let named, _, let smallest, _, _) = error, named == buffer,
                    smallest > largest?.smallest ?? 0
                else { continue }
                largest = (name, smallest)
            }
        }
        return largest
    }

    private mutating func number(of operation: Operation, _ residents: [Int?]) throws(ScheduleError) -> Int {
        let operands = operation.reads + operation.writes
        let isResident = operands.map { residents[$0.index] != nil }
        let key = NestKey(operation, in: program, isResident: isResident)
        if let number = numbers[key] { return number }
        let nest: Nest
        if case .product(let product) = operation.action {
            let scheduler = try ProductScheduler(
                product, operation, in: program, isResident: isResident, model: model, objective: objective)
            if let timer { nest = try scheduler.fastest(timer) } else { nest = try scheduler.nest() }
        } else {
            let plan = StreamPlan(operation, in: program)
            let scheduler = StreamingScheduler(model: model, isResident: isResident, operation: operation.name)
            let rows = { (plan: StreamPlan) in RowPlan(plan, of: operation, in: program) }
            if let timer {
                nest = try scheduler.fastest(plan, rows: rows, timer)
            } else {
                nest = try scheduler.nest(plan, rows: rows)
            }
        }
        numbers[key] = nests.count
        nests.append(nest)
        return nests.count - 1
    }
}

/// What makes two operations' nests equal: everything but names, layer numbers and addresses.
struct NestKey: Hashable {
    struct Operand: Hashable {
        let format: ElementFormat
        let bytes: Int
        let isResident: Bool
        /// First operand of the operation that is the same tensor.
        let same: Int
    }

    let action: Action
    let operands: [Operand]

    init(_ operation: Operation, in program: Program, isResident: [Bool]) {
        let ids = operation.reads + operation.writes
        let batch = program.step.batch
        operands = ids.enumerated().map { index, id in
            Operand(
                format: program[id].format, bytes: program[id].bytes(batch: batch), isResident: isResident[index],
                same: ids.firstIndex(of: id)!)
        }
        action = operation.action.withoutNumber
    }
}

extension Action {
    /// The action with the layer's number and the perturbation's direction left out.
    var withoutNumber: Action {
        switch self {
        case .product(let product):
            let role: Product.Role
            switch product.role {
            case .linear: role = .linear(number: 0)
            case .inputGradient: role = .inputGradient(number: 0)
            case .weightGradient: role = .weightGradient(number: 0)
            case .adapter(let part, _): role = .adapter(part, number: 0)
            default: role = product.role
            }
            func either(_ sign: PerturbationSign) -> PerturbationSign { sign == .minus ? .plus : sign }
            return .product(
                Product(
                    role: role, instances: product.instances, m: product.m, n: product.n, k: product.k,
                    first: product.firstFormat, second: product.secondFormat, sign: either(product.sign),
                    biasSign: either(product.biasSign), hasFoldedScales: product.hasFoldedScales,
                    hasFactor: product.hasFactor))
        case .update(_, let rows, let columns, let residualBits):
            return .update(number: 0, rows: rows, columns: columns, residualBits: residualBits)
        case .perturbInPlace(let move, _, let rows, let columns):
            return .perturbInPlace(move, number: 0, rows: rows, columns: columns)
        case .updateBias(_, let elements):
            return .updateBias(number: 0, elements: elements)
        case .firstOrder(.quantizeWeights(_, let rows, let columns)):
            return .firstOrder(.quantizeWeights(number: 0, rows: rows, columns: columns))
        default:
            return self
        }
    }
}
