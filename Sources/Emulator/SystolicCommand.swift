import NumberFormats

/// One command of a systolic array: tiles of outputs, one after another (docs/semantics.md, section 11).
public struct SystolicCommand: Hashable, Sendable {
    /// Which operand stays in the elements.
    public enum Dataflow: String, Hashable, Sendable, CaseIterable {
        /// Weights stay: columns hold n, rows hold k; activations stream by m.
        case weightStationary = "weight-stationary"
        /// Activations stay: columns hold m, rows hold k; weights stream by n.
        case inputStationary = "input-stationary"
        /// Sums stay: rows hold m, columns hold n; both operands stream by k.
        case outputStationary = "output-stationary"
    }

    /// Which operand stays.
    public let dataflow: Dataflow
    /// Whether the next fold's weights load, or its sums grow, while this fold is still at work.
    public let isDoubleBuffered: Bool
    /// What is computed: a are the activations, b the weights.
    public let arithmetic: DotProduct
    /// Whether two INT4 codes share a byte, the lower k in the low nibble.
    public let isPacked: Bool
    /// Beats T streamed in each fold, ≥ 1; in all folds fewer than 2³¹.
    public let beats: Int
    /// Folds F along k of each tile, ≥ 1; R · F · G is less than 2³¹.
    public let folds: Int
    /// Tiles G, ≥ 1.
    public let groups: Int
    /// Rows U that take part in a tile's last fold, 1…R; R in output-stationary commands.
    public let rowsInLastFold: Int

    /// A command for arrays of one shape.
    ///
    /// - Throws: `SystolicArrayError` where the shape cannot execute it.
    public init(
        _ dataflow: Dataflow, _ arithmetic: DotProduct, isPacked: Bool = false, isDoubleBuffered: Bool, beats: Int,
        folds: Int, groups: Int = 1, rowsInLastFold: Int, on shape: SystolicArrayShape
    ) throws(SystolicArrayError) {
        self.dataflow = dataflow
        self.arithmetic = arithmetic
        self.isPacked = isPacked
        self.isDoubleBuffered = isDoubleBuffered
        self.beats = beats
        self.folds = folds
        self.groups = groups
        self.rowsInLastFold = rowsInLastFold
        try checkSizes(shape)
        try checkArithmetic(shape)
        try checkOrder(shape)
    }

    /// The command that computes a product, a tile for each C columns of outputs.
    ///
    /// - Parameters:
    ///   - m: rows of the activations, ≥ 1; at most R in output-stationary commands.
    ///   - n: rows of the weights, ≥ 1.
    ///   - k: depth, ≥ 1.
    /// - Throws: `SystolicArrayError` where the shape cannot execute it.
    public init(
        m: Int, n: Int, k: Int, _ dataflow: Dataflow, _ arithmetic: DotProduct, isPacked: Bool = false,
        isDoubleBuffered: Bool, on shape: SystolicArrayShape
    ) throws(SystolicArrayError) {
        guard k >= 1 else { throw .outOfRange("depth", value: k, allowed: 1...Int.max) }
        let codes = try Self.codes(arithmetic, isPacked: isPacked, on: shape)
        func quotient(_ x: Int, _ y: Int) -> Int { x / y + (x % y > 0 ? 1 : 0) }
        let steps = quotient(k, codes)
        for (name, value) in [("rows of activations", m), ("rows of weights", n)] where value < 1 {
            throw .outOfRange(name, value: value, allowed: 1...Int.max)
        }
        let groups = quotient(dataflow == .inputStationary ? m : n, shape.columns)
        if dataflow == .outputStationary {
            var beats = steps
            if case .blocked(let count) = arithmetic.order {
                guard count % codes == 0 else {
                    throw .block(count, needed: max(1, count / codes) * codes, why: "whole beats of \(codes)")
                }
                beats = count / codes
            }
            try self.init(
                dataflow, arithmetic, isPacked: isPacked, isDoubleBuffered: isDoubleBuffered, beats: beats,
                folds: quotient(steps, beats), groups: groups, rowsInLastFold: shape.rows, on: shape)
        } else {
            try self.init(
                dataflow, arithmetic, isPacked: isPacked, isDoubleBuffered: isDoubleBuffered,
                beats: dataflow == .weightStationary ? m : n, folds: quotient(steps, shape.rows), groups: groups,
                rowsInLastFold: (steps - 1) % shape.rows + 1, on: shape)
        }
        try check(m: m, n: n, k: k, on: shape)
    }

    /// Format of the codes that enter from the left.
    public var rowFormat: ElementFormat {
        dataflow == .inputStationary ? arithmetic.bFormat : arithmetic.aFormat
    }

    /// Format of the codes that enter from above.
    public var columnFormat: ElementFormat {
        dataflow == .inputStationary ? arithmetic.aFormat : arithmetic.bFormat
    }

    /// One element's work in a beat: a is what comes from the left, b what came from above.
    public var step: MACStep { MACStep(rowFormat, columnFormat, accumulator: arithmetic.accumulator) }

    /// Whether the accumulator memory adds folds; otherwise their sums re-enter the array.
    public var isBlocked: Bool {
        if case .blocked = arithmetic.order { true } else { false }
    }

    /// Bytes of a code on its way through the array: those of the wider format.
    public var bytesPerCode: Int { max(rowFormat.containerBytes, columnFormat.containerBytes) }

    /// Codes P of k in an element and beat.
    public func codes(on shape: SystolicArrayShape) -> Int {
        isPacked ? 2 * shape.lanes : shape.lanes / bytesPerCode
    }

    /// Rows of a tile's outputs in the accumulator memory: T, or R in output-stationary commands.
    public func outputRows(on shape: SystolicArrayShape) -> Int {
        dataflow == .outputStationary ? shape.rows : beats
    }

    /// Folds of all tiles.
    public var allFolds: Int { folds * groups }

    /// Words that enter from above: R a fold, or T in output-stationary commands.
    public func columnWords(on shape: SystolicArrayShape) -> Int {
        allFolds * (dataflow == .outputStationary ? beats : shape.rows)
    }

    /// When what enters and leaves.
    public func schedule(on shape: SystolicArrayShape) -> SystolicSchedule { SystolicSchedule(self, on: shape) }
}

// MARK: Rules

extension SystolicCommand {
    private static func codes(
        _ arithmetic: DotProduct, isPacked: Bool, on shape: SystolicArrayShape
    ) throws(SystolicArrayError) -> Int {
        let formats = [arithmetic.aFormat, arithmetic.bFormat]
        if isPacked {
            guard formats == [.int4, .int4] else { throw .notPackable(formats[0].rawValue, formats[1].rawValue) }
            return 2 * shape.lanes
        }
        let bytes = max(formats[0].containerBytes, formats[1].containerBytes)
        guard shape.lanes % bytes == 0 else { throw .lanes(shape.lanes, bytesPerCode: bytes) }
        return shape.lanes / bytes
    }

    private func checkSizes(_ shape: SystolicArrayShape) throws(SystolicArrayError) {
        for (name, value, limit) in [
            ("beats", beats, Int(Int32.max)), ("folds", folds, Int(Int32.max)), ("groups", groups, Int(Int32.max)),
            ("rows in the last fold", rowsInLastFold, shape.rows),
        ] where value < 1 || value > limit {
            throw .outOfRange(name, value: value, allowed: 1...limit)
        }
        for (name, count) in [
            ("folds of all groups", 1), ("beats of all folds", beats), ("rows of all folds", shape.rows),
        ]
        where allFolds * count > Int(Int32.max) {
            throw .outOfRange(name, value: allFolds * count, allowed: 1...Int(Int32.max))
        }
        if dataflow == .outputStationary, rowsInLastFold != shape.rows {
            throw .rowsOfOutputStationary(rowsInLastFold, rows: shape.rows)
        }
    }

    private func checkArithmetic(_ shape: SystolicArrayShape) throws(SystolicArrayError) {
        let kind = SystolicArrayShape.Kind(arithmetic.accumulator)
        guard kind == shape.kind else { throw .otherKind(command: kind.rawValue, array: shape.kind.rawValue) }
        let codes = try Self.codes(arithmetic, isPacked: isPacked, on: shape)
        switch arithmetic.accumulator {
        case .sequential where codes != 1: throw .codes(codes, accumulator: "fp32-sequential", needed: 1)
        case .grouped(let group) where codes != group:
            throw .codes(codes, accumulator: "grouped:\(group)", needed: group)
        case .aligned(let group, let fractionBits, let output) where codes != group:
            throw .codes(
                codes, accumulator: "aligned:\(group),\(fractionBits),\(output.rawValue)", needed: group)
        case .exact where !FixedPointSum.holdsProducts(arithmetic.aFormat, arithmetic.bFormat):
            throw .notHeldExactly(arithmetic.aFormat.rawValue, arithmetic.bFormat.rawValue)
        default: break
        }
    }

    private func checkOrder(_ shape: SystolicArrayShape) throws(SystolicArrayError) {
        switch arithmetic.order {
        case .reentry:
            if dataflow == .outputStationary, folds != 1 { throw .foldsOfReentry(folds) }
        case .blocked(let count):
            let codes = codes(on: shape)
            let needed = codes * (dataflow == .outputStationary ? beats : shape.rows)
            guard count != needed else { return }
            throw .block(
                count, needed: needed,
                why: dataflow == .outputStationary
                    ? "\(beats) beats of \(codes)" : "\(shape.rows) rows of \(codes)")
        }
    }

    /// Checks the sizes of a product against the command.
    func check(m: Int, n: Int, k: Int, on shape: SystolicArrayShape) throws(SystolicArrayError) {
        let outputs = (groups - 1) * shape.columns + 1...groups * shape.columns
        let (mAllowed, nAllowed) =
            switch dataflow {
            case .weightStationary: (beats...beats, outputs)
            case .inputStationary: (outputs, beats...beats)
            case .outputStationary: (1...shape.rows, outputs)
            }
        for (name, value, allowed) in [
            ("rows of activations", m, mAllowed), ("rows of weights", n, nAllowed),
        ] where !allowed.contains(value) {
            throw .outOfRange(name, value: value, allowed: allowed)
        }
        let allowed = depths(on: shape)
        guard allowed.contains(k) else { throw .depth(k, allowed: allowed) }
    }

    /// The depths that the command covers.
    ///
    /// Behind the end of k are zeros. Within an element's P codes they change nothing. A whole step of zeros cuts an `aligned` sum, and makes a −0 to
    /// which a sum of `bf16` products has underflowed a +0; so there the last step has to hold at least one k.
    public func depths(on shape: SystolicArrayShape) -> ClosedRange<Int> {
        let codes = codes(on: shape)
        let steps =
            dataflow == .outputStationary ? folds * beats : (folds - 1) * shape.rows + rowsInLastFold
        let hasBF16 = [rowFormat, columnFormat].contains(.bf16)
        let fillsLastFold =
            switch arithmetic.accumulator {
            case .integer, .exact: true
            case .sequential, .grouped: !hasBF16
            case .aligned: false
            }
        let perFold = dataflow == .outputStationary ? beats : shape.rows
        let least = dataflow == .outputStationary && fillsLastFold ? (folds - 1) * perFold : steps - 1
        return least * codes + 1...steps * codes
    }
}
