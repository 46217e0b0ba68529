import Hardware
import Kernels
import NumberFormats
import Programs
import Testing

@testable import Emulator

/// Perturbation of stored weights: restored exactly, or refused where the list is too short. That steps have the bits of whole layers is in `TileEmulatorTests`.
@Suite struct InPlaceTests {
    private static let kernels = Kernels(level: .highestAvailable)

    private static let plus = InPlaceRows.Stand(side: .plus, query: 0)
    private static let minus = InPlaceRows.Stand(side: .minus, query: 0)

    /// Random rows in INT8 or INT4, and perturbations of either method that clamp few of their codes or nearly all.
    private func rows(
        _ random: inout SplitMix, columns: Int, count: Int, originals: AlignedBuffer<Int8>? = nil
    ) -> (weights: InPlaceRows, codes: [Int8]) {
        let limit: Int32 = Bool.random(using: &random) ? 127 : 7
        let isZOQO = Int.random(in: 0..<3, using: &random) == 0
        let multiplier = (isZOQO ? [1, 5, 40] : [40_000, 400_000, 4_000_000]).randomElement(using: &random)!
        let seed = random.next()
        let settings: StepSettings =
            isZOQO
            ? .zoqo(ZOQOSettings(seed: seed, size: .gridSteps(1)))
            : .quzo(
                QuZOSettings(
                    seed: seed, bits: PerturbationBits.allCases.randomElement(using: &random)!, size: .gridSteps(1),
                    rounding: .stochastic))
        let moves = CodeMoves(
            settings: settings, step: 3, number: 7, columns: columns, limit: limit,
            multipliers: (0..<count).map { _ in
                Int32(multiplier + Int.random(in: 0..<(isZOQO ? 3 : 1000), using: &random))
            })
        return (
            InPlaceRows(kernels: Self.kernels, moves: moves, originals: originals?.shared),
            (0..<columns * count).map { _ in Int8.random(in: Int8(-limit)...Int8(limit), using: &random) }
        )
    }

    /// k, then clamp(k + d), then clamp(k − d), then k again, and so by the next query's d; all as the kernels make them from k at once.
    @Test func everyCodeComesBackFromBothSides() throws {
        var random = SplitMix(state: 31)
        var clamped: UInt64 = 0
        for _ in 0..<300 {
            // Up to 36 columns a list has an entry for each code.
            let (columns, count) = (Int.random(in: 1...36, using: &random), Int.random(in: 1...9, using: &random))
            let (weights, codes) = rows(&random, columns: columns, count: count)
            #expect(weights.room == columns)
            let rows = 0..<count
            var (plus, minus) = (codes, codes)
            let expected = weights.moves.perturb(
                Self.kernels, codes, elements: 0..<codes.count, query: 0, plus: &plus, minus: &minus)
            var stored = codes
            var list = [Int8](repeating: 99, count: count * weights.room)
            let statistics = try weights.start(&stored, rows: rows, list: &list)
            #expect(stored == plus && statistics == expected)
            clamped += expected.clampedPlus + expected.clampedMinus
            var restored = codes.map { _ in Int8(0) }
            try weights.restore(stored, at: Self.plus, rows: rows, list: list, into: &restored)
            #expect(restored == codes)
            // The list may be rewritten where it stands, or elsewhere.
            if Bool.random(using: &random) {
                try list.withUnsafeMutableBufferPointer {
                    try turn(weights, &stored, rows, $0.baseAddress!, $0.baseAddress!)
                }
            } else {
                var other = [Int8](repeating: 99, count: list.count)
                try turn(weights, &stored, rows, &list, &other)
                list = other
            }
            #expect(stored == minus)
            restored = codes.map { _ in Int8(0) }
            try weights.restore(stored, at: Self.minus, rows: rows, list: list, into: &restored)
            #expect(restored == codes)
            // On to the next query.
            let next = weights.moves.perturb(
                Self.kernels, codes, elements: 0..<codes.count, query: 1, plus: &plus, minus: &minus)
            let found = try list.withUnsafeMutableBufferPointer { list in
                try weights.turn(
                    &stored, from: Self.minus, to: InPlaceRows.Stand(side: .plus, query: 1), rows: rows,
                    old: list.baseAddress!, list: list.baseAddress!)
            }
            #expect(stored == plus && found == next)
        }
        #expect(clamped > 1000)
    }

    private func turn(
        _ weights: InPlaceRows, _ stored: UnsafeMutablePointer<Int8>, _ rows: Range<Int>,
        _ old: UnsafeMutablePointer<Int8>, _ list: UnsafeMutablePointer<Int8>
    ) throws {
        _ = try weights.turn(stored, from: Self.plus, to: Self.minus, rows: rows, old: old, list: list)
    }

    /// Lists of one row more or less: the codes at an end that fit are restored, one more is an error.
    @Test func aListHoldsAsManyCodesAsItHasRoomFor() throws {
        let columns = 100
        let room = InPlaceList.bytes(columns: columns)
        #expect(room == 32 + 13)
        // The smallest multiplier moves codes hardly ever, so ends are those that are put there.
        let settings = QuZOSettings(seed: 1, bits: .two, size: .gridSteps(1), rounding: .stochastic)
        let weights = InPlaceRows(
            kernels: Self.kernels,
            moves: CodeMoves(
                settings: .quzo(settings), step: 0, number: 0, columns: columns, limit: 127, multipliers: [1]),
            originals: nil)
        for count in [0, 1, room - 1, room, room + 1, columns] {
            var codes = (0..<2 * columns).map { place in
                let column = place % columns
                return place >= columns && column < count ? Int8(column % 2 == 0 ? 127 : -127) : 5
            }
            let before = codes
            var list = [Int8](repeating: 99, count: 2 * room)
            if count <= room {
                _ = try weights.start(&codes, rows: 0..<2, list: &list)
                #expect(Array(list[room..<room + count]) == Array(before[columns..<columns + count]))
                #expect(list[..<room].allSatisfy { $0 == 0 } && list[(room + count)...].allSatisfy { $0 == 0 })
            } else {
                #expect(throws: TileError.Fault.listOverflow(row: 1, codes: count, room: room)) {
                    try weights.start(&codes, rows: 0..<2, list: &list)
                }
            }
        }
    }

    /// A list of other codes is found, and one that ends too early.
    @Test func aStaleListIsFound() throws {
        var random = SplitMix(state: 8)
        var found = 0
        for _ in 0..<50 {
            let originals = AlignedBuffer<Int8>(count: 64)
            let (weights, codes) = rows(&random, columns: 16, count: 4, originals: originals)
            var stored = codes
            var list = [Int8](repeating: 0, count: 4 * weights.room)
            _ = try weights.start(&stored, rows: 0..<4, list: &list)
            // The list as it was on the side of +d, for codes on the other side.
            let stale = list
            _ = try weights.turn(&stored, from: Self.plus, to: Self.minus, rows: 0..<4, old: list, list: &list)
            guard stale != list else { continue }
            var restored = codes
            do {
                try weights.restore(stored, at: Self.minus, rows: 0..<4, list: stale, into: &restored)
                // What is not found has to be right.
                #expect(restored == codes)
            } catch { found += 1 }
        }
        #expect(found > 20)
    }

    /// Steps overflow exactly where the codes say so, and the error names the first row.
    @Test func aStepFailsWhereARowHasMoreCodesAtAnEndThanRoom() throws {
        var random = SplitMix(state: 77)
        var (passed, failed) = (0, 0)
        for _ in 0..<24 {
            let encoder = try RandomEncoder(&random)
            let size = [1.5, 200, 400, 1000, 3000].randomElement(using: &random)!
            let settings = QuZOSettings(
                seed: random.next(), bits: .eight, size: .gridSteps(size), rounding: .stochastic)
            let parameters = encoder.parameters()
            let machine = try TileMachine.load("edge-int8", TileMachine.inPlace)
            let step = StepDescription(
                shape: parameters.shape, batch: 2, sequence: 8, trainable: .all, hasNewHead: encoder.hasNewHead,
                method: .quzo(residualBits: 0))
            let scheduled = try Lowering.schedule(step.on(machine), on: machine)
            let batch = encoder.batch(count: 2, sequence: 8, &random)
            let expected = try overflow(parameters, settings, step.trained)
            let emulator = TileEmulator(parameters: parameters, kernels: Self.kernels, threads: 2)
            let codes = parameters.linears.map { Array($0.codes.elements) }
            let result = Result {
                try emulator.step(scheduled, batch, settings: settings, step: 0, learningRate: 1)
            }
            switch result {
            case .success:
                #expect(expected == nil)
                passed += 1
            case .failure(let error):
                guard let error = error as? EmulatorError, case .tile(let fault) = error else { throw error }
                #expect(fault.fault == expected?.fault && fault.buffer == expected.map { $0.name + ".weight" })
                #expect(fault.operation == expected.map { $0.name + ".perturb" } && fault.work == "perturb")
                #expect("\(error)".contains("has room for") && "\(error)".contains("--perturbation-size"))
                #expect(parameters.linears.map { Array($0.codes.elements) } == codes)
                failed += 1
            }
        }
        #expect(passed > 4 && failed > 4)
    }

    /// The first row in the order of the program whose codes at an end, to +d or to −d, are more than its list holds.
    private func overflow(
        _ parameters: EncoderParameters, _ settings: QuZOSettings, _ trained: Range<Int>
    ) throws -> (name: String, fault: TileError.Fault)? {
        for isMinus in [false, true] {
            for number in trained {
                let linear = parameters.linears[number]
                let scalars = try PerturbationScalars(
                    size: settings.size, bits: settings.bits, rowScales: Array(linear.scales.elements))
                var (plus, minus) = (Array(linear.codes.elements), Array(linear.codes.elements))
                _ = scalars.multipliers.withUnsafeBufferPointer {
                    Kernels(level: .reference).perturb(
                        linear.codes.baseAddress, elements: 0..<linear.count, columns: linear.columns, multipliers: $0,
                        bits: settings.bits,
                        streams: TensorStreams(seed: settings.seed, step: 0, tensor: UInt16(number)), plus: &plus,
                        minus: &minus)
                }
                let codes = isMinus ? minus : plus
                for row in 0..<linear.rows {
                    let ends = codes[row * linear.columns..<(row + 1) * linear.columns].count { abs(Int($0)) == 127 }
                    let room = min(linear.columns, 32 + (linear.columns + 7) / 8)
                    if ends > room {
                        return (
                            parameters.shape.linearName(number), .listOverflow(row: row, codes: ends, room: room)
                        )
                    }
                }
            }
        }
        return nil
    }
}
