/// The CRC-32 of ISO 3309, as zlib's `crc32`: reflected polynomial 0xEDB88320, ones before and behind.
public struct CRC32: Hashable, Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    /// Of no bytes.
    public init() {}

    /// The checksum of the bytes so far.
    public var value: UInt32 { ~state }

    /// Takes bytes in, sixteen at a time (M. Kounavis, F. Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008).
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        let table = Self.tables.entries
        var crc = state
        var place = 0
        let whole = bytes.count & ~15
        while place < whole {
            let a = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: place, as: UInt32.self)) ^ crc
            let b = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
            let c = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: place + 8, as: UInt32.self))
            let d = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
            let first = Self.four(a, table + 12 * 256) ^ Self.four(b, table + 8 * 256)
            crc = first ^ Self.four(c, table + 4 * 256) ^ Self.four(d, table)
            place += 16
        }
        while place < bytes.count {
            let byte = start.load(fromByteOffset: place, as: UInt8.self)
            crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
            place += 1
        }
        state = crc
    }

    /// Takes bytes in.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Four bytes, with the tables of as many places from the end.
    @inline(__always)
    private static func four(_ word: UInt32, _ table: UnsafePointer<UInt32>) -> UInt32 {
        let low = table[3 * 256 + Int(word & 255)] ^ table[2 * 256 + Int(word >> 8 & 255)]
        return low ^ table[256 + Int(word >> 16 & 255)] ^ table[Int(word >> 24)]
    }

    /// Table t holds the effect of a byte with t bytes of zeros behind it. Made once, never freed.
    private struct Tables: @unchecked Sendable {
        let entries: UnsafePointer<UInt32>

        init() {
            let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: 16 * 256)
            for byte in 0..<256 {
                var crc = UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
                entries[byte] = crc
            }
            for place in 256..<16 * 256 {
                let before = entries[place - 256]
                entries[place] = before >> 8 ^ entries[Int(before & 255)]
            }
            self.entries = UnsafePointer(entries)
        }
    }

    private static let tables = Tables()
}
