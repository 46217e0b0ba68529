import Emulator
import Programs

/// What happened to an event's results (docs/traces.md, 1.4).
struct TraceFlags: OptionSet {
    let rawValue: UInt8

    static let wrapped = TraceFlags(rawValue: 1)
    static let clamped = TraceFlags(rawValue: 2)
    static let isNaN = TraceFlags(rawValue: 4)
    static let infinite = TraceFlags(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Of FP32 results.
    init(float32 tile: ObservedTile) {
        var found: UInt8 = 0
        tile.forEachRun { run in
            for place in stride(from: 0, through: run.count - 4, by: 4) {
                let magnitude =
                    UInt32(littleEndian: run.loadUnaligned(fromByteOffset: place, as: UInt32.self)) & 0x7FFF_FFFF
                guard magnitude >= 0x7F80_0000 else { continue }
                found |= magnitude > 0x7F80_0000 ? 4 : 8
            }
        }
        self.init(rawValue: found)
    }
}
