/// Comparisons of points by several objectives, less being better in each.
public enum Dominance {
    /// Whether `a` is nowhere worse than `b` and somewhere better.
    public static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
        var isBetter = false
        for (x, y) in zip(a, b) {
            if x > y { return false }
            if x < y { isBetter = true }
        }
        return isBetter
    }

    /// Indices of the points that none dominates, ascending; equal points are all among them.
    ///
    /// Points are looked at in lexicographic order, in which a point comes after all that dominate it; so each is compared with the front
    /// so far alone.
    public static func front(_ points: [[Double]]) -> [Int] {
        let order = points.indices.sorted { a, b in
            for (x, y) in zip(points[a], points[b]) where x != y { return x < y }
            return a < b
        }
        var front: [Int] = []
        for index in order where !front.contains(where: { dominates(points[$0], points[index]) }) {
            front.append(index)
        }
        return front.sorted()
    }

    /// Fronts one behind the other: the second is the front of what the first leaves, and so on. Rank by point, from 0.
    static func ranks(_ points: [[Double]]) -> [Int] {
        var ranks = [Int](repeating: 0, count: points.count)
        var rest = Array(points.indices)
        var rank = 0
        while !rest.isEmpty {
            let front = Set(front(rest.map { points[$0] }))
            var next: [Int] = []
            for (place, index) in rest.enumerated() {
                if front.contains(place) { ranks[index] = rank } else { next.append(index) }
            }
            rest = next
            rank += 1
        }
        return ranks
    }

    /// Crowding distances of NSGA-II within one front: the sum over objectives of the gap between a point's neighbours, as a part of the
    /// front's range; infinite at the ends.
    static func crowding(_ points: [[Double]]) -> [Double] {
        var distances = [Double](repeating: 0, count: points.count)
        guard let first = points.first else { return [] }
        for objective in first.indices {
            let order = points.indices.sorted { (points[$0][objective], $0) < (points[$1][objective], $1) }
            let range = points[order[order.count - 1]][objective] - points[order[0]][objective]
            distances[order[0]] = .infinity
            distances[order[order.count - 1]] = .infinity
            guard range > 0 else { continue }
            for place in order.indices.dropFirst().dropLast() {
                let gap = points[order[place + 1]][objective] - points[order[place - 1]][objective]
                distances[order[place]] += gap / range
            }
        }
        return distances
    }
}
