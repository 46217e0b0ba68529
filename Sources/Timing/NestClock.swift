import Programs

/// When the commands of a nest start and end.
///
/// Rules. Commands are issued in program order; each unit works in order of issue. A command starts when its unit is free, the
/// tile buffers that it reads are ready and each one that it acquires has a free slot. A load's data are ready a latency after
/// its transfer ends; its unit is free at once, so latencies of successive loads overlap. A store waits in the DMA's queue
/// until the next tile's loads are issued, that is until the first command of another unit behind a load, or until a load or
/// a result needs the slot that it holds, or until the nest ends: reads go before writes. All of this depends on the order
/// of commands alone, never on times, so every time is a maximum of sums of durations.
struct NestClock {
    private struct Buffer {
        /// When its newest tile may be read, and who made it.
        var ready = 0
        var producer: Command.Unit = .dma
        /// When all that was issued on the oldest taken slot ends.
        var lastUse = 0
        /// When each free slot becomes free, oldest first.
        var free: [Int] = []
    }

    private struct PendingStore {
        let buffer: Int?
        let ready: Int
        let producer: Command.Unit
        let cycles: Int
        /// The slot is released behind it.
        var releases = false
    }

    private let model: MachineModel
    /// Loops are evaluated turn by turn: what the closed form is tested against.
    private let expandsLoops: Bool
    private var indices: [Int] = []

    // State: times in cycles.
    private var unitFree = [Int](repeating: 0, count: 4)
    private var buffers: [Buffer]
    private var pending: [PendingStore] = []
    private var hasLoadBehindStore = false
    private var end = 0

    // Sums that grow by the same amount in every period of a steady state.
    private var busy = [Int](repeating: 0, count: 4)
    private var stalls = [Int](repeating: 0, count: 4 * StallCause.allCases.count)

    /// Called with each command's start and end, where loops are expanded.
    var observe: ((Command, Int, Int) -> Void)?

    init(_ nest: Nest, model: MachineModel, expandsLoops: Bool) {
        self.model = model
        self.expandsLoops = expandsLoops
        buffers = nest.buffers.map { Buffer(free: Array(repeating: 0, count: $0.slots)) }
    }

    static func time(
        _ nest: Nest, on model: MachineModel, expandsLoops: Bool = false, observe: ((Command, Int, Int) -> Void)? = nil
    ) throws(ScheduleError) -> NestTiming {
        var clock = NestClock(nest, model: model, expandsLoops: expandsLoops)
        clock.observe = observe
        let prepared = clock.prepare(nest.body)
        try clock.run(prepared)
        try clock.serveAll()
        var timing = NestTiming(cycles: clock.end)
        for (number, unit) in Command.Unit.allCases.enumerated() {
            timing.busyCycles[unit] = clock.busy[number]
            var causes: [StallCause: Int] = [:]
            for (index, cause) in StallCause.allCases.enumerated() {
                let cycles = clock.stalls[number * StallCause.allCases.count + index]
                if cycles > 0 { causes[cause] = cycles }
            }
            timing.stallCycles[unit] = causes
        }
        return timing
    }

    // MARK: Preparation

    /// A node with what is the same in every turn worked out beforehand.
    private indirect enum Node {
        case command(Command, unit: Int, cycles: Int?)
        case release(Int)
        case loop(Loop)
    }

    private struct Loop {
        let count: Int
        let body: [Node]
        let units: [Bool]
        /// Tile buffers that its commands read, write, free.
        let uses: [Bool]
        let writes: [Bool]
        let releases: [Bool]
        let stores: Bool
        /// Turns after which the addresses within a burst are the same again.
        let period: Int
    }

    private static func number(_ unit: Command.Unit) -> Int {
        switch unit {
        case .dma: 0
        case .perturbation: 1
        case .array: 2
        case .vector: 3
        }
    }

    private func prepare(_ nodes: [NestNode], depth: Int = 0) -> [Node] {
        nodes.map { node in
            switch node {
            case .release(let buffer): return .release(buffer)
            case .command(let command):
                var cycles: Int?
                if let transfer = Self.transfer(of: command) {
                    if transfer.gathered || transfer.offset.strides.allSatisfy({ $0 % model.burstBytes == 0 }) {
                        cycles = model.cycles(command, residue: transfer.offset.base % model.burstBytes)
                    }
                } else {
                    cycles = model.cycles(command)
                }
                return .command(command, unit: Self.number(command.unit), cycles: cycles)
            case .loop(let count, let body):
                let inner = prepare(body, depth: depth + 1)
                var units = [Bool](repeating: false, count: 4)
                var uses = [Bool](repeating: false, count: buffers.count)
                var (writes, releases) = (uses, uses)
                var period = 1
                var stores = false
                func walk(_ nodes: [Node]) {
                    for node in nodes {
                        switch node {
                        case .release(let buffer): releases[buffer] = true
                        case .loop(let loop): walk(loop.body)
                        case .command(let command, let unit, _):
                            units[unit] = true
                            if case .store = command.work { stores = true }
                            for buffer in command.acquires + command.reads + command.writes { uses[buffer] = true }
                            for buffer in command.writes { writes[buffer] = true }
                            if let transfer = Self.transfer(of: command), !transfer.gathered,
                                depth < transfer.offset.strides.count
                            {
                                let stride = transfer.offset.strides[depth]
                                let own = model.burstBytes / greatestCommonDivisor(stride, model.burstBytes)
                                period = period / greatestCommonDivisor(period, own) * own
                            }
                        }
                    }
                }
                walk(inner)
                return .loop(
                    Loop(
                        count: count, body: inner, units: units, uses: uses, writes: writes, releases: releases,
                        stores: stores, period: period))
            }
        }
    }

    private static func transfer(of command: Command) -> Transfer? {
        switch command.work {
        case .load(let transfer), .store(let transfer): transfer
        default: nil
        }
    }

    // MARK: Evaluation

    private mutating func run(_ nodes: [Node]) throws(ScheduleError) {
        for node in nodes {
            switch node {
            case .command(let command, let unit, let cycles):
                try issue(command, unit, cycles ?? cyclesHere(command))
            case .release(let buffer): release(buffer)
            case .loop(let loop): try run(loop)
            }
        }
    }

    private func cyclesHere(_ command: Command) -> Int {
        guard let transfer = Self.transfer(of: command) else { return model.cycles(command) }
        return model.cycles(command, residue: transfer.offset.value(at: indices) % model.burstBytes)
    }

    private mutating func issue(_ command: Command, _ unit: Int, _ cycles: Int) throws(ScheduleError) {
        if case .store = command.work {
            let buffer = command.reads.first
            pending.append(
                PendingStore(
                    buffer: buffer, ready: buffer.map { buffers[$0].ready } ?? 0,
                    producer: buffer.map { buffers[$0].producer } ?? .dma, cycles: cycles))
            hasLoadBehindStore = false
            return
        }
        let isLoad = unit == 0
        if isLoad {
            hasLoadBehindStore = !pending.isEmpty
        } else if hasLoadBehindStore {
            try serveAll()
        }
        // A slot that a queued store holds is freed by serving the queue.
        for buffer in command.acquires where buffers[buffer].free.isEmpty { try serveAll() }

        var start = unitFree[unit]
        var cause: StallCause?
        for buffer in command.reads where buffers[buffer].ready > start {
            start = buffers[buffer].ready
            cause = StallCause(producer: buffers[buffer].producer)
        }
        for buffer in command.acquires {
            precondition(!buffers[buffer].free.isEmpty, "a nest takes more slots of a tile buffer than it releases")
            let free = buffers[buffer].free.removeFirst()
            if free > start {
                start = free
                cause = .bufferSpace
            }
        }
        if let cause { stall(unit, cause, start - unitFree[unit]) }
        let finish = try Checked.sum(start, cycles, "the step's cycles")
        unitFree[unit] = finish
        busy[unit] += cycles
        let ready = isLoad ? finish + model.loadLatency : finish
        for buffer in command.reads { buffers[buffer].lastUse = max(buffers[buffer].lastUse, finish) }
        for buffer in command.writes {
            buffers[buffer].ready = ready
            buffers[buffer].producer = command.unit
            buffers[buffer].lastUse = max(buffers[buffer].lastUse, ready)
        }
        end = max(end, ready)
        observe?(command, start, finish)
    }

    private mutating func stall(_ unit: Int, _ cause: StallCause, _ cycles: Int) {
        let index = StallCause.allCases.firstIndex(of: cause)!
        stalls[unit * StallCause.allCases.count + index] += cycles
    }

    private mutating func release(_ buffer: Int) {
        if let index = pending.lastIndex(where: { $0.buffer == buffer }) {
            pending[index].releases = true
        } else {
            buffers[buffer].free.append(buffers[buffer].lastUse)
        }
    }

    private mutating func serveAll() throws(ScheduleError) {
        for store in pending {
            var start = unitFree[0]
            if store.ready > start {
                stall(0, StallCause(producer: store.producer), store.ready - start)
                start = store.ready
            }
            let finish = try Checked.sum(start, store.cycles, "the step's cycles")
            unitFree[0] = finish
            busy[0] += store.cycles
            end = max(end, finish)
            if let buffer = store.buffer {
                // Reads of a slot end in order of issue, so the store's is the last of its slot.
                if store.releases { buffers[buffer].free.append(finish) }
            }
        }
        pending.removeAll(keepingCapacity: true)
        hasLoadBehindStore = false
    }

    // MARK: Loops

    /// Everything a turn's future depends on, relative to `end`; times before `floor` are all the same, since no unit of
    /// the loop can start a command before it.
    private func key(_ loop: Loop, turn: Int) -> [Int] {
        var floor = Int.max
        for unit in 0..<4 where loop.units[unit] { floor = min(floor, unitFree[unit]) }
        let origin = end
        func relative(_ time: Int) -> Int { max(time, floor) - origin }
        var key = [turn % loop.period, hasLoadBehindStore ? 1 : 0, pending.count]
        for unit in 0..<4 where loop.units[unit] { key.append(relative(unitFree[unit])) }
        for (number, buffer) in buffers.enumerated() where loop.uses[number] || loop.releases[number] {
            key.append(relative(buffer.ready))
            key.append(Self.number(buffer.producer))
            key.append(relative(buffer.lastUse))
            key.append(buffer.free.count)
            for time in buffer.free { key.append(relative(time)) }
        }
        for store in pending {
            key.append(store.buffer ?? -1)
            key.append(relative(store.ready))
            key.append(Self.number(store.producer))
            key.append(store.cycles)
            key.append(store.releases ? 1 : 0)
        }
        return key
    }

    private mutating func run(_ loop: Loop) throws(ScheduleError) {
        indices.append(0)
        defer { indices.removeLast() }
        var turn = 0
        if !expandsLoops, loop.count > 2 {
            /// The state of a turn's start, by its key.
            var seen: [[Int]: (turn: Int, end: Int, busy: [Int], stalls: [Int])] = [:]
            while turn < loop.count {
                let key = key(loop, turn: turn)
                if let before = seen[key] {
                    let period = turn - before.turn
                    let periods = (loop.count - turn) / period
                    if periods > 0 {
                        let growth = end - before.end
                        try advance(loop, by: try Checked.product(growth, periods, "the step's cycles"))
                        for index in busy.indices {
                            let more = try Checked.product(busy[index] - before.busy[index], periods, "the step's cycles")
                            busy[index] = try Checked.sum(busy[index], more, "the step's cycles")
                        }
                        for index in stalls.indices {
                            let more = try Checked.product(
                                stalls[index] - before.stalls[index], periods, "the step's cycles")
                            stalls[index] = try Checked.sum(stalls[index], more, "the step's cycles")
                        }
                        turn += periods * period
                    }
                    break
                }
                seen[key] = (turn, end, busy, stalls)
                indices[indices.count - 1] = turn
                try run(loop.body)
                turn += 1
            }
        }
        while turn < loop.count {
            indices[indices.count - 1] = turn
            try run(loop.body)
            turn += 1
        }
    }

    /// Moves all that the loop touches to a later time. Times that it does not touch stay where they are.
    private mutating func advance(_ loop: Loop, by cycles: Int) throws(ScheduleError) {
        _ = try Checked.sum(end, cycles, "the step's cycles")
        end += cycles
        for unit in 0..<4 where loop.units[unit] { unitFree[unit] += cycles }
        for number in buffers.indices {
            if loop.writes[number] { buffers[number].ready += cycles }
            if loop.uses[number] { buffers[number].lastUse += cycles }
            if loop.releases[number] {
                for index in buffers[number].free.indices { buffers[number].free[index] += cycles }
            }
        }
        // Stores that the loop issues: with a steady number queued, those of the turn before are served in each turn.
        // Without any, what is queued was queued before the loop, and stays.
        guard loop.stores else { return }
        pending = pending.map { store in
            PendingStore(
                buffer: store.buffer, ready: store.ready + cycles, producer: store.producer, cycles: store.cycles,
                releases: store.releases)
        }
    }
}
