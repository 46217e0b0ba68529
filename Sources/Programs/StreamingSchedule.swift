import Hardware
import NumberFormats

/// Lays a stream out on a machine.
struct StreamingScheduler {
    let model: MachineModel
    /// By operand of the operation: held in the activation buffer.
    let isResident: [Bool]
    let operation: String

    struct Choice {
        let tile: Int
        let slots: Int
    }

    /// The layout that is expected to take least time; by segments of rows only where whole ones do not fit.
    ///
    /// - Parameter rows: the phases of the plan that it is given.
    func nest(_ plan: StreamPlan, rows: (StreamPlan) -> RowPlan?) throws(ScheduleError) -> Nest {
        let plan = withOwnTiles(plan)
        if let choice = choose(plan) { return nest(plan, choice) }
        let rows = rows(plan)
        if let rows, let choice = choose(rows) { return RowNest(self, rows, choice).nest() }
        throw doesNotFit(plan, rows)
    }

    /// - Parameter choice: one that fits.
    func nest(_ plan: StreamPlan, _ choice: Choice) -> Nest {
        var builder = NestBuilder()
        var buffers = [Int?](repeating: nil, count: plan.operands.count)
        for (index, operand) in plan.operands.enumerated() where !isResident[operand.operand] && operand.replaces == nil
        {
            let bytes = operand.tileBytes(choice.tile)
            buffers[index] = builder.buffer(
                "operand.\(operand.operand)", model.home(operand.memory), bytes: bytes,
                slots: operand.isFixed ? 1 : choice.slots)
        }
        for (index, operand) in plan.operands.enumerated() {
            if let source = operand.replaces, !isResident[operand.operand] { buffers[index] = buffers[source] }
        }

        func transfer(_ operand: StreamPlan.Operand, _ outer: Affine, _ start: Affine, _ size: Int) -> Transfer {
            if operand.isFixed {
                return Transfer(
                    operand: operand.operand, offset: Affine(0), dimensions: [], runBytes: operand.tileBytes(1))
            }
            if operand.gathered {
                return Transfer(
                    operand: operand.operand, offset: Affine(0),
                    dimensions: [.init(count: size, pitch: operand.unitBytes)], runBytes: operand.unitBytes,
                    gathered: true)
            }
            return Transfer(
                operand: operand.operand,
                offset: outer.scaled(by: operand.outerStride) + start.scaled(by: operand.unitBytes),
                dimensions: [.init(count: operand.innerCount, pitch: operand.innerPitch)],
                runBytes: size * operand.unitBytes)
        }

        func compute(_ outer: Affine, _ start: Affine, _ size: Int, _ work: VectorWork) -> [NestNode] {
            let views = plan.operands.indices.filter { !(plan.operands[$0].isFixed && plan.operands[$0].isWrite) }.map {
                plan.operands[$0].view(buffer: buffers[$0], outer: outer, start: start, size: size)
            }
            var part = Command.Part(outer: outer, first: start.scaled(by: plan.engine.weightsPerPiece), views: views)
            var reads: [Int] = []
            var acquires: [Int] = []
            var writes: [Int] = []
            var read: [SRAM.Buffer: Int] = [:]
            var written: [SRAM.Buffer: Int] = [:]
            for (index, operand) in plan.operands.enumerated() {
                let bytes = operand.isFixed && operand.isWrite ? 0 : operand.tileBytes(size)
                let memory = isResident[operand.operand] ? .activation : model.home(operand.memory)
                if operand.isWrite { written[memory, default: 0] += bytes }
                if !operand.isWrite { read[memory, default: 0] += bytes }
                guard let buffer = buffers[index] else { continue }
                if operand.isWrite {
                    if operand.isFixed { continue }
                    if operand.replaces == nil { acquires.append(buffer) }
                    writes.append(buffer)
                } else {
                    reads.append(buffer)
                }
            }
            let accesses = SRAM.Buffer.allCases.compactMap { buffer -> Command.Access? in
                let (r, w) = (read[buffer, default: 0], written[buffer, default: 0])
                return r + w > 0 ? .init(buffer: buffer, read: r, written: w) : nil
            }
            func command(_ work: Command.Work, _ accesses: [Command.Access]) -> NestNode {
                .command(
                    Command(
                        work: work, acquires: acquires, reads: reads, writes: writes, accesses: accesses, part: part))
            }
            switch plan.engine {
            case .vector: return [command(.vector(work), accesses)]
            case .perturb(let weights, let times, let draws):
                return [command(.perturb(weights: size * weights * times, signs: 1, draws: draws), accesses)]
            case .update(let weights, let times, let restoring, let draws):
                let update = Command.Work.update(weights: size * weights * times, draws: draws)
                guard !restoring.isEmpty else { return [command(update, accesses)] }
                // Restored weights stay in the unit.
                let restore = Command(
                    work: .perturb(weights: size * weights, signs: 1, draws: restoring), acquires: [], reads: reads,
                    writes: writes, accesses: [], part: part)
                return [.command(restore), command(update, accesses)]
            case .drawThenVector(let values, let draws):
                // The draw goes to the tile that the vector unit then reads; it takes no slot of its own.
                part.function = .perturbBias
                let draw = Command(
                    work: .draw(values: size * values, draws: draws), acquires: [], reads: reads, writes: writes,
                    accesses: [],
                    part: part)
                return [.command(draw), command(.vector(work), accesses)]
            }
        }

        let fixedInputs = plan.operands.indices.filter { plan.operands[$0].isFixed && !plan.operands[$0].isWrite }
        let fixedOutputs = plan.operands.indices.filter { plan.operands[$0].isFixed && plan.operands[$0].isWrite }
        let inputs = plan.operands.indices.filter { !plan.operands[$0].isFixed && !plan.operands[$0].isWrite }
        let outputs = plan.operands.indices.filter { !plan.operands[$0].isFixed && plan.operands[$0].isWrite }
        let replaced = Set(plan.operands.compactMap(\.replaces))
        var body: [NestNode] = []
        for index in fixedInputs {
            if let buffer = buffers[index] {
                body.append(builder.load(transfer(plan.operands[index], Affine(0), Affine(0), 1), into: buffer))
            }
        }
        body += NestBuilder.tiled(plan.outer, by: 1, depth: 0) { outer, _, depth, _ in
            NestBuilder.tiled(plan.units, by: choice.tile, depth: depth) { start, size, _, _ in
                var nodes: [NestNode] = []
                for index in inputs {
                    if let buffer = buffers[index] {
                        let operand = plan.operands[index]
                        // Rows of a table are those that the first operand names, which has to be there.
                        let rows =
                            operand.gathered
                            ? plan.operands[0].view(buffer: buffers[0], outer: outer, start: start, size: size) : nil
                        nodes.append(
                            builder.load(
                                transfer(operand, outer, start, size), into: buffer, rows: rows, at: (outer, start)))
                    }
                }
                nodes += compute(outer, start, size, plan.work * size)
                for index in inputs where !replaced.contains(index) {
                    if let buffer = buffers[index] { nodes.append(.release(buffer: buffer)) }
                }
                for index in outputs {
                    if let buffer = buffers[index] {
                        nodes.append(builder.store(transfer(plan.operands[index], outer, start, size), from: buffer))
                        nodes.append(.release(buffer: buffer))
                    }
                }
                return nodes
            }
        }
        for index in fixedOutputs {
            // The running result stays in the vector unit and is written once.
            let operand = plan.operands[index]
            let buffer = buffers[index]
            body.append(
                .command(
                    Command(
                        work: .vector(plan.endWork), acquires: buffer.map { [$0] } ?? [], reads: [],
                        writes: buffer.map { [$0] } ?? [],
                        accesses: [.init(buffer: model.home(operand.memory), read: 0, written: operand.tileBytes(1))],
                        part: .init(
                            function: .end,
                            views: [operand.view(buffer: buffer, outer: Affine(0), start: Affine(0), size: 1)]))))
            if let buffer {
                body.append(builder.store(transfer(operand, Affine(0), Affine(0), 1), from: buffer))
                body.append(.release(buffer: buffer))
            }
        }
        for index in fixedInputs {
            if let buffer = buffers[index] { body.append(.release(buffer: buffer)) }
        }
        return Nest(buffers: builder.buffers, body: body, usefulBytes: usefulBytes(plan))
    }

    /// A result that cannot overwrite its input's tile, since the input is resident and has none, gets one of its own.
    func withOwnTiles(_ plan: StreamPlan) -> StreamPlan {
        var result = plan
        for index in plan.operands.indices {
            guard let source = plan.operands[index].replaces, isResident[plan.operands[source].operand],
                !isResident[plan.operands[index].operand]
            else { continue }
            result.operands[index].replaces = nil
        }
        return result
    }

    private func usefulBytes(_ plan: StreamPlan) -> [Int] {
        var useful = [Int](repeating: 0, count: isResident.count)
        for operand in plan.operands where !isResident[operand.operand] {
            if operand.isFixed {
                useful[operand.operand] = operand.tileBytes(1)
            } else {
                // An operand that stands still while the outer loop runs is fetched again each time.
                let times = operand.outerStride == 0 && !operand.gathered ? 1 : plan.outer
                useful[operand.operand] = times * operand.tileBytes(plan.units)
            }
        }
        return useful
    }

    /// On-chip bytes of a tile of `units` in `memory`.
    func need(_ plan: StreamPlan, _ memory: SRAM.Buffer, tile: Int, slots: Int) -> Int {
        plan.operands.reduce(0) { sum, operand in
            guard model.home(operand.memory) == memory, operand.replaces == nil, !isResident[operand.operand] else {
                return sum
            }
            return sum + operand.tileBytes(tile) * (operand.isFixed ? 1 : slots)
        }
    }

    func capacity(_ memory: SRAM.Buffer) -> Int {
        memory == .activation ? MemoryPlanner.tileBytes(model.machine) : model.machine.organisation.sram[memory].bytes
    }

    /// Sizes of tiles that are tried, whether they fit or not.
    func sizes(_ plan: StreamPlan) -> [Int] {
        var sizes = NestBuilder.sizes(plan.units, granule: plan.granule)
        if plan.granule > 1, let least = sizes.last, least > 1 { sizes.append(1) }
        return sizes
    }

    private func choose(_ plan: StreamPlan) -> Choice? {
        var best: (choice: Choice, cycles: Double)?
        for tile in sizes(plan) {
            for slots in [2, 1] {
                guard SRAM.Buffer.allCases.allSatisfy({ need(plan, $0, tile: tile, slots: slots) <= capacity($0) })
                else { continue }
                let cycles = estimate(plan, tile: tile, slots: slots)
                if best == nil || cycles < best!.cycles { best = (Choice(tile: tile, slots: slots), cycles) }
                break
            }
        }
        return best?.choice
    }

    private func doesNotFit(_ plan: StreamPlan, _ rows: RowPlan?) -> ScheduleError {
        func least(_ memory: SRAM.Buffer) -> Int {
            min(need(plan, memory, tile: 1, slots: 1), rows.map { leastNeed($0, memory) } ?? .max)
        }
        let memory = SRAM.Buffer.allCases.first { least($0) > capacity($0) } ?? .activation
        return .tileDoesNotFit(operation: operation, memory, need: least(memory), machine: model.machine)
    }

    /// Cycles by the busier of DMA and compute, with the first tile's fill. Chooses among tiles; Timing does not use it.
    private func estimate(_ plan: StreamPlan, tile: Int, slots: Int) -> Double {
        let tiles = Double(plan.outer) * Double(ceilingDivision(plan.units, tile))
        var moved = 0
        for operand in plan.operands where !operand.isFixed && !isResident[operand.operand] {
            let piece = Transfer(
                operand: 0, offset: Affine(0),
                dimensions: [.init(count: operand.innerCount, pitch: operand.innerPitch)],
                runBytes: tile * operand.unitBytes)
            moved += model.transferCycles(
                bursts: piece.runs * ceilingDivision(piece.runBytes, model.burstBytes), rows: model.rowsEntered(piece))
        }
        let organisation = model.machine.organisation
        let computed: Int
        switch plan.engine {
        case .vector: computed = (plan.work * tile).cycles(on: organisation.vectorUnit)
        case .perturb(let weights, let times, _):
            computed = ceilingDivision(tile * weights * times, organisation.perturbationUnit.perturbationsPerCycle)
        case .update(let weights, let times, let restoring, _):
            computed =
                ceilingDivision(tile * weights * times, organisation.perturbationUnit.updatesPerCycle)
                + (restoring.isEmpty
                    ? 0 : ceilingDivision(tile * weights, organisation.perturbationUnit.perturbationsPerCycle))
        case .drawThenVector(let values, _):
            computed =
                ceilingDivision(tile * values, organisation.perturbationUnit.perturbationsPerCycle)
                + (plan.work * tile).cycles(on: organisation.vectorUnit)
        }
        // A tile's way from its load's issue to its end, of which `slots` are under way at a time.
        let way = Double(moved + computed + model.loadLatency)
        if slots == 1 { return tiles * way }
        return tiles * max(Double(max(moved, computed)), way / Double(slots))
            + Double(min(moved, computed) + model.loadLatency)
    }
}

extension ScheduleError {
    /// The error for a tile of `need` bytes, naming the machine field that would hold it.
    static func tileDoesNotFit(
        operation: String, _ memory: SRAM.Buffer, need: Int, machine: Machine
    ) -> ScheduleError {
        let bank = machine.organisation.sram[memory]
        // Half of the activation buffer is for resident tensors.
        let whole = memory == .activation ? 2 * need : need
        return .tileDoesNotFit(
            operation: operation, buffer: memory, available: bank.bytes,
            smallest: roundUp(whole, to: bank.readBytesPerCycle), machine: machine.name,
            field: machine.organisation.sram.field(memory))
    }
}
