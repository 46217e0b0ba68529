import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// Rows that do not fit the chip, segment by segment: the bits of whole layers.
@Suite struct RowSegmentTests {
    /// Rows of several segments, and classes that do not fit one.
    static let sizes = RandomEncoder.Sizes(
        headDimension: 5...40, intermediate: 20...160, classes: 2...60, positions: 56)

    /// Operations whose rows come in segments; `whole` counts those whose rows do not, but come with what stands beside them.
    static func cuts(_ scheduled: ScheduledProgram) -> (kinds: Set<String>, whole: Int) {
        var kinds: Set<String> = []
        var whole = 0
        for (number, operation) in scheduled.program.operations.enumerated() where scheduled.nest(of: number).cutsRows {
            var isSplit = false
            scheduled.nest(of: number).forEachCommand { command, indices in
                if case .segment? = command.part?.function, command.part!.element.value(at: indices) > 0 {
                    isSplit = true
                }
            }
            if isSplit {
                kinds.insert("\(operation.action)".split(separator: "(").prefix(2).joined(separator: " "))
            } else {
                whole += 1
            }
        }
        return (kinds, whole)
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

    static func machine(_ random: inout SplitMix, placement: [String]) -> [String] {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        let dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!.rawValue
        let overrides =
            placement + [
                "organisation.array.dataflow=\(dataflow)", "organisation.array.rows=\(pick([2, 3, 4, 8]))",
                "organisation.array.columns=\(pick([2, 4, 5, 8]))",
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

    @Test(arguments: placements.indices, [ScheduleObjective.traffic, .latency])
    func stepsWhoseRowsAreCutHaveTheBitsOfWholeLayers(placement: Int, objective: ScheduleObjective) throws {
        var random = SplitMix(state: 900 + UInt64(placement))
        var kinds: Set<String> = []
        var (ran, whole, refused) = (0, 0, 0)
        for _ in 0..<14 {
            let example = try TileCase(&random, steps: 2, sizes: Self.sizes)
            let overrides = Self.machine(&random, placement: Self.placements[placement])
            let spare = (0..<6).map { _ in [1, 1, 2, 3].randomElement(using: &random)! }
            guard let scheduled = try Self.tight(example.description, overrides, objective: objective, spare: spare)
            else {
                refused += 1
                continue
            }
            let cuts = Self.cuts(scheduled)
            kinds.formUnion(cuts.kinds)
            whole += cuts.whole
            ran += 1
            do {
                let (tiles, layers) = (try example.tiles(scheduled), try example.wholeLayers())
                #expect(tiles == layers, "\(example.description) \(overrides)")
            } catch EmulatorError.tile(let error) {
                // More saturated codes than a list has room for.
                guard case .listOverflow = error.fault else { throw EmulatorError.tile(error) }
            }
        }
        print("cut", placement, objective, ran, refused, whole, kinds.sorted())
        #expect(ran > 10)
    }
}
