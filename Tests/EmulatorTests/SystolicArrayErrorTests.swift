import Emulator
import NumberFormats
import Testing

/// What breaks a rule of docs/semantics.md, section 11, is refused by name.
@Suite struct SystolicArrayErrorTests {
    private static let int8 = DotProduct(
        .int8, .int8, accumulator: .integer(bits: 32, overflow: .wrap), order: .reentry)

    private func blocked(_ count: Int) -> DotProduct {
        DotProduct(.int8, .int8, accumulator: .integer(bits: 32, overflow: .wrap), order: .blocked(count))
    }

    private func shape(
        _ rows: Int, _ columns: Int, lanes: Int = 1, _ kind: SystolicArrayShape.Kind = .integer
    ) throws -> SystolicArrayShape {
        try SystolicArrayShape(rows: rows, columns: columns, lanes: lanes, kind: kind)
    }

    @discardableResult
    private func command(
        _ dataflow: SystolicCommand.Dataflow, _ arithmetic: DotProduct = int8, isPacked: Bool = false, beats: Int = 3,
        folds: Int = 2, rows: Int? = nil, on shape: SystolicArrayShape
    ) throws -> SystolicCommand {
        try SystolicCommand(
            dataflow, arithmetic, isPacked: isPacked, isDoubleBuffered: true, beats: beats, folds: folds,
            rowsInLastFold: rows ?? shape.rows, on: shape)
    }

    @Test func arraysHaveAtLeastOneElementAndAtMost4096ByEach() {
        #expect(throws: SystolicArrayError.outOfRange("rows", value: 0, allowed: 1...4096)) { try shape(0, 1) }
        #expect(throws: SystolicArrayError.outOfRange("columns", value: 4097, allowed: 1...4096)) { try shape(1, 4097) }
        #expect(throws: SystolicArrayError.outOfRange("lanes", value: -1, allowed: 1...2048)) {
            try shape(1, 1, lanes: -1)
        }
    }

    @Test func sizesOfACommandStayInRange() throws {
        let array = try shape(4, 4)
        let most = Int(Int32.max)
        #expect(throws: SystolicArrayError.outOfRange("beats", value: 0, allowed: 1...most)) {
            try command(.weightStationary, beats: 0, on: array)
        }
        #expect(throws: SystolicArrayError.outOfRange("folds", value: Int.max, allowed: 1...most)) {
            try command(.weightStationary, folds: Int.max, on: array)
        }
        #expect(throws: SystolicArrayError.outOfRange("beats of all folds", value: most * most, allowed: 1...most)) {
            try command(.weightStationary, beats: most, folds: most, on: array)
        }
        #expect(throws: SystolicArrayError.outOfRange("folds of all groups", value: most * 2, allowed: 1...most)) {
            try SystolicCommand(
                .weightStationary, Self.int8, isDoubleBuffered: true, beats: 1, folds: most, groups: 2,
                rowsInLastFold: 4, on: array)
        }
        for rows in [0, 5] {
            #expect(throws: SystolicArrayError.outOfRange("rows in the last fold", value: rows, allowed: 1...4)) {
                try command(.inputStationary, rows: rows, on: array)
            }
        }
        #expect(throws: SystolicArrayError.rowsOfOutputStationary(3, rows: 4)) {
            try command(.outputStationary, blocked(3), rows: 3, on: array)
        }
    }

    @Test func anOutputStationaryChainHasOneFold() throws {
        let array = try shape(4, 4)
        #expect(throws: SystolicArrayError.foldsOfReentry(2)) { try command(.outputStationary, on: array) }
        try command(.outputStationary, folds: 1, on: array)
        try command(.outputStationary, blocked(3), on: array)
    }

    @Test func aBlockIsAFold() throws {
        let array = try shape(4, 5)
        #expect(throws: SystolicArrayError.block(5, needed: 4, why: "4 rows of 1")) {
            try command(.weightStationary, blocked(5), on: array)
        }
        #expect(throws: SystolicArrayError.block(4, needed: 3, why: "3 beats of 1")) {
            try command(.outputStationary, blocked(4), on: array)
        }
        try command(.weightStationary, blocked(4), on: array)
    }

    @Test func codesFitTheElements() throws {
        let e4m3 = DotProduct(.e4m3, .e4m3, accumulator: .grouped(4), order: .reentry)
        #expect(throws: SystolicArrayError.otherKind(command: "grouped", array: "integer")) {
            try command(.weightStationary, e4m3, on: shape(2, 2))
        }
        #expect(throws: SystolicArrayError.codes(2, accumulator: "grouped:4", needed: 4)) {
            try command(.weightStationary, e4m3, on: shape(2, 2, lanes: 2, .grouped))
        }
        #expect(throws: SystolicArrayError.notPackable("int8", "int8")) {
            try command(.weightStationary, isPacked: true, on: shape(2, 2))
        }
        let bf16 = DotProduct(.bf16, .bf16, accumulator: .sequential, order: .reentry)
        #expect(throws: SystolicArrayError.lanes(1, bytesPerCode: 2)) {
            try command(.weightStationary, bf16, on: shape(2, 2, .sequential))
        }
        let exact = DotProduct(.fp16, .e4m3, accumulator: .exact, order: .reentry)
        #expect(throws: SystolicArrayError.notHeldExactly("fp16", "e4m3")) {
            try command(.weightStationary, exact, on: shape(2, 2, lanes: 2, .exact))
        }
    }

    @Test func productsFitTheArray() throws {
        let array = try shape(4, 5)
        func product(_ dataflow: SystolicCommand.Dataflow, m: Int, n: Int, k: Int, _ arithmetic: DotProduct) throws {
            _ = try SystolicCommand(m: m, n: n, k: k, dataflow, arithmetic, isDoubleBuffered: false, on: array)
        }
        // Six columns of outputs are two tiles.
        try product(.weightStationary, m: 9, n: 6, k: 3, Self.int8)
        try product(.inputStationary, m: 6, n: 9, k: 3, Self.int8)
        #expect(throws: SystolicArrayError.outOfRange("rows of activations", value: 5, allowed: 1...4)) {
            try product(.outputStationary, m: 5, n: 5, k: 3, Self.int8)
        }
        #expect(throws: SystolicArrayError.outOfRange("depth", value: 0, allowed: 1...Int.max)) {
            try product(.weightStationary, m: 1, n: 1, k: 0, Self.int8)
        }
        #expect(throws: SystolicArrayError.outOfRange("rows of activations", value: 0, allowed: 1...Int.max)) {
            try product(.weightStationary, m: 0, n: 1, k: 1, Self.int8)
        }
        // The last block of integers may be short; a beat of zeros cuts an aligned sum.
        try product(.outputStationary, m: 2, n: 2, k: 9, blocked(8))
        let aligned = ProductAccumulator.aligned(group: 1, fractionBits: 2, output: .fp32)
        let grid = try shape(4, 5, .aligned)
        #expect(throws: SystolicArrayError.depth(9, allowed: 16...16)) {
            try SystolicCommand(
                m: 2, n: 2, k: 9, .outputStationary,
                DotProduct(.e4m3, .e4m3, accumulator: aligned, order: .blocked(8)), isDoubleBuffered: true, on: grid)
        }
    }

    @Test func operandsAreAsManyAsTheCommandReads() throws {
        let array = try shape(2, 3)
        let some = try SystolicCommand(
            m: 2, n: 3, k: 4, .weightStationary, Self.int8, isDoubleBuffered: true, on: array)
        func operands(_ activations: Int, _ weights: Int, k: Int = 4) throws {
            _ = try SystolicOperands(
                activations: Array(repeating: 1, count: activations), weights: Array(repeating: 1, count: weights),
                m: 2, n: 3, k: k, for: some, on: array)
        }
        try operands(8, 12)
        #expect(throws: SystolicArrayError.operands("activations", found: 7, needed: 8)) { try operands(7, 12) }
        #expect(throws: SystolicArrayError.operands("weights", found: 13, needed: 12)) { try operands(8, 13) }
        #expect(throws: SystolicArrayError.depth(5, allowed: 4...4)) { try operands(10, 15, k: 5) }
        #expect(throws: SystolicArrayError.operands("bytes that enter from above", found: 11, needed: 12)) {
            try SystolicOperands(
                columnWords: Array(repeating: 0, count: 11), rowWords: Array(repeating: 0, count: 8), for: some,
                on: array)
        }
    }

    @Test func everyErrorSaysWhatWouldBeRight() {
        let errors: [(SystolicArrayError, String)] = [
            (.outOfRange("rows", value: 0, allowed: 1...4096), "rows: 0; 1 to 4096 are possible"),
            (.foldsOfReentry(2), "one fold holds all of k, or use blocked"),
            (.block(5, needed: 4, why: "4 rows of 1"), "blocks of 4 are possible"),
            (.codes(2, accumulator: "grouped:4", needed: 4), "an array with 4 is needed"),
            (.depth(9, allowed: 15...16), "depth 9 for a command of depth 15 to 16"),
            (.otherKind(command: "exact", array: "integer"), "build the array for exact sums"),
            (.rowsOfOutputStationary(3, rows: 4), "all 4 take part"),
            (.notPackable("int8", "int4"), "only int4 with int4 is"),
            (.lanes(1, bytesPerCode: 2), "a multiple of 2 is needed"),
            (.notHeldExactly("bf16", "e4m3"), "at most 8 bits"),
            (.operands("weights", found: 13, needed: 12), "weights: 13 found, 12 needed"),
        ]
        for (error, text) in errors { #expect(error.description.contains(text), "\(error)") }
    }
}
