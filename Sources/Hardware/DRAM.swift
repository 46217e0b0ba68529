/// The off-chip memory.
public struct DRAM: Sendable, Hashable {
    /// Standard and speed grade, as the energy table names it.
    public let standard: String
    /// Independent channels.
    public let channels: Int
    /// Bytes of all channels.
    public let capacityBytes: Int
    /// Peak of all channels together, 10⁹ bytes a second.
    public let bandwidthGigabytesPerSecond: Double
    /// Bytes of the smallest transfer: what is read or written beyond the wanted bytes is padding.
    public let burstBytes: Int
    /// From a request to its first byte, row closed, queues empty.
    public let latencyNanoseconds: Double
    /// Bytes that one open row holds.
    public let rowBytes: Int
    /// Added where a stream enters another row.
    public let rowMissNanoseconds: Double
}

extension DRAM {
    static let keys = [
        "standard", "channels", "capacityBytes", "bandwidthGigabytesPerSecond", "burstBytes", "latencyNanoseconds",
        "rowBytes", "rowMissNanoseconds",
    ]

    init(_ fields: FieldReader) throws(HardwareError) {
        standard = try fields.string("standard", "the standard's name, such as LPDDR4-2400")
        channels = try fields.integer("channels", "channels", in: 1...1024)
        capacityBytes = try fields.integer("capacityBytes", "bytes", in: 1...(1 << 50))
        bandwidthGigabytesPerSecond = try fields.number(
            "bandwidthGigabytesPerSecond", "10^9 bytes per second", in: 0.001...100_000)
        burstBytes = try fields.integer("burstBytes", "bytes", in: 1...65_536)
        latencyNanoseconds = try fields.number("latencyNanoseconds", "ns", in: 0...1_000_000)
        rowBytes = try fields.integer("rowBytes", "bytes", in: 1...(1 << 30))
        rowMissNanoseconds = try fields.number("rowMissNanoseconds", "ns", in: 0...1_000_000)
        guard rowBytes % burstBytes == 0 else {
            throw .contradiction(
                fields.place("rowBytes"), problem: "a row of \(rowBytes) bytes is no whole number of bursts",
                remedy: "give a multiple of burstBytes, \(burstBytes)")
        }
    }
}
