import Hardware

/// What a machine can do at most, from its file alone.
public struct MachineSummary: Encodable, Sendable {
    /// A format that the array multiplies.
    public struct Peak: Encodable, Sendable {
        public let format: String
        /// 10⁹ multiply-accumulates a second with every element at work.
        public let gigaMacsPerSecond: Double
        /// Multiply-accumulates for each byte from DRAM at which array and DRAM are equally busy; a product with fewer waits for DRAM.
        public let ridgeMacsPerByte: Double
    }

    public let file: String
    public let name: String
    public let summary: String
    public let overrides: [String]
    public let arrayRows: Int
    public let arrayColumns: Int
    public let clockMegahertz: Double
    public let peaks: [Peak]
    public let sramBytes: Int
    public let dramStandard: String
    public let dramGigabytesPerSecond: Double
    /// DRAM's peak in bytes a clock cycle, and what the DMA engine lets through of it.
    public let dramBytesPerCycle: Double
    public let transferBytesPerCycle: Double
    public let energyTable: String
    public let energyEntries: Int
    public let area: MachineArea

    /// - Throws: `HardwareError.missingEnergy` where the table has no row for one of the machine's SRAM banks.
    public init(_ machine: Machine, prices: EnergyTable) throws(HardwareError) {
        let organisation = machine.organisation
        let array = organisation.array
        let transfer = min(organisation.dramBytesPerCycle, Double(organisation.dma.bytesPerCycle))
        file = machine.file
        name = machine.name
        summary = machine.summary
        overrides = machine.overrides
        arrayRows = array.rows
        arrayColumns = array.columns
        clockMegahertz = organisation.clockMegahertz
        peaks = array.formats.map { format in
            let macsPerCycle = Double(array.elements) * (array.macsPerCyclePerElement[format] ?? 0)
            return Peak(
                format: format.rawValue, gigaMacsPerSecond: macsPerCycle * organisation.clockMegahertz / 1000,
                ridgeMacsPerByte: macsPerCycle / transfer)
        }
        sramBytes = organisation.sram.bytes
        dramStandard = organisation.dram.standard
        dramGigabytesPerSecond = organisation.dram.bandwidthGigabytesPerSecond
        dramBytesPerCycle = organisation.dramBytesPerCycle
        transferBytesPerCycle = transfer
        energyTable = prices.name
        energyEntries = prices.entries.count
        area = try MachineArea(machine, prices: prices)
    }

    /// The same for people.
    public var table: TextTable {
        var table = TextTable()
        table.append(["machine", name])
        table.append(["array", "\(arrayRows) × \(arrayColumns) at \(Quantity.number(clockMegahertz)) MHz"])
        for peak in peaks {
            table.append(["peak, \(peak.format)", "\(Quantity.number(peak.gigaMacsPerSecond, digits: 1)) GMAC/s"])
        }
        table.append(["SRAM", Quantity.bytes(sramBytes)])
        table.append(["DRAM, \(dramStandard)", "\(Quantity.number(dramGigabytesPerSecond, digits: 1)) GB/s"])
        table.append(["DRAM, a cycle", "\(Quantity.number(dramBytesPerCycle, digits: 1)) bytes"])
        if transferBytesPerCycle < dramBytesPerCycle {
            table.append(["DMA, a cycle", "\(Quantity.number(transferBytesPerCycle, digits: 1)) bytes"])
        }
        for peak in peaks {
            table.append([
                "ridge point, \(peak.format)", "\(Quantity.number(peak.ridgeMacsPerByte, digits: 1)) MAC/byte",
            ])
        }
        table.append(["energy table", "\(energyTable), \(energyEntries) entries"])
        for part in area.parts {
            let text =
                part.squareMillimetres.map { "\(Quantity.number($0, digits: 3)) mm²" }
                ?? "not known: \(energyTable) has none of \(part.missing[0])"
                + (part.missing.count > 1 ? " and \(part.missing.count - 1) more" : "")
            table.append(["area, \(part.part)", text])
        }
        if let sum = area.squareMillimetres {
            table.append(["area of these", "\(Quantity.number(sum, digits: 3)) mm²"])
        }
        return table
    }
}
