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
    let dram: DRAMImage
    /// What a step draws and how it updates; nil in inference.
    var quzo: QuZOContext?

    /// Everything that tiles lie in: one piece for the buffers of the running operation.
    private var chip = AlignedBuffer<UInt8>(count: 0)
    /// Bytes of `chip` that were written since their slot was taken.
    private var chipWritten = AlignedBuffer<UInt8>(count: 0)
    var slots: [TileSlots] = []
    private var residents: [Int: Resident] = [:]
    private var freeResidents: [Int: [AlignedBuffer<UInt8>]] = [:]

    // The running operation and command.
    private(set) var number = 0
    private(set) var operation: Operation
    private var operands: [TensorID] = []
    private(set) var indices: [Int] = []
    private var commandNumber = 0
    var packed = PackedTiles()
    var scratch = AlignedBuffer<Float>(count: 0)
    var runningLoss: Float = 0
    var drawn: [Int32] = []
    /// Registers of the array, where it is modelled.
    lazy var registers = RegisterArray(scheduled)

    /// What passes left, and what was counted.
    var results: [Pass: EncoderEmulator.ForwardResult] = [:]
    var macs = 0
    var perturbations: [Int: (statistics: PerturbationStatistics, weights: Int)] = [:]
    var updates: [Int: UpdateStatistics] = [:]
    var accumulators: AccumulatorStatistics?
    private(set) var lossDifference: Float?

    /// A resident tensor.
    private struct Resident {
        let bytes: AlignedBuffer<UInt8>
        let stamps: ByteStamps?
    }

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
        dram = DRAMImage(scheduled, checks: options.checks)
        operation = scheduled.program.operations[0]
    }

    var batch: Int { scheduled.program.step.batch }

    /// Runs every operation.
    func run() throws(EmulatorError) {
        results = [:]
        macs = 0
        perturbations = [:]
        updates = [:]
        lossDifference = nil
        for number in scheduled.program.operations.indices {
            do throws(TileError) {
                try begin(number)
                try walk(scheduled.nest(of: number).body)
                try end()
            } catch {
                throw .tile(error)
            }
            if case .projectedGradient = operation.action { try checkLosses() }
        }
    }

    /// Nothing is updated where a loss is no number.
    private func checkLosses() throws(EmulatorError) {
        guard let plus = results[.plus]?.loss, let minus = results[.minus]?.loss, let quzo else { return }
        for (loss, pass) in [(plus, "plus"), (minus, "minus")] where !loss.isFinite {
            throw .lossNotFinite(step: quzo.step, pass: pass, loss: loss)
        }
        lossDifference = plus - minus
    }

    // MARK: Operations

    private func begin(_ number: Int) throws(TileError) {
        self.number = number
        operation = scheduled.program.operations[number]
        operands = operation.reads + operation.writes
        commandNumber = 0
        runningLoss = 0
        packed.removeAll()
        var end = 0
        slots = scheduled.nest(of: number).buffers.map { buffer in
            let slots = TileSlots(buffer, offset: end)
            end = slots.end
            return slots
        }
        if chip.count < end { chip = AlignedBuffer(count: end) }
        if options.checks, chipWritten.count < end { chipWritten = AlignedBuffer(count: end) }
        for (place, id) in operands.enumerated() where scheduled.memory.lifetimes[id.index]?.lowerBound == number {
            guard !scheduled.program[id].isPersistent, operands.firstIndex(of: id) == place else { continue }
            let count = scheduled.program[id].bytes(batch: batch)
            if let range = dram.range(of: id.index) {
                dram.stamps?.set(range, 0)
            } else {
                residents[id.index] = Resident(
                    bytes: freeResidents[count]?.popLast() ?? AlignedBuffer(count: count),
                    stamps: options.checks ? ByteStamps(count: count) : nil)
            }
        }
    }

    private func end() throws(TileError) {
        for slots in slots where slots.taken > 0 {
            throw fault(.notReleased(slots: slots.taken), slots.buffer.name)
        }
        guard drawn.isEmpty else { throw fault(.draws(found: drawn.count, needed: 0)) }
        if options.checks {
            let stamp = ByteStamps.of(operation: number)
            for id in operation.writes {
                let place = try place(of: id)
                guard let byte = place.stamps?.first(place.range, not: stamp) else { continue }
                throw fault(.notWritten, scheduled.program[id].name, byte - place.range.lowerBound)
            }
        }
        for id in operands where scheduled.memory.lifetimes[id.index]?.upperBound == number {
            guard let resident = residents.removeValue(forKey: id.index) else { continue }
            freeResidents[resident.bytes.count, default: []].append(resident.bytes)
        }
    }

    private func walk(_ nodes: [NestNode]) throws(TileError) {
        for node in nodes {
            switch node {
            case .command(let command):
                try execute(command)
                commandNumber += 1
            case .release(let buffer):
                guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, slots[buffer].buffer.name) }
                slots[buffer].release()
            case .loop(let count, let body):
                indices.append(0)
                for index in 0..<count {
                    indices[indices.count - 1] = index
                    try walk(body)
                }
                indices.removeLast()
            }
        }
    }

    private func execute(_ command: Command) throws(TileError) {
        running = command
        for buffer in command.acquires {
            guard slots[buffer].hasFree else {
                throw fault(.noFreeSlot(slots: slots[buffer].buffer.slots), slots[buffer].buffer.name)
            }
            slots[buffer].acquire()
            if options.checks {
                let start = slots[buffer].newest
                chipWritten.elements[start..<start + slots[buffer].buffer.bytes].update(repeating: 0)
            }
        }
        switch command.work {
        case .load(let transfer): try load(transfer, command)
        case .store(let transfer): try store(transfer, command)
        case .perturb(let weights): try perturb(weights, try part(command))
        case .draw(let values, let rounding): try draw(values, rounding, try part(command))
        case .update(let weights): try update(weights, try part(command))
        case .matmul(let block): try multiply(block, try part(command))
        case .vector: try vector(try part(command))
        }
        running = nil
    }

    private var running: Command?

    private func part(_ command: Command) throws(TileError) -> Command.Part {
        guard let part = command.part else { throw fault(.notDescribed("which part of the operation it does")) }
        return part
    }

    /// What is wrong, at the command that runs.
    func fault(_ fault: TileError.Fault, _ buffer: String = "", _ byte: Int? = nil) -> TileError {
        TileError(
            operation: operation.name, command: running == nil ? nil : commandNumber, work: running?.work.name ?? "",
            buffer: buffer, byte: byte, fault: fault)
    }

    // MARK: Places

    /// Where a tensor lies.
    struct Place {
        let base: UnsafeMutablePointer<UInt8>
        let stamps: ByteStamps?
        /// The tensor's bytes as `stamps` counts them.
        let range: Range<Int>
    }

    func place(of id: TensorID) throws(TileError) -> Place {
        if let range = dram.range(of: id.index) {
            return Place(base: dram.bytes.baseAddress + range.lowerBound, stamps: dram.stamps, range: range)
        }
        guard let resident = residents[id.index] else {
            throw fault(.readBeforeWrite, scheduled.program[id].name)
        }
        return Place(base: resident.bytes.baseAddress, stamps: resident.stamps, range: 0..<resident.bytes.count)
    }

    func tensor(_ operand: Int) throws(TileError) -> TensorID {
        guard operands.indices.contains(operand) else {
            throw fault(.notDescribed("a tensor of the operation: it names number \(operand) of \(operands.count)"))
        }
        return operands[operand]
    }

    enum Use { case read, write, change }

    /// The bytes of an operand of the running command, checked for `use`.
    func operand(_ view: TileView?, _ what: String, _ use: Use) throws(TileError) -> TileOperand {
        guard let view, let command = running else { throw fault(.notDescribed("where \(what) lies")) }
        let offset = view.offset.value(at: indices)
        guard let buffer = view.buffer else { return try resident(view, offset, what, use) }
        let name = slots[buffer].buffer.name
        let bytes = slots[buffer].buffer.bytes
        guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name) }
        guard offset >= 0, offset + view.extent <= bytes else {
            throw fault(.outsideSlot(end: offset < 0 ? offset : offset + view.extent, bytes: bytes), name)
        }
        let start = slots[buffer].newest
        let acquires = command.acquires.contains(buffer)
        if options.checks {
            let waits = acquires || command.reads.contains(buffer) || command.writes.contains(buffer)
            // A gather reads the row numbers that the DMA itself brought.
            if case .load = command.work {
            } else if !waits || use != .read && !acquires && !command.writes.contains(buffer) {
                throw fault(.notWaitedFor, name)
            }
            try TileOperand.forEachRun(view.dimensions, view.runBytes) { run, count throws(TileError) in
                try checkSlot(start, offset + run, count, name, use: use, acquires: acquires)
            }
        }
        if use != .read { slots[buffer].written() }
        return TileOperand(
            bytes: SharedBuffer(start: chip.baseAddress + start + offset, count: view.extent),
            dimensions: view.dimensions, runBytes: view.runBytes)
    }

    /// Reads find written bytes; writes to a slot that the command did not take find them, too: they overwrite in place.
    private func checkSlot(
        _ start: Int, _ offset: Int, _ count: Int, _ name: String, use: Use, acquires: Bool
    ) throws(TileError) {
        let range = start + offset..<start + offset + count
        let map = UnsafeMutableBufferPointer(rebasing: chipWritten.elements[range])
        if use != .write || !acquires, let byte = map.firstIndex(of: 0) {
            throw fault(use == .write ? .notAcquired : .readBeforeWrite, name, offset + byte)
        }
        if use != .read { map.update(repeating: 1) }
    }

    private func resident(
        _ view: TileView, _ offset: Int, _ what: String, _ use: Use
    ) throws(TileError) -> TileOperand {
        guard let operand = view.operand else { throw fault(.notDescribed("where \(what) lies")) }
        let id = try tensor(operand)
        let name = scheduled.program[id].name
        guard let resident = residents[id.index] else { throw fault(.readBeforeWrite, name) }
        guard offset >= 0, offset + view.extent <= resident.bytes.count else {
            throw fault(
                .outsideTensor(end: offset < 0 ? offset : offset + view.extent, bytes: resident.bytes.count), name)
        }
        if let stamps = resident.stamps {
            try TileOperand.forEachRun(view.dimensions, view.runBytes) { run, count throws(TileError) in
                try checkTensor(stamps, offset + run..<offset + run + count, name, 0, use, missing: .readBeforeWrite)
            }
        }
        return TileOperand(
            bytes: SharedBuffer(start: resident.bytes.baseAddress + offset, count: view.extent),
            dimensions: view.dimensions, runBytes: view.runBytes)
    }

    private func checkTensor(
        _ stamps: ByteStamps, _ range: Range<Int>, _ name: String, _ start: Int, _ use: Use, missing: TileError.Fault
    ) throws(TileError) {
        if use != .write, let byte = stamps.firstUnwritten(range) { throw fault(missing, name, byte - start) }
        guard use != .read else { return }
        let stamp = ByteStamps.of(operation: number)
        if let byte = stamps.first(range, of: stamp) { throw fault(.writtenTwice, name, byte - start) }
        stamps.set(range, stamp)
    }

    // MARK: DMA

    private func load(_ transfer: Transfer, _ command: Command) throws(TileError) {
        guard let buffer = command.writes.first else { throw fault(.notDescribed("where the tile goes")) }
        let view = TileView(operand: nil, buffer: buffer, offset: Affine(0), dimensions: [], runBytes: transfer.bytes)
        guard command.acquires.contains(buffer) else { throw fault(.notAcquired, slots[buffer].buffer.name) }
        let target = try operand(view, "the tile", .write).bytes.baseAddress
        let (id, base) = try dramTensor(transfer)
        let name = scheduled.program[id].name
        if transfer.gathered {
            let rows = try operand(command.part?.views.first, "the rows' numbers", .read)
            guard rows.bytes.count == 4 * transfer.runs else {
                throw fault(.sizesDiffer(what: "row numbers", found: rows.bytes.count / 4, needed: transfer.runs))
            }
            let count = scheduled.program[id].bytes(batch: batch) / transfer.runBytes
            for index in 0..<transfer.runs {
                let row = Int(rows.pointer(Int32.self)[index])
                guard row >= 0, row < count else { throw fault(.rowOutsideTable(row: row, rows: count), name) }
                try checkDRAM(id, row * transfer.runBytes, transfer.runBytes, .read)
                UnsafeMutableRawPointer(target + index * transfer.runBytes).copyMemory(
                    from: base + row * transfer.runBytes, byteCount: transfer.runBytes)
            }
            return
        }
        let start = transfer.offset.value(at: indices)
        var next = 0
        try TileOperand.forEachRun(transfer.dimensions, transfer.runBytes) { run, count throws(TileError) in
            try checkDRAM(id, start + run, count, .read)
            UnsafeMutableRawPointer(target + next).copyMemory(from: base + start + run, byteCount: count)
            next += count
        }
    }

    private func store(_ transfer: Transfer, _ command: Command) throws(TileError) {
        guard let buffer = command.reads.first else { throw fault(.notDescribed("where the tile lies")) }
        let view = TileView(operand: nil, buffer: buffer, offset: Affine(0), dimensions: [], runBytes: transfer.bytes)
        let source = try operand(view, "the tile", .read).bytes.baseAddress
        let (id, base) = try dramTensor(transfer)
        let start = transfer.offset.value(at: indices)
        var next = 0
        try TileOperand.forEachRun(transfer.dimensions, transfer.runBytes) { run, count throws(TileError) in
            try checkDRAM(id, start + run, count, .write)
            UnsafeMutableRawPointer(base + start + run).copyMemory(from: source + next, byteCount: count)
            next += count
        }
    }

    private func dramTensor(_ transfer: Transfer) throws(TileError) -> (TensorID, UnsafeMutablePointer<UInt8>) {
        let id = try tensor(transfer.operand)
        guard let range = dram.range(of: id.index) else { throw fault(.notInDRAM, scheduled.program[id].name) }
        return (id, dram.bytes.baseAddress + range.lowerBound)
    }

    private func checkDRAM(_ id: TensorID, _ offset: Int, _ count: Int, _ use: Use) throws(TileError) {
        let range = dram.range(of: id.index)!
        guard offset >= 0, offset + count <= range.count else {
            throw fault(
                .outsideTensor(end: offset < 0 ? offset : offset + count, bytes: range.count),
                scheduled.program[id].name)
        }
        guard let stamps = dram.stamps else { return }
        let bytes = range.lowerBound + offset..<range.lowerBound + offset + count
        try checkTensor(
            stamps, bytes, scheduled.program[id].name, range.lowerBound, use, missing: .loadBeforeStore)
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
