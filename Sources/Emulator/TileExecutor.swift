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
    let threads: Int
    let options: TileOptions
    let checks: Bool
    let dram: DRAMImage
    let batch: Int
    /// What a step draws and how it updates; nil in inference.
    var quzo: QuZOContext?

    private let nests: [PreparedNest]
    /// What tiles lie in: the slots of the running operation's buffers.
    private let chip: AlignedBuffer<UInt8>
    /// Bytes of `chip` that were written since their slot was taken.
    private let chipWritten: ByteMap
    let chipBase: UnsafeMutablePointer<UInt8>
    let slots: UnsafeMutablePointer<TileSlots>
    /// Indices of the loops around the running command.
    let indices: UnsafeMutablePointer<Int>
    private var residents: [Int: Resident] = [:]
    private var freeResidents: [Int: [AlignedBuffer<UInt8>]] = [:]

    // The running operation and command.
    private(set) var number = 0
    private(set) var operation: Operation
    private(set) var action: Action
    private var operands: [TensorID] = []
    /// Where the operation's tensors lie.
    private let places: UnsafeMutablePointer<Place>
    private let state: UnsafeMutablePointer<State>
    var packed = PackedTiles()
    var scratch = AlignedBuffer<Float>(count: 0)
    var runningLosses: [Float] = []
    var drawn: [Int32] = []
    /// Registers of the array, where it is modelled.
    lazy var registers = RegisterArray(scheduled)

    /// What passes left, and what was counted.
    var results: [Pass: EncoderEmulator.ForwardResult] = [:]
    var macs = 0
    var perturbations: [Int: (statistics: PerturbationStatistics, weights: Int)] = [:]
    var updates: [Int: UpdateStatistics] = [:]
    var accumulators: AccumulatorStatistics?
    /// Where set, times each command: seconds of whatever the caller measures.
    var clock: (@Sendable () -> Double)?
    /// Time by kind of command, filled while `clock` is set.
    private(set) var profile: [String: Double] = [:]

    /// A resident tensor.
    private struct Resident {
        let bytes: AlignedBuffer<UInt8>
        let written: WrittenBytes?
    }

    /// Where a tensor lies.
    private struct Place {
        var base: UnsafeMutablePointer<UInt8>?
        var bytes = 0
        var isInDRAM = false
        /// The operation writes it.
        var isResult = false
        /// The tensor's first byte in the maps of written bytes.
        var start = 0
    }

    private struct State {
        /// Commands of the operation's nest, and the one that runs; −1 between commands.
        var prepared: UnsafeMutablePointer<PreparedNest.Prepared>?
        var command = -1
        /// Commands of the operation that ran before.
        var count = 0
    }

    /// - Throws: `TileError` where something has no place of its own, or a command says more or less than any machine can do.
    init(
        _ scheduled: ScheduledProgram, parameters: EncoderParameters, kernels: Kernels, threads: Int,
        options: TileOptions
    ) throws(TileError) {
        try scheduled.checkPlaces()
        self.scheduled = scheduled
        self.parameters = parameters
        self.kernels = kernels
        self.threads = threads
        self.options = options
        checks = options.checks
        batch = scheduled.program.step.batch
        var nests: [PreparedNest] = []
        for (number, nest) in scheduled.nests.enumerated() {
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
        dram = DRAMImage(scheduled, checks: options.checks)
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
        for number in scheduled.program.operations.indices {
            do throws(TileError) {
                try begin(number)
                try walk(nests[scheduled.nestOfOperation[number]])
                try end()
            } catch {
                throw .tile(error)
            }
            if case .projectedGradient = action { try checkLosses() }
        }
    }

    /// Nothing is updated where a loss is no number.
    private func checkLosses() throws(EmulatorError) {
        guard let plus = results[.plus]?.loss, let minus = results[.minus]?.loss, let quzo else { return }
        for (loss, pass) in [(plus, "plus"), (minus, "minus")] where !loss.isFinite {
            throw .lossNotFinite(step: quzo.step, pass: pass, loss: loss)
        }
    }

    // MARK: Operations

    private func begin(_ number: Int) throws(TileError) {
        self.number = number
        operation = scheduled.program.operations[number]
        action = operation.action
        operands = operation.reads + operation.writes
        state.pointee = State()
        runningLosses = []
        drawn = []
        packed.removeAll()
        var end = 0
        for (index, buffer) in scheduled.nest(of: number).buffers.enumerated() {
            slots[index] = TileSlots(buffer, offset: end)
            end = slots[index].end
        }
        for (place, id) in operands.enumerated() {
            let count = scheduled.program[id].bytes(batch: batch)
            let isNew =
                scheduled.memory.lifetimes[id.index]?.lowerBound == number && !scheduled.program[id].isPersistent
                && operands.firstIndex(of: id) == place
            places[place] = Place()
            if let range = dram.range(of: id.index) {
                places[place] = Place(
                    base: dram.bytes.baseAddress + range.lowerBound, bytes: count, isInDRAM: true,
                    start: range.lowerBound)
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
            guard let resident = residents.removeValue(forKey: id.index) else { continue }
            freeResidents[resident.bytes.count, default: []].append(resident.bytes)
        }
    }

    private func walk(_ nest: PreparedNest) throws(TileError) {
        let instructions = nest.instructions
        state.pointee.prepared = nest.prepared.baseAddress
        let clock = clock
        var depth = 0
        var next = 0
        while next < instructions.count {
            switch instructions[next] {
            case .command(let index):
                state.pointee.command = index
                if let clock {
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
                if count == 0 {
                    next = end
                } else {
                    indices[depth] = 0
                    depth += 1
                }
            case .next(let count, let start):
                indices[depth - 1] += 1
                if indices[depth - 1] < count {
                    next = start
                } else {
                    indices[depth - 1] = 0
                    depth -= 1
                }
            }
            next += 1
        }
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
        case .perturb: try perturb(work)
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
    private var current: UnsafePointer<PreparedNest.Prepared> {
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

    private func name(_ buffer: Int) -> String { scheduled.nest(of: number).buffers[buffer].name }

    private func name(operand: Int) -> String { scheduled.program[operands[operand]].name }

    // MARK: Places

    enum Use {
        case read, write, change
        /// Writes behind what another command brought to the same slot.
        case fill
    }

    private func written(_ operand: Int) -> WrittenBytes? {
        places[operand].isInDRAM ? dram.written : residents[operands[operand].index]?.written
    }

    private func checkOperand(_ operand: Int) throws(TileError) {
        guard operands.indices.contains(operand) else {
            throw fault(.notDescribed("a tensor of the operation: it names number \(operand) of \(operands.count)"))
        }
    }

    /// The bytes of an operand of the running command, checked for `use`.
    func resolve(_ view: UnsafePointer<PreparedNest.View>, _ use: Use) throws(TileError) -> TileOperand {
        let offset = view.pointee.offset.value(at: indices)
        let buffer = view.pointee.buffer
        let extent = view.pointee.extent
        let start: UnsafeMutablePointer<UInt8>
        if buffer >= 0 {
            guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name(buffer)) }
            guard offset >= 0, offset + extent <= slots[buffer].bytes else {
                throw fault(
                    .outsideSlot(end: offset < 0 ? offset : offset + extent, bytes: slots[buffer].bytes), name(buffer))
            }
            if checks {
                let acquires = current.pointee.takes >> UInt64(buffer) & 1 == 1
                try checkTokens(buffer, use)
                try view.pointee.joined.visit { run, count throws(TileError) in
                    try checkSlot(buffer, offset + run, count, use: use, acquires: acquires)
                }
            }
            if use != .read {
                slots[buffer].written()
                if slots[buffer].source != nil { bring(buffer) }
            }
            start = (slots[buffer].source ?? chipBase + slots[buffer].newest) + offset
        } else {
            let operand = view.pointee.operand
            try checkOperand(operand)
            guard let base = places[operand].base, !places[operand].isInDRAM else {
                throw fault(.readBeforeWrite, name(operand: operand))
            }
            guard offset >= 0, offset + extent <= places[operand].bytes else {
                throw fault(
                    .outsideTensor(end: offset < 0 ? offset : offset + extent, bytes: places[operand].bytes),
                    name(operand: operand))
            }
            if checks {
                try view.pointee.joined.visit { run, count throws(TileError) in
                    try checkTensor(operand, offset + run, count, use, missing: .readBeforeWrite)
                }
            }
            start = base + offset
        }
        return TileOperand(
            bytes: SharedBuffer(start: start, count: extent), counts: view.pointee.shape.counts,
            pitches: view.pointee.shape.pitches, runBytes: view.pointee.shape.runBytes)
    }

    /// Copies a tile that so far was read where it stands in DRAM.
    private func bring(_ buffer: Int) {
        guard let source = slots[buffer].source else { return }
        UnsafeMutableRawPointer(chipBase + slots[buffer].newest).copyMemory(
            from: source, byteCount: slots[buffer].sourceBytes)
        slots[buffer].source = nil
    }

    /// A command waits for the tiles that it touches. A gather reads the row numbers that the DMA itself brought.
    private func checkTokens(_ buffer: Int, _ use: Use) throws(TileError) {
        guard current.pointee.kind != .transfer else { return }
        let waits = use == .read ? current.pointee.touches : current.pointee.makes
        guard waits >> UInt64(buffer) & 1 == 1 else {
            throw fault(.notWaitedFor, name(buffer))
        }
    }

    /// Reads find written bytes; writes to a slot that the command did not take find them, too: they overwrite in place.
    private func checkSlot(
        _ buffer: Int, _ offset: Int, _ count: Int, use: Use, acquires: Bool
    ) throws(TileError) {
        let start = slots[buffer].newest
        let range = start + offset..<start + offset + count
        if use != .fill, use != .write || !acquires, let byte = chipWritten.first(range, false) {
            throw fault(use == .write ? .notAcquired : .readBeforeWrite, name(buffer), byte - start)
        }
        if use != .read { chipWritten.set(range, true) }
    }

    private func checkTensor(
        _ operand: Int, _ offset: Int, _ count: Int, _ use: Use, missing: TileError.Fault
    ) throws(TileError) {
        guard let written = written(operand) else { return }
        let first = places[operand].start
        let range = first + offset..<first + offset + count
        if use != .write, let byte = written.alive.first(range, false) {
            throw fault(missing, name(operand: operand), byte - first)
        }
        guard use != .read else { return }
        if let byte = written.byOperation.first(range, true) {
            throw fault(.writtenTwice, name(operand: operand), byte - first)
        }
        written.alive.set(range, true)
        written.byOperation.set(range, true)
    }

    // MARK: DMA

    /// The slot that a transfer fills or empties, from its first byte on.
    private func tile(_ transfer: UnsafePointer<PreparedNest.Transfer>) throws(TileError) -> UnsafeMutablePointer<UInt8>
    {
        let buffer = transfer.pointee.buffer
        let bytes = transfer.pointee.bytes
        guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name(buffer)) }
        guard bytes <= slots[buffer].bytes else {
            throw fault(.outsideSlot(end: bytes, bytes: slots[buffer].bytes), name(buffer))
        }
        if checks {
            let acquires = current.pointee.takes >> UInt64(buffer) & 1 == 1
            guard acquires || !transfer.pointee.isLoad else { throw fault(.notAcquired, name(buffer)) }
            try checkSlot(buffer, 0, bytes, use: transfer.pointee.isLoad ? .write : .read, acquires: acquires)
        }
        if transfer.pointee.isLoad { slots[buffer].written() }
        return slots[buffer].source ?? chipBase + slots[buffer].newest
    }

    private func load(
        _ transfer: UnsafePointer<PreparedNest.Transfer>, _ nest: PreparedNest,
        _ command: UnsafePointer<PreparedNest.Prepared>
    ) throws(TileError) {
        // A load that takes no slot finds none, or one that is read.
        if command.pointee.acquires.isEmpty { throw fault(.notAcquired, name(transfer.pointee.buffer)) }
        let target = try tile(transfer)
        let operand = transfer.pointee.operand
        let base = try dramTensor(operand)
        if transfer.pointee.isGathered {
            return try gather(transfer, TileCommand(executor: self, nest: nest, command: command), target, base)
        }
        let start = transfer.pointee.offset.value(at: indices)
        if !checks, transfer.pointee.runs.runBytes == transfer.pointee.bytes, (Int(bitPattern: base) + start) % 4 == 0 {
            // One run: nothing writes it in DRAM while the tile stands, so whoever only reads it reads it there.
            try checkDRAM(operand, start, transfer.pointee.bytes, .read)
            slots[transfer.pointee.buffer].source = base + start
            slots[transfer.pointee.buffer].sourceBytes = transfer.pointee.bytes
            return
        }
        var next = target
        try transfer.pointee.runs.visit { run, count throws(TileError) in
            try checkDRAM(operand, start + run, count, .read)
            UnsafeMutableRawPointer(next).copyMemory(from: base + start + run, byteCount: count)
            next += count
        }
    }

    /// Rows of a table, by the numbers in a tile.
    private func gather(
        _ transfer: UnsafePointer<PreparedNest.Transfer>, _ command: TileCommand,
        _ target: UnsafeMutablePointer<UInt8>, _ base: UnsafeMutablePointer<UInt8>
    ) throws(TileError) {
        let operand = transfer.pointee.operand
        let numbers = try command.operand(0, .read)
        let (rows, rowBytes) = (transfer.pointee.rows, transfer.pointee.rowBytes)
        guard numbers.bytes.count == 4 * rows else {
            throw fault(.sizesDiffer(what: "row numbers", found: numbers.bytes.count / 4, needed: rows))
        }
        let count = places[operand].bytes / rowBytes
        for index in 0..<rows {
            let row = Int(numbers.pointer(Int32.self)[index])
            guard row >= 0, row < count else {
                throw fault(.rowOutsideTable(row: row, rows: count), name(operand: operand))
            }
            try checkDRAM(operand, row * rowBytes, rowBytes, .read)
            UnsafeMutableRawPointer(target + index * rowBytes).copyMemory(
                from: base + row * rowBytes, byteCount: rowBytes)
        }
    }

    private func store(_ transfer: UnsafePointer<PreparedNest.Transfer>) throws(TileError) {
        let source = try tile(transfer)
        let operand = transfer.pointee.operand
        let base = try dramTensor(operand)
        let start = transfer.pointee.offset.value(at: indices)
        var next = source
        try transfer.pointee.runs.visit { run, count throws(TileError) in
            try checkDRAM(operand, start + run, count, .write)
            UnsafeMutableRawPointer(base + start + run).copyMemory(from: next, byteCount: count)
            next += count
        }
    }

    private func dramTensor(_ operand: Int) throws(TileError) -> UnsafeMutablePointer<UInt8> {
        try checkOperand(operand)
        guard places[operand].isInDRAM, let base = places[operand].base else {
            throw fault(.notInDRAM, name(operand: operand))
        }
        return base
    }

    @inline(__always)
    private func checkDRAM(_ operand: Int, _ offset: Int, _ count: Int, _ use: Use) throws(TileError) {
        guard offset >= 0, offset + count <= places[operand].bytes else {
            throw fault(
                .outsideTensor(end: offset < 0 ? offset : offset + count, bytes: places[operand].bytes),
                name(operand: operand))
        }
        guard checks else { return }
        try checkTensor(operand, offset, count, use, missing: .loadBeforeStore)
        // A store waits while later loads are served.
        guard use == .read, places[operand].isResult else { return }
        let first = places[operand].start
        if let byte = dram.written?.byOperation.first(first + offset..<first + offset + count, true) {
            throw fault(.loadAfterStore, name(operand: operand), byte - first)
        }
    }
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
