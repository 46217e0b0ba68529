import Hardware
import NumberFormats

/// An affine function of the enclosing loops' indices: `base` + Σ `strides[d]` · index of the loop at depth d, outermost first.
public struct Affine: Sendable, Hashable {
    public var base: Int
    public var strides: [Int]

    public init(_ base: Int, strides: [Int] = []) {
        self.base = base
        self.strides = strides
    }

    public func value(at indices: [Int]) -> Int {
        var result = base
        for (depth, stride) in strides.enumerated() { result += stride * indices[depth] }
        return result
    }

    func scaled(by factor: Int) -> Affine { Affine(base * factor, strides: strides.map { $0 * factor }) }

    /// Places counted in elements, in bytes: 4-bit ones are even.
    func bytes(_ format: ElementFormat) -> Affine {
        func bytes(_ elements: Int) -> Int {
            precondition(elements * format.bits % 8 == 0, "a tile begins within a byte")
            return elements * format.bits / 8
        }
        return Affine(bytes(base), strides: strides.map(bytes))
    }

    static func + (a: Affine, b: Affine) -> Affine {
        let (long, short) = a.strides.count >= b.strides.count ? (a, b) : (b, a)
        var strides = long.strides
        for (depth, stride) in short.strides.enumerated() { strides[depth] += stride }
        return Affine(a.base + b.base, strides: strides)
    }
}

/// A tile's way between DRAM and SRAM: runs of contiguous bytes at regular distances within one tensor.
public struct Transfer: Sendable, Hashable {
    public struct Dimension: Sendable, Hashable {
        public let count: Int
        /// Bytes from one to the next.
        public let pitch: Int
    }

    /// Place of the tensor in the operation's `reads` followed by its `writes`.
    public let operand: Int
    /// Bytes from the tensor's start to the tile's first.
    public let offset: Affine
    /// Outermost first.
    public let dimensions: [Dimension]
    public let runBytes: Int
    /// Runs lie at places that data decide (rows of an embedding table): each is charged its worst alignment.
    public let gathered: Bool

    /// - Parameter dimensions: in any order; they are sorted, and runs that touch are joined.
    init(operand: Int, offset: Affine, dimensions: [Dimension], runBytes: Int, gathered: Bool = false) {
        self.operand = operand
        self.offset = offset
        self.gathered = gathered
        var run = runBytes
        // The pitch of gathered runs is their table's rows', of which a run may be a part.
        var kept = dimensions.filter { $0.count > 1 || gathered }
        if !gathered {
            kept.sort { $0.pitch > $1.pitch }
            while let last = kept.last, last.pitch == run {
                run *= last.count
                kept.removeLast()
            }
        }
        self.dimensions = kept
        self.runBytes = run
    }

    public var runs: Int { dimensions.reduce(1) { $0 * $1.count } }
    /// Wanted bytes.
    public var bytes: Int { runs * runBytes }
}

/// Array work of one matmul command: for each instance, every fold of a [k, n] tile of the stationary operand is loaded and
/// m rows stream through it.
public struct FoldBlock: Sendable, Hashable {
    public let instances: Int
    public let m: Int
    public let n: Int
    public let k: Int
    public let format: ElementFormat
    /// Adds to sums that are in the accumulator buffer already.
    public let accumulates: Bool
    public var macs: Int { instances * m * n * k }
}

/// One command of a nest: a piece of work on one unit.
public struct Command: Sendable, Hashable {
    public enum Unit: String, Sendable, Hashable, Codable, CaseIterable {
        case dma, perturbation, array, vector
    }

    public enum Work: Sendable, Hashable {
        case load(Transfer)
        case store(Transfer)
        /// Turns `weights` stored codes into clamp(k ± d) of one sign or of both, making `draws` for each.
        case perturb(weights: Int, signs: Int, draws: [RandomPurpose])
        /// Draws for values of a new head's bias; the arithmetic is the vector unit's.
        case draw(values: Int, draws: [RandomPurpose])
        /// Zeroth-order update in place, making `draws` for each weight.
        case update(weights: Int, draws: [RandomPurpose])
        case matmul(FoldBlock)
        case vector(VectorWork)
    }

    /// Bytes that a command reads and writes in an on-chip buffer.
    public struct Access: Sendable, Hashable {
        public let buffer: SRAM.Buffer
        public let read: Int
        public let written: Int

        /// One access for each buffer.
        static func merged(_ accesses: [Access]) -> [Access] {
            SRAM.Buffer.allCases.compactMap { buffer in
                let here = accesses.filter { $0.buffer == buffer }
                guard !here.isEmpty else { return nil }
                return Access(
                    buffer: buffer, read: here.reduce(0) { $0 + $1.read }, written: here.reduce(0) { $0 + $1.written })
            }
        }
    }

    public let work: Work
    /// Tile buffers of which it takes a free slot.
    public let acquires: [Int]
    /// Tile buffers whose content it waits for.
    public let reads: [Int]
    /// Tile buffers whose content is ready when it ends.
    public let writes: [Int]
    public let accesses: [Access]
    /// Which part of the operation it does; nil where nothing but amounts is known (dequantization for first-order products).
    public var part: Part? = nil

    public var unit: Unit {
        switch work {
        case .load, .store: .dma
        case .perturb, .draw, .update: .perturbation
        case .matmul: .array
        case .vector: .vector
        }
    }
}

/// A node of a rolled loop nest.
public indirect enum NestNode: Sendable, Hashable {
    case loop(count: Int, body: [NestNode])
    case command(Command)
    /// Frees the oldest taken slot of a tile buffer, as soon as all that was issued on it has ended.
    case release(buffer: Int)
}

/// A place for tiles in an on-chip buffer.
public struct TileBuffer: Sendable, Hashable {
    public let name: String
    public let memory: SRAM.Buffer
    /// First byte in `memory`.
    public let address: Int
    /// Bytes of one slot.
    public let bytes: Int
    /// 2 where the next tile is brought while this one is used, else 1.
    public let slots: Int
    public var end: Int { address + bytes * slots }
}

/// How a machine carries out one operation: commands in rolled loops. Operations of equal shape share a nest.
public struct Nest: Sendable, Hashable {
    public let buffers: [TileBuffer]
    public let body: [NestNode]
    /// Bytes of each operand (`reads`, then `writes`) that have to move at least once; 0 where it is resident.
    public let usefulBytes: [Int]

    /// Whether rows come in segments, or fixed operands with their rows: what is laid out where whole ones do not fit.
    public var cutsRows: Bool {
        func cuts(_ nodes: [NestNode]) -> Bool {
            nodes.contains { node in
                switch node {
                case .loop(_, let body): return cuts(body)
                case .release: return false
                case .command(let command):
                    if case .segment? = command.part?.function { return true }
                    return false
                }
            }
        }
        return cuts(body)
    }

    /// Bytes occupied in each on-chip buffer by tiles.
    public func occupied(_ memory: SRAM.Buffer) -> Int {
        buffers.lazy.filter { $0.memory == memory }.map(\.end).max() ?? 0
    }
}

/// What random bits are drawn for (docs/semantics.md, section 4).
public enum RandomPurpose: String, Sendable, Hashable, Codable, CaseIterable {
    case perturbation, firstRounding, secondRounding, gridRounding, update
}
