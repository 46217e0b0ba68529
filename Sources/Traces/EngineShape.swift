import Emulator
import Hardware
import NumberFormats
import Programs

/// The structure of a tile engine: what `hwmodels/rtl/tile_engine.sv` is built with. Everything else stands in the command image.
public struct EngineShape: Hashable, Sendable {
    public let rows: Int
    public let columns: Int
    /// Bytes of codes that an element takes in a beat.
    public let lanes: Int
    public let kind: SystolicArrayShape.Kind
    /// Words of accumulator memory below a column.
    public var depth = 1024
    /// Bytes of DRAM in a cycle, at most.
    public var beatBytes = 16
    /// Lanes of the vector unit, at most.
    public var vectorLanes = 4
    public var weightBytes = 4096
    public var activationBytes = 16384
    /// Commands of a unit; a memory's port holds twice as many.
    public var commands = 2048
    /// Weights that are perturbed in a cycle.
    public static let perturbationsPerCycle = 4

    public init(rows: Int, columns: Int, lanes: Int, kind: SystolicArrayShape.Kind) {
        self.rows = rows
        self.columns = columns
        self.lanes = lanes
        self.kind = kind
    }

    /// The engine for a machine's linear layers.
    ///
    /// - Throws: `EngineError` where the machine has what no engine is built with.
    public init(_ machine: Machine, _ model: ArrayModel) throws(EngineError) {
        let (array, sram) = (machine.organisation.array, machine.organisation.sram)
        let (a, b) = (machine.arithmetic.activations, machine.arithmetic.weights)
        func need(_ holds: Bool, _ what: String, _ found: Any, _ allowed: String) throws(EngineError) {
            guard holds else { throw .notBuilt(what: what, found: "\(found)", allowed: allowed) }
        }
        for (name, format) in [("weights", b), ("activations", a)] {
            try need(format.bits <= 8, "arithmetic.\(name)", format.rawValue, "codes of 8 bits or fewer")
        }
        try need((1...64).contains(array.rows), "organisation.array.rows", array.rows, "1 to 64")
        try need((2...64).contains(array.columns), "organisation.array.columns", array.columns, "2 to 64")
        try need(model.beat == 1, "beats of cycles", model.beat, "1: raise the array's rate, or the memories' width")
        try need(
            model.preloadCycles == model.rows, "cycles between stationary operands", model.preloadCycles,
            "\(model.rows): widen the memory that holds them")
        try need(!sram.isUnified, "organisation.sram", "unified", "a memory each for weights, activations and sums")
        guard let accumulator = machine.arithmetic.accumulator(machine.multiplierFormat(a, b)) else {
            throw .notBuilt(what: "arithmetic.floatAccumulator", found: "none", allowed: "one for \(a.rawValue)")
        }
        let isPacked = a == .int4 && b == .int4
        try need(!isPacked || model.codes % 2 == 0, "INT4 codes a beat", model.codes, "an even number")
        self.init(
            rows: array.rows, columns: array.columns, lanes: isPacked ? model.codes / 2 : model.codes,
            kind: SystolicArrayShape.Kind(accumulator))
        let vector = machine.organisation.vectorUnit
        try need(vector.lanes <= vectorLanes, "organisation.vectorUnit.lanes", vector.lanes, "1 to \(vectorLanes)")
        let dram = machine.organisation.dram
        let rate = min(machine.organisation.dramBytesPerCycle, Double(machine.organisation.dma.bytesPerCycle))
        let bytes = Int(rate)
        try need(
            Double(bytes) == rate && bytes.nonzeroBitCount == 1 && bytes <= beatBytes, "bytes of DRAM a cycle", rate,
            "a power of two up to \(beatBytes)")
        try need(
            dram.burstBytes.nonzeroBitCount == 1 && dram.burstBytes >= bytes && dram.burstBytes <= 1 << 15,
            "organisation.dram.burstBytes", dram.burstBytes, "a power of two from \(bytes) to \(1 << 15)")
        try need(
            machine.organisation.dramRowMissCycles == 0, "organisation.dram.rowMissNanoseconds",
            dram.rowMissNanoseconds,
            "0: its memory has one latency")
        try need(
            sram.weight.bytes <= weightBytes, "organisation.sram.weight.bytes", sram.weight.bytes,
            "up to \(weightBytes)")
        try need(
            sram.activation.bytes <= activationBytes, "organisation.sram.activation.bytes", sram.activation.bytes,
            "up to \(activationBytes)")
    }
}
