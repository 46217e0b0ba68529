import Kernels
import NumberFormats

/// What stands around an array while it executes a command: operands on their way to its edges, row by row and column by column a beat later, and the accumulator
/// memory below its columns (docs/semantics.md, section 11).
struct ArrayEdges {
    /// Sums so far: a row of words for each output row, one below each column.
    let memory: SumPlane

    private let shape: SystolicArrayShape
    private let command: SystolicCommand
    private let schedule: SystolicSchedule
    private let arithmetic: MACStep
    private let narrowUnits: NarrowUnits?
    private let isOutputStationary: Bool
    private let columnWords: BytePlane
    private let rowWords: BytePlane
    private var streams: DelayLine<Stream>
    private var loads: DelayLine<Load>
    private var drains: DelayLine<Drain>
    private var streamFold = 0
    private var loadFold = 0
    private var drainFold = 0
    /// Beats done.
    private(set) var beat = 0
    /// Beats until the last order to send sums down has left the array; those of a command before this one may still be in it.
    private var insertBeats: Int

    init(_ command: SystolicCommand, _ operands: SystolicOperands, on shape: SystolicArrayShape) {
        self.shape = shape
        self.command = command
        schedule = command.schedule(on: shape)
        arithmetic = command.step
        narrowUnits = NarrowUnits(command)
        isOutputStationary = command.dataflow == .outputStationary
        columnWords = BytePlane(operands.columnWords)
        rowWords = BytePlane(operands.rowWords)
        memory = SumPlane(
            count: command.groups * command.outputRows(on: shape) * shape.columns, isWide: shape.kind.sumBits > 32)
        insertBeats = 2 * shape.rows + 1
        let depth = shape.rows + shape.columns + 1
        streams = DelayLine(depth: depth, idle: .idle)
        loads = DelayLine(depth: depth, idle: .idle)
        drains = DelayLine(depth: depth, idle: .idle)
    }

    /// Does one beat: the memory takes the sums that stand in the last row, what enters is laid at the edges, and the array moves.
    ///
    /// At the end of the last beat the memory takes the last sum, too, which in hardware it does one beat later.
    mutating func step(_ array: SystolicArray, _ path: SystolicRun.Path) {
        schedulePhases()
        takeSums(array)
        feedRows(array)
        let activity = feedColumns(array)
        switch path {
        case .reference: array.advance(command, arithmetic)
        case .fastest:
            if arithmetic.accumulator.isInteger {
                array.advanceIntegers(command, activity)
            } else if let narrowUnits {
                narrowUnits.advance(array, command, activity)
            } else {
                array.advance(command, arithmetic)
            }
        }
        beat += 1
        if beat == schedule.cycles {
            schedulePhases()
            takeSums(array)
        }
    }
}

/// What columns do in a beat, so that what rests need not be looked at.
struct EdgeActivity {
    /// Whether any column shifts or fills.
    let loads: Bool
    /// Whether any order to send sums down is in the array.
    let inserts: Bool
}

// MARK: Phases of row 0 and column 0

/// What a row streams, if anything: one row or beat of a fold.
private struct Stream: BitwiseCopyable {
    /// Word from the left, f·T + m; −1 where nothing streams.
    var address: Int32
    /// Row of the accumulator memory.
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
    /// Row of the accumulator memory; −1 where nothing leaves.
    var row: Int32
    /// Whether it is the first row of elements'.
    var isFirst: Bool
    var isFirstFold: Bool

    static let idle = Drain(row: -1, isFirst: false, isFirstFold: false)
}

extension ArrayEdges {
    /// Adds what begins at row 0 and column 0 in this beat.
    private mutating func schedulePhases() {
        streams.push(streamPhase())
        if isOutputStationary { drains.push(drainPhase()) } else { loads.push(loadPhase()) }
    }

    private mutating func streamPhase() -> Stream {
        guard streamFold < command.allFolds else { return .idle }
        let row = beat - schedule.stream(streamFold)
        guard row >= 0 else { return .idle }
        let isLast = row == command.beats - 1
        let (group, fold) = streamFold.quotientAndRemainder(dividingBy: command.folds)
        let stream = Stream(
            address: Int32(streamFold * command.beats + row), row: Int32(group * command.beats + row),
            rowsTakingPart: Int32(fold == command.folds - 1 ? command.rowsInLastFold : shape.rows),
            isFirstFold: fold == 0,
            flags: Flags.valid | (row == 0 ? Flags.first : 0) | (isLast ? Flags.last : 0))
        if isLast { streamFold += 1 }
        return stream
    }

    private mutating func loadPhase() -> Load {
        guard loadFold < command.allFolds else { return .idle }
        let i = beat - schedule.load(loadFold)
        guard i >= 0 else { return .idle }
        let load = Load(address: Int32(loadFold * shape.rows + i), fills: i == shape.rows - 1)
        if load.fills { loadFold += 1 }
        return load
    }

    private mutating func drainPhase() -> Drain {
        guard drainFold < command.allFolds else { return .idle }
        let row = beat - schedule.stream(drainFold) - command.beats
        guard row >= 0 else { return .idle }
        let (group, fold) = drainFold.quotientAndRemainder(dividingBy: command.folds)
        let drain = Drain(row: Int32(group * shape.rows + row), isFirst: row == 0, isFirstFold: fold == 0)
        if row == shape.rows - 1 { drainFold += 1 }
        return drain
    }
}

// MARK: Words

extension ArrayEdges {
    private func feedRows(_ array: SystolicArray) {
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

    private mutating func feedColumns(_ array: SystolicArray) -> EdgeActivity {
        let lanes = shape.lanes
        var loadsAny = false
        for column in 0..<shape.columns {
            let edge = array.place(-1, column)
            let stream = streams[column]
            var address = stream.address
            if isOutputStationary {
                let inserts = drains[column].isFirst
                array.inserts[edge] = inserts ? Inserts.late : 0
                if inserts { insertBeats = 2 * shape.rows + 1 }
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
        let activity = EdgeActivity(loads: loadsAny, inserts: insertBeats > 0)
        insertBeats = max(0, insertBeats - 1)
        return activity
    }

    /// The accumulator memory takes the sums that stand in the last row.
    private func takeSums(_ array: SystolicArray) {
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
