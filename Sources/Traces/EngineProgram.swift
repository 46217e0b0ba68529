import Emulator
import Hardware
import NumberFormats
import Programs
import Timing

/// A laid-out layer as the tile engine's commands: unit by unit in order, with addresses, and with the tokens that the timing model waits for.
///
/// Stores wait in the DMA's queue as `NestClock` has them, so that the order of every queue follows from the program alone.
struct EngineProgram {
    let scheduled: ScheduledProgram
    let shape: EngineShape
    let model: ArrayModel
    private(set) var commands: [EngineCommand] = []
    private(set) var portEntries: [EnginePortEntry] = []
    /// Cycles from the first command's issue to the end of the last one.
    let cycles: Int
    /// Words of accumulator memory of one slot.
    private(set) var slotWords = 0

    /// A tile buffer while commands are laid out.
    private struct Buffer {
        let layout: TileBuffer
        var taken = 0
        /// The command that made its newest tile.
        var ready: [Int]
        /// All that was issued on it.
        var uses: [Int]
        /// What each free slot waits for, oldest first.
        var free: [[Int]]
        /// Where its newest tile lies in its tensor, in bytes from its start.
        var origin = 0
        /// First byte of the slot that was taken last.
        var newest: Int { layout.address + slot * layout.bytes }
        var slot: Int { (taken - 1) % layout.slots }
    }

    private struct PendingStore {
        let work: EngineCommand.Work
        let command: Command
        let buffer: Int
        let waits: [Int]
        var releases = false
    }

    private static let none = [Int](repeating: 0, count: EngineClass.allCases.count)
    private var buffers: [Buffer]
    private var pending: [PendingStore] = []
    private var hasLoadBehindStore = false
    private var counts = none
    private var issued: [Command] = []
    private let layerBlocks: Bool

    /// - Throws: `EngineError` where the engine cannot do it; `ScheduleError` of the timing model.
    init(_ scheduled: ScheduledProgram) throws {
        guard case .product(let product) = scheduled.program.operations[0].action else {
            throw EngineError.notBuilt(
                what: "operation", found: scheduled.program.operations[0].name, allowed: "a product")
        }
        self.scheduled = scheduled
        model = scheduled.model.array(product.format)
        shape = try EngineShape(scheduled.machine, model)
        layerBlocks = Self.isBlocked(scheduled.machine, product.format, model.dataflow)
        let nest = scheduled.nest(of: 0)
        buffers = nest.buffers.map {
            Buffer(
                layout: $0, ready: Self.none, uses: Self.none, free: Array(repeating: Self.none, count: $0.slots))
        }
        cycles = try TimingModel.time(nest, on: scheduled.model).cycles
        try checkOperands(product)
        try findSlotWords(nest)
        try walk(nest.body, [])
        serveAll()
        try takeTimes(nest)
        coverPorts()
    }

    /// Whether the accumulator memory adds, in all commands alike. Output-stationary integers and exact sums are added there whatever the order; nothing
    /// changes a bit of them.
    private static func isBlocked(_ machine: Machine, _ format: ElementFormat, _ dataflow: MatrixArray.Dataflow) -> Bool
    {
        let isBlocked = if case .blocked = machine.arithmetic.order { true } else { false }
        switch machine.arithmetic.accumulator(format) {
        case .exact, .integer(_, .wrap): return dataflow == .outputStationary
        default: return isBlocked
        }
    }

    private func checkOperands(_ product: Product) throws(EngineError) {
        guard product.sign != .none else { return }
        guard product.secondFormat == .int8 else {
            throw .notBuilt(what: "perturbed weights in", found: product.secondFormat.rawValue, allowed: "int8")
        }
        let unit = scheduled.machine.organisation.perturbationUnit
        let rate = EngineShape.perturbationsPerCycle
        guard unit.perturbationsPerCycle == rate else {
            throw .notBuilt(
                what: "organisation.perturbationUnit.perturbationsPerCycle", found: "\(unit.perturbationsPerCycle)",
                allowed: "\(rate)")
        }
    }

    // MARK: Accumulator memory

    private func words(_ block: FoldBlock) -> Int {
        func groups(_ lines: Int) -> Int { (lines + model.columns - 1) / model.columns }
        switch model.dataflow {
        case .weightStationary: return groups(block.n) * block.m
        case .inputStationary: return groups(block.m) * block.n
        case .outputStationary: return (block.m + model.rows - 1) / model.rows * groups(block.n) * model.rows
        }
    }

    private mutating func findSlotWords(_ nest: Nest) throws(EngineError) {
        var most = 0
        nest.forEachCommand { command, _ in
            if case .matmul(let block) = command.work { most = max(most, words(block)) }
        }
        slotWords = most
        let slots = nest.buffers.first { $0.name == "sums" }?.slots ?? 1
        guard most * slots <= shape.depth else {
            throw .notBuilt(
                what: "room for the sums of a tile, words below a column:", found: "\(most * slots)",
                allowed: "\(shape.depth)")
        }
    }

    // MARK: Order and tokens

    private mutating func walk(_ nodes: [NestNode], _ indices: [Int]) throws(EngineError) {
        for node in nodes {
            switch node {
            case .command(let command): try issue(command, indices)
            case .release(let buffer): release(buffer)
            case .loop(let count, let body):
                for index in 0..<count { try walk(body, indices + [index]) }
            }
        }
    }

    private mutating func issue(_ command: Command, _ indices: [Int]) throws(EngineError) {
        if case .store(let transfer) = command.work {
            let source = command.reads[0]
            pending.append(
                PendingStore(
                    work: try work(transfer, buffers[source].newest, indices), command: command, buffer: source,
                    waits: buffers[source].ready))
            hasLoadBehindStore = false
            return
        }
        let isLoad = command.unit == .dma
        if isLoad {
            hasLoadBehindStore = !pending.isEmpty
        } else if hasLoadBehindStore {
            serveAll()
        }
        for buffer in command.acquires
        where isLoad ? buffers[buffer].free.isEmpty : pending.contains(where: { $0.buffer == buffer }) {
            serveAll()
        }
        var waits = Self.none
        func wait(_ other: [Int]) { for index in waits.indices { waits[index] = max(waits[index], other[index]) } }
        for buffer in command.reads { wait(buffers[buffer].ready) }
        for buffer in command.acquires {
            wait(buffers[buffer].free.removeFirst())
            buffers[buffer].taken += 1
        }
        if case .load(let transfer) = command.work {
            buffers[command.writes[0]].origin = transfer.offset.value(at: indices)
        }
        let (kind, work) = try describe(command, indices)
        let number = emit(kind, work, waits, command)
        for buffer in command.reads { buffers[buffer].uses[kind.rawValue] = number }
        for buffer in command.writes {
            buffers[buffer].ready = Self.none
            buffers[buffer].ready[kind.rawValue] = number
            buffers[buffer].uses[kind.rawValue] = number
        }
    }

    private mutating func release(_ buffer: Int) {
        if let index = pending.lastIndex(where: { $0.buffer == buffer }) {
            pending[index].releases = true
        } else {
            buffers[buffer].free.append(buffers[buffer].uses)
        }
    }

    private mutating func serveAll() {
        for store in pending {
            let number = emit(.store, store.work, store.waits, store.command)
            guard store.releases else { continue }
            var waits = Self.none
            waits[EngineClass.store.rawValue] = number
            buffers[store.buffer].free.append(waits)
        }
        pending.removeAll()
        hasLoadBehindStore = false
    }

    private mutating func emit(_ kind: EngineClass, _ work: EngineCommand.Work, _ waits: [Int], _ command: Command)
        -> Int
    {
        counts[kind.rawValue] += 1
        let number = counts[kind.rawValue]
        commands.append(EngineCommand(work: work, kind: kind, number: number, waits: waits))
        issued.append(command)
        for use in scheduled.model.portUses(command) {
            portEntries.append(
                EnginePortEntry(port: use.port, kind: kind, number: number, cycles: use.cycles, covers: number))
        }
        return number
    }

    /// Commands of a class that do not use a port are served by it with the one before them.
    private mutating func coverPorts() {
        var next: [Int: Int] = [:]
        for index in portEntries.indices.reversed() {
            let entry = portEntries[index]
            let key = entry.port * EngineClass.allCases.count + entry.kind.rawValue
            portEntries[index].covers = next[key].map { $0 - 1 } ?? 0xFFFF
            next[key] = entry.number
        }
    }

    /// Each command's cycles by the timing model, whose order of commands has to be this one's.
    private mutating func takeTimes(_ nest: Nest) throws {
        var times: [(Command, Int, Int)] = []
        _ = try TimingModel.expandedTime(nest, on: scheduled.model) { command, start, end in
            times.append((command, start, end))
        }
        precondition(times.count == commands.count, "the engine has the timing model's commands")
        for (index, time) in times.enumerated() {
            precondition(time.0 == issued[index], "the engine has the timing model's order")
            (commands[index].start, commands[index].end) = (time.1, time.2)
        }
    }

    // MARK: Commands

    private func work(_ transfer: Transfer, _ tile: Int, _ indices: [Int]) throws(EngineError) -> EngineCommand.Work {
        let operation = scheduled.program.operations[0]
        let tensor = (operation.reads + operation.writes)[transfer.operand].index
        guard let address = scheduled.memory.addresses[tensor], transfer.dimensions.count <= 1 else {
            throw .notBuilt(
                what: "a transfer of", found: "\(transfer.dimensions.count) dimensions", allowed: "runs at one distance"
            )
        }
        return .transfer(
            dram: address + transfer.offset.value(at: indices), tile: tile, runs: transfer.runs,
            runBytes: transfer.runBytes, pitch: transfer.dimensions.first?.pitch ?? 0)
    }

    private func describe(
        _ command: Command, _ indices: [Int]
    ) throws(EngineError) -> (EngineClass, EngineCommand.Work) {
        func place(_ view: TileView) throws(EngineError) -> Int {
            guard let buffer = view.buffer else {
                throw .notBuilt(what: "a resident operand", found: "\(view.operand ?? -1)", allowed: "tiles from DRAM")
            }
            return buffers[buffer].newest + view.offset.value(at: indices)
        }
        func view(_ operand: Int?) throws(EngineError) -> TileView {
            guard let view = command.part?.view(operand) else {
                throw .notBuilt(what: "a command without operand", found: "\(operand ?? -1)", allowed: "products")
            }
            return view
        }
        let reads = scheduled.program.operations[0].reads
        let hasFirstScales = scheduled.program[reads[0]].format.hasScales
        let second = hasFirstScales ? 2 : 1
        /// First row and k of what the array reads of a tensor.
        func start(_ view: TileView, _ tensor: TensorID) -> (row: Int, k: Int) {
            guard case .product(let product) = scheduled.program.operations[0].action, let buffer = view.buffer else {
                return (0, 0)
            }
            let bytes = buffers[buffer].origin + view.offset.value(at: indices)
            let (row, k) = (bytes * 8 / scheduled.program[tensor].format.bits).quotientAndRemainder(
                dividingBy: product.k)
            return (row, k)
        }
        switch command.work {
        case .load(let transfer):
            let target = buffers[command.writes[0]]
            return (
                target.layout.memory == .weight ? .weightLoad : .activationLoad,
                try work(transfer, target.newest, indices)
            )
        case .perturb:
            let tile = try view(second)
            let (rows, columns) = (tile.dimensions[0].count, tile.runBytes)
            let first = command.part?.first.value(at: indices) ?? 0
            let rate = EngineShape.perturbationsPerCycle
            guard columns % rate == 0, first % rate == 0 else {
                throw .notBuilt(what: "a perturbed tile's k of", found: "\(columns)", allowed: "multiples of \(rate)")
            }
            return (.perturbation, .perturb(tile: try place(tile), rows: rows, columns: columns, first: first))
        case .matmul(let block):
            let (a, b, sums) = (try view(0), try view(second), try view(nil))
            guard block.instances == 1, let slot = sums.buffer.map({ buffers[$0].slot }) else {
                throw .notBuilt(what: "products at once", found: "\(block.instances)", allowed: "1")
            }
            let steps = (block.k + model.codes - 1) / model.codes
            let isOutputStationary = model.dataflow == .outputStationary
            let folds = model.folds(m: block.m, n: block.n, k: block.k)
            let groups: Int
            switch model.dataflow {
            case .weightStationary: groups = (block.n + model.columns - 1) / model.columns
            case .inputStationary: groups = (block.m + model.columns - 1) / model.columns
            case .outputStationary:
                groups = (block.m + model.rows - 1) / model.rows * ((block.n + model.columns - 1) / model.columns)
            }
            return (
                .product,
                .product(
                    .init(
                        weightTile: try place(b), weightPitch: b.dimensions.last?.pitch ?? 0,
                        activationTile: try place(a), activationPitch: a.dimensions.last?.pitch ?? 0,
                        firstWord: slot * slotWords, m: block.m, n: block.n, k: block.k,
                        accumulates: block.accumulates, isBlocked: layerBlocks,
                        beats: model.stream(m: block.m, n: block.n, k: block.k), folds: folds / groups, groups: groups,
                        rowsLast: isOutputStationary ? model.rows : (steps - 1) % model.rows + 1,
                        place: [
                            start(a, reads[0]).row, start(b, reads[hasFirstScales ? 2 : 1]).row, start(a, reads[0]).k,
                        ]))
            )
        case .vector:
            let sums = try view(nil)
            let secondScales = hasFirstScales ? 3 : 2
            let hasBias = reads.count > 4
            let result = try view(reads.count)
            let (m, n) = (result.dimensions.last?.count ?? 1, result.runBytes / 4)
            let slot = sums.buffer.map { buffers[$0].slot } ?? 0
            return (
                .epilogue,
                .epilogue(
                    .init(
                        firstWord: slot * slotWords, m: m, n: n, beats: model.dataflow == .inputStationary ? n : m,
                        firstScales: try place(try view(1)), secondScales: try place(try view(secondScales)),
                        bias: hasBias ? try place(try view(4)) : 0, result: try place(result)))
            )
        default: throw .notBuilt(what: "a command on", found: command.unit.rawValue, allowed: "products and loads")
        }
    }
}
