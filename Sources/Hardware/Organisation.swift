/// The part of a machine that fixes time and energy, and no bit: array, units, memories, clock.
public struct Organisation: Sendable, Hashable {
    /// Clock of the whole chip.
    public let clockMegahertz: Double
    public let array: MatrixArray
    public let vectorUnit: VectorUnit
    public let perturbationUnit: PerturbationUnit
    public internal(set) var sram: SRAM
    public let dma: DMA
    public let dram: DRAM
    /// Name of the table in hwmodels/energy that prices this machine's actions.
    public let energyTable: String

    /// DRAM peak bandwidth in bytes a clock cycle.
    public var dramBytesPerCycle: Double { dram.bandwidthGigabytesPerSecond * 1000 / clockMegahertz }
    /// Cycles from a DRAM request to its first byte, rounded up.
    public var dramLatencyCycles: Int { cycles(nanoseconds: dram.latencyNanoseconds) }
    /// Cycles that opening another DRAM row costs, rounded up.
    public var dramRowMissCycles: Int { cycles(nanoseconds: dram.rowMissNanoseconds) }

    /// Whole cycles that cover a time. Ranges of the fields keep this far from overflow.
    public func cycles(nanoseconds: Double) -> Int { Int((nanoseconds * clockMegahertz / 1000).rounded(.up)) }

    /// Time that a number of cycles takes, in milliseconds.
    public func milliseconds(cycles: Int) -> Double { Double(cycles) / (clockMegahertz * 1000) }
}

extension Organisation {
    static let keys = [
        "clockMegahertz", "array", "vectorUnit", "perturbationUnit", "sram", "dma", "dram", "energyTable",
    ]

    init(_ fields: FieldReader) throws(HardwareError) {
        clockMegahertz = try fields.number("clockMegahertz", "MHz", in: 1...10_000)
        array = try MatrixArray(fields.section("array", keys: MatrixArray.keys))
        vectorUnit = try VectorUnit(fields.section("vectorUnit", keys: VectorUnit.keys))
        perturbationUnit = try PerturbationUnit(fields.section("perturbationUnit", keys: PerturbationUnit.keys))
        sram = try SRAM(fields.section("sram", keys: SRAM.keys))
        dma = try DMA(fields.section("dma", keys: DMA.keys))
        dram = try DRAM(fields.section("dram", keys: DRAM.keys))
        energyTable = try fields.string("energyTable", "the name of a table in hwmodels/energy")
    }
}
