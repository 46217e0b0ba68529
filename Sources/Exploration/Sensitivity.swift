import Foundation

/// How much one dimension moves one objective.
public struct Sensitivity: Sendable, Hashable {
    /// Index of the dimension.
    public let dimension: Int
    public let objective: Objective
    /// Sets of points that differ in this dimension alone, two of them at least.
    public let groups: Int
    /// Greatest over least value within such a set: the geometric mean and the most over the sets. Nil without sets.
    public let meanFactor: Double?
    public let mostFactor: Double?
    /// Greatest over least geometric mean of the objective by choice, over all points that have the choice. Nil where values are not all positive.
    public let choiceFactor: Double?
    /// The choice of the best mean.
    public let bestChoice: Int?
    /// Part of the variance of the objective's logarithm that lies between the choices' means: 0 to 1. Nil where nothing varies.
    public let share: Double?

    /// - Parameters:
    ///   - choices: of each point, by dimension.
    ///   - values: of the objective, by point.
    init(
        dimension: Int, objective: Objective, in space: ExplorationSpace, choices: [[Int]], values: [Double]
    ) {
        self.dimension = dimension
        self.objective = objective
        guard values.allSatisfy({ $0 > 0 }) else {
            (groups, meanFactor, mostFactor, choiceFactor, bestChoice, share) = (0, nil, nil, nil, nil, nil)
            return
        }
        let logarithms = values.map(log)

        // Points that differ in this dimension alone have the same number once its choice is set to 0.
        var bounds: [Int: (low: Double, high: Double, count: Int)] = [:]
        for (index, value) in logarithms.enumerated() {
            var other = choices[index]
            other[dimension] = 0
            let group = space.point(of: other)
            let known = bounds[group] ?? (value, value, 0)
            bounds[group] = (min(known.low, value), max(known.high, value), known.count + 1)
        }
        // In order of the groups: sums of doubles depend on it.
        let factors = bounds.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map {
            $0.value.high - $0.value.low
        }
        groups = factors.count
        meanFactor = factors.isEmpty ? nil : exp(factors.reduce(0, +) / Double(factors.count))
        mostFactor = factors.max().map(exp)

        var sums = [Double](repeating: 0, count: space.dimensions[dimension].choices.count)
        var counts = [Int](repeating: 0, count: sums.count)
        for (index, value) in logarithms.enumerated() {
            sums[choices[index][dimension]] += value
            counts[choices[index][dimension]] += 1
        }
        let used = sums.indices.filter { counts[$0] > 0 }
        let means = used.map { sums[$0] / Double(counts[$0]) }
        choiceFactor = exp(means.max()! - means.min()!)
        let better = objective.isRatio ? means.max()! : means.min()!
        bestChoice = used[means.firstIndex(of: better)!]
        let mean = logarithms.reduce(0, +) / Double(logarithms.count)
        let variance = logarithms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let between = zip(used, means).reduce(0) { $0 + Double(counts[$1.0]) * ($1.1 - mean) * ($1.1 - mean) }
        share = variance > 1e-18 * Double(logarithms.count) ? min(1, between / variance) : nil
    }
}
