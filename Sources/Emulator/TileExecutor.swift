import Hardware
import Kernels
import NumberFormats
import Programs

/// Runs the commands of a laid-out program one after another, in the order of issue, on modelled memories.
///
/// A command reads its operands from the slots of tile buffers, or from resident tensors, and leaves its results there; loads and stores copy between these and
/// DRAM. Nothing else holds a tensor. The vector unit keeps a running loss, the perturbation unit a queue of drawn values.
final class TileExecutor {
    let scheduled: ScheduledProgram
    let parameters: EncoderParameters
    let kernels: Kernels
    var threads: Int
    let options: TileOptions
    let checks: Bool
    let dram: DRAMImage
    /// Runs the pass with −d beside the one with +d; nil until two do.
    var other: TileExecutor?
    /// Take some of an operation's turns, each on a chip of its own.
    var helpers: [TileExecutor] = []
    /// What is done here is done by another, too, and counted there.
    var isRepeated = false
    /// Of a partner: the first executor's DRAM, and the tensors that are its own.
    let firstDRAM: DRAMImage?
    var own: Set<Int>?
    let batch: Int
    /// What a step draws and how it updates; nil in inference.
    var stepContext: StepContext?
    /// The query whose passes run; their number once all have.
    var query = 0
    /// L₊ and L₋ of the queries that have run.
    private(set) var losses: [(plus: Float, minus: Float)] = []

    private let nests: [PreparedNest]
    /// What tiles lie in: the slots of the running operation's buffers.
    let chip: AlignedBuffer<UInt8>
    /// Bytes of `chip` that were written since their slot was taken.
    let chipWritten: ByteMap
    let chipBase: UnsafeMutablePointer<UInt8>
    let slots: UnsafeMutablePointer<TileSlots>
    /// Indices of the loops around the running command.
    let indices: UnsafeMutablePointer<Int>
    var residents: [Int: Resident] = [:]
    private var freeResidents: [Int: [AlignedBuffer<UInt8>]] = [:]

    // The running operation and command.
    private(set) var number = 0
    private(set) var operation: Operation
    private(set) var action: Action
    var operands: [TensorID] = []
    /// Where the operation's tensors lie.
    let places: UnsafeMutablePointer<Place>
    let state: UnsafeMutablePointer<State>
    var packed = PackedTiles()
    /// First operands of products, a byte a code, kept as long.
    var unpacked = PackedTiles()
    /// Kept where the running operation fetches perturbed weights more than once.
    var perturbed = PerturbedTiles()
    private(set) var drawsAgain = false
    /// By `Port`.
    var ports = Port.allCases.map { _ in AlignedBuffer<Int8>(count: 0) }
    /// The running update's moves, made of the differences that its commands found.
    var knownMoves: (differences: [Float], moves: [CodeMoves.Move])?
    var scratch = AlignedBuffer<Float>(count: 0)
    var runningLosses: [Float] = []
    var drawn: [Int32] = []
    /// Of rows that come in segments.
    var rowProgress = RowProgress()
    var inPlaceRow = InPlaceRow()
    /// Codes that were taken back from an in-place perturbation, for the update that comes next.
    var restored: [Int8] = []
    /// Codes by weight as the step found them; kept where runs are checked, to hold restored ones against.
    var originals: [Int: AlignedBuffer<Int8>] = [:]
    /// Registers of the array, where it is modelled.
    lazy var registers = RegisterArray(scheduled)

    /// What passes left, and what was counted.
    var results: [Pass: EncoderEmulator.ForwardResult] = [:]
    var macs = 0
    var perturbations: [Int: (statistics: PerturbationStatistics, weights: Int)] = [:]
    var updates: [Int: UpdateStatistics] = [:]
    var accumulators: AccumulatorStatistics?
    /// Codes that the command that ran last limited to their range.
    var clamped: UInt64 = 0
    /// Where set, is told of commands.
    weak var observer: (any TileObserver)?
    /// Where set, times each command: seconds of whatever the caller measures.
    var clock: (@Sendable () -> Double)?
    /// Time by kind of command, filled while `clock` is set.
    private(set) var profile: [String: Double] = [:]

    /// A resident tensor.
    struct Resident {
        let bytes: AlignedBuffer<UInt8>
        let written: WrittenBytes?
    }

    /// Where a tensor lies.
    struct Place {
        var base: UnsafeMutablePointer<UInt8>?
        var bytes = 0
        var isInDRAM = false
        /// In DRAM that belongs to another executor.
        var isShared = false
        /// The operation writes it.
        var isResult = false
        /// The tensor's first byte in the maps of written bytes.
        var start = 0
    }

    struct State {
        /// Commands of the operation's nest, and the one that runs; −1 between commands.
        var prepared: UnsafeMutablePointer<PreparedNest.Prepared>?
        var stored: UnsafeMutablePointer<PreparedNest.Stored>?
        var command = -1
        /// Commands of the operation that ran before.
        var count = 0
    }

    /// - Parameters:
    ///   - first: the executor whose partner this one is to be.
    ///   - leader: the executor that it is to help.
    /// - Throws: `TileError` where something has no place of its own, or a command says more or less than any machine can do.
    init(
        _ scheduled: ScheduledProgram, parameters: EncoderParameters, kernels: Kernels, threads: Int,
        options: TileOptions, partnerOf first: TileExecutor? = nil, helperOf leader: TileExecutor? = nil
    ) throws(TileError) {
        if first == nil, leader == nil { try scheduled.checkPlaces() }
        self.scheduled = scheduled
        self.parameters = parameters
        self.kernels = kernels
        self.threads = threads
        self.options = options
        checks = options.checks
        batch = scheduled.program.step.batch
        // Prepared nests never change.
        var nests = (first ?? leader)?.nests ?? []
        for (number, nest) in scheduled.nests.enumerated().dropFirst(nests.count) {
            do throws(TileError.Fault) {
                nests.append(try PreparedNest(nest))
            } catch {
                let operation = scheduled.nestOfOperation.firstIndex(of: number)
                throw TileError(
                    operation: operation.map { scheduled.program.operations[$0].name } ?? "", command: nil, work: "",
                    buffer: "", byte: nil, fault: error)
            }
        }
        self.nests = nests
        if let leader {
            dram = leader.dram
        } else {
            let written = scheduled.program.operations.filter { $0.pass == .minus }.flatMap { $0.writes.map(\.index) }
            dram = DRAMImage(
                scheduled, kernels: kernels, checks: options.checks, tensors: first == nil ? nil : Set(written))
        }
        firstDRAM = first?.dram
        let bytes = nests.map(\.chipBytes).max() ?? 0
        chip = AlignedBuffer(count: bytes)
        chipWritten = ByteMap(count: options.checks ? bytes : 0)
        chipBase = chip.baseAddress
        slots = .allocate(capacity: max(1, scheduled.nests.map(\.buffers.count).max() ?? 0))
        indices = .allocate(capacity: PreparedNest.depth)
        indices.initialize(repeating: 0, count: PreparedNest.depth)
        let most = scheduled.program.operations.map { $0.reads.count + $0.writes.count }.max() ?? 0
        places = .allocate(capacity: max(1, most))
        places.initialize(repeating: Place(), count: max(1, most))
        state = .allocate(capacity: 1)
        state.initialize(to: State())
        operation = scheduled.program.operations[0]
        action = operation.action
    }

    deinit {
        slots.deallocate()
        indices.deallocate()
        places.deallocate()
        state.deallocate()
    }

    /// Forgets the times so far.
    func resetProfile() { profile = [:] }

    /// Runs every operation.
    func run() throws(EmulatorError) {
        results = [:]
        macs = 0
        perturbations = [:]
        updates = [:]
        query = 0
        losses = []
        residents = [:]
        var number = 0
        while number < scheduled.program.operations.count {
            if let passes = passes(from: number) {
                try run(passes)
                number = passes.minus.upperBound
            } else {
                try run(number..<number + 1, threads: threads)
                number += 1
            }
        }
    }

    /// Runs some operations with some threads.
    func run(_ operations: Range<Int>, threads: Int) throws(EmulatorError) {
        let all = self.threads
        self.threads = threads
        defer { self.threads = all }
        for number in operations {
            do throws(TileError) {
                try begin(number)
                if let turns = sharedTurns(nests[scheduled.nestOfOperation[number]]) {
                    try share(turns)
                } else {
                    try walk()
                }
                try end()
            } catch {
                throw .tile(error)
            }
            if case .projectedGradient = action { try endQuery() }
        }
    }

    /// Nothing is updated where a loss is no number.
    private func endQuery() throws(EmulatorError) {
        guard let plus = results[.plus]?.loss, let minus = results[.minus]?.loss, let stepContext else { return }
        for (loss, pass) in [(plus, "plus"), (minus, "minus")] where !loss.isFinite {
            throw .lossNotFinite(step: stepContext.step, pass: pass, loss: loss)
        }
        losses.append((plus, minus))
        query += 1
    }

    // MARK: Operations

    /// Takes up an operation, on an empty chip.
    private func beginNest(_ number: Int) {
        self.number = number
        operation = scheduled.program.operations[number]
        action = operation.action
        operands = operation.reads + operation.writes
        state.pointee = State()
        runningLosses = []
        drawn = []
        restored = []
        rowProgress = RowProgress()
        packed.removeAll()
        unpacked.removeAll()
        knownMoves = nil
        perturbed.removeAll()
        drawsAgain = false
        if !checks, case .product(let product) = action {
            drawsAgain = nests[scheduled.nestOfOperation[number]].perturbedWeights > product.n * product.k
        }
        var end = 0
        for (index, buffer) in scheduled.nest(of: number).buffers.enumerated() {
            slots[index] = TileSlots(buffer, offset: end)
            end = slots[index].end
        }
    }

    /// Takes up the leader's operation, with its tensors where it has them.
    func follow(_ leader: TileExecutor) {
        beginNest(leader.number)
        stepContext = leader.stepContext
        query = leader.query
        macs = 0
        perturbations = [:]
        updates = [:]
        accumulators = leader.accumulators == nil ? nil : AccumulatorStatistics()
        residents = leader.residents
        places.update(from: leader.places, count: operands.count)
    }

    private func begin(_ number: Int) throws(TileError) {
        beginNest(number)
        for (place, id) in operands.enumerated() {
            let count = scheduled.program[id].bytes(batch: batch)
            let isNew =
                scheduled.memory.lifetimes[id.index]?.lowerBound == number && !scheduled.program[id].isPersistent
                && operands.firstIndex(of: id) == place
            places[place] = Place()
            let isShared = own.map { !$0.contains(id.index) } ?? false
            let image = isShared ? firstDRAM ?? dram : dram
            if let range = image.range(of: id.index) {
                places[place] = Place(
                    base: image.bytes.baseAddress + range.lowerBound, bytes: count, isInDRAM: true,
                    isShared: isShared, start: range.lowerBound)
            } else if isNew {
                residents[id.index] = Resident(
                    bytes: freeResidents[count]?.popLast() ?? AlignedBuffer(count: count),
                    written: checks ? WrittenBytes(count: count) : nil)
            }
            if !places[place].isInDRAM {
                places[place] = Place(base: residents[id.index]?.bytes.baseAddress, bytes: count)
            }
            places[place].isResult = operation.writes.contains(id)
            if let written = written(place) {
                let range = places[place].start..<places[place].start + count
                if isNew { written.alive.set(range, false) }
                if place >= operation.reads.count { written.byOperation.set(range, false) }
            }
        }
    }

    private func end() throws(TileError) {
        let buffers = scheduled.nest(of: number).buffers
        for (index, buffer) in buffers.enumerated() where slots[index].taken > 0 {
            throw fault(.notReleased(slots: slots[index].taken), buffer.name)
        }
        guard drawn.isEmpty else { throw fault(.draws(found: drawn.count, needed: 0)) }
        guard restored.isEmpty else { throw fault(.restoredWeights(found: restored.count, needed: 0)) }
        do throws(TileError.Fault) { try rowProgress.finish() } catch { throw fault(error) }
        if checks {
            for (index, id) in operation.writes.enumerated() {
                let place = places[operation.reads.count + index]
                let range = place.start..<place.start + place.bytes
                guard let byte = written(operation.reads.count + index)?.byOperation.first(range, false) else {
                    continue
                }
                throw fault(.notWritten, scheduled.program[id].name, byte - range.lowerBound)
            }
        }
        for id in operands where scheduled.memory.lifetimes[id.index]?.upperBound == number {
            // What another executor lent stays until both are done with it.
            guard own?.contains(id.index) ?? true, let resident = residents.removeValue(forKey: id.index) else {
                continue
            }
            recycle(resident)
        }
    }

    /// Keeps a dead tensor's memory for the next.
    func recycle(_ resident: Resident) { freeResidents[resident.bytes.count, default: []].append(resident.bytes) }

    /// Runs the commands of the operation's nest.
    ///
    /// - Parameters:
    ///   - turns: the loop of whose turns it runs only those in `range`, where it is given.
    ///   - isFirst: whether it is the one that counts what stands before that loop.
    func walk(
        _ turns: PreparedNest.Turns? = nil, _ range: Range<Int> = 0..<0, isFirst: Bool = true
    ) throws(TileError) {
        let nest = nests[scheduled.nestOfOperation[number]]
        let instructions = nest.instructions
        let (first, last) = (turns?.start ?? -1, turns?.end ?? -1)
        isRepeated = !isFirst
        defer { isRepeated = false }
        state.pointee.prepared = nest.prepared.baseAddress
        state.pointee.stored = nest.stored.baseAddress
        let clock = clock
        let observer = observer.flatMap { $0.begins(number) ? $0 : nil }
        var depth = 0
        var next = 0
        while next < instructions.count {
            switch instructions[next] {
            case .command(let index):
                state.pointee.command = index
                if let observer {
                    try execute(nest, index, for: observer)
                } else if let clock {
                    let start = clock()
                    try execute(nest, index)
                    profile[kind(nest.commands[index]), default: 0] += clock() - start
                } else {
                    try execute(nest, index)
                }
                state.pointee.count += 1
                state.pointee.command = -1
            case .release(let buffer):
                guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name(buffer)) }
                slots[buffer].release()
            case .loop(let count, let end):
                if next == first {
                    guard !range.isEmpty else {
                        next = end + 1
                        continue
                    }
                    isRepeated = false
                    state.pointee.count += range.lowerBound * (turns?.commandsPerTurn ?? 0)
                    indices[depth] = range.lowerBound
                    depth += 1
                } else if count == 0 {
                    next = end
                } else {
                    indices[depth] = 0
                    depth += 1
                }
            case .next(let count, let start):
                indices[depth - 1] += 1
                if indices[depth - 1] < (next == last ? range.upperBound : count) {
                    next = start
                } else {
                    indices[depth - 1] = 0
                    depth -= 1
                }
            }
            next += 1
        }
    }

    private func execute(_ nest: PreparedNest, _ index: Int, for observer: any TileObserver) throws(TileError) {
        let observed = ObservedCommand(
            executor: self, operation: number, nest: scheduled.nestOfOperation[number], index: index,
            command: nest.commands[index], indices: (0..<PreparedNest.depth).map { indices[$0] })
        clamped = 0
        observer.willRun(observed)
        try execute(nest, index)
        observer.didRun(observed)
        guard observer.goesOn else { throw fault(.stopped) }
    }

    private func execute(_ nest: PreparedNest, _ index: Int) throws(TileError) {
        let command = UnsafePointer(nest.prepared.baseAddress! + index)
        for place in command.pointee.acquires {
            let buffer = nest.acquired[place]
            guard slots[buffer].hasFree else { throw fault(.noFreeSlot(slots: slots[buffer].slots), name(buffer)) }
            slots[buffer].acquire()
            if checks {
                chipWritten.set(slots[buffer].newest..<slots[buffer].newest + slots[buffer].bytes, false)
            }
        }
        if command.pointee.kind == .transfer {
            let transfer = UnsafePointer(nest.transfers.baseAddress! + command.pointee.transfer)
            return transfer.pointee.isLoad ? try load(transfer, nest, command) : try store(transfer)
        }
        guard command.pointee.isDescribed else { throw fault(.notDescribed("which part of the operation it does")) }
        let work = TileCommand(executor: self, nest: nest, command: command)
        switch command.pointee.kind {
        case .transfer: break
        case .perturb:
            switch action {
            case .perturbInPlace: try perturbInPlace(work)
            case .update: try restore(work)
            default: try perturb(work)
            }
        case .draw: try draw(work)
        case .update: try update(work)
        case .matmul: try multiply(work)
        case .vector: try vector(work)
        }
    }

    /// The kind of work, as profiles name it.
    private func kind(_ command: Command) -> String {
        guard case .vector = command.work else { return command.work.name }
        return command.part?.function == .epilogue ? "epilogue" : action.kindName
    }

    /// The command that runs, prepared; only while one does.
    var current: UnsafePointer<PreparedNest.Prepared> {
        UnsafePointer(state.pointee.prepared! + state.pointee.command)
    }

    /// The command that runs; nil between commands.
    var running: Command? {
        let index = state.pointee.command
        return index < 0 ? nil : nests[scheduled.nestOfOperation[number]].commands[index]
    }

    /// What is wrong, at the command that runs.
    func fault(_ fault: TileError.Fault, _ buffer: String = "", _ byte: Int? = nil) -> TileError {
        TileError(
            operation: operation.name, command: running == nil ? nil : state.pointee.count,
            work: running?.work.name ?? "", buffer: buffer, byte: byte, fault: fault)
    }

    func name(_ buffer: Int) -> String { scheduled.nest(of: number).buffers[buffer].name }

    func name(operand: Int) -> String { scheduled.program[operands[operand]].name }
}

extension Command.Work {
    /// What errors call the work.
    var name: String {
        switch self {
        case .load: "load"
        case .store: "store"
        case .perturb: "perturb"
        case .draw: "draw"
        case .update: "update"
        case .matmul: "matmul"
        case .vector: "vector"
        }
    }
}
