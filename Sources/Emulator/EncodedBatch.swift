/// Examples as the accelerator reads them: token numbers padded to one length.
public struct EncodedBatch: Sendable {
    /// [count, sequence], row-major; padding behind an example's length is token `padding`.
    public let tokens: [Int32]
    /// [count]; 1…sequence.
    public let lengths: [Int32]
    /// [count]; 0…classes − 1.
    public let labels: [Int32]
    /// Tokens an example, padding included.
    public let sequence: Int

    public var count: Int { lengths.count }

    /// - Precondition: as many labels as examples; every example has 1…sequence tokens.
    public init(examples: [[Int32]], labels: [Int32], sequence: Int, padding: Int32) {
        precondition(examples.count == labels.count && sequence > 0)
        var tokens = [Int32](repeating: padding, count: examples.count * sequence)
        for (row, example) in examples.enumerated() {
            precondition(!example.isEmpty && example.count <= sequence)
            for (column, token) in example.enumerated() { tokens[row * sequence + column] = token }
        }
        self.tokens = tokens
        self.lengths = examples.map { Int32($0.count) }
        self.labels = labels
        self.sequence = sequence
    }

    /// The examples at `places`, padded as they are.
    func selecting(_ places: [Int]) -> EncodedBatch {
        EncodedBatch(
            tokens: places.flatMap { tokens[$0 * sequence..<($0 + 1) * sequence] }, lengths: places.map { lengths[$0] },
            labels: places.map { labels[$0] }, sequence: sequence)
    }

    private init(tokens: [Int32], lengths: [Int32], labels: [Int32], sequence: Int) {
        self.tokens = tokens
        self.lengths = lengths
        self.labels = labels
        self.sequence = sequence
    }

    /// The length that programs are lowered for: the longest example, rounded up to a multiple of 8, at most `limit`.
    public static func paddedLength(of examples: [[Int32]], limit: Int) -> Int {
        let longest = examples.reduce(1) { max($0, $1.count) }
        return min((longest + 7) / 8 * 8, max(limit, longest))
    }
}
