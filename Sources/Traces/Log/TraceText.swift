/// Text of a log in the making: digits into memory that grows.
struct TraceText {
    private(set) var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    private(set) var count = 0

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func deallocate() { memory.deallocate() }

    mutating func clear() { count = 0 }

    private mutating func reserve(_ more: Int) {
        guard count + more > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * memory.count, count + more), alignment: 64)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        memory[count] = byte
        count += 1
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// A number in `digits` digits; what is above them is left out.
    mutating func append(_ value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            memory[place] = Self.digit(UInt8(truncatingIfNeeded: rest) & 15)
            rest >>= 4
        }
        count += digits
    }

    /// Elements of 4, 8, 16 or 32 bits as memory holds them: little-endian, of two 4-bit ones the lower nibble first.
    mutating func append(_ run: UnsafeRawBufferPointer, bits: Int) {
        reserve(2 * run.count)
        let target = memory.baseAddress! + count
        let pairs = Self.pairs.entries
        switch bits {
        case 4:
            for place in 0..<run.count {
                let byte = run[place]
                let pair = pairs[Int(byte << 4 | byte >> 4)]
                target.storeBytes(of: pair, toByteOffset: 2 * place, as: UInt16.self)
            }
        default:
            let size = bits / 8
            for first in stride(from: 0, through: run.count - size, by: size) {
                for place in 0..<size {
                    target.storeBytes(
                        of: pairs[Int(run[first + size - 1 - place])], toByteOffset: 2 * (first + place),
                        as: UInt16.self)
                }
            }
        }
        count += 2 * run.count
    }

    mutating func appendZeros(_ digits: Int) {
        reserve(digits)
        for place in count..<count + digits { memory[place] = UInt8(ascii: "0") }
        count += digits
    }

    @inline(__always)
    static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }

    /// Two digits of each byte, the first in the lower half. Made once, never freed.
    private struct Pairs: @unchecked Sendable {
        let entries: UnsafePointer<UInt16>

        init() {
            let entries = UnsafeMutablePointer<UInt16>.allocate(capacity: 256)
            for byte in 0..<256 {
                let (high, low) = (digit(UInt8(byte >> 4)), digit(UInt8(byte & 15)))
                entries[byte] = (UInt16(low) << 8 | UInt16(high)).littleEndian
            }
            self.entries = UnsafePointer(entries)
        }
    }

    private static let pairs = Pairs()
}
