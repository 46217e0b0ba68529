import Emulator
import Foundation
import Hardware
import NumberFormats
import Programs
import Testing

/// The array against the dot products it computes, and against the closed forms of docs/semantics.md, section 11.
@Suite struct SystolicArrayTests {
    private struct Arithmetic {
        let a, b: ElementFormat
        let accumulator: ProductAccumulator
        var codes = 1
        var isPacked = false
    }

    private static let integers: [Arithmetic] = [
        .init(a: .int8, b: .int8, accumulator: .integer(bits: 32, overflow: .wrap)),
        .init(a: .int8, b: .int4, accumulator: .integer(bits: 17, overflow: .wrap)),
        .init(a: .int4, b: .int8, accumulator: .integer(bits: 11, overflow: .saturate)),
        .init(a: .int8, b: .int8, accumulator: .integer(bits: 16, overflow: .saturate), codes: 3),
        .init(a: .int4, b: .int4, accumulator: .integer(bits: 8, overflow: .saturate), codes: 2, isPacked: true),
        .init(a: .int4, b: .int4, accumulator: .integer(bits: 8, overflow: .wrap), codes: 6, isPacked: true),
        .init(a: .int4, b: .int4, accumulator: .integer(bits: 32, overflow: .saturate)),
    ]

    private static let floats: [Arithmetic] = [
        .init(a: .e4m3, b: .e4m3, accumulator: .sequential), .init(a: .e5m2, b: .e3m4, accumulator: .sequential),
        .init(a: .bf16, b: .e4m3ieee, accumulator: .sequential),
        .init(a: .e4m3, b: .e5m2, accumulator: .grouped(4), codes: 4),
        .init(a: .e2m1, b: .e3m2, accumulator: .grouped(3), codes: 3),
        .init(a: .fp16, b: .fp16, accumulator: .grouped(2), codes: 2),
        .init(
            a: .e4m3, b: .e4m3, accumulator: .aligned(group: 4, fractionBits: 13, output: .e8m13), codes: 4),
        .init(a: .e5m2, b: .e2m3, accumulator: .aligned(group: 2, fractionBits: 3, output: .fp32), codes: 2),
        .init(a: .bf16, b: .fp16, accumulator: .aligned(group: 2, fractionBits: 25, output: .fp32), codes: 2),
        .init(a: .e5m2, b: .e5m2, accumulator: .exact, codes: 2), .init(a: .e4m3, b: .e3m4, accumulator: .exact),
    ]

    /// Every combination of size, dataflow, buffering and order of one arithmetic.
    private func forEachTile(
        _ arithmetic: Arithmetic, seed: UInt64, repeats: Int = 1, _ body: (RandomTile) throws -> Void
    ) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<repeats {
            for (rows, columns) in RandomTile.sizes {
                for dataflow in SystolicCommand.Dataflow.allCases {
                    for choice in 0..<4 {
                        try body(
                            RandomTile(
                                rows: rows, columns: columns, dataflow, arithmetic.a, arithmetic.b,
                                arithmetic.accumulator, codes: arithmetic.codes, isPacked: arithmetic.isPacked,
                                isDoubleBuffered: choice & 1 == 1, isBlocked: choice & 2 == 2, using: &random))
                    }
                }
            }
        }
    }

    private func checkBits(_ tile: RandomTile, _ path: SystolicRun.Path) throws {
        let run = SystolicRun(tile.command, try tile.operands(), on: SystolicArray(tile.shape), path: path)
        run.finish()
        #expect(run.beat == run.schedule.cycles)
        for i in 0..<tile.m {
            for j in 0..<tile.n {
                #expect(run.result(m: i, n: j) == tile.expected(m: i, n: j), "\(tile.command), C[\(i), \(j)]")
            }
        }
    }

    @Test(arguments: integers.indices)
    func integerTilesHaveTheBitsOfTheirDotProducts(index: Int) throws {
        try forEachTile(Self.integers[index], seed: UInt64(index), repeats: 3) { tile in
            try checkBits(tile, .fastest)
            if tile.shape.rows < 5 { try checkBits(tile, .reference) }
        }
    }

    @Test(arguments: floats.indices)
    func floatTilesHaveTheBitsOfTheirDotProducts(index: Int) throws {
        try forEachTile(Self.floats[index], seed: 100 + UInt64(index)) { tile in
            try checkBits(tile, .fastest)
            if tile.shape.rows * tile.shape.columns <= 15 { try checkBits(tile, .reference) }
        }
    }

    @Test(arguments: (integers + floats).indices)
    func fastPathsHoldTheReferencesRegistersInEveryBeat(index: Int) throws {
        var arrays: [SystolicArrayShape: (SystolicArray, SystolicArray)] = [:]
        try forEachTile((Self.integers + Self.floats)[index], seed: 200 + UInt64(index)) { tile in
            if tile.shape.rows * tile.shape.columns > 51, index >= Self.integers.count { return }
            // Commands follow each other without a reset.
            let (left, right) = arrays[tile.shape] ?? (SystolicArray(tile.shape), SystolicArray(tile.shape))
            arrays[tile.shape] = (left, right)
            let operands = try tile.operands()
            let reference = SystolicRun(tile.command, operands, on: left, path: .reference)
            let fast = SystolicRun(tile.command, operands, on: right, path: .fastest)
            while reference.step() {
                #expect(fast.step())
                #expect(left.hasSameRegisters(as: right), "\(tile.command), beat \(reference.beat - 1)")
                guard left.hasSameRegisters(as: right) else { return }
            }
            #expect(!fast.step())
            for row in 0..<tile.command.outputRows(on: tile.shape) {
                for column in 0..<tile.shape.columns {
                    #expect(fast.memory(row, column) == reference.memory(row, column))
                }
            }
        }
    }

    @Test func registersStandWhereTheClosedFormsPutThem() throws {
        for index in [0, 3] {
            try forEachTile(Self.integers[index], seed: 300 + UInt64(index)) { tile in
                guard tile.shape.rows * tile.shape.columns < 100 else { return }
                let registers = try ExpectedRegisters(tile)
                let array = SystolicArray(tile.shape)
                let run = SystolicRun(tile.command, try tile.operands(), on: array)
                run.finish { run in
                    for row in 0..<tile.shape.rows {
                        for column in 0..<tile.shape.columns {
                            let expected = registers.element(row, column, beat: run.beat - 1)
                            #expect(array[row, column] == expected, "\(tile.command), beat \(run.beat - 1)")
                        }
                    }
                }
            }
        }
    }

    @Test func theLastSumIsWrittenInTheLastCycleAndNotBefore() throws {
        for index in [0, 3] {
            try forEachTile(Self.integers[index], seed: 400 + UInt64(index)) { tile in
                let array = SystolicArray(tile.shape)
                let run = SystolicRun(tile.command, try tile.operands(), on: array)
                let corner = (row: tile.shape.rows - 1, column: tile.shape.columns - 1)
                var beats: [Int] = []
                let isOutputStationary = tile.command.dataflow == .outputStationary
                run.finish { run in
                    // The last column's element of the last row sees the end of a fold, or the order to send its sum down.
                    let element = array[corner.row, corner.column]
                    let ends = isOutputStationary ? element.insertEarly : element.last
                    if ends { beats.append(run.beat) }
                }
                let takesPart = isOutputStationary || tile.command.rowsInLastFold == tile.shape.rows
                #expect(beats.count == tile.command.allFolds - (takesPart ? 0 : tile.command.groups))
                if takesPart { #expect(beats.last == run.schedule.cycles) }
            }
        }
    }

    @Test func cyclesAreThoseOfTheTimingModel() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("hwmodels/edge-int8.json5")
        let text = try Array(Data(contentsOf: file))
        // One code a beat, and four.
        for codes in [1, 4] {
            var compared: [SystolicCommand.Dataflow: Int] = [:]
            let arithmetic = Arithmetic(
                a: .int8, b: .int8, accumulator: .integer(bits: 32, overflow: .wrap), codes: codes)
            try forEachTile(arithmetic, seed: 500 + UInt64(codes), repeats: 2) { tile in
                let machine = try Machine(
                    json5: text, file: "edge-int8.json5",
                    overrides: [
                        "organisation.array.rows=\(tile.shape.rows)",
                        "organisation.array.columns=\(tile.shape.columns)",
                        "organisation.array.doubleBuffered=\(tile.command.isDoubleBuffered)",
                        "organisation.array.dataflow=\(tile.command.dataflow.rawValue)",
                        "organisation.array.macsPerCyclePerElement.int8=\(codes)",
                        "organisation.sram.weight.wordBits=8192", "organisation.sram.activation.wordBits=8192",
                    ].map { try MachineOverride(parsing: $0) })
                let model = try ArrayModel(machine, .int8)
                #expect(model.beat == 1 && model.codes == codes)
                let run = SystolicRun(tile.command, try tile.operands(), on: SystolicArray(tile.shape))
                run.finish()
                #expect(model.cycles(folds: tile.command.allFolds, stream: tile.command.beats) == run.beat)
                // The machine's sums wrap, so an output-stationary chain is one fold where this tile may have blocks.
                if tile.command.dataflow == .outputStationary, tile.command.isBlocked { return }
                let (m, n, k) = (tile.m, tile.n, tile.k)
                let (folds, stream) = (model.folds(m: m, n: n, k: k), model.stream(m: m, n: n, k: k))
                #expect(model.cycles(folds: folds, stream: stream) == run.beat, "\(m) × \(n) × \(k)")
                compared[tile.command.dataflow, default: 0] += 1
            }
            for dataflow in SystolicCommand.Dataflow.allCases { #expect(compared[dataflow, default: 0] > 20) }
        }
    }

    @Test func theScheduleHasTheClosedFormOfItsRecurrences() throws {
        for index in [0, 4] {
            try forEachTile(Self.integers[index], seed: 600, repeats: 5) { tile in
                let (rows, columns, beats) = (tile.shape.rows, tile.shape.columns, tile.command.beats)
                let schedule = tile.command.schedule(on: tile.shape)
                guard tile.command.dataflow != .outputStationary else { return }
                // S_f = max(L_f + R, S_{f−1} + T); L_{f+1} = S_f, or S_f + T + R + C − 2.
                var (load, stream) = (0, rows)
                for fold in 0..<tile.command.allFolds {
                    #expect(schedule.load(fold) == load)
                    #expect(schedule.stream(fold) == stream)
                    load = tile.command.isDoubleBuffered ? stream : stream + beats + rows + columns - 2
                    stream = max(load + rows, stream + beats)
                }
            }
        }
    }

    @Test func aResetArrayIsAsNew() throws {
        var random = SplitMix(state: 7)
        let tile = try RandomTile(
            rows: 4, columns: 5, .outputStationary, .e4m3, .e4m3, .exact, codes: 2, isDoubleBuffered: true,
            isBlocked: true, using: &random)
        let array = SystolicArray(tile.shape)
        SystolicRun(tile.command, try tile.operands(), on: array).finish()
        #expect(!array.hasSameRegisters(as: SystolicArray(tile.shape)))
        array.reset()
        #expect(array.hasSameRegisters(as: SystolicArray(tile.shape)))
    }
}
