import Networks

/// Which weights a run trains. Biases, norms and embeddings are frozen, but for a new head's bias.
public enum TrainableSet: Sendable, Hashable, CustomStringConvertible {
    /// The linear layers of all blocks, and the head unless it is the embedding table.
    case all
    /// The linear layers of the last `count` blocks, and the head.
    case last(count: Int)
    /// The head alone.
    case head

    /// First block of `layers` with trainable weights; `layers` where only the head is trained.
    public func firstLayer(of layers: Int) -> Int {
        switch self {
        case .all: 0
        case .last(let count): max(0, layers - count)
        case .head: layers
        }
    }

    /// Numbers of the linear layers that are trained, ascending.
    public func numbers(in shape: EncoderShape) -> Range<Int> { 6 * firstLayer(of: shape.layers)..<shape.linearCount }

    /// Numbers of the linear layers that are trained, ascending. A head that is the embedding table is frozen with it.
    public func numbers(in network: TransformerConfiguration) -> Range<Int> {
        let first = network.linearsPerBlock * firstLayer(of: network.layers)
        return first..<(network.hasTiedHead ? network.headNumber : network.linearCount)
    }

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
