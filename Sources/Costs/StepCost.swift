import Hardware
import Programs

/// What one step costs on a machine: latency, energy, traffic, memory. Its JSON is cost.json's; units stand in the names.
public struct StepCost: Sendable, Hashable, Codable {
    /// Bytes between DRAM and chip.
    public struct Traffic: Sendable, Hashable, Codable {
        public var readBytes: Int
        public var writtenBytes: Int
        /// Of both: bytes that an operation wanted, the first time.
        public var usefulBytes: Int
        /// Of both: filled up to whole bursts.
        public var paddingBytes: Int
        /// Of both: wanted again because SRAM could not keep them.
        public var refetchedBytes: Int

        /// Bytes transferred.
        public var totalBytes: Int { readBytes + writtenBytes }

        public init(readBytes: Int, writtenBytes: Int, usefulBytes: Int, paddingBytes: Int, refetchedBytes: Int) {
            self.readBytes = readBytes
            self.writtenBytes = writtenBytes
            self.usefulBytes = usefulBytes
            self.paddingBytes = paddingBytes
            self.refetchedBytes = refetchedBytes
        }

        public init(_ counts: ActionCounts) {
            let (read, written) = (counts.dramRead, counts.dramWritten)
            self.init(
                readBytes: read.transferred, writtenBytes: written.transferred,
                usefulBytes: read.useful + written.useful,
                paddingBytes: read.padding + written.padding,
                refetchedBytes: read.refetch + written.refetch)
        }
    }

    /// Bytes of memory, from the program's own allocation.
    public struct Memory: Sendable, Hashable, Codable {
        /// Bytes of DRAM that the allocation spans: gaps between tensors included.
        public var peakDRAMBytes: Int
        /// What lives at the instant that needs most, by kind; kinds of 0 bytes are left out.
        public var peakDRAMBytesByKind: [MemoryKind: Int]
        /// Each kind's own peak, which need not fall on the same instant.
        public var ownPeakDRAMBytesByKind: [MemoryKind: Int]
        /// Most bytes in use in each buffer.
        public var peakSRAMBytes: [SRAM.Buffer: Int]

        /// What lives at the instant that needs most.
        public var peakLiveDRAMBytes: Int { peakDRAMBytesByKind.values.reduce(0, +) }

        public init(
            peakDRAMBytes: Int, peakDRAMBytesByKind: [MemoryKind: Int], ownPeakDRAMBytesByKind: [MemoryKind: Int],
            peakSRAMBytes: [SRAM.Buffer: Int]
        ) {
            self.peakDRAMBytes = peakDRAMBytes
            self.peakDRAMBytesByKind = peakDRAMBytesByKind.filter { $0.value > 0 }
            self.ownPeakDRAMBytesByKind = ownPeakDRAMBytesByKind.filter { $0.value > 0 }
            self.peakSRAMBytes = peakSRAMBytes
        }
    }

    public let machine: String
    /// Overrides of the machine's file, as `path=value`.
    public let machineOverrides: [String]
    /// What tiles and loop orders were chosen for; nil where the step was not laid out here.
    public internal(set) var layoutObjective: ScheduleObjective?
    /// Which weights the step trains, as `--trainable` takes it; nil where it trains none.
    public internal(set) var trainable: String?
    /// Values that it trains, a new head's bias included, and those of them that are adapters'.
    public internal(set) var trainedParameters: Int?
    public internal(set) var adapterParameters: Int?
    public let energyTable: String
    public let clockMegahertz: Double
    public let cycles: Int
    /// Cycles in which each of Timing's units worked.
    public let busyCycles: [String: Int]
    /// What each unit does in these cycles; nil where no times are known.
    public internal(set) var unitTimes: [Command.Unit: UnitTime]?
    /// What bounds the step's time; nil where no times are known.
    public internal(set) var roofline: Roofline?
    public let latencyMilliseconds: Double
    /// Multiply-accumulates on the array, by operand format.
    public let macs: [String: Int]
    /// MACs that the array could have done in the cycles it was occupied, and those of them that it did not do.
    public let arraySlots: Int
    public let idleArraySlots: Int
    /// Sum of `lines`.
    public let energy: Energy
    /// The same by unit and by kind of operation; what spends nothing is left out.
    public let energyByUnit: [CostUnit: Energy]
    public let energyByKind: [CostKind: Energy]
    /// Energy over latency.
    public let averageMilliwatts: Double
    /// Highest power, each operation's energy spread evenly over its time; leakage included. Nil where no times are known.
    public let peakMilliwatts: Double?
    public let dramTraffic: Traffic
    public let memory: Memory
    /// The ledger: energy is the sum of these in this order.
    public let lines: [CostLine]
    /// The entries that `lines` name, with sources, ascending by name.
    public let entries: [EnergyEntry]
    /// What the table does not price.
    public let exclusions: [String]
    /// What the step rests on beyond the machine's file: reservations for what data decide, such as the lists of an in-place perturbation.
    public internal(set) var assumptions: [String] = []

    /// Prices a step.
    ///
    /// - Parameters:
    ///   - ledger: the step's actions; SRAM leakage over the latency is added here.
    ///   - counts: the sum of what the ledger prices.
    ///   - peakDynamicMilliwatts: highest power without leakage, where it is known.
    /// - Throws: `HardwareError.missingEnergy` where the table has no row for one of the machine's SRAM banks.
    public init(
        machine: Machine, ledger: EnergyLedger, cycles: Int, busyCycles: [String: Int], counts: ActionCounts,
        memory: Memory, peakDynamicMilliwatts: Double? = nil
    ) throws(HardwareError) {
        var ledger = ledger
        let organisation = machine.organisation
        let nanoseconds = Double(cycles) * 1000 / organisation.clockMegahertz
        var leakageMilliwatts = 0.0
        for (buffer, bank) in organisation.sram.memories {
            let macro = try ledger.table.macro(for: buffer, of: organisation.sram)
            leakageMilliwatts += Double(bank.banks) * macro.leakageMilliwatts
            try ledger.add(
                Double(bank.banks) * nanoseconds, macro.name + ".leakage", .nanosecond, by: CostUnit(buffer),
                for: .leakage)
        }
        let lines = ledger.lines
        var energy = Energy.zero
        var energyByUnit: [CostUnit: Energy] = [:]
        var energyByKind: [CostKind: Energy] = [:]
        for line in lines {
            let entry = ledger.table.entries[line.entry]!
            energy.add(line.count, of: entry)
            energyByUnit[line.unit, default: .zero].add(line.count, of: entry)
            energyByKind[line.kind, default: .zero].add(line.count, of: entry)
        }
        self.machine = machine.name
        machineOverrides = machine.overrides
        energyTable = ledger.table.name
        clockMegahertz = organisation.clockMegahertz
        self.cycles = cycles
        self.busyCycles = busyCycles
        latencyMilliseconds = organisation.milliseconds(cycles: cycles)
        macs = Dictionary(uniqueKeysWithValues: counts.macs.map { ($0.key.rawValue, $0.value) })
        arraySlots = counts.slots
        idleArraySlots = counts.idleSlots
        self.energy = energy
        self.energyByUnit = energyByUnit
        self.energyByKind = energyByKind
        averageMilliwatts = nanoseconds > 0 ? energy.picojoules / nanoseconds : 0  // 1 pJ in 1 ns is 1 mW
        peakMilliwatts = peakDynamicMilliwatts.map { $0 + leakageMilliwatts }
        dramTraffic = Traffic(counts)
        self.memory = memory
        self.lines = lines
        entries = Set(lines.map(\.entry)).sorted().map { ledger.table.entries[$0]! }
        exclusions = ledger.table.exclusions
    }

    /// Energy of one unit, leakage of buffers included.
    public func energy(of unit: CostUnit) -> Energy { energyByUnit[unit] ?? .zero }

    /// Energy of one kind of operation.
    public func energy(of kind: CostKind) -> Energy { energyByKind[kind] ?? .zero }

    /// Energy that an energy table's entry brings.
    public func energy(ofEntry name: String) -> Energy {
        var energy = Energy.zero
        guard let entry = entries.first(where: { $0.name == name }) else { return energy }
        for line in lines where line.entry == name { energy.add(line.count, of: entry) }
        return energy
    }

    /// Names of the entries in use that are estimates.
    public var estimatedEntries: [String] { entries.filter { $0.status == .estimated }.map(\.name) }
}

// Dictionaries by these names become JSON objects.
extension MemoryKind: CodingKeyRepresentable {}
