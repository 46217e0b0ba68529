import Emulator
import NumberFormats

/// What stands in an element's registers at the end of a beat by the closed forms alone: nothing is moved here. For integers in a 32-bit accumulator that wraps,
/// or in any that no sum fills.
struct ExpectedRegisters {
    private let tile: RandomTile
    private let operands: SystolicOperands
    private let schedule: SystolicSchedule

    init(_ tile: RandomTile) throws {
        self.tile = tile
        operands = try tile.operands()
        schedule = tile.command.schedule(on: tile.shape)
    }

    private var rows: Int { tile.shape.rows }
    private var columns: Int { tile.shape.columns }
    private var lanes: Int { tile.shape.lanes }
    private var beats: Int { tile.command.beats }
    private var folds: Int { tile.command.allFolds }
    /// Folds of one tile of outputs.
    private var foldsOfTile: Int { tile.command.folds }
    private var isOutputStationary: Bool { tile.command.dataflow == .outputStationary }
    private var zeros: [UInt8] { [UInt8](repeating: 0, count: lanes) }

    /// The fold and its row that a column's or row's stream has at a beat of row 0 and column 0.
    private func stream(_ beat: Int) -> (fold: Int, row: Int)? {
        (0..<folds).first { (0..<beats).contains(beat - schedule.stream($0)) }
            .map { ($0, beat - schedule.stream($0)) }
    }

    /// The last fold that has begun by a beat.
    private func begun(_ beat: Int, _ start: (Int) -> Int) -> Int? { (0..<folds).last { start($0) <= beat } }

    private func takesPart(_ row: Int, in fold: Int) -> Bool {
        row < (fold % foldsOfTile == foldsOfTile - 1 ? tile.command.rowsInLastFold : rows)
    }

    private func fromLeft(_ fold: Int, _ beat: Int, _ row: Int) -> [UInt8] {
        let word = ((fold * beats + beat) * rows + row) * lanes
        return Array(operands.rowWords[word..<word + lanes])
    }

    private func fromAbove(_ word: Int, _ column: Int) -> [UInt8] {
        let word = (word * columns + column) * lanes
        return Array(operands.columnWords[word..<word + lanes])
    }

    /// The weights that row and column hold in a fold.
    private func stationary(_ fold: Int, _ row: Int, _ column: Int) -> [UInt8] {
        fromAbove(fold * rows + rows - 1 - row, column)
    }

    /// c + Σ of one element's products, each sum limited to the accumulator.
    private func sum(_ c: Int, _ a: [UInt8], _ b: [UInt8]) -> Int {
        guard case .integer(let bits, let overflow) = tile.command.arithmetic.accumulator else { return 0 }
        var sum = c
        for (x, y) in zip(a, b) {
            sum += Int(Int8(bitPattern: x)) * Int(Int8(bitPattern: y))
            let half = 1 << (bits - 1)
            if overflow == .saturate { sum = min(max(sum, -half), half - 1) }
        }
        return sum
    }

    private func word(_ sum: Int) -> UInt128 { UInt128(UInt32(truncatingIfNeeded: sum)) }

    func element(_ row: Int, _ column: Int, beat: Int) -> ProcessingElement {
        var element = ProcessingElement(lanes: lanes)
        let local = beat - row - column
        if let (fold, m) = stream(local), takesPart(row, in: fold) {
            element.a = fromLeft(fold, m, row)
            (element.valid, element.first, element.last) = (true, m == 0, m == beats - 1)
        }
        if isOutputStationary {
            fillOutputStationary(&element, row, column, beat: beat)
        } else {
            fillWeightStationary(&element, row, column, beat: beat)
        }
        return element
    }

    private func fillWeightStationary(_ element: inout ProcessingElement, _ row: Int, _ column: Int, beat: Int) {
        if let fold = (0..<folds).last(where: {
            schedule.stream($0) <= beat - row - column && takesPart(row, in: $0)
        }) {
            element.active = stationary(fold, row, column)
        }
        if let fold = begun(beat - column - (rows - 1), schedule.load) {
            element.waiting = stationary(fold, row, column)
        }
        if let fold = begun(beat - column, schedule.load) {
            // The word that entered `row` shifts before the last one.
            let word = fold * rows + min(beat - column - schedule.load(fold), rows - 1) - row
            if word >= 0 { element.shift = fromAbove(word, column) }
        }
        if let (fold, m) = stream(beat - row - column) {
            var sum = 0
            for f in (tile.command.isBlocked ? fold : fold / foldsOfTile * foldsOfTile)...fold {
                for r in 0..<rows where (f < fold || r <= row) && takesPart(r, in: f) {
                    sum = self.sum(sum, fromLeft(f, m, r), stationary(f, r, column))
                }
            }
            element.sum = word(sum)
        }
    }

    private func fillOutputStationary(_ element: inout ProcessingElement, _ row: Int, _ column: Int, beat: Int) {
        /// The sum of an element over the first beats of a fold.
        func sum(_ fold: Int, _ row: Int, count: Int) -> UInt128 {
            word(
                (0..<count).reduce(0) {
                    self.sum($0, fromLeft(fold, $1, row), fromAbove(fold * beats + $1, column))
                })
        }
        let local = beat - row - column
        if let (fold, t) = stream(local) { element.shift = fromAbove(fold * beats + t, column) }
        if let fold = begun(local, schedule.stream) {
            element.accumulating = sum(fold, row, count: min(local - schedule.stream(fold) + 1, beats))
        }
        if let fold = begun(local - beats + 1, schedule.stream) { element.held = sum(fold, row, count: beats) }
        for fold in 0..<folds {
            let drain = schedule.stream(fold) + beats + column
            if beat == drain + 2 * row { element.insertEarly = true }
            if beat == drain + 2 * row + 1 { element.insertLate = true }
            let from = beat - drain - row
            if (0...row).contains(from) { element.sum = sum(fold, from, count: beats) }
        }
    }
}
