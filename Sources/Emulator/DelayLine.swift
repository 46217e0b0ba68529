import Kernels

/// The last entries of a sequence, the newest at delay 0: what a chain of registers along an edge holds.
struct DelayLine<Entry: BitwiseCopyable> {
    private let memory: AlignedBuffer<Entry>
    private let entries: UnsafeMutablePointer<Entry>
    private let depth: Int
    private var newest: Int

    /// A line in which every entry is `idle`.
    init(depth: Int, idle: Entry) {
        self.depth = depth
        // Entries move only when the room before them is used up.
        memory = AlignedBuffer(count: 2 * depth + 256)
        memory.elements.update(repeating: idle)
        entries = memory.baseAddress
        newest = memory.count - depth
    }

    /// Adds an entry.
    mutating func push(_ entry: Entry) {
        if newest == 0 {
            newest = memory.count - depth
            (entries + newest).update(from: entries, count: depth)
        }
        newest -= 1
        entries[newest] = entry
    }

    /// The entry that was added `delay` entries ago, 0 ≤ delay < depth.
    @inline(__always)
    subscript(delay: Int) -> Entry { entries[newest + delay] }
}
