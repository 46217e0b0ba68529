import CKernels

/// A flag for each byte of some memory, a byte wide so that ranges are set and searched at the speed of memory.
public final class ByteMap {
    private let flags: AlignedBuffer<UInt8>

    /// `count` flags (≥ 0), all false.
    public init(count: Int) { flags = AlignedBuffer(count: count) }

    /// Sets the flags of a range, which lies within the map.
    public func set(_ range: Range<Int>, _ value: Bool) {
        (flags.baseAddress + range.lowerBound).update(repeating: value ? 1 : 0, count: range.count)
    }

    /// The first place of a range, which lies within the map, that has a value; nil where none has.
    public func first(_ range: Range<Int>, _ value: Bool) -> Int? {
        let found = zk_first_byte(flags.baseAddress + range.lowerBound, range.count, value ? 1 : 0)
        return found < 0 ? nil : range.lowerBound + found
    }
}
