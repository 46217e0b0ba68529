/// The sizes of an encoder that decide what a step does; no weights needed.
public struct EncoderShape: Sendable, Hashable {
    public var layers: Int
    public var hidden: Int
    public var heads: Int
    public var intermediate: Int
    public var vocabulary: Int
    public var positions: Int
    public var types: Int
    public var classes: Int

    public init(
        layers: Int, hidden: Int, heads: Int, intermediate: Int, vocabulary: Int, positions: Int, types: Int,
        classes: Int
    ) {
        self.layers = layers
        self.hidden = hidden
        self.heads = heads
        self.intermediate = intermediate
        self.vocabulary = vocabulary
        self.positions = positions
        self.types = types
        self.classes = classes
    }

    public var headDimension: Int { hidden / heads }
    /// Number of linear layers, head included.
    public var linearCount: Int { 6 * layers + 1 }
    /// Number of the head (docs/semantics.md, section 9).
    public var headNumber: Int { 6 * layers }

    /// Rows (output features) and columns (input features) of linear layer `number`.
    public func linearSize(_ number: Int) -> (rows: Int, columns: Int) {
        if number == headNumber { return (classes, hidden) }
        switch number % 6 {
        case 4: return (intermediate, hidden)
        case 5: return (hidden, intermediate)
        default: return (hidden, hidden)
        }
    }

    /// Name of linear layer `number`, as it stands in reports.
    public func linearName(_ number: Int) -> String {
        if number == headNumber { return "head" }
        let part = ["query", "key", "value", "attention-output", "intermediate", "output"][number % 6]
        return "layer.\(number / 6).\(part)"
    }

    /// Weights of all linear layers, head included.
    public var linearWeightCount: Int {
        (0..<linearCount).reduce(0) { $0 + linearSize($1).rows * linearSize($1).columns }
    }

    /// All parameters: embeddings, norms, linear layers and biases, head.
    public var parameterCount: Int {
        let embeddings = (vocabulary + positions + types) * hidden
        let norms = 2 * hidden * (1 + 2 * layers)
        let biases = (0..<linearCount).reduce(0) { $0 + linearSize($1).rows }
        return embeddings + norms + biases + linearWeightCount
    }
}

/// Which weights a run trains. Biases, norms and embeddings are frozen, but for a new head's bias.
public enum TrainableSet: Sendable, Hashable, CustomStringConvertible {
    /// The linear layers of all blocks, and the head.
    case all
    /// The linear layers of the last `count` blocks, and the head.
    case last(count: Int)
    /// The head alone.
    case head

    /// First block with trainable weights; `shape.layers` where only the head is trained.
    public func firstLayer(in shape: EncoderShape) -> Int {
        switch self {
        case .all: 0
        case .last(let count): max(0, shape.layers - count)
        case .head: shape.layers
        }
    }

    /// Numbers of the linear layers that are trained, ascending.
    public func numbers(in shape: EncoderShape) -> Range<Int> { 6 * firstLayer(in: shape)..<shape.linearCount }

    public var description: String {
        switch self {
        case .all: "all"
        case .last(let count): "last:\(count)"
        case .head: "head"
        }
    }

    /// Parses `all`, `last:N` (N ≥ 1) or `head`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "all": self = .all
        case "head": self = .head
        default:
            guard text.hasPrefix("last:"), let count = Int(text.dropFirst(5)), count >= 1 else { return nil }
            self = .last(count: count)
        }
    }
}
