import Hardware
import NumberFormats

/// The nest of a stream in segments: for each tile of pieces, phase after phase, segment after segment.
struct RowNest {
    let scheduler: StreamingScheduler
    let rows: RowPlan
    let choice: StreamingScheduler.RowChoice
    private let isSplit: Bool
    private var builder = NestBuilder()
    /// By operand of the plan; nil where it is resident.
    private var buffers: [Int?]
    private var carried: Int?

    private typealias Tile = (outer: Affine, start: Affine, size: Int)

    init(_ scheduler: StreamingScheduler, _ rows: RowPlan, _ choice: StreamingScheduler.RowChoice) {
        (self.scheduler, self.rows, self.choice) = (scheduler, rows, choice)
        isSplit = choice.segment < rows.elements
        let operands = rows.plan.operands
        buffers = Array(repeating: nil, count: operands.count)
        for (place, operand) in operands.enumerated()
        where !scheduler.isResident[operand.operand] && operand.replaces == nil {
            let isOnce = [.once, .running].contains(rows.roles[place])
            buffers[place] = builder.buffer(
                "operand.\(operand.operand)", scheduler.model.home(operand.memory),
                bytes: rows.tileBytes(place, size: choice.units, segment: choice.segment),
                slots: isOnce ? 1 : choice.slots)
        }
        for (place, operand) in operands.enumerated() where !scheduler.isResident[operand.operand] {
            if let source = operand.replaces { buffers[place] = buffers[source] }
        }
        if isSplit, rows.carriedBytes > 0 {
            carried = builder.buffer(
                "carried", scheduler.model.home(.activation), bytes: rows.carriedBytes * choice.units, slots: 1)
        }
    }

    func nest() -> Nest {
        var body = loads(.once, (Affine(0), Affine(0), 1), example: Affine(0))
        let outer = rows.plan.outer / rows.examples
        body += NestBuilder.tiled(outer, by: 1, depth: 0) { pass, _, depth, _ in
            NestBuilder.tiled(rows.examples, by: 1, depth: depth) { example, _, depth, _ in
                let outer = pass.scaled(by: rows.examples) + example
                var nodes = loads(.perExample, (outer, Affine(0), 1), example: example)
                nodes += NestBuilder.tiled(rows.plan.units, by: choice.units, depth: depth) { start, size, depth, _ in
                    tile((outer, start, size), depth)
                }
                return nodes + releases(.perExample)
            }
        }
        for place in places(.running) { body += running(place) }
        return Nest(
            buffers: builder.buffers, body: body + releases(.once), usefulBytes: scheduler.usefulBytes(rows))
    }

    // MARK: Parts

    private func places(_ role: RowPlan.Role, isWrite: Bool? = nil) -> [Int] {
        rows.roles.indices.filter {
            rows.roles[$0] == role && (isWrite == nil || rows.plan.operands[$0].isWrite == isWrite)
        }
    }

    private func loads(_ role: RowPlan.Role, _ tile: Tile, example: Affine) -> [NestNode] {
        places(role, isWrite: false).compactMap { place in
            buffers[place].map {
                builder.load(
                    scheduler.transfer(
                        rows, place, tile.outer, tile.start, Affine(0), tile.size, rows.elements, example: example),
                    into: $0)
            }
        }
    }

    private func releases(_ role: RowPlan.Role) -> [NestNode] {
        places(role, isWrite: false).compactMap { place in buffers[place].map { .release(buffer: $0) } }
    }

    /// All phases of one tile of pieces.
    private func tile(_ tile: Tile, _ depth: Int) -> [NestNode] {
        var nodes = loads(.whole, tile, example: Affine(0))
        let phases = isSplit ? rows.phases : [rows.whole]
        let ends = Set(isSplit ? phases.flatMap(\.results) : [])
        // Whole results that segments write: a list, or everything where a piece is one segment.
        let written = places(.whole, isWrite: true).filter { !ends.contains($0) }
        let taken = written.filter { rows.plan.operands[$0].replaces == nil }.compactMap { buffers[$0] }
        for (number, phase) in phases.enumerated() {
            let begins = number == 0 && (carried != nil || !taken.isEmpty) || !phase.begin.operations.isEmpty
            nodes += NestBuilder.tiled(rows.elements, by: choice.segment, depth: depth, peelFirst: begins) {
                element, segment, _, isFirst in
                self.segment(
                    number, phase, tile, element, segment, isFirst: isFirst,
                    taking: number == 0 && isFirst ? taken : [], writing: written)
            }
            if isSplit, phase.end != nil { nodes += end(number, phase, tile) }
        }
        let replaced = Set(written.compactMap { rows.plan.operands[$0].replaces })
        for place in written { nodes += store(place, tile, Affine(0), rows.elements) }
        for place in places(.whole, isWrite: false) where !replaced.contains(place) {
            if let buffer = buffers[place] { nodes.append(.release(buffer: buffer)) }
        }
        if let carried { nodes.append(.release(buffer: carried)) }
        return nodes
    }

    private func store(_ place: Int, _ tile: Tile, _ element: Affine, _ segment: Int) -> [NestNode] {
        guard let buffer = buffers[place] else { return [] }
        let transfer = scheduler.transfer(rows, place, tile.outer, tile.start, element, tile.size, segment)
        return [builder.store(transfer, from: buffer), .release(buffer: buffer)]
    }

    /// One segment of a phase.
    private func segment(
        _ number: Int, _ phase: RowPlan.Phase, _ tile: Tile, _ element: Affine, _ segment: Int, isFirst: Bool,
        taking taken: [Int], writing written: [Int]
    ) -> [NestNode] {
        let operands = rows.plan.operands
        var nodes: [NestNode] = []
        for place in phase.reads {
            guard let buffer = buffers[place] else { continue }
            // Rows of a table are those that the first operand names, which has to be there.
            let numbers =
                operands[place].gathered ? view(0, tile, Affine(0), rows.elements) : nil
            nodes.append(
                builder.load(
                    scheduler.transfer(rows, place, tile.outer, tile.start, element, tile.size, segment), into: buffer,
                    rows: numbers, at: (tile.outer, tile.start)))
        }
        var use = Use()
        let share = { (place: Int) in
            ceilingDivision(rows.tileBytes(place, size: tile.size, segment: segment) * segment, rows.elements)
        }
        for place in phase.reads { use.read(self, place, rows.tileBytes(place, size: tile.size, segment: segment)) }
        for role in [RowPlan.Role.once, .perExample] {
            for place in places(role, isWrite: false) {
                use.read(self, place, rows.tileBytes(place, size: tile.size, segment: segment))
            }
        }
        for place in places(.whole, isWrite: false) { use.read(self, place, share(place)) }
        for place in phase.writes {
            if operands[place].replaces == nil, let buffer = buffers[place] { use.acquires.append(buffer) }
            use.write(self, place, rows.tileBytes(place, size: tile.size, segment: segment))
        }
        for place in written { use.write(self, place, share(place)) }
        use.acquires += taken
        if let carried {
            let isNew = number == 0 && isFirst
            use.carry(self, carried, bytes: rows.carriedBytes * tile.size, isNew: isNew)
        }
        let along =
            phase.reads + phase.writes
            + rows.roles.indices.filter { [.whole, .perExample, .once].contains(rows.roles[$0]) }
        var part = Command.Part(
            function: .segment(phase: number), outer: tile.outer, first: tile.start, element: element,
            views: Set(along).sorted().map { view($0, tile, element, segment) } + carriedView(tile))
        let weights = tile.size * segment
        switch rows.plan.engine {
        case .vector, .drawThenVector:
            var work = isSplit ? phase.work * weights : rows.plan.work * tile.size
            if isSplit, isFirst { work = work + phase.begin * tile.size }
            nodes.append(use.command(.vector(work), part))
        case .perturb(let perPiece, let times, let draws):
            part.first = tile.start.scaled(by: perPiece) + element
            nodes.append(use.command(.perturb(weights: weights * times, signs: 1, draws: draws), part))
        case .update(let perPiece, let times, let restoring, let draws):
            part.first = tile.start.scaled(by: perPiece) + element
            if !restoring.isEmpty {
                // Restored weights stay in the unit.
                var first = use
                first.accesses = []
                nodes.append(first.command(.perturb(weights: weights, signs: 1, draws: restoring), part))
                use.acquires = []
            }
            nodes.append(use.command(.update(weights: weights * times, draws: draws), part))
        }
        let replaced = Set(phase.writes.compactMap { operands[$0].replaces })
        for place in phase.reads where !replaced.contains(place) {
            if let buffer = buffers[place] { nodes.append(.release(buffer: buffer)) }
        }
        for place in phase.writes { nodes += store(place, tile, element, segment) }
        return nodes
    }

    /// What is left to do for a piece behind a phase's last segment.
    private func end(_ number: Int, _ phase: RowPlan.Phase, _ tile: Tile) -> [NestNode] {
        var use = Use()
        for place in phase.endReads { use.read(self, place, rows.tileBytes(place, size: tile.size, segment: 0)) }
        for place in phase.results {
            if let buffer = buffers[place] { use.acquires.append(buffer) }
            use.write(self, place, rows.tileBytes(place, size: tile.size, segment: rows.elements))
        }
        if let carried { use.carry(self, carried, bytes: rows.carriedBytes * tile.size, isNew: false) }
        let part = Command.Part(
            function: .endOfRow(phase: number), outer: tile.outer, first: tile.start,
            views: (phase.endReads + phase.results).map { view($0, tile, Affine(0), rows.elements) } + carriedView(tile)
        )
        let work = (phase.end ?? VectorWork()) * tile.size
        return [use.command(.vector(work), part)] + phase.results.flatMap { store($0, tile, Affine(0), rows.elements) }
    }

    /// The running result's end, for the whole operation.
    private func running(_ place: Int) -> [NestNode] {
        let operand = rows.plan.operands[place]
        let buffer = buffers[place]
        var use = Use()
        if let buffer { use.acquires.append(buffer) }
        use.write(self, place, operand.unitBytes)
        let none: Tile = (Affine(0), Affine(0), 1)
        let part = Command.Part(function: .end, views: [view(place, none, Affine(0), rows.elements)])
        return [use.command(.vector(rows.plan.endWork), part)] + store(place, none, Affine(0), rows.elements)
    }

    /// Where what passes between segments and phases lies, piece by piece.
    private func carriedView(_ tile: Tile) -> [TileView] {
        guard let carried else { return [] }
        return [
            TileView(
                operand: nil, buffer: carried, offset: Affine(0),
                dimensions: [.init(count: tile.size, pitch: rows.carriedBytes)], runBytes: rows.carriedBytes)
        ]
    }

    /// Where a tile of an operand lies.
    private func view(_ place: Int, _ tile: Tile, _ element: Affine, _ segment: Int) -> TileView {
        let operand = rows.plan.operands[place]
        let transfer = scheduler.transfer(rows, place, tile.outer, tile.start, element, tile.size, segment)
        let isTile = buffers[place] != nil
        let (count, run): (Int, Int)
        switch rows.roles[place] {
        case .once, .running, .perExample, .beside: (count, run) = (1, transfer.bytes)
        case .whole: (count, run) = (operand.innerCount, tile.size * operand.unitBytes)
        // As in the plain stream.
        case .along where !isSplit: (count, run) = (operand.innerCount, tile.size * operand.unitBytes)
        case .along where operand.innerCount > 1: (count, run) = (segment, tile.size * operand.unitBytes)
        case .along: (count, run) = (tile.size, rows.segmentBytes(place, segment))
        }
        let pitch = operand.innerCount > 1 ? operand.innerPitch : operand.unitBytes
        return TileView(
            operand: operand.operand, buffer: buffers[place], offset: isTile ? Affine(0) : transfer.offset,
            dimensions: [.init(count: count, pitch: isTile ? run : pitch)], runBytes: run)
    }

    /// The tiles that a command touches.
    private struct Use {
        var acquires: [Int] = []
        var reads: [Int] = []
        var writes: [Int] = []
        var accesses: [Command.Access] = []

        private func memory(_ nest: RowNest, _ place: Int) -> SRAM.Buffer {
            let operand = nest.rows.plan.operands[place]
            let model = nest.scheduler.model
            return nest.scheduler.isResident[operand.operand] ? .activation : model.home(operand.memory)
        }

        mutating func read(_ nest: RowNest, _ place: Int, _ bytes: Int) {
            accesses.append(.init(buffer: memory(nest, place), read: bytes, written: 0))
            if let buffer = nest.buffers[place] { reads.append(buffer) }
        }

        mutating func write(_ nest: RowNest, _ place: Int, _ bytes: Int) {
            accesses.append(.init(buffer: memory(nest, place), read: 0, written: bytes))
            if let buffer = nest.buffers[place] { writes.append(buffer) }
        }

        mutating func carry(_ nest: RowNest, _ buffer: Int, bytes: Int, isNew: Bool) {
            accesses.append(
                .init(buffer: nest.builder.memory(buffer), read: isNew ? 0 : bytes, written: bytes))
            if isNew { acquires.append(buffer) } else { reads.append(buffer) }
            writes.append(buffer)
        }

        func command(_ work: Command.Work, _ part: Command.Part) -> NestNode {
            .command(
                Command(
                    work: work, acquires: acquires, reads: reads, writes: writes,
                    accesses: Command.Access.merged(accesses), part: part))
        }
    }
}
