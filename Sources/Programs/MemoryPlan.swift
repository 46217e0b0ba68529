import Hardware

/// Where a program's tensors lie, and what that occupies over time.
public struct MemoryPlan: Sendable {
    /// Live bytes by kind at one operation.
    public struct Use: Sendable, Hashable {
        public let operation: Int
        public let byKind: [MemoryKind: Int]
        public let total: Int
    }

    /// DRAM address of each tensor; nil for those that stay on the chip.
    public let addresses: [Int?]
    /// Place of each resident tensor in the resident half of the activation buffer.
    public let residentAddresses: [Int?]
    /// Operations over which each tensor is alive, both ends included; nil for tensors that nothing touches.
    public let lifetimes: [ClosedRange<Int>?]
    /// One above the highest DRAM byte used.
    public let dramExtent: Int
    /// Live bytes in DRAM at the operation where they are most.
    public let peak: Use
    /// Each kind's own peak in DRAM.
    public let peakByKind: [MemoryKind: Int]
    /// Live bytes in DRAM, by operation.
    public let timeline: [Int]
    /// The same by kind, operation after operation.
    let timelineByKind: [Int]
    /// Most bytes occupied in each on-chip buffer, tiles and resident tensors together.
    public let peakSRAM: [SRAM.Buffer: Int]
    /// Bytes of the activation buffer's resident half up to the highest in use, holes included, by operation.
    public let residentBytes: [Int]

    /// Live bytes in DRAM at an operation, in the order of `MemoryKind.allCases`.
    public func bytesByKind(at operation: Int) -> ArraySlice<Int> {
        let count = MemoryKind.allCases.count
        return timelineByKind[operation * count..<(operation + 1) * count]
    }
}

/// Lifetimes and first-fit placement.
///
/// The activation buffer is halved: the lower half holds the tiles of the running operation, the upper half tensors that are
/// resident, so that no tile ever displaces one. A tensor is resident where it is made by the step, fits, and finds room
/// among tensors with shorter lives, which are placed first.
struct MemoryPlanner {
    let program: Program
    let machine: Machine
    let bytes: [Int]
    let lifetimes: [ClosedRange<Int>?]

    init(_ program: Program, on machine: Machine) {
        self.program = program
        self.machine = machine
        let batch = program.step.batch
        bytes = program.tensors.map { $0.bytes(batch: batch) }
        var first = [Int?](repeating: nil, count: program.tensors.count)
        var last = first
        for (number, operation) in program.operations.enumerated() {
            for id in operation.reads + operation.writes {
                if first[id.index] == nil { first[id.index] = number }
                last[id.index] = number
            }
        }
        let end = max(0, program.operations.count - 1)
        lifetimes = program.tensors.indices.map { index in
            if program.tensors[index].isPersistent { return 0...end }
            guard let from = first[index], let to = last[index] else { return nil }
            return from...to
        }
    }

    /// Bytes of the activation buffer that tiles may use; the rest is for residents.
    static func tileBytes(_ machine: Machine) -> Int {
        machine.organisation.sram.activation.bytes - residentBytes(machine)
    }
    static func residentBytes(_ machine: Machine) -> Int { machine.organisation.sram.activation.bytes / 2 }

    /// Resident tensors begin at whole FP32 values. Not at whole words: a memory with wider words would hold less.
    static let alignment = 4

    /// Resident tensors and their places in `capacity` bytes; nil for the resident half.
    func residents(in capacity: Int? = nil) -> [Int?] {
        let capacity = capacity ?? Self.residentBytes(machine)
        let candidates = program.tensors.indices.filter { index in
            !program.tensors[index].isPersistent && lifetimes[index] != nil && bytes[index] <= capacity
        }.sorted { a, b in
            (lifetimes[a]!.count, bytes[a], a) < (lifetimes[b]!.count, bytes[b], b)
        }
        var places = [Int?](repeating: nil, count: program.tensors.count)
        // Placed tensors by stretches of operations in which they are alive, so that only those near in time are looked at.
        let stretch = 64
        var placed = [[Int]](repeating: [], count: program.operations.count / stretch + 1)
        var isSeen = [Bool](repeating: false, count: program.tensors.count)
        // Bytes placed, by operation: where they leave too little, no gap needs to be looked for.
        var occupied = [Int](repeating: 0, count: program.operations.count)
        for index in candidates {
            let life = lifetimes[index]!
            guard life.allSatisfy({ occupied[$0] + bytes[index] <= capacity }) else { continue }
            let stretches = life.lowerBound / stretch...life.upperBound / stretch
            var neighbours: [Int] = []
            for number in stretches {
                for other in placed[number] where !isSeen[other] && lifetimes[other]!.overlaps(life) {
                    isSeen[other] = true
                    neighbours.append(other)
                }
            }
            for other in neighbours { isSeen[other] = false }
            neighbours.sort { places[$0]! < places[$1]! }
            var address = 0
            for other in neighbours {
                if places[other]! - address >= bytes[index] { break }
                address = max(address, roundUp(places[other]! + bytes[other], to: Self.alignment))
            }
            guard address + bytes[index] <= capacity else { continue }
            places[index] = address
            for number in stretches { placed[number].append(index) }
            for operation in life { occupied[operation] += bytes[index] }
        }
        return places
    }

    /// The whole plan.
    ///
    /// - Parameters:
    ///   - tilesOfNest: most bytes of tiles in each buffer, by nest.
    ///   - nestOfOperation: the nest that each operation runs.
    func plan(
        residents: [Int?], tilesOfNest: [[SRAM.Buffer: Int]], nestOfOperation: [Int]
    ) throws(ScheduleError) -> MemoryPlan {
        let burst = machine.organisation.dram.burstBytes
        let inDRAM = program.tensors.indices.filter { lifetimes[$0] != nil && residents[$0] == nil }
        // Persistent tensors first, so that they form one block; then by first use.
        let order = inDRAM.sorted { a, b in
            let (x, y) = (lifetimes[a]!.lowerBound, lifetimes[b]!.lowerBound)
            let (p, q) = (program.tensors[a].isPersistent ? 0 : 1, program.tensors[b].isPersistent ? 0 : 1)
            return (p, x, a) < (q, y, b)
        }
        var addresses = [Int?](repeating: nil, count: program.tensors.count)
        var space = FirstFit(unit: burst)
        /// Tensors in place, by the last operation that uses them.
        var ending = [[Int]](repeating: [], count: program.operations.count)
        var extent = 0
        var swept = 0
        for index in order {
            let life = lifetimes[index]!
            while swept < life.lowerBound {
                for dead in ending[swept] { space.free(addresses[dead]!, bytes[dead]) }
                swept += 1
            }
            let address = try space.place(bytes[index])
            addresses[index] = address
            if life.upperBound < ending.count { ending[life.upperBound].append(index) }
            extent = max(extent, address + bytes[index])
        }
        guard extent <= machine.organisation.dram.capacityBytes else {
            throw .dramFull(
                needed: extent, available: machine.organisation.dram.capacityBytes, machine: machine.name)
        }

        let count = program.operations.count
        let kinds = MemoryKind.allCases
        /// By operation and kind: bytes that come to life in it, less those that died with the one before.
        var changes = [Int](repeating: 0, count: (count + 1) * kinds.count)
        for index in program.tensors.indices {
            guard let life = lifetimes[index], addresses[index] != nil else { continue }
            let kind = program.tensors[index].kind.index
            changes[life.lowerBound * kinds.count + kind] += bytes[index]
            changes[min(count, life.upperBound + 1) * kinds.count + kind] -= bytes[index]
        }
        // Occupancy of the resident half is its highest used byte, holes included.
        var residentEnd = [Int](repeating: 0, count: count)
        for index in program.tensors.indices {
            guard let place = residents[index], let life = lifetimes[index] else { continue }
            for operation in life { residentEnd[operation] = max(residentEnd[operation], place + bytes[index]) }
        }
        var use = [Int](repeating: 0, count: kinds.count)
        var peakByKind = use
        var timeline: [Int] = []
        timeline.reserveCapacity(count)
        var timelineByKind: [Int] = []
        timelineByKind.reserveCapacity(count * kinds.count)
        var peak = (operation: 0, byKind: use, total: 0)
        var peakSRAM: [SRAM.Buffer: Int] = [:]
        for operation in 0..<count {
            var total = 0
            for kind in kinds.indices {
                use[kind] += changes[operation * kinds.count + kind]
                peakByKind[kind] = max(peakByKind[kind], use[kind])
                total += use[kind]
            }
            timeline.append(total)
            timelineByKind.append(contentsOf: use)
            if total > peak.total { peak = (operation, use, total) }
        }
        for buffer in SRAM.Buffer.allCases {
            // Operations that share a nest hold the same tiles.
            let held = tilesOfNest.map { $0[buffer, default: 0] }
            var most = 0
            for operation in 0..<count {
                most = max(
                    most, held[nestOfOperation[operation]] + (buffer == .activation ? residentEnd[operation] : 0))
            }
            peakSRAM[buffer] = most
        }
        func byKind(_ bytes: [Int]) -> [MemoryKind: Int] {
            Dictionary(uniqueKeysWithValues: zip(kinds, bytes).filter { $0.1 > 0 })
        }
        return MemoryPlan(
            addresses: addresses, residentAddresses: residents, lifetimes: lifetimes, dramExtent: extent,
            peak: .init(operation: peak.operation, byKind: byKind(peak.byKind), total: peak.total),
            peakByKind: byKind(peakByKind), timeline: timeline, timelineByKind: timelineByKind, peakSRAM: peakSRAM,
            residentBytes: residentEnd)
    }
}

extension MemoryKind {
    /// Place in `allCases`.
    var index: Int {
        switch self {
        case .weights: 0
        case .scales: 1
        case .otherParameters: 2
        case .residuals: 3
        case .savedActivations: 4
        case .liveActivations: 5
        case .gradients: 6
        case .optimizerState: 7
        case .perturbations: 8
        case .data: 9
        }
    }
}
