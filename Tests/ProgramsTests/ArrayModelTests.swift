import Hardware
import ProgramFixtures
import Programs
import Testing

/// A weight-stationary array beat by beat: shift registers, skewed activations, sums that move down.
private struct SkewedArray {
    struct Weight { var value = 0, fold = -1 }
    struct Activation { var value = 0, row = -1, fold = -1 }

    let rows: Int, columns: Int
    let doubleBuffered: Bool
    /// weights[fold][row][column], activations[fold][m][row].
    let weights: [[[Int]]]
    let activations: [[[Int]]]

    /// Runs all folds as early as the registers allow; gives the sums of each fold and the beats taken.
    func run() -> (results: [[[Int]]], beats: Int) {
        let folds = weights.count
        let m = activations[0].count
        var chain = [[Weight]](repeating: .init(repeating: Weight(), count: columns), count: rows)
        var (waiting, active) = (chain, chain)
        var moving = [[Activation]](repeating: .init(repeating: Activation(), count: columns), count: rows)
        var sums = [[Int]](repeating: .init(repeating: 0, count: columns), count: rows)
        var results = [[[Int]]](
            repeating: .init(repeating: .init(repeating: 0, count: columns), count: m), count: folds)
        var outputs = 0
        var beats = 0
        // Beats at which each fold's load and stream begin, fixed as soon as they are known.
        var loadStart = [Int](repeating: Int.max, count: folds)
        var streamStart = loadStart
        loadStart[0] = 0
        var finished = [Int](repeating: 0, count: folds)
        while outputs < folds * m * columns {
            for fold in 0..<folds where streamStart[fold] == .max && loadStart[fold] != .max {
                let previousDone = fold == 0 || (streamStart[fold - 1] != .max && beats >= streamStart[fold - 1] + m)
                if beats >= loadStart[fold] + rows, previousDone {
                    streamStart[fold] = beats
                    // The next weights may follow as the first row leaves the waiting registers, column by column.
                    if doubleBuffered, fold + 1 < folds { loadStart[fold + 1] = beats }
                }
            }
            if !doubleBuffered {
                for fold in 1..<max(1, folds) where loadStart[fold] == .max && finished[fold - 1] == m * columns {
                    loadStart[fold] = beats
                }
            }
            var nextMoving = moving
            var nextSums = sums
            var nextWaiting = waiting
            for r in 0..<rows {
                for c in 0..<columns {
                    var input = Activation()
                    if c > 0 {
                        input = moving[r][c - 1]
                    } else if let fold = (0..<folds).first(where: { fold in
                        streamStart[fold] != .max && (0..<m).contains(beats - streamStart[fold] - r)
                    }) {
                        let row = beats - streamStart[fold] - r
                        input = Activation(value: activations[fold][row][r], row: row, fold: fold)
                    }
                    if input.row == 0 { active[r][c] = waiting[r][c] }
                    if input.row >= 0 { precondition(active[r][c].fold == input.fold, "weights of another fold") }
                    nextMoving[r][c] = input
                    let above = r > 0 ? sums[r - 1][c] : 0
                    nextSums[r][c] = input.row >= 0 ? above + active[r][c].value * input.value : 0
                    if r == rows - 1, input.row >= 0 {
                        results[input.fold][input.row][c] = nextSums[r][c]
                        outputs += 1
                        finished[input.fold] += 1
                    }
                }
            }
            // Weights shift down, last row first, column c a beat behind column c − 1; the last shift fills the waiting
            // registers of the column.
            for c in 0..<columns {
                guard
                    let fold = (0..<folds).first(where: { fold in
                        loadStart[fold] != .max && (0..<rows).contains(beats - loadStart[fold] - c)
                    })
                else { continue }
                for r in stride(from: rows - 1, to: 0, by: -1) { chain[r][c] = chain[r - 1][c] }
                let row = rows - 1 - (beats - loadStart[fold] - c)
                chain[0][c] = Weight(value: weights[fold][row][c], fold: fold)
                if row == 0 {
                    for r in 0..<rows { nextWaiting[r][c] = chain[r][c] }
                }
            }
            (moving, sums, waiting) = (nextMoving, nextSums, nextWaiting)
            beats += 1
        }
        return (results, beats)
    }
}

@Suite struct ArrayModels {
    @Test func foldCyclesAreThoseOfTheSkewedArrayBeatByBeat() throws {
        var random = SplitMix(state: 21)
        for _ in 0..<80 {
            let rows = Int.random(in: 1...6, using: &random)
            let columns = Int.random(in: 1...6, using: &random)
            let folds = Int.random(in: 1...4, using: &random)
            let m = Int.random(in: 1...9, using: &random)
            let doubleBuffered = Bool.random(using: &random)
            let weights = (0..<folds).map { _ in
                (0..<rows).map { _ in (0..<columns).map { _ in Int.random(in: -127...127, using: &random) } }
            }
            let activations = (0..<folds).map { _ in
                (0..<m).map { _ in (0..<rows).map { _ in Int.random(in: -127...127, using: &random) } }
            }
            let (results, beats) = SkewedArray(
                rows: rows, columns: columns, doubleBuffered: doubleBuffered, weights: weights, activations: activations
            ).run()
            for fold in 0..<folds {
                for row in 0..<m {
                    for column in 0..<columns {
                        let sum = (0..<rows).reduce(0) { $0 + activations[fold][row][$1] * weights[fold][$1][column] }
                        #expect(results[fold][row][column] == sum)
                    }
                }
            }
            let machine = try Fixture.machine([
                "organisation.array.rows=\(rows)", "organisation.array.columns=\(columns)",
                "organisation.array.doubleBuffered=\(doubleBuffered)",
            ])
            #expect(try ArrayModel(machine, .int8).cycles(folds: folds, stream: m) == beats)
            #expect(try ArrayModel(machine, .bf16).cycles(folds: folds, stream: m) == 4 * beats)
        }
    }

    @Test func withoutOverlapAFoldTakesTheScaleSimForm() throws {
        let machine = try Fixture.machine(["organisation.array.doubleBuffered=false"])
        let array = try ArrayModel(machine, .int8)
        // notes: 32×32, M = 64, N = K = 256: 64 folds of 2R + C + M − 2 = 10112 cycles.
        #expect(array.cycles(folds: array.folds(m: 64, n: 256, k: 256), stream: 64) == 10112)
    }

    @Test func narrowPortsLengthenTheBeat() throws {
        let narrow = try Fixture.machine([
            "organisation.sram.accumulator.wordBits=64", "organisation.sram.accumulator.banks=8",
        ])
        // 64 bytes a cycle for 32 sums of 4 bytes read and written: four cycles.
        #expect(try ArrayModel(narrow, .int8).beat == 4)
        #expect(try ArrayModel(Fixture.machine(), .int8).beat == 1)
    }
}
