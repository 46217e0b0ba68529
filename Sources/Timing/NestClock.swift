import Programs

/// When the commands of a nest start and end.
///
/// Rules. Commands are issued in program order; each unit works in order of issue. A command starts when its unit is free, the
/// tile buffers that it reads are ready and each one that it acquires has a free slot. A load's data are ready a latency after
/// its transfer ends; its unit is free at once, so latencies of successive loads overlap. A store waits in the DMA's queue
/// until the next tile's loads are issued, that is until the first command of another unit behind a load, or until a load needs
/// the slot that it holds, or until its buffer gets the next result, or until the nest ends: reads go before writes.
///
/// A port of an on-chip memory serves the accesses of all units in order of issue, from a command's start on. A command is
/// done when its unit has ended it and the ports have served it: only then is what it wrote ready and what it read free. Its
/// unit goes on meanwhile, so a port that lags holds a unit back through the tiles that the unit waits for.
///
/// All of this depends on the order of commands alone, never on times, so every time is a maximum of sums of durations.
struct NestClock {
    /// A time, and whether a port was what it waited for last.
    struct Instant: Equatable {
        var time = 0
        var isPort = false

        mutating func raise(to other: Instant) {
            if other.time > time { self = other }
        }
    }

    struct Buffer {
        /// When its newest tile may be read, and who made it.
        var ready = Instant()
        var producer = 0
        /// When all that was issued on the oldest taken slot is done.
        var lastUse = Instant()
        /// When each free slot becomes free, oldest first.
        var free: [Instant]
    }

    struct PendingStore {
        let issue: Int
        let ready: Instant
        let producer: Int
        let cycles: Int
        /// The slot is released behind it.
        var releases = false
    }

    let model: MachineModel
    let plan: ClockPlan
    /// Loops are evaluated turn by turn: what the closed form is tested against.
    let expandsLoops: Bool
    var indices: [Int] = []

    // State: times in cycles.
    var unitFree = [Int](repeating: 0, count: 4)
    var portFree: [Int]
    var buffers: [Buffer]
    var pending: [PendingStore] = []
    var hasLoadBehindStore = false
    var end = 0

    /// Sums that grow by the same amount in every period of a steady state: busy cycles by unit, stalls by unit and cause, cycles by port.
    var sums: [Int]
    static let causes = StallCause.allCases.count
    static let firstPortSum = 4 + 4 * causes

    /// Cycles of a transfer by its first byte's place in a burst, where loops move it: by issue, −1 where not known yet.
    var cyclesByResidue: [[Int]] = []

    /// Called as commands are timed.
    var observe: ((TimedEvent) -> Void)?

    init(_ nest: Nest, model: MachineModel, expandsLoops: Bool) {
        self.model = model
        self.expandsLoops = expandsLoops
        plan = ClockPlan(nest, model: model)
        buffers = nest.buffers.map { Buffer(free: Array(repeating: Instant(), count: $0.slots)) }
        portFree = Array(repeating: 0, count: model.ports.count)
        sums = Array(repeating: 0, count: Self.firstPortSum + model.ports.count)
        cyclesByResidue = Array(repeating: [], count: plan.issues.count)
    }

    static func time(
        _ nest: Nest, on model: MachineModel, expandsLoops: Bool = false, observe: ((TimedEvent) -> Void)? = nil
    ) throws(ScheduleError) -> NestTiming {
        var clock = NestClock(nest, model: model, expandsLoops: expandsLoops)
        clock.observe = observe
        try clock.run(clock.plan.body)
        try clock.serveAll()
        return clock.timing()
    }

    private func timing() -> NestTiming {
        var timing = NestTiming(cycles: end)
        for (number, unit) in Command.Unit.allCases.enumerated() {
            timing.busyCycles[unit] = sums[number]
            timing.idleCycles[unit] = end - unitFree[number]
            var causes: [StallCause: Int] = [:]
            for cause in StallCause.allCases {
                let cycles = sums[Self.stallSum(number, cause)]
                if cycles > 0 { causes[cause] = cycles }
            }
            timing.stallCycles[unit] = causes
        }
        for (number, port) in model.ports.enumerated() { timing.portCycles[port] = sums[Self.firstPortSum + number] }
        return timing
    }

    private static func stallSum(_ unit: Int, _ cause: StallCause) -> Int { 4 + unit * causes + cause.index }

    // MARK: Commands

    mutating func run(_ nodes: [ClockPlan.Node]) throws(ScheduleError) {
        for node in nodes {
            switch node {
            case .issue(let number): try issue(number)
            case .release(let buffer): release(buffer)
            case .loop(let number): try run(plan.loops[number])
            }
        }
    }

    private mutating func cycles(_ number: Int) -> Int {
        let steady = plan.issues[number].cycles
        guard steady < 0, let transfer = plan.commands[number].transfer else { return steady }
        let residue = transfer.offset.value(at: indices) % model.burstBytes
        if cyclesByResidue[number].isEmpty {
            cyclesByResidue[number] = Array(repeating: -1, count: model.burstBytes)
        }
        let known = cyclesByResidue[number][residue]
        if known >= 0 { return known }
        let cycles = model.cycles(plan.commands[number], residue: residue)
        cyclesByResidue[number][residue] = cycles
        return cycles
    }

    private mutating func issue(_ number: Int) throws(ScheduleError) {
        let cycles = cycles(number)
        let issue = plan.issues[number]
        if issue.isStore {
            let buffer = source(number)
            pending.append(
                PendingStore(
                    issue: number, ready: buffer < 0 ? Instant() : buffers[buffer].ready,
                    producer: buffer < 0 ? 0 : buffers[buffer].producer, cycles: cycles))
            hasLoadBehindStore = false
            return
        }
        let isLoad = issue.unit == 0
        if isLoad {
            hasLoadBehindStore = !pending.isEmpty
        } else if hasLoadBehindStore {
            try serveAll()
        }
        // A result follows what its buffer still has queued, however many slots there are: so more slots change no order, and
        // never cost time. A load goes first where it has a slot.
        for place in issue.acquires {
            let buffer = plan.lists[place]
            if isLoad ? buffers[buffer].free.isEmpty : isQueued(buffer) { try serveAll() }
        }

        let free = unitFree[issue.unit]
        var start = free
        var cause: StallCause?
        for place in issue.reads {
            let buffer = plan.lists[place]
            let ready = buffers[buffer].ready
            guard ready.time > start else { continue }
            start = ready.time
            cause = ready.isPort ? .sram : Self.cause(ofProducer: buffers[buffer].producer)
        }
        for place in issue.acquires {
            let buffer = plan.lists[place]
            precondition(!buffers[buffer].free.isEmpty, "a nest takes more slots of a tile buffer than it releases")
            let slot = buffers[buffer].free.removeFirst()
            if slot.time > start {
                start = slot.time
                cause = slot.isPort ? .sram : .bufferSpace
            }
        }
        if let cause { sums[Self.stallSum(issue.unit, cause)] += start - free }
        let done = try work(number, from: start, cycles, latency: isLoad ? model.loadLatency : 0)
        for place in issue.reads { buffers[plan.lists[place]].lastUse.raise(to: done) }
        for place in issue.writes {
            let buffer = plan.lists[place]
            buffers[buffer].ready = done
            buffers[buffer].producer = issue.unit
            buffers[buffer].lastUse.raise(to: done)
        }
    }

    /// Occupies a command's unit and ports from `start` on; gives when it is done.
    private mutating func work(
        _ number: Int, from start: Int, _ cycles: Int, latency: Int
    ) throws(ScheduleError) -> Instant {
        let unit = plan.issues[number].unit
        let finish = try Checked.sum(start, cycles, "the step's cycles")
        unitFree[unit] = finish
        sums[unit] += cycles
        var done = Instant(time: finish + latency)
        for place in plan.issues[number].ports {
            let use = plan.ports[place]
            let served = try Checked.sum(max(portFree[use.port], start), use.cycles, "the step's cycles")
            portFree[use.port] = served
            sums[Self.firstPortSum + use.port] += use.cycles
            done.raise(to: Instant(time: served, isPort: true))
        }
        end = max(end, done.time)
        observe?(.command(plan.commands[number], start: start, end: finish))
        return done
    }

    private static func cause(ofProducer unit: Int) -> StallCause { StallCause(producer: Command.Unit.allCases[unit]) }

    private mutating func release(_ buffer: Int) {
        if let index = pending.lastIndex(where: { source($0.issue) == buffer }) {
            pending[index].releases = true
        } else {
            buffers[buffer].free.append(buffers[buffer].lastUse)
        }
    }

    private func isQueued(_ buffer: Int) -> Bool {
        pending.contains { source($0.issue) == buffer }
    }

    /// The tile buffer that a store reads; −1 for what is no tile.
    private func source(_ store: Int) -> Int {
        let reads = plan.issues[store].reads
        return reads.isEmpty ? -1 : plan.lists[reads.lowerBound]
    }

    private mutating func serveAll() throws(ScheduleError) {
        for store in pending {
            var start = unitFree[0]
            if store.ready.time > start {
                let cause = store.ready.isPort ? .sram : Self.cause(ofProducer: store.producer)
                sums[Self.stallSum(0, cause)] += store.ready.time - start
                start = store.ready.time
            }
            let done = try work(store.issue, from: start, store.cycles, latency: 0)
            // Reads of a slot are done in order of issue, so the store's is the last of its slot.
            if store.releases { buffers[source(store.issue)].free.append(done) }
        }
        pending.removeAll(keepingCapacity: true)
        hasLoadBehindStore = false
    }
}
