import Kernels

/// Second operands of products in the kernels' layout, kept while the tile stands: the computer's counterpart of operands that stay in the array's elements.
struct PackedTiles {
    struct Key: Hashable {
        /// The tile buffer; −1 for a resident tensor.
        let buffer: Int
        let version: Int
        let offset: Int
        let n: Int
        let k: Int
    }

    private var known: [Key: AlignedBuffer<Int8>] = [:]
    private var free: [AlignedBuffer<Int8>] = []

    /// What was packed of a tile; nil where it has to be packed anew.
    func find(_ key: Key) -> AlignedBuffer<Int8>? { known[key] }

    /// Memory for `bytes` bytes under a key. What was packed of the buffer's earlier contents is dropped.
    mutating func add(_ key: Key, bytes: Int) -> AlignedBuffer<Int8> {
        for (other, buffer) in known where other.buffer == key.buffer && other.version != key.version {
            known[other] = nil
            free.append(buffer)
        }
        let memory: AlignedBuffer<Int8>
        if let index = free.firstIndex(where: { $0.count >= bytes }) {
            memory = free.remove(at: index)
        } else {
            if !free.isEmpty { free.removeFirst() }
            memory = AlignedBuffer(uninitializedCount: bytes)
        }
        known[key] = memory
        return memory
    }

    /// Forgets all contents and keeps the memory.
    mutating func removeAll() {
        free.append(contentsOf: known.values)
        known = [:]
        if free.count > 8 { free.removeFirst(free.count - 8) }
    }
}
