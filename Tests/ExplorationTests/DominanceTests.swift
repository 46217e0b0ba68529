import Testing

@testable import Exploration

struct DominanceTests {
    /// Points on a small grid of values, so that many are equal in some objectives or in all.
    private func points(_ generator: inout SplitMix, values: Int) -> [[Double]] {
        let (count, objectives) = (1 + generator.below(60), 1 + generator.below(4))
        return (0..<count).map { _ in (0..<objectives).map { _ in Double(generator.below(values)) } }
    }

    /// By definition: no other point is at most as large everywhere and smaller somewhere.
    private func bruteForce(_ points: [[Double]]) -> [Int] {
        points.indices.filter { a in
            !points.indices.contains { b in
                zip(points[b], points[a]).allSatisfy { $0 <= $1 } && points[a] != points[b]
            }
        }
    }

    @Test func frontsAreThoseOfBruteForce() {
        var generator = SplitMix(seed: 7)
        for round in 0..<2000 {
            let points = points(&generator, values: round % 2 == 0 ? 4 : 1000)
            #expect(Dominance.front(points) == bruteForce(points))
        }
    }

    @Test func ranksPeelFrontsOff() {
        var generator = SplitMix(seed: 8)
        for _ in 0..<300 {
            let points = points(&generator, values: 6)
            let ranks = Dominance.ranks(points)
            for rank in 0...ranks.max()! {
                let rest = points.indices.filter { ranks[$0] >= rank }
                let front = bruteForce(rest.map { points[$0] }).map { rest[$0] }
                #expect(front == points.indices.filter { ranks[$0] == rank })
            }
        }
    }

    @Test func crowdingIsTheGapBetweenNeighbours() {
        let distances = Dominance.crowding([[0, 10], [1, 6], [4, 2], [10, 0]])
        #expect(distances[0] == .infinity && distances[3] == .infinity)
        #expect(abs(distances[1] - (0.4 + 0.8)) < 1e-12 && abs(distances[2] - (0.9 + 0.6)) < 1e-12)
    }

    @Test func theKneeIsNearestToTheBestCorner() {
        #expect(FrontAnalysis.knee([[0, 100], [1, 20], [5, 10], [10, 0]]) == 1)
        // Units do not matter, nor an objective in which all are equal.
        #expect(FrontAnalysis.knee([[0, 1e9, 3], [1e-3, 2e8, 3], [5e-3, 1e8, 3], [1e-2, 0, 3]]) == 1)
        #expect(FrontAnalysis.knee([[3, 4]]) == 0)
        #expect(FrontAnalysis.knee([[0, 1], [1, 0]]) == 0)
    }
}
