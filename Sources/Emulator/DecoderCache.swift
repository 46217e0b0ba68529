import Kernels

/// The keys and values of the tokens that a decoder has read, so that the next token takes one row of work in each block.
///
/// Logits with a cache are those without one, bit for bit: what a token computes depends on the tokens up to it alone.
public final class DecoderCache {
    /// The most tokens.
    public let capacity: Int
    /// Tokens that were read so far.
    public internal(set) var count = 0
    /// One a block.
    let stores: [any AttentionStore]

    /// An empty cache.
    ///
    /// - Parameter capacity: at least 1; memory grows with it.
    public init(_ parameters: DecoderParameters, capacity: Int) {
        precondition(capacity >= 1, "a cache has room for a token")
        self.capacity = capacity
        let transformer = parameters.configuration.transformer
        let shape = AttentionShape(
            heads: transformer.heads, keyValueHeads: transformer.keyValueHeads, dimension: transformer.headDimension,
            capacity: capacity)
        stores = (0..<transformer.layers).map { _ -> any AttentionStore in
            parameters.precision.isQuantized ? Int8AttentionStore(shape) : Float32AttentionStore(shape)
        }
    }

    /// Forgets all tokens behind the first `count`.
    public func truncate(to count: Int) {
        self.count = min(self.count, count)
        for store in stores { store.truncate(to: count) }
    }
}
