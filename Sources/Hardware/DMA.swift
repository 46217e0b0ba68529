/// The engine between DRAM and SRAM.
public struct DMA: Sendable, Hashable {
    /// Bytes it moves each cycle, at most; DRAM may be slower.
    public let bytesPerCycle: Int
    /// Cycles from a command's issue to its first request.
    public let setupCycles: Int
}

extension DMA {
    static let keys = ["bytesPerCycle", "setupCycles"]

    init(_ fields: FieldReader) throws(HardwareError) {
        bytesPerCycle = try fields.integer("bytesPerCycle", "bytes per cycle", in: 1...65_536)
        setupCycles = try fields.integer("setupCycles", "cycles", in: 0...1_000_000)
    }
}
