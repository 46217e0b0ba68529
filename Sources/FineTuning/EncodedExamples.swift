import Emulator

/// A labelled set as token numbers.
public struct EncodedExamples: Sendable {
    public let tokens: [[Int32]]
    public let labels: [Int32]
    /// Number of examples that were longer than the limit and were cut.
    public let cut: Int

    public var count: Int { labels.count }

    public init(tokens: [[Int32]], labels: [Int32], cut: Int) {
        self.tokens = tokens
        self.labels = labels
        self.cut = cut
    }

    /// The examples at `places`, padded to a length that is a multiple of 8.
    public func batch(_ places: some Collection<Int>, limit: Int, padding: Int32) -> EncodedBatch {
        let chosen = places.map { tokens[$0] }
        return EncodedBatch(
            examples: chosen, labels: places.map { labels[$0] },
            sequence: EncodedBatch.paddedLength(of: chosen, limit: limit), padding: padding)
    }
}
