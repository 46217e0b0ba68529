import Kernels
import NumberFormats

/// One command on its way through an array, beat by beat (docs/semantics.md, section 11): what enters at the edges, and the accumulator memory.
///
///     let run = SystolicRun(command, operands, on: array)
///     while run.step() { … run.array[row, column] … }
///     … run.memory(row, column) …
///
/// An object, because it moves the registers of an array, which is one. A run that is not finished leaves the array in the middle of a command: reset it before the next.
public final class SystolicRun {
    /// How elements are moved. All ways give the same registers.
    public enum Path: Hashable, Sendable, CaseIterable {
        /// Element by element, with the references of the accumulators.
        case reference
        /// Sixteen columns at once for integers; the reference for other accumulators.
        case fastest
    }

    /// The array.
    public let array: SystolicArray
    /// What it computes.
    public let command: SystolicCommand
    /// When.
    public let schedule: SystolicSchedule
    /// Beats done: the registers are those at the end of beat `beat` − 1.
    public private(set) var beat = 0

    private let path: Path
    private let arithmetic: MACStep
    private let isOutputStationary: Bool
    private let columnWords: AlignedBuffer<UInt8>
    private let rowWords: AlignedBuffer<UInt8>
    private let memory: SumPlane
    private var streams: DelayLine<Stream>
    private var loads: DelayLine<Load>
    private var drains: DelayLine<Drain>
    private var streamFold = 0
    private var loadFold = 0
    private var drainFold = 0

    /// A command at its beginning; no beat is done.
    ///
    /// - Parameters:
    ///   - command: made for the array's shape.
    ///   - operands: made for the command.
    ///   - array: after reset, or after whole commands.
    ///   - path: how elements are moved.
    public init(
        _ command: SystolicCommand, _ operands: SystolicOperands, on array: SystolicArray, path: Path = .fastest
    ) {
        let shape = array.shape
        precondition(
            operands.columnWords.count == command.columnWords(on: shape) * shape.columns * shape.lanes
                && operands.rowWords.count == command.folds * command.beats * shape.rows * shape.lanes,
            "command and operands are for another shape of array")
        self.array = array
        self.command = command
        self.path = command.arithmetic.accumulator.isInteger ? path : .reference
        schedule = command.schedule(on: shape)
        arithmetic = command.step
        isOutputStationary = command.dataflow == .outputStationary
        columnWords = AlignedBuffer(operands.columnWords)
        rowWords = AlignedBuffer(operands.rowWords)
        memory = SumPlane(count: command.outputRows(on: shape) * shape.columns, isWide: shape.kind.sumBits > 32)
        let depth = shape.rows + shape.columns + 1
        streams = DelayLine(depth: depth, idle: .idle)
        loads = DelayLine(depth: depth, idle: .idle)
        drains = DelayLine(depth: depth, idle: .idle)
    }

    /// The accumulator memory's word below a column: the sum so far of an output row, as `MACStep` has sums.
    ///
    /// - Parameters:
    ///   - row: 0…T − 1: m in weight-stationary, n in input-stationary commands; in output-stationary ones m, 0…R − 1.
    ///   - column: 0…C − 1.
    public func memory(_ row: Int, _ column: Int) -> UInt128 { memory[row * array.shape.columns + column] }

    /// The word of output C[m, n].
    public func sum(m: Int, n: Int) -> UInt128 {
        command.dataflow == .inputStationary ? memory(n, m) : memory(m, n)
    }

    /// Output C[m, n]: an integer's two's complement, or an FP32 code.
    public func result(m: Int, n: Int) -> UInt32 { arithmetic.result(sum(m: m, n: n)) }

    /// Does one beat.
    ///
    /// At the end of the last one the memory takes the last sum, too, which in hardware it does one beat later.
    ///
    /// - Returns: false where none was left.
    public func step() -> Bool {
        guard beat < schedule.cycles else { return false }
        schedulePhases()
        takeSums()
        feedRows()
        feedColumns()
        switch path {
        case .reference: array.advance(command, arithmetic)
        case .fastest: array.advanceIntegers(command)
        }
        beat += 1
        if beat == schedule.cycles {
            schedulePhases()
            takeSums()
        }
        return true
    }

    /// Does all beats that are left.
    public func finish() {
        while step() {}
    }

    /// Does all beats that are left.
    ///
    /// - Parameter observe: called at the end of each.
    public func finish(_ observe: (SystolicRun) throws -> Void) rethrows {
        while step() { try observe(self) }
    }
}

// MARK: Phases of row 0 and column 0

/// What a row streams, if anything: one row or beat of a fold.
private struct Stream: BitwiseCopyable {
    /// Word from the left, f·T + m; −1 where nothing streams.
    var address: Int32
    /// m or t.
    var row: Int32
    /// Rows that take part.
    var rowsTakingPart: Int32
    var isFirstFold: Bool
    /// As in the array's registers.
    var flags: UInt8

    static let idle = Stream(address: -1, row: -1, rowsTakingPart: 0, isFirstFold: false, flags: 0)
}

/// What a column shifts in, if anything: one row of stationary codes.
private struct Load: BitwiseCopyable {
    /// Word from above, f·R + i; −1 where nothing loads.
    var address: Int32
    var fills: Bool

    static let idle = Load(address: -1, fills: false)
}

/// What an output-stationary column sends down, if anything: one row of sums.
private struct Drain: BitwiseCopyable {
    /// The row of elements; −1 where nothing leaves.
    var row: Int32
    var isFirstFold: Bool

    static let idle = Drain(row: -1, isFirstFold: false)
}

extension SystolicRun {
    /// Adds what begins at row 0 and column 0 in this beat.
    private func schedulePhases() {
        streams.push(streamPhase())
        if isOutputStationary { drains.push(drainPhase()) } else { loads.push(loadPhase()) }
    }

    private func streamPhase() -> Stream {
        guard streamFold < command.folds else { return .idle }
        let row = beat - schedule.stream(streamFold)
        guard row >= 0 else { return .idle }
        let isLast = row == command.beats - 1
        let stream = Stream(
            address: Int32(streamFold * command.beats + row), row: Int32(row),
            rowsTakingPart: Int32(streamFold == command.folds - 1 ? command.rowsInLastFold : array.shape.rows),
            isFirstFold: streamFold == 0,
            flags: SystolicArray.valid | (row == 0 ? SystolicArray.first : 0) | (isLast ? SystolicArray.last : 0))
        if isLast { streamFold += 1 }
        return stream
    }

    private func loadPhase() -> Load {
        guard loadFold < command.folds else { return .idle }
        let i = beat - schedule.load(loadFold)
        guard i >= 0 else { return .idle }
        let load = Load(address: Int32(loadFold * array.shape.rows + i), fills: i == array.shape.rows - 1)
        if load.fills { loadFold += 1 }
        return load
    }

    private func drainPhase() -> Drain {
        guard drainFold < command.folds else { return .idle }
        let row = beat - schedule.stream(drainFold) - command.beats
        guard row >= 0 else { return .idle }
        let drain = Drain(row: Int32(row), isFirstFold: drainFold == 0)
        if row == array.shape.rows - 1 { drainFold += 1 }
        return drain
    }
}

// MARK: Edges

extension SystolicRun {
    private func feedRows() {
        let shape = array.shape
        let lanes = shape.lanes
        for row in 0..<shape.rows {
            let stream = streams[row]
            let edge = array.place(row, -1)
            let takesPart = stream.address >= 0 && row < stream.rowsTakingPart
            array.flags[edge] = takesPart ? stream.flags : 0
            let word = (Int(stream.address) * shape.rows + row) * lanes
            for lane in 0..<lanes {
                array.a[lane * array.planeSize + edge] = takesPart ? rowWords[word + lane] : 0
            }
        }
    }

    private func feedColumns() {
        let shape = array.shape
        let lanes = shape.lanes
        var loadsAny = false
        for column in 0..<shape.columns {
            let edge = array.place(-1, column)
            let stream = streams[column]
            var address = stream.address
            if isOutputStationary {
                let inserts = drains[column].row == 0
                array.inserts[edge] = inserts ? SystolicArray.insertLate : 0
                if inserts { array.insertBeats = 2 * shape.rows + 1 }
                array.sum[edge] = 0
            } else {
                let load = loads[column]
                address = load.address
                loadsAny = loadsAny || address >= 0
                array.shiftEnable[edge] = address >= 0 ? 0xFF : 0
                array.fill[edge] = load.fills ? 0xFF : 0
                array.inserts[edge] = 0
                let reenters = stream.address >= 0 && !stream.isFirstFold && !command.isBlocked
                array.sum[edge] = reenters ? memory[Int(stream.row) * shape.columns + column] : 0
            }
            let word = (Int(address) * shape.columns + column) * lanes
            for lane in 0..<lanes {
                array.shift[lane * array.planeSize + edge] = address >= 0 ? columnWords[word + lane] : 0
            }
        }
        array.loads = loadsAny
    }

    /// The accumulator memory takes the sums that stand in the last row.
    private func takeSums() {
        let shape = array.shape
        for column in 0..<shape.columns {
            let delay = shape.rows + column
            let (row, isFirstFold) =
                isOutputStationary
                ? (drains[delay].row, drains[delay].isFirstFold) : (streams[delay].row, streams[delay].isFirstFold)
            guard row >= 0 else { continue }
            let sum = array.sum[array.place(shape.rows - 1, column)]
            let word = Int(row) * shape.columns + column
            memory[word] =
                command.isBlocked ? arithmetic.sum(memory: isFirstFold ? 0 : memory[word], block: sum) : sum
        }
    }
}
