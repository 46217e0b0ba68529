import Hardware
import NumberFormats

/// What commands cost on a machine, in cycles: the same numbers for choosing tiles, for counting and for timing.
public struct MachineModel: Sendable {
    public let machine: Machine
    public let burstBytes: Int
    let rowBytes: Int
    let rowMissCycles: Int
    /// The slower of DRAM and DMA engine.
    public let bytesPerCycle: Double
    /// From a load's issue to its first byte; the next load's is hidden behind this one's transfer.
    public let loadLatency: Int
    let arrays: [ElementFormat: ArrayModel]
    /// Ways into the on-chip memories, each of which serves one word a bank and cycle.
    public let ports: [MemoryPort]

    public init(_ machine: Machine) {
        self.machine = machine
        let organisation = machine.organisation
        burstBytes = organisation.dram.burstBytes
        rowBytes = organisation.dram.rowBytes
        rowMissCycles = organisation.dramRowMissCycles
        bytesPerCycle = min(organisation.dramBytesPerCycle, Double(organisation.dma.bytesPerCycle))
        loadLatency = organisation.dma.setupCycles + organisation.dramLatencyCycles
        var arrays: [ElementFormat: ArrayModel] = [:]
        for format in organisation.array.formats {
            if let model = try? ArrayModel(machine, format) { arrays[format] = model }
        }
        self.arrays = arrays
        ports = Self.ports(of: organisation.sram)
    }

    /// The array on operands of `format`; that it has a rate for it was checked when the nest was made.
    public func array(_ format: ElementFormat) -> ArrayModel {
        guard let model = arrays[format] else { preconditionFailure("the array has no rate for \(format.rawValue)") }
        return model
    }

    /// The buffer as which a memory is counted: where all share one it is `activation`.
    func home(_ buffer: SRAM.Buffer) -> SRAM.Buffer { machine.organisation.sram.isUnified ? .activation : buffer }

    /// Random bits of one draw: those of the machine's distribution, or of a rounding.
    func randomBits(_ purpose: RandomPurpose) -> Int {
        let arithmetic = machine.arithmetic
        return purpose == .perturbation ? arithmetic.gaussian.bitsPerElement : arithmetic.roundingBits
    }

    // MARK: DRAM

    /// Bursts that cover a transfer whose first byte lies `residue` bytes behind a burst's start.
    public func bursts(_ transfer: Transfer, residue: Int) -> Int {
        bursts(transfer, starts: [residue: 1])
    }

    /// Bursts of all transfers whose first bytes lie at `starts` (residue: how often).
    func bursts(_ transfer: Transfer, starts: [Int: Int]) -> Int {
        if transfer.gathered {
            // Rows follow each other in their table, so each starts some multiple of their size behind the first.
            let size = greatestCommonDivisor(burstBytes, transfer.dimensions.first?.pitch ?? transfer.runBytes)
            return starts.reduce(0) { sum, start in
                let worst = burstBytes - size + start.key % size + transfer.runBytes
                return sum + start.value * transfer.runs * ceilingDivision(worst, burstBytes)
            }
        }
        var places = starts
        for dimension in transfer.dimensions { spread(&places, count: dimension.count, stride: dimension.pitch) }
        return places.reduce(0) { $0 + $1.value * ceilingDivision($1.key + transfer.runBytes, burstBytes) }
    }

    /// Replaces each place by `count` places `stride` bytes apart, modulo a burst.
    func spread(_ places: inout [Int: Int], count: Int, stride: Int) {
        let step = ((stride % burstBytes) + burstBytes) % burstBytes
        if step == 0 {
            for key in places.keys { places[key]! *= count }
            return
        }
        let period = burstBytes / greatestCommonDivisor(step, burstBytes)
        var result: [Int: Int] = [:]
        for (place, times) in places {
            for index in 0..<min(period, count) {
                let visits = (count - index - 1) / period + 1
                result[(place + index * step) % burstBytes, default: 0] += times * visits
            }
        }
        places = result
    }

    /// DRAM rows that a transfer enters, as if it began at a row's start.
    func rowsEntered(_ transfer: Transfer) -> Int {
        var rows = ceilingDivision(transfer.runBytes, rowBytes)
        for dimension in transfer.dimensions.reversed() {
            if dimension.pitch >= rowBytes || transfer.gathered {
                rows *= dimension.count
            } else {
                rows = max(rows, ceilingDivision(dimension.pitch * dimension.count, rowBytes))
            }
        }
        return rows
    }

    func transferCycles(bursts: Int, rows: Int) -> Int {
        Int((Double(bursts * burstBytes) / bytesPerCycle).rounded(.up)) + rows * rowMissCycles
    }

    // MARK: Commands

    /// Cycles for which a command occupies its unit. `residue` places a transfer within a burst.
    public func cycles(_ command: Command, residue: Int = 0) -> Int {
        let unit: Int
        switch command.work {
        case .load(let transfer), .store(let transfer):
            return transferCycles(bursts: bursts(transfer, residue: residue), rows: rowsEntered(transfer))
        case .perturb(let weights, _, _):
            unit = ceilingDivision(weights, machine.organisation.perturbationUnit.perturbationsPerCycle)
        case .draw(let values, _):
            unit = ceilingDivision(values, machine.organisation.perturbationUnit.perturbationsPerCycle)
        case .update(let weights, _):
            unit = ceilingDivision(weights, machine.organisation.perturbationUnit.updatesPerCycle)
        case .matmul(let block):
            return array(block.format).cycles(block)
        case .vector(let work):
            unit = work.cycles(on: machine.organisation.vectorUnit)
        }
        return command.accesses.reduce(unit) { longest, access in
            max(
                longest,
                machine.organisation.sram[access.buffer].cycles(read: access.read, written: access.written)
            )
        }
    }
}
