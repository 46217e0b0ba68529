import Hardware

/// Collects the buffers of a nest and makes its loops.
struct NestBuilder {
    private(set) var buffers: [TileBuffer] = []
    private var ends: [SRAM.Buffer: Int] = [:]

    /// Places a tile buffer behind the others in its memory.
    mutating func buffer(_ name: String, _ memory: SRAM.Buffer, bytes: Int, slots: Int) -> Int {
        let address = ends[memory, default: 0]
        buffers.append(TileBuffer(name: name, memory: memory, address: address, bytes: bytes, slots: slots))
        ends[memory] = address + bytes * slots
        return buffers.count - 1
    }

    func memory(_ buffer: Int) -> SRAM.Buffer { buffers[buffer].memory }

    /// - Parameters:
    ///   - rows: where a gathered load finds the numbers of its rows.
    ///   - pieces: the outer index and the first piece of those rows.
    func load(
        _ transfer: Transfer, into buffer: Int, rows: TileView? = nil, at pieces: (outer: Affine, first: Affine)? = nil
    ) -> NestNode {
        .command(
            Command(
                work: .load(transfer), acquires: [buffer], reads: rows?.buffer.map { [$0] } ?? [], writes: [buffer],
                accesses: [.init(buffer: memory(buffer), read: 0, written: transfer.bytes)],
                part: rows.map {
                    .init(outer: pieces?.outer ?? Affine(0), first: pieces?.first ?? Affine(0), views: [$0])
                }))
    }

    func store(_ transfer: Transfer, from buffer: Int) -> NestNode {
        .command(
            Command(
                work: .store(transfer), acquires: [], reads: [buffer], writes: [],
                accesses: [.init(buffer: memory(buffer), read: transfer.bytes, written: 0)]))
    }

    /// Loops over `total` in tiles of `size`: whole tiles in one loop, the rest behind it; `isFirst` is told apart where
    /// `peelFirst` asks for it. `body` gets the tile's first index, its size and the depth of loops around it.
    static func tiled(
        _ total: Int, by size: Int, depth: Int, peelFirst: Bool = false,
        _ body: (_ start: Affine, _ size: Int, _ depth: Int, _ isFirst: Bool) -> [NestNode]
    ) -> [NestNode] {
        let whole = total / size
        let rest = total % size
        var nodes: [NestNode] = []
        var done = 0
        if whole >= 1, peelFirst || whole == 1 {
            nodes += body(Affine(0), size, depth, true)
            done = 1
        }
        if whole - done == 1 {
            nodes += body(Affine(done * size), size, depth, done == 0)
        } else if whole - done > 1 {
            let start = Affine(done * size, strides: Array(repeating: 0, count: depth) + [size])
            nodes.append(.loop(count: whole - done, body: body(start, size, depth + 1, false)))
        }
        if rest > 0 { nodes += body(Affine(whole * size), rest, depth, whole == 0) }
        return nodes
    }

    /// Tile sizes worth trying for `total`: even splits into 1, 2, 3, … tiles, in whole `granules` where smaller than `total`,
    /// and the smallest.
    static func sizes(_ total: Int, granule: Int) -> [Int] {
        var result: [Int] = []
        var tiles = 1
        while true {
            let size = min(total, roundUp(ceilingDivision(total, tiles), to: granule))
            if result.last != size { result.append(size) }
            if size <= granule || tiles >= total { break }
            tiles += max(1, tiles / 3)
        }
        let least = min(total, granule)
        if result.last != least { result.append(least) }
        return result
    }
}
