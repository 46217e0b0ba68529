import Kernels
import NumberFormats

/// What the perturbation unit made of tiles in the running operation, for when they are fetched again: the same values come out of every fetch.
struct PerturbedTiles {
    struct Key: Hashable {
        let first: Int
        let rows: Int
        let columns: Int
    }

    private struct Tile {
        /// Rows of the one sign, then of the other.
        let bytes: AlignedBuffer<UInt8>
        let statistics: PerturbationStatistics
    }

    private var known: [Key: Tile] = [:]
    private var free: [Int: [AlignedBuffer<UInt8>]] = [:]

    mutating func removeAll() {
        for tile in known.values { free[tile.bytes.count, default: []].append(tile.bytes) }
        known.removeAll(keepingCapacity: true)
    }

    mutating func add(_ key: Key, _ operands: [TileOperand], _ statistics: PerturbationStatistics) {
        let count = operands.reduce(0) { $0 + $1.rows * $1.runBytes }
        let bytes = free[count]?.popLast() ?? AlignedBuffer(uninitializedCount: count)
        var next = bytes.baseAddress
        for operand in operands {
            for row in 0..<operand.rows {
                next.update(from: operand.pointer(UInt8.self, offset: row * operand.rowPitch), count: operand.runBytes)
                next += operand.runBytes
            }
        }
        known[key] = Tile(bytes: bytes, statistics: statistics)
    }

    /// Writes a tile that is known, and tells what it was counted as; nil where it is not known.
    func put(_ key: Key, into operands: [TileOperand]) -> PerturbationStatistics? {
        guard let tile = known[key] else { return nil }
        var next = UnsafePointer(tile.bytes.baseAddress)
        for operand in operands {
            for row in 0..<operand.rows {
                operand.pointer(UInt8.self, offset: row * operand.rowPitch).update(from: next, count: operand.runBytes)
                next += operand.runBytes
            }
        }
        return tile.statistics
    }
}
