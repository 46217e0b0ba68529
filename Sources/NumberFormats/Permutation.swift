/// The shuffles behind batches and data splits (docs/semantics.md, section 10).
public enum Permutation: Sendable {
    /// A permutation of 0…count − 1: Fisher–Yates from the last place down to 1, place i swapping with (w·(i + 1)) >> 32 where w is
    /// the 32-bit draw of element i.
    ///
    /// - Parameters:
    ///   - count: 0 ≤ count ≤ 2³².
    ///   - seed: the run's seed.
    ///   - purpose: `batchOrder` with the epoch as step, or `dataSplit` with step 0.
    ///   - step: the epoch, or 0.
    /// - Complexity: O(count).
    public static func shuffled(count: Int, seed: UInt64, purpose: RandomPurpose, step: UInt32) -> [Int] {
        precondition(0 <= count && count <= 1 << 32, "A permutation has at most 2^32 places")
        let stream = RandomStream(seed: seed, step: step, query: 0, purpose: purpose, tensor: 0)
        var places = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) {
            let j = Int((UInt64(stream.word(at: i)) * UInt64(i + 1)) >> 32)
            places.swapAt(i, j)
        }
        return places
    }
}
