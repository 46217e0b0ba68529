import Testing

@testable import Exploration

struct SensitivityTests {
    private func space() throws -> ExplorationSpace {
        try SampleSpaces.space(
            """
            { name: "x", machine: "edge-int8", network: "minilm-l6", vary: [
              { field: "batch", powers: { from: 1, to: 4 } },
              { field: "queries", powers: { from: 1, to: 8 } },
            ] }
            """)
    }

    @Test func aProductOfPowersHasItsFactors() throws {
        let space = try space()
        let choices = (0..<space.size).map(space.choices)
        // batch² / queries: 16 and 1/8 from end to end.
        let values = choices.map { Double(1 << (2 * $0[0])) / Double(1 << $0[1]) }
        let batch = Sensitivity(dimension: 0, objective: .energy, in: space, choices: choices, values: values)
        let queries = Sensitivity(dimension: 1, objective: .energyRatio, in: space, choices: choices, values: values)
        func near(_ a: Double?, _ b: Double) -> Bool { abs((a ?? .nan) - b) < 1e-9 * b }
        #expect(batch.groups == 4 && near(batch.meanFactor, 16) && near(batch.mostFactor, 16))
        #expect(near(batch.choiceFactor, 16) && batch.bestChoice == 0)
        // Of a ratio more is better; here it falls as queries rise.
        #expect(queries.groups == 3 && near(queries.meanFactor, 8) && queries.bestChoice == 0)
        // Variances of 0, 2, 4 and of 0, 1, 2, 3 in powers of two: 8/3 and 5/4.
        #expect(near(batch.share, (8.0 / 3) / (8.0 / 3 + 1.25)) && near(queries.share, 1.25 / (8.0 / 3 + 1.25)))
    }

    @Test func whatMovesNothingHasFactorOne() throws {
        let space = try space()
        let choices = (0..<space.size).map(space.choices)
        let values = choices.map { Double(1 + $0[0]) }
        let queries = Sensitivity(dimension: 1, objective: .energy, in: space, choices: choices, values: values)
        #expect(queries.meanFactor == 1 && queries.mostFactor == 1 && queries.share! < 1e-12)
        let constant = Sensitivity(
            dimension: 0, objective: .energy, in: space, choices: choices, values: choices.map { _ in 5 })
        #expect(constant.share == nil && constant.meanFactor == 1)
    }

    @Test func withoutNeighboursThereAreNoSets() throws {
        let space = try space()
        let choices = [[0, 0], [1, 1], [2, 2]]
        let entry = Sensitivity(dimension: 0, objective: .energy, in: space, choices: choices, values: [1, 2, 4])
        #expect(entry.groups == 0 && entry.meanFactor == nil && entry.choiceFactor! > 3.99)
    }
}
