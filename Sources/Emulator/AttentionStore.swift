import Kernels

/// The keys and values of one block's tokens so far, and attention over them, in one precision.
///
/// A token's row of keys and values is [key heads, D]; queries of the heads that share a key head lie one behind the other.
protocol AttentionStore: AnyObject {
    /// Adds tokens.
    ///
    /// - Parameters:
    ///   - keys: [count, key heads · D], rotated.
    ///   - values: [count, key heads · D].
    func append(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int, kernels: Kernels)

    /// Attention of the last `count` tokens, each over itself and all before it.
    ///
    /// - Parameters:
    ///   - queries: [count, heads · D], rotated.
    ///   - context: [count, heads · D], overwritten.
    func attend(
        queries: SharedBuffer<Float>, count: Int, into context: SharedBuffer<Float>, kernels: Kernels, threads: Int)

    /// Forgets all tokens behind the first `count`.
    func truncate(to count: Int)
}

/// Sizes of a block's attention.
struct AttentionShape: Sendable {
    let heads: Int
    let keyValueHeads: Int
    /// D, elements of a head.
    let dimension: Int
    /// The most tokens.
    let capacity: Int

    var group: Int { heads / keyValueHeads }
    var queryWidth: Int { heads * dimension }
    var keyValueWidth: Int { keyValueHeads * dimension }
    /// c = fl(1/fl(√D)).
    var factor: Float { 1 / Float(dimension).squareRoot() }

    /// Threads worth using for `count` queries over `tokens` tokens: a thread's part should take ten microseconds at least.
    func threads(_ threads: Int, count: Int, tokens: Int) -> Int {
        count * tokens * queryWidth < 1 << 16 ? 1 : threads
    }
}

extension Kernels {
    /// Softmax of each row over its own tokens: row i counts `first` + i + 1 of them; +0 behind.
    func causalSoftmax(
        _ scores: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, first: Int, factor: Float
    ) {
        for row in 0..<rows {
            softmaxRows(
                scores + row * rowStride, rowStride: rowStride, rows: 1, columns: columns, valid: first + row + 1,
                factor: factor)
        }
    }
}
