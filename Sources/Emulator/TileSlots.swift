import Programs

/// The slots of one tile buffer while its operation runs: taken and released in turn, as a ring.
///
/// Each slot begins at a 64-byte boundary of the computer's memory. That buffers do not share bytes of the chip is checked from their addresses beforehand.
struct TileSlots {
    let bytes: Int
    let slots: Int
    /// First byte of slot 0 in the computer's memory, and bytes from one slot to the next.
    let offset: Int
    let pitch: Int
    /// The oldest taken slot, and how many are taken.
    private(set) var oldest = 0
    private(set) var taken = 0
    /// First byte of the slot that was taken last.
    private(set) var newest: Int
    /// Where the newest tile stands in DRAM, and its bytes, while it is only read: unchecked runs do not copy it then.
    var source: UnsafeMutablePointer<UInt8>?
    var sourceBytes = 0
    /// Whether the newest tile was written where its store would leave it.
    var isStored = false
    /// Changes with every write: what was made of an earlier content is stale.
    private(set) var version = 0

    init(_ buffer: TileBuffer, offset: Int) {
        bytes = buffer.bytes
        slots = buffer.slots
        self.offset = offset
        newest = offset
        pitch = (buffer.bytes + 63) / 64 * 64
    }

    var end: Int { offset + pitch * slots }
    var hasFree: Bool { taken < slots }

    mutating func acquire() {
        var slot = oldest + taken
        if slot >= slots { slot -= slots }
        newest = offset + slot * pitch
        taken += 1
        version += 1
        source = nil
        isStored = false
    }
    mutating func release() {
        oldest = oldest + 1 == slots ? 0 : oldest + 1
        taken -= 1
    }
    mutating func written() { version += 1 }
}
