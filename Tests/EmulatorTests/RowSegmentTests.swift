import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// Rows that do not fit the chip, segment by segment: the bits of whole layers.
@Suite struct RowSegmentTests {
    /// Rows of every operation that are longer than the least that a norm takes.
    static let sizes = RandomEncoder.Sizes(
        headDimension: 5...16, intermediate: 100...140, classes: 130...150, positions: 160, sequence: 130...160)

    /// Kinds of operations whose rows come in segments, and of those whose rows are whole and come with what stands beside them; `int4`
    /// has those of the first that write packed codes.
    static func cuts(_ scheduled: ScheduledProgram) -> (split: Set<String>, int4: Set<String>, whole: Set<String>) {
        var (split, int4, whole): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        for (number, operation) in scheduled.program.operations.enumerated() where scheduled.nest(of: number).cutsRows {
            var isSplit = false
            scheduled.nest(of: number).forEachCommand { command, indices in
                guard let part = command.part, case .segment = part.function else { return }
                isSplit = isSplit || part.element.value(at: indices) > 0
            }
            let kind =
                if case .perturbInPlace(let move, _, _, _) = operation.action { "perturbInPlace \(move)" } else {
                    String("\(operation.action)".prefix { $0 != "(" })
                }
            if isSplit { split.insert(kind) } else { whole.insert(kind) }
            if isSplit, operation.writes.contains(where: { scheduled.program[$0].format == .int4 }) {
                int4.insert(kind)
            }
        }
        return (split, int4, whole)
    }

    /// Lays a step out on a machine whose buffers hold little more than they must, `spare` times in all.
    static func tight(
        _ description: StepDescription, _ overrides: [String], objective: ScheduleObjective, spare: [Int]
    ) throws -> ScheduledProgram? {
        var overrides = overrides
        var spare = spare
        while true {
            let machine = try TileMachine.load("edge-int8", overrides)
            let result = Result { () throws(ScheduleError) in
                try Lowering.schedule(description.on(machine), on: machine, objective: objective)
            }
            guard case .failure(.tileDoesNotFit(_, _, _, let smallest, _, let field)) = result else {
                return try result.get()
            }
            guard let factor = spare.popLast() else { return nil }
            overrides.append("\(field).bytes=\(smallest * factor)")
        }
    }

    /// - Parameter array: rows and columns; at random where it is nil.
    static func machine(_ random: inout SplitMix, placement: [String], array: Int? = nil) -> [String] {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        let dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!.rawValue
        let overrides =
            placement + [
                "organisation.array.dataflow=\(dataflow)", "organisation.array.rows=\(array ?? pick([2, 3, 4, 8]))",
                "organisation.array.columns=\(array ?? pick([2, 4, 5, 8]))",
                "organisation.dram.burstBytes=\(pick([16, 32, 128]))",
            ]
        guard pick([0, 1, 2, 3]) > 0 else {
            return overrides + [
                "organisation.sram={unified: {bytes: 256, banks: 1, wordBits: \(pick([8, 64])), ports: \(pick([1, 2]))}}"
            ]
        }
        return overrides
            + ["weight", "activation", "accumulator"].map {
                "organisation.sram.\($0)={bytes: 64, banks: 1, wordBits: \(pick([8, 64])), ports: \(pick([1, 2]))}"
            }
    }

    static let placements = [
        ["organisation.perturbationUnit.sharedFetch=false"], ["organisation.perturbationUnit.sharedFetch=true"],
        TileMachine.inPlace,
    ]

    /// Random steps on machines that hold little more than they must.
    ///
    /// - Returns: what was cut, and how many steps ran to their end: a row may have more saturated codes than its list has room for.
    private func run(
        _ count: Int, seed: UInt64, _ placement: Int, _ objective: ScheduleObjective, sizes: RandomEncoder.Sizes,
        examples: ClosedRange<Int> = 1...1, array: Int? = nil,
        _ body: (TileCase, ScheduledProgram) throws -> Void
    ) throws -> (split: Set<String>, int4: Set<String>, whole: Set<String>, ran: Int) {
        var random = SplitMix(state: seed)
        var (split, int4, whole): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        var ran = 0
        for _ in 0..<count {
            let example = try TileCase(&random, steps: 2, sizes: sizes, examples: examples)
            let overrides =
                Self.machine(&random, placement: Self.placements[placement], array: array)
                + TileMachine.overrides(example.formats)
            let spare = (0..<6).map { _ in [1, 1, 2, 3].randomElement(using: &random)! }
            let tight = try Self.tight(example.description, overrides, objective: objective, spare: spare)
            let scheduled = try #require(tight, "\(overrides)")
            let cuts = Self.cuts(scheduled)
            do {
                try body(example, scheduled)
            } catch EmulatorError.tile(let error) {
                guard case .listOverflow = error.fault else { throw EmulatorError.tile(error) }
                continue
            }
            split.formUnion(cuts.split)
            int4.formUnion(cuts.int4)
            whole.formUnion(cuts.whole)
            ran += 1
        }
        return (split, int4, whole, ran)
    }

    private static let everyKind: Set<String> = [
        "embed", "quantizeRows", "quantizeColumns", "softmax", "addNorm", "meanPool", "loss",
    ]
    private static let inPlaceKinds: Set<String> = [
        "perturbInPlace start", "perturbInPlace turn", "perturbInPlace next", "update",
    ]

    @Test(arguments: placements.indices, [ScheduleObjective.traffic, .latency])
    func stepsWhoseRowsAreCutHaveTheBitsOfWholeLayers(placement: Int, objective: ScheduleObjective) throws {
        let found = try run(6, seed: 900 + UInt64(placement), placement, objective, sizes: Self.sizes) {
            let tiles = try $0.tiles($1)
            let layers = try $0.wholeLayers()
            #expect(tiles == layers, "\($0.words)")
        }
        let isInPlace = Self.placements[placement] == TileMachine.inPlace
        #expect(found.split == (isInPlace ? Self.everyKind.union(Self.inPlaceKinds) : Self.everyKind))
        #expect(found.int4 == Set(["quantizeRows", "quantizeColumns"]).union(isInPlace ? Self.inPlaceKinds : []))
        #expect(found.ran > 2)
    }

    /// Lengths alone take more than the buffer has, and come example by example; rows are whole.
    @Test(arguments: placements.indices)
    func wholeRowsWithLengthsOfTheirExamplesHaveTheBitsOfWholeLayers(placement: Int) throws {
        let sizes = RandomEncoder.Sizes(headDimension: 1...2, intermediate: 1...9, positions: 4, sequence: 1...3)
        let found = try run(4, seed: 40, placement, .traffic, sizes: sizes, examples: 150...250) {
            let tiles = try $0.tiles($1)
            let layers = try $0.wholeLayers()
            #expect(tiles == layers, "\($0.words)")
        }
        #expect(found.whole.isSuperset(of: ["softmax", "quantizeColumns", "meanPool"]), "\(found)")
        #expect(found.ran > 2)
    }

    @Test(arguments: placements.indices)
    func neitherChecksNorThreadsNorLevelsNorRegistersDecideABit(placement: Int) throws {
        let sizes = RandomEncoder.Sizes(
            headDimension: 8...20, intermediate: 20...60, classes: 17...40, positions: 40, sequence: 1...40)
        let found = try run(3, seed: 60, placement, .traffic, sizes: sizes, examples: 1...2, array: 4) {
            let expected = try $0.wholeLayers()
            let unchecked = try $0.tiles($1, options: TileOptions(checks: false))
            #expect(unchecked == expected)
            let registers = try $0.tiles($1, options: TileOptions(array: .registers))
            #expect(registers == expected)
            for level in KernelLevel.available {
                let tiles = try $0.tiles($1, threads: 2, level: level)
                #expect(tiles == expected, "\(level)")
            }
        }
        #expect(found.split.isSuperset(of: ["embed", "addNorm"]) && found.ran > 1)
    }

    @Test func inferenceWhoseRowsAreCutHasTheBitsOfWholeLayers() throws {
        var random = SplitMix(state: 5)
        var split: Set<String> = []
        for _ in 0..<3 {
            let encoder = try RandomEncoder(&random, sizes: Self.sizes)
            let (count, sequence) = (2, Int.random(in: Self.sizes.sequence, using: &random))
            let batch = encoder.batch(count: count, sequence: sequence, &random)
            let parameters = encoder.parameters()
            let description = StepDescription(
                shape: parameters.shape, batch: count, sequence: sequence, trainable: .all,
                hasNewHead: encoder.hasNewHead, method: .inference(.quantized))
            let overrides = Self.machine(&random, placement: [])
            let tight = try Self.tight(description, overrides, objective: .traffic, spare: [1, 1, 1, 1, 1, 1])
            let scheduled = try #require(tight)
            split.formUnion(Self.cuts(scheduled).split)
            let kernels = Kernels(level: .highestAvailable)
            let whole = try EncoderEmulator(parameters: parameters, kernels: kernels, threads: 1).infer(
                Lowering.program(for: description), batch)
            let tiles = try TileEmulator(parameters: parameters, kernels: kernels, threads: 1).infer(scheduled, batch)
            #expect(tiles.loss.bitPattern == whole.loss.bitPattern)
            #expect(tiles.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
            #expect(tiles.logits.map(\.bitPattern) == whole.logits.map(\.bitPattern))
            #expect(tiles.pooled.map(\.bitPattern) == whole.pooled.map(\.bitPattern))
            #expect(tiles.macs == whole.macs)
        }
        #expect(split == Self.everyKind)
    }
}
