import Foundation
import Testing

@testable import Exploration

struct SearchTests {
    /// Seven thousand points whose objectives are made up: distances to two corners of a cube of choices.
    private func space() throws -> ExplorationSpace {
        try SampleSpaces.space(
            """
            { name: "cube", machine: "edge-int8", network: "minilm-l6", vary: [
              { field: "batch", range: { from: 1, to: 19, step: 1 } },
              { field: "sequence", range: { from: 16, to: 34, step: 1 } },
              { field: "queries", range: { from: 1, to: 19, step: 1 } },
            ], constraints: ["batch + queries != 7"] }
            """)
    }

    private func values(_ choices: [Int]) -> [Double] {
        [choices.reduce(0) { $0 + Double($1 * $1) }, choices.reduce(0) { $0 + Double((18 - $1) * (18 - $1)) }]
    }

    @Test func aGeneticSearchComesNearTheFront() throws {
        let space = try space()
        let allowed = (0..<space.size).map(space.choices).filter(space.isAllowed)
        let all = allowed.map(values)
        let front = Set(Dominance.front(all).map { allowed[$0] })
        var search = GeneticSearch(space, population: 40, generations: 30, seed: 1)
        var made: [[Int]] = []
        search.run { points in
            made += points.map(space.choices)
            return points.map { values(space.choices(of: $0)) }
        }
        #expect(made.count <= 40 * 31 && Set(made).count == made.count && made.allSatisfy(space.isAllowed))
        // A fifth of the space is looked at; points taken by chance would be a fifth of the front.
        let hits = made.count { front.contains($0) }
        #expect(made.count * 5 <= allowed.count)
        #expect(hits * 2 > front.count, "\(hits) of \(front.count)")
    }

    /// One point in five thousand is allowed.
    @Test func aGeneticSearchBeginsWhereHardlyAPointIsAllowed() throws {
        let space = try SampleSpaces.space(
            """
            { name: "corner", machine: "edge-int8", network: "minilm-l6", vary: [
              { field: "batch", range: { from: 1, to: 1000, step: 1 } },
              { field: "sequence", range: { from: 1, to: 500, step: 1 } },
            ], constraints: ["batch == 7", "sequence <= 5"], search: { nsga2: { population: 4, generations: 1, seed: 1 } } }
            """)
        var search = GeneticSearch(space, population: 4, generations: 1, seed: 1)
        var made: [[Int]] = []
        search.run { points in
            made += points.map(space.choices)
            return points.map { values(space.choices(of: $0)) }
        }
        #expect(!made.isEmpty && made.allSatisfy(space.isAllowed))
    }

    @Test func aGeneticSearchFollowsItsSeed() throws {
        let space = try space()
        func points(_ seed: Int) -> [Int] {
            var made: [Int] = []
            var search = GeneticSearch(space, population: 12, generations: 5, seed: seed)
            search.run { points in
                made += points
                return points.map { values(space.choices(of: $0)) }
            }
            return made
        }
        #expect(points(3) == points(3) && points(3) != points(4))
    }

    @Test func aSearchThatGoesOnRepeatsNothing() throws {
        try SampleSpaces.withFolder { path in
            let space = try SampleSpaces.space(
                SampleSpaces.text(search: "{ nsga2: { population: 6, generations: 3, seed: 2 } }"))
            let whole = ResultsFolder(path: path + "/whole")
            let cut = ResultsFolder(path: path + "/cut")
            let progress = try ExplorationRun(space).run(into: whole, .new, threads: 2)
            #expect(progress.total == 24 && progress.done == progress.costed && progress.done > 12)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: whole.rowsPath))
            _ = try ExplorationRun(space).run(into: cut, .new, threads: 1, isStopped: { true })
            try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: cut.rowsPath))
            let kept = bytes.prefix(bytes.count / 2).count { $0 == UInt8(ascii: "\n") }
            let rest = try ExplorationRun(space).run(into: cut, .resume, threads: 1)
            #expect(rest.costed == progress.done - kept)
            #expect(try SampleSpaces.lines(cut.rowsPath).sorted() == SampleSpaces.lines(whole.rowsPath).sorted())
        }
    }
}
