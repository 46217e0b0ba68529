extension DecoderEmulator {
    /// Tokens that greedy decoding chose.
    public struct Generation: Sendable {
        /// The new tokens, in order; the one that ends a text included.
        public var tokens: [Int32] = []
        /// The logits that each was chosen from, [tokens, vocabulary]; empty where they were not asked for.
        public var logits: [Float] = []
        /// Whether a token that ends a text was chosen.
        public var hasEnded = false
    }

    /// Chooses the token of the largest logit, the lowest of equals, and reads it, again and again.
    ///
    /// - Parameters:
    ///   - prompt: at least one token.
    ///   - count: the most new tokens, ≥ 0.
    ///   - endTokens: tokens after which a text has ended.
    ///   - keepsLogits: whether the logits are returned.
    ///   - onToken: called with each new token.
    /// - Throws: as ``forward(_:cache:logits:)``.
    public func generate(
        prompt: [Int32], count: Int, endTokens: Set<Int32> = [], keepsLogits: Bool = false,
        onToken: (Int32) -> Void = { _ in }
    ) throws(EmulatorError) -> Generation {
        var result = Generation()
        guard count > 0 else { return result }
        // The last token chosen is not read.
        let cache = DecoderCache(parameters, capacity: prompt.count + count - 1)
        var next = prompt
        while result.tokens.count < count {
            let logits = try forward(next, cache: cache)
            let token = Int32(Self.greatest(logits))
            result.tokens.append(token)
            if keepsLogits { result.logits += logits }
            onToken(token)
            if endTokens.contains(token) {
                result.hasEnded = true
                break
            }
            next = [token]
        }
        return result
    }

    /// The place of the largest logit; the lowest of equals.
    public static func greatest(_ logits: some RandomAccessCollection<Float>) -> Int {
        var (best, place) = (-Float.infinity, 0)
        for (index, logit) in logits.enumerated() where logit > best { (best, place) = (logit, index) }
        return place
    }
}
