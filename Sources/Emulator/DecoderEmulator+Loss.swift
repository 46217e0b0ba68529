import Kernels

extension DecoderEmulator {
    /// The loss of each token but the first, given those before it: −log of its probability in nats (docs/semantics.md, sections 9 and 12).
    ///
    /// - Parameter tokens: at least two.
    /// - Returns: one loss fewer than tokens.
    /// - Throws: as ``forward(_:cache:logits:)``.
    public func nextTokenLosses(_ tokens: [Int32]) throws(EmulatorError) -> [Float] {
        precondition(tokens.count >= 2, "a loss needs a token and the next one")
        let vocabulary = parameters.configuration.transformer.vocabulary
        let last = tokens[tokens.count - 1]
        guard (0..<Int32(vocabulary)).contains(last) else {
            throw .tokenUnknown(token: Int(last), place: tokens.count - 1, vocabulary: vocabulary)
        }
        let cache = DecoderCache(parameters, capacity: tokens.count - 1)
        var losses = [Float](repeating: 0, count: tokens.count - 1)
        // Pieces, so that no more than a few logits stand in memory at once.
        let piece = 64
        for first in stride(from: 0, to: losses.count, by: piece) {
            let rows = first..<min(first + piece, losses.count)
            var logits = try forward(Array(tokens[rows]), cache: cache, logits: .all)
            losses.withUnsafeMutableBufferPointer { losses in
                logits.withUnsafeMutableBufferPointer { logits in
                    let (losses, logits, kernels) = (SharedBuffer(losses), SharedBuffer(logits), kernels)
                    parallelFor(rows.count, threads: threads) { row in
                        losses[first + row] = kernels.crossEntropy(
                            logits.baseAddress + row * vocabulary, classes: vocabulary,
                            label: Int(tokens[first + row + 1]))
                    }
                }
            }
        }
        return losses
    }
}
