import Kernels
import Programs

/// The slots of one tile buffer while its operation runs: taken and released in turn, as a ring.
///
/// Each slot begins at a 64-byte boundary of the computer's memory. That buffers do not share bytes of the chip is checked from their addresses beforehand.
struct TileSlots {
    let buffer: TileBuffer
    /// First byte of slot 0 in the computer's memory, and bytes from one slot to the next.
    let offset: Int
    let pitch: Int
    /// The oldest taken slot, and how many are taken.
    private(set) var oldest = 0
    private(set) var taken = 0
    /// Changes with every write: what was made of an earlier content is stale.
    private(set) var version = 0

    init(_ buffer: TileBuffer, offset: Int) {
        self.buffer = buffer
        self.offset = offset
        pitch = (buffer.bytes + 63) / 64 * 64
    }

    var end: Int { offset + pitch * buffer.slots }
    /// First byte of the slot that was taken last.
    var newest: Int { offset + (oldest + max(0, taken - 1)) % buffer.slots * pitch }
    var hasFree: Bool { taken < buffer.slots }

    mutating func acquire() {
        taken += 1
        version += 1
    }
    mutating func release() {
        oldest = (oldest + 1) % buffer.slots
        taken -= 1
    }
    mutating func written() { version += 1 }
}
