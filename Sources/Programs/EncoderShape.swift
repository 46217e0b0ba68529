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
