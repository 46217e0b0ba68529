import Hardware

/// The bounds of a ratio of two energies that share prices.
enum RatioInterval {
    /// Least and greatest Σ aᵢxᵢ / Σ bᵢxᵢ where each price xᵢ lies anywhere in its range, the same above and below.
    ///
    /// Both steps run on one machine, so a price that is high for one is high for the other; dividing the bounds of
    /// two totals would pretend otherwise. Dinkelbach's iteration: with ratio r, each price that helps Σ(aᵢ − r·bᵢ)xᵢ goes to its
    /// upper end and each other to its lower; it ends when r no longer moves.
    static func bounds(
        numerator a: [String: Double], denominator b: [String: Double], prices: [String: ClosedRange<Double>]
    ) -> ClosedRange<Double>? {
        func extreme(isGreatest: Bool) -> Double? {
            var ratio: Double?
            for _ in 0..<64 {
                var above = 0.0
                var below = 0.0
                for (name, range) in prices.sorted(by: { $0.key < $1.key }) {
                    let (up, down) = (a[name] ?? 0, b[name] ?? 0)
                    let gain = up - (ratio ?? 1) * down
                    let price = (gain > 0) == isGreatest ? range.upperBound : range.lowerBound
                    above += up * price
                    below += down * price
                }
                guard below > 0 else { return nil }
                let next = above / below
                if let ratio, next == ratio || (next < ratio) == isGreatest { return ratio }
                ratio = next
            }
            return ratio
        }
        guard let low = extreme(isGreatest: false), let high = extreme(isGreatest: true) else { return nil }
        return min(low, high)...max(low, high)
    }

    /// The primaries that a step's lines come to: how many actions of each entry that gives its own number.
    static func primaries(of cost: StepCost) -> [String: Double] {
        let entries = Dictionary(uniqueKeysWithValues: cost.entries.map { ($0.name, $0) })
        var counts: [String: Double] = [:]
        for line in cost.lines {
            for (primary, times) in entries[line.entry]!.primaries { counts[primary, default: 0] += line.count * times }
        }
        return counts
    }
}
