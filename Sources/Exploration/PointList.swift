/// The points of a search that does not look at results.
struct PointList {
    let space: ExplorationSpace
    /// Draws that are made for each point wanted before the rest is given up.
    static let draws = 1000

    /// The points, each once, all meeting the constraints; nil for a search that breeds its own.
    ///
    /// - Throws: `ExplorationError.allExcluded`, or `.space` for a grid too large to list.
    func points() throws(ExplorationError) -> [Int]? {
        let points: [Int]
        switch space.search {
        case .grid:
            guard space.size <= ExplorationSpace.largestList else {
                throw .space(
                    file: space.file, line: nil, field: "search",
                    problem: "a grid of \(space.size) points, more than \(ExplorationSpace.largestList)",
                    remedy: "search by random, latin-hypercube or nsga2")
            }
            points = allowed()
        case .random(let count, let seed): points = random(count, seed)
        case .latinHypercube(let count, let seed): points = latinHypercube(count, seed)
        case .nsga2:
            guard known() != nil else { throw excluded(tried: Self.draws * Self.draws) }
            return nil
        }
        guard !points.isEmpty else {
            throw excluded(tried: space.size <= ExplorationSpace.largestList ? nil : Self.draws)
        }
        return points
    }

    private func excluded(tried: Int?) -> ExplorationError {
        .allExcluded(file: space.file, constraints: space.constraints.map(\.text), tried: tried)
    }

    private func allowed() -> [Int] {
        if space.constraints.isEmpty { return Array(0..<space.size) }
        return (0..<space.size).filter { space.isAllowed(space.choices(of: $0)) }
    }

    /// A point that meets the constraints, the same each time; nil where none is found.
    func known() -> Int? {
        var generator = SplitMix(seed: 0)
        return draw(&generator, tries: Self.draws * Self.draws)
    }

    /// A point that meets the constraints; nil where none of `tries` does.
    func draw(_ generator: inout SplitMix, tries: Int) -> Int? {
        for _ in 0..<tries {
            let point = generator.below(space.size)
            if space.isAllowed(space.choices(of: point)) { return point }
        }
        return nil
    }

    /// Up to `count` distinct points. A space that can be listed gives as many as there are.
    private func random(_ count: Int, _ seed: Int) -> [Int] {
        var generator = SplitMix(seed: seed)
        if space.size <= ExplorationSpace.largestList, space.size / 4 <= count || !space.constraints.isEmpty {
            var points = allowed()
            generator.shuffle(&points)
            return Array(points.prefix(count))
        }
        var seen: Set<Int> = []
        var points: [Int] = []
        while points.count < count, let point = draw(&generator, tries: Self.draws) {
            if seen.insert(point).inserted { points.append(point) }
        }
        return points
    }

    /// McKay, Beckman, Conover (Technometrics 21, 1979), on choices: each dimension's range is cut into `count` equal parts, each point
    /// takes one part of each dimension, no part twice. Points that constraints exclude, and a second equal one, are left out.
    private func latinHypercube(_ count: Int, _ seed: Int) -> [Int] {
        var generator = SplitMix(seed: seed)
        var choices = [[Int]](repeating: [], count: count)
        for dimension in space.dimensions {
            var parts = Array(0..<count)
            generator.shuffle(&parts)
            for index in 0..<count {
                let place = (Double(parts[index]) + generator.unit()) / Double(count)
                choices[index].append(min(dimension.choices.count - 1, Int(place * Double(dimension.choices.count))))
            }
        }
        var seen: Set<Int> = []
        return choices.filter(space.isAllowed).map(space.point).filter { seen.insert($0).inserted }
    }
}
