import Hardware
import NumberFormats

/// Cycles of a skewed systolic array (docs/semantics.md, section 11; docs/architecture.md, "Cycles of the array").
///
/// The array moves in beats. In a beat an element takes P codes along k, those that it adds at once; that is one cycle at P or more MACs a cycle,
/// P/rate cycles at fewer, and longer where the buffers' ports are too narrow for what a beat reads and writes.
///
/// A fold is what the elements hold at once: R·P of k by C of n (weight-stationary) or of m (input-stationary), R of m by C of n
/// (output-stationary). Its stream is m, n, or k in steps of P.
public struct ArrayModel: Sendable, Hashable {
    public let dataflow: MatrixArray.Dataflow
    public let rows: Int
    public let columns: Int
    /// Codes along k in one element and beat.
    public let codes: Int
    /// Cycles a beat.
    public let beat: Int
    /// Cycles from one fold's stationary operand to the next's, at least: R beats, or the time that its buffer takes to give it; in an
    /// output-stationary array from one fold's sums to the next's.
    public let preloadCycles: Int
    public let doubleBuffered: Bool
    /// Codes of k whose sum an output-stationary array gives at once; nil where a fold takes all of a tile's.
    let block: Int?
    /// MACs of one element in one cycle, over 64.
    let rateOver64: Int
    let operandBits: Int
    /// Bits of a sum in elements and accumulator buffer.
    let sumBits: Int

    public init(_ machine: Machine, _ format: ElementFormat) throws(HardwareError) {
        let (array, sram) = (machine.organisation.array, machine.organisation.sram)
        let rate = try machine.macsPerCyclePerElement(format)
        let accumulator = machine.arithmetic.accumulator(format)
        let isOrderFree: Bool
        switch accumulator {
        case .exact, .integer(_, .wrap): isOrderFree = true
        default: isOrderFree = false
        }
        sumBits = accumulator == .exact ? 88 : 32
        dataflow = array.dataflow
        rows = array.rows
        columns = array.columns
        codes = try machine.codesPerElement(format)
        doubleBuffered = array.doubleBuffered
        rateOver64 = Int(rate * 64)
        operandBits = format.bits
        if case .blocked(let count) = machine.arithmetic.order, dataflow == .outputStationary, !isOrderFree {
            block = count
        } else {
            block = nil
        }

        // What one beat moves.
        let (bits, codes) = (format.bits, codes)
        func bytes(_ count: Int) -> Int { ceilingDivision(count * codes * bits, 8) }
        let sums = ceilingDivision(columns * sumBits, 8)
        let (stationary, streaming): (SRAM.Buffer, SRAM.Buffer) =
            dataflow == .inputStationary ? (.activation, .weight) : (.weight, .activation)
        let unit = max(1, Int((Double(codes) / rate).rounded(.up)))
        var needed = [unit]
        if dataflow == .outputStationary {
            if sram.isUnified {
                needed.append(sram.activation.cycles(read: bytes(rows) + bytes(columns), written: sums))
            } else {
                needed.append(sram.activation.cycles(read: bytes(rows), written: 0))
                needed.append(sram.weight.cycles(read: bytes(columns), written: 0))
                needed.append(sram.accumulator.cycles(read: block == nil ? 0 : sums, written: sums))
            }
        } else if sram.isUnified {
            let preload = doubleBuffered ? bytes(columns) : 0
            needed.append(sram.activation.cycles(read: bytes(rows) + sums + preload, written: sums))
        } else {
            needed.append(sram[streaming].cycles(read: bytes(rows), written: 0))
            needed.append(sram.accumulator.cycles(read: sums, written: sums))
        }
        beat = roundUp(needed.max() ?? unit, to: unit)
        if dataflow == .outputStationary {
            preloadCycles = beat * rows
        } else {
            let load = sram[stationary].cycles(read: bytes(rows * columns), written: 0)
            preloadCycles = max(beat * rows, load)
        }
    }

    // MARK: Tiles

    /// Tile sizes are tried in these steps of m, n and k.
    var granuleOfM: Int {
        switch dataflow {
        case .weightStationary: 8
        case .inputStationary: columns
        case .outputStationary: rows
        }
    }
    var granuleOfN: Int { dataflow == .inputStationary ? 8 : columns }
    var granuleOfK: Int { dataflow == .outputStationary ? block ?? codes * rows : codes * rows }

    /// Folds of an [m, n, k] tile.
    public func folds(m: Int, n: Int, k: Int) -> Int {
        switch dataflow {
        case .weightStationary: ceilingDivision(k, codes * rows) * ceilingDivision(n, columns)
        case .inputStationary: ceilingDivision(k, codes * rows) * ceilingDivision(m, columns)
        case .outputStationary:
            ceilingDivision(m, rows) * ceilingDivision(n, columns) * ceilingDivision(k, block ?? max(1, k))
        }
    }

    /// Beats streamed in each of them.
    public func stream(m: Int, n: Int, k: Int) -> Int {
        switch dataflow {
        case .weightStationary: m
        case .inputStationary: n
        case .outputStationary: ceilingDivision(min(k, block ?? k), codes)
        }
    }

    /// Cycles from the first operand into the array to the last sum out of it, for `folds` folds of `stream` beats.
    public func cycles(folds: Int, stream: Int) -> Int {
        let latency = preloadCycles + beat * (stream + rows + columns - 2)
        return latency + (folds - 1) * (doubleBuffered ? max(beat * stream, preloadCycles) : latency)
    }

    public func cycles(_ block: FoldBlock) -> Int {
        cycles(
            folds: block.instances * folds(m: block.m, n: block.n, k: block.k),
            stream: stream(m: block.m, n: block.n, k: block.k))
    }

    /// How often the array reads each operand of a tile and moves its sums.
    struct Traffic {
        /// Times that the first operand [m, k] and the second [n, k] are read.
        let first: Int
        let second: Int
        /// Times that a sum is read and written.
        let sumsRead: Int
        let sumsWritten: Int
    }

    func traffic(_ tile: FoldBlock) -> Traffic {
        let perOutput: Int
        let (first, second): (Int, Int)
        switch dataflow {
        case .weightStationary:
            (first, second) = (ceilingDivision(tile.n, columns), 1)
            perOutput = ceilingDivision(tile.k, codes * rows)
        case .inputStationary:
            (first, second) = (1, ceilingDivision(tile.m, columns))
            perOutput = ceilingDivision(tile.k, codes * rows)
        case .outputStationary:
            (first, second) = (ceilingDivision(tile.n, columns), ceilingDivision(tile.m, rows))
            perOutput = ceilingDivision(tile.k, block ?? max(1, tile.k))
        }
        return Traffic(
            first: first, second: second, sumsRead: perOutput - (tile.accumulates ? 0 : 1), sumsWritten: perOutput)
    }

    // MARK: Counts

    /// MACs that the elements could have done in `cycles`.
    ///
    /// - Throws: `ScheduleError.tooLarge` where 64 bits do not hold them.
    public func slots(cycles: Int) throws(ScheduleError) -> Int {
        let what = "the count of array slots (organisation.array.rows, .columns)"
        return try Checked.product(cycles, rows * columns * rateOver64, what) / 64
    }

    /// Bits written in the elements' registers, idle elements not clocked: operand and sum for each MAC, and what moves down the columns: each
    /// stationary code to its row, or each sum from it, and an output-stationary array's second operand.
    ///
    /// - Throws: `ScheduleError.tooLarge` where 64 bits do not hold them.
    public func registerBits(_ block: FoldBlock) throws(ScheduleError) -> Int {
        let folds = block.instances * folds(m: block.m, n: block.n, k: block.k)
        let (down, bits) =
            dataflow == .outputStationary ? (rows, sumBits) : (rows * codes, operandBits)
        let operands = dataflow == .outputStationary ? 2 * operandBits : operandBits
        let what = "the count of register bits"
        let moved = try Checked.product(
            try Checked.product(folds, (rows + 1) * down / 2, what), columns * bits, what)
        return try Checked.sum(try Checked.product(block.macs, operands + sumBits, what), moved, what)
    }
}
