import Hardware
import NumberFormats

/// Where a command finds or leaves one operand on the chip: what an address generator is set up with.
///
/// The bytes are runs at regular distances, in the order of the command's work and not sorted: for a product example, head, row of the operand
/// (or k, where the operand's rows are k); for a stream the runs of one piece.
public struct TileView: Sendable, Hashable {
    /// Place of the tensor in the operation's `reads` followed by its `writes`; nil for what is no tensor: the array's sums, a second
    /// sign's copy that a command makes, or what rows carry from segment to segment.
    public let operand: Int?
    /// The tile buffer, of which the slot that was taken last is meant; nil where the tensor is resident and used where it lies.
    public let buffer: Int?
    /// Bytes from the slot's or the resident tensor's start to the first run.
    public let offset: Affine
    /// Outermost first; dimensions of one index stand, too.
    public let dimensions: [Transfer.Dimension]
    public let runBytes: Int

    public init(operand: Int?, buffer: Int?, offset: Affine, dimensions: [Transfer.Dimension], runBytes: Int) {
        self.operand = operand
        self.buffer = buffer
        self.offset = offset
        self.dimensions = dimensions
        self.runBytes = runBytes
    }

    /// Bytes from the first to behind the last.
    public var extent: Int { dimensions.reduce(runBytes) { $0 + ($1.count - 1) * $1.pitch } }
    /// Bytes of all runs.
    public var bytes: Int { dimensions.reduce(runBytes) { $0 * $1.count } }
}

extension Command {
    /// Which part of its operation a command does, and on which bytes of the chip. What `work` says of amounts decides time and counts; this decides bits.
    public struct Part: Sendable, Hashable {
        /// Where a tile of a product begins. It decides no bit: addresses say the same.
        public struct Origin: Sendable, Hashable {
            public var example = Affine(0)
            public var head = Affine(0)
            public var m = Affine(0)
            public var n = Affine(0)
            public var k = Affine(0)

            public init(
                example: Affine = Affine(0), head: Affine = Affine(0), m: Affine = Affine(0), n: Affine = Affine(0),
                k: Affine = Affine(0)
            ) {
                (self.example, self.head, self.m, self.n, self.k) = (example, head, m, n, k)
            }
        }

        /// What a unit computes in an operation.
        public enum Function: Sendable, Hashable {
            /// What the operation's action says: products, streams, updates.
            case action
            /// Sums of a product to results: scales, bias.
            case epilogue
            /// Drawn codes into values of a new head's bias.
            case perturbBias
            /// The end of a running result, such as a loss's division by the batch.
            case end
            /// A segment of rows that do not fit the chip, in one of the phases that they take (`RowPlan`).
            case segment(phase: Int)
            /// What is left to do for such rows behind a phase's last segment.
            case endOfRow(phase: Int)
        }

        public var function = Function.action
        /// Index of a stream's outer loop: the example, where the operation goes example by example.
        public var outer = Affine(0)
        /// The first piece of a stream; the first element, in its whole tensor, of weights or values that random bits are drawn for.
        public var first = Affine(0)
        /// The first element of a segment in its row.
        public var element = Affine(0)
        /// A product's tile: its first index in each dimension; nil for all else.
        public var origin: Origin?
        /// Operands in SRAM. A gathered load has that of the row numbers.
        public var views: [TileView]

        public init(
            function: Function = .action, outer: Affine = Affine(0), first: Affine = Affine(0),
            element: Affine = Affine(0), origin: Origin? = nil, views: [TileView]
        ) {
            (self.function, self.outer, self.first, self.element) = (function, outer, first, element)
            (self.origin, self.views) = (origin, views)
        }

        /// The view of the operation's operand `operand`; nil for the sums.
        public func view(_ operand: Int?) -> TileView? { views.first { $0.operand == operand } }
    }
}

extension ProductLayout.Matrix {
    /// Distances between examples, heads and rows of a tile in its slot. A transfer keeps DRAM's order: what lies further apart there does so here. What
    /// instances share stands once.
    func inTile(examples: Int, heads: Int, rows: Int, runBytes: Int) -> [Transfer.Dimension] {
        // A matrix that serves all examples is there once.
        let counts = [example == 0 ? 1 : examples, heads, rows]
        let pitches = [example, head, row]
        var result = [0, 0, 0]
        var next = runBytes
        let order = counts.indices.sorted { (pitches[$0], $1) < (pitches[$1], $0) }
        for index in order where counts[index] > 1 && pitches[index] > 0 {
            result[index] = next
            next *= counts[index]
        }
        return zip([examples, heads, rows], result).map { Transfer.Dimension(count: $0, pitch: $1) }
    }

    /// The same in the tensor itself.
    func inTensor(examples: Int, heads: Int, rows: Int, _ format: ElementFormat) -> [Transfer.Dimension] {
        zip([examples, heads, rows], [example, head, row]).map {
            Transfer.Dimension(count: $0, pitch: $0 > 1 ? format.bytes($1) : 0)
        }
    }
}

extension StreamPlan.Operand {
    /// Where a tile of `size` pieces lies: in a slot of `buffer`, or in the resident tensor.
    func view(buffer: Int?, outer: Affine, start: Affine, size: Int) -> TileView {
        let isTile = buffer != nil
        if isFixed {
            return TileView(
                operand: operand, buffer: buffer, offset: Affine(0), dimensions: [], runBytes: tileBytes(1))
        }
        return TileView(
            operand: operand, buffer: buffer,
            offset: isTile ? Affine(0) : outer.scaled(by: outerStride) + start.scaled(by: unitBytes),
            dimensions: [.init(count: innerCount, pitch: isTile ? size * unitBytes : innerPitch)],
            runBytes: size * unitBytes)
    }
}

extension ScheduledProgram {
    /// Bytes at the start of a memory that tiles may use; behind them, in the activation buffer, lie resident tensors.
    public func tileBytes(_ memory: SRAM.Buffer) -> Int {
        memory == .activation ? MemoryPlanner.tileBytes(machine) : machine.organisation.sram[memory].bytes
    }
}
