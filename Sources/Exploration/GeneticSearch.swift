/// NSGA-II: breeds points from those that nothing beats in all objectives together.
///
/// Source: K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE Trans. Evol. Comp. 6
/// (2002), doi:10.1109/4235.996017: ranks by fronts, crowding distance, binary tournaments, parents and children compete. Genes are choices: a child
/// takes each from either parent (probability ½); one gene in as many as there are dimensions changes, an ordered one to a near choice.
/// A point that cannot work is worse than all that can; one that breaks a constraint is not made. What is drawn depends on the seed and the
/// objectives' values alone, so a search that is begun again makes the same points.
struct GeneticSearch {
    let space: ExplorationSpace
    let population: Int
    let generations: Int
    private var generator: SplitMix
    /// Tries to make a child that meets the constraints and is new.
    private static let tries = 50

    init(_ space: ExplorationSpace, population: Int, generations: Int, seed: Int) {
        self.space = space
        self.population = population
        self.generations = generations
        generator = SplitMix(seed: seed)
    }

    /// Most points that it makes.
    var most: Int { population * (generations + 1) }

    private struct Member {
        let point: Int
        let choices: [Int]
        let values: [Double]
        var rank = 0
        var crowding = 0.0
    }

    /// Runs it.
    ///
    /// - Parameter evaluate: costs points and gives their objectives, less being better, all infinite where a point cannot work; nil to
    ///   stop.
    mutating func run(_ evaluate: ([Int]) throws -> [[Double]]?) rethrows {
        var seen: Set<Int> = []
        var first: [Int] = []
        for _ in 0..<population * Self.tries where first.count < population {
            // Where constraints leave so little that none of its draws meets them, it begins with the point that showed that there is one.
            let list = PointList(space: space)
            guard let point = list.draw(&generator, tries: PointList.draws) ?? (first.isEmpty ? list.known() : nil)
            else { break }
            if seen.insert(point).inserted { first.append(point) }
        }
        guard var parents = try members(first, evaluate) else { return }
        Self.rate(&parents)
        for _ in 0..<generations {
            var children: [Int] = []
            for _ in 0..<population {
                guard let child = child(of: parents, seen) else { continue }
                seen.insert(child)
                children.append(child)
            }
            // Nothing new can be made: the space is small and known.
            guard !children.isEmpty else { return }
            guard let born = try members(children, evaluate) else { return }
            parents += born
            Self.rate(&parents)
            parents.sort { ($0.rank, -$0.crowding, $0.point) < ($1.rank, -$1.crowding, $1.point) }
            parents.removeLast(max(0, parents.count - population))
        }
    }

    private func members(_ points: [Int], _ evaluate: ([Int]) throws -> [[Double]]?) rethrows -> [Member]? {
        guard let values = try evaluate(points) else { return nil }
        return zip(points, values).map { .init(point: $0, choices: space.choices(of: $0), values: $1) }
    }

    /// Gives each its rank and its crowding distance.
    private static func rate(_ members: inout [Member]) {
        let ranks = Dominance.ranks(members.map(\.values))
        for rank in Set(ranks) {
            let places = members.indices.filter { ranks[$0] == rank }
            // What cannot work has no distances.
            let values = places.map { members[$0].values.map { $0.isFinite ? $0 : 0 } }
            for (place, crowding) in zip(places, Dominance.crowding(values)) {
                members[place].rank = rank
                members[place].crowding = crowding
            }
        }
    }

    private mutating func winner(of members: [Member]) -> Member {
        let (a, b) = (members[generator.below(members.count)], members[generator.below(members.count)])
        return (a.rank, -a.crowding, a.point) <= (b.rank, -b.crowding, b.point) ? a : b
    }

    private mutating func child(of parents: [Member], _ seen: Set<Int>) -> Int? {
        for _ in 0..<Self.tries {
            let (a, b) = (winner(of: parents), winner(of: parents))
            var choices = zip(a.choices, b.choices).map { generator.below(2) == 0 ? $0 : $1 }
            for index in choices.indices where generator.below(choices.count) == 0 {
                choices[index] = mutated(choices[index], space.dimensions[index])
            }
            let point = space.point(of: choices)
            if !seen.contains(point), space.isAllowed(choices) { return point }
        }
        return nil
    }

    /// Another choice: where they are ordered, up or down by 1 with probability ½, by 2 with ¼, and so on; otherwise any.
    private mutating func mutated(_ choice: Int, _ dimension: SpaceDimension) -> Int {
        let count = dimension.choices.count
        guard count > 1 else { return choice }
        guard dimension.isOrdered else {
            let other = generator.below(count - 1)
            return other < choice ? other : other + 1
        }
        let distance = 1 + (generator.next() | 1 << 63).trailingZeroBitCount
        return min(count - 1, max(0, generator.below(2) == 0 ? choice - distance : choice + distance))
    }
}
