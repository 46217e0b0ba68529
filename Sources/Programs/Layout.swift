import Hardware
import NumberFormats

/// Nests of a program's operations, each distinct one once, whatever tensors are resident.
struct Layout {
    let program: Program
    let model: MachineModel
    let objective: ScheduleObjective
    let timer: NestTimer?
    /// Where steps share nests.
    private let cache: LayoutCache?
    private let section: LayoutCache.Section?
    /// Format and elements of each tensor.
    private let shapes: [(format: ElementFormat, elements: Int)]
    /// Numbers of the nests of operations of one shape, by their resident operands.
    private var numbers: [[(residents: UInt128, nest: Int)]]
    private var nests: [LaidOutNest] = []

    init(
        program: Program, model: MachineModel, objective: ScheduleObjective, timer: NestTimer?,
        cache: LayoutCache? = nil
    ) {
        (self.program, self.model, self.objective) = (program, model, objective)
        self.timer = objective == .latency ? timer : nil
        let batch = program.step.batch
        numbers = Array(repeating: [], count: (program.shapeOfOperation.max() ?? 0) + 1)
        shapes = program.tensors.map { ($0.format, $0.elements(batch: batch)) }
        self.cache = cache
        section = cache?.section(program, on: model.machine, objective: objective, isTimed: self.timer != nil)
    }

    /// The nests that the operations run, by first use, and each operation's.
    mutating func nests(residents: [Int?]) throws(ScheduleError) -> (nests: [LaidOutNest], nestOfOperation: [Int]) {
        var used: [Int: Int] = [:]
        var result: [LaidOutNest] = []
        var nestOfOperation: [Int] = []
        for operation in program.operations.indices {
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
        guard timer != nil else { return planner.residents() }
        var best: (residents: [Int?], cycles: Int)?
        var tried: Set<[Bool]> = []
        var capacity = MemoryPlanner.residentBytes(model.machine)
        while true {
            let residents = planner.residents(in: capacity)
            if tried.insert(residents.map { $0 != nil }).inserted {
                var total = 0
                for operation in program.operations.indices {
                    let number = try number(of: operation, residents)
                    total = try Checked.sum(total, nests[number].cycles ?? 0, "the step's cycles")
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
        for (index, operation) in program.operations.enumerated() {
            let key = NestKey(operation, shapes, residents)
            guard !refused.contains(key) else { continue }
            do throws(ScheduleError) {
                _ = try number(of: index, residents)
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

    /// The number of the nest of the `index`-th operation.
    private mutating func number(of index: Int, _ residents: [Int?]) throws(ScheduleError) -> Int {
        let operation = program.operations[index]
        // Shapes are compared once a program, not once a machine.
        let shape = program.shapeOfOperation[index]
        // An update reads a multiplier for each query, of which there are at most `StepDescription.queryLimit`.
        precondition(
            operation.reads.count + operation.writes.count <= UInt128.bitWidth, "an operation of many operands")
        var bits: UInt128 = 0
        for id in operation.reads { bits = bits << 1 | (residents[id.index] == nil ? 0 : 1) }
        for id in operation.writes { bits = bits << 1 | (residents[id.index] == nil ? 0 : 1) }
        if let known = numbers[shape].first(where: { $0.residents == bits }) { return known.nest }
        let key = NestKey(operation, shapes, residents)
        let isResident = key.operands.map(\.isResident)
        let nest: LaidOutNest
        if let cache, let section {
            if let kept = section.nest(key) {
                nest = kept
            } else {
                do throws(ScheduleError) {
                    nest = cache.keep(
                        try layOut(operation, isResident: isResident, on: section.model), key, in: section)
                } catch {
                    // The same error, with the machine's name.
                    _ = try layOut(operation, isResident: isResident, on: model)
                    throw error
                }
            }
        } else {
            nest = try layOut(operation, isResident: isResident, on: model)
        }
        numbers[shape].append((bits, nests.count))
        nests.append(nest)
        return nests.count - 1
    }

    private func layOut(
        _ operation: Operation, isResident: [Bool], on model: MachineModel
    ) throws(ScheduleError) -> LaidOutNest {
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
        return try LaidOutNest(nest, on: model, timer: timer)
    }
}
