import NumberFormats

/// Which examples a step sees: epochs of seeded permutations laid end to end (docs/semantics.md, section 10).
struct BatchOrder {
    let count: Int
    let batch: Int
    let seed: UInt64
    private var epoch: (number: Int, order: [Int])?

    init(count: Int, batch: Int, seed: UInt64) {
        self.count = count
        self.batch = batch
        self.seed = seed
    }

    /// Places of the examples of step `step`, a pure function of the seed and the step.
    mutating func places(step: Int) -> [Int] {
        (step * batch..<(step + 1) * batch).map { place in
            let number = place / count
            if epoch?.number != number {
                epoch = (
                    number, Permutation.shuffled(count: count, seed: seed, purpose: .batchOrder, step: UInt32(number))
                )
            }
            return epoch!.order[place % count]
        }
    }
}
