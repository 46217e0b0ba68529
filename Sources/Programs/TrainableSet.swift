import Networks

/// Which weights a run trains. Biases, norms and embeddings are frozen, but for a new head's bias.
public enum TrainableSet: Sendable, Hashable, CustomStringConvertible {
    /// The linear layers of all blocks, and the head unless it is the embedding table.
    case all
    /// The linear layers of the last `count` blocks, and the head.
    case last(count: Int)
    /// The head alone.
    case head
    /// Adapters beside frozen linear layers, and the head where it is a classifier.
    case lora(LowRankAdapters)

    /// The adapters, where these are what is trained.
    public var adapters: LowRankAdapters? { if case .lora(let adapters) = self { adapters } else { nil } }

    /// First block of `layers` with trainable weights; `layers` where only the head is trained.
    public func firstLayer(of layers: Int) -> Int {
        switch self {
        case .all: 0
        case .last(let count): max(0, layers - count)
        case .head: layers
        case .lora(let adapters): max(0, layers - (adapters.last ?? layers))
        }
    }

    /// Numbers of the linear layers whose own weights are trained, ascending.
    public func numbers(in shape: EncoderShape) -> Range<Int> {
        (adapters == nil ? 6 * firstLayer(of: shape.layers) : shape.headNumber)..<shape.linearCount
    }

    /// Numbers of the linear layers whose own weights are trained, ascending. A head that is the embedding table is frozen with it; beside
    /// adapters every head is that does not classify.
    public func numbers(in network: TransformerConfiguration) -> Range<Int> {
        if adapters != nil {
            return network.headNumber..<(network.classes == nil ? network.headNumber : network.linearCount)
        }
        let first = network.linearsPerBlock * firstLayer(of: network.layers)
        return first..<(network.hasTiedHead ? network.headNumber : network.linearCount)
    }

    public var description: String {
        switch self {
        case .all: "all"
        case .last(let count): "last:\(count)"
        case .head: "head"
        case .lora(let adapters): adapters.description
        }
    }

    /// What texts may be, for messages.
    public static let words = "all, last:N (N at least 1), head or lora:rank=N,targets=…"

    /// Parses `all`, `last:N` (N ≥ 1), `head`, or what `LowRankAdapters` parses.
    ///
    /// - Throws: `TrainableSetError` naming the part.
    public init(parsing text: String) throws(TrainableSetError) {
        switch text {
        case "all": self = .all
        case "head": self = .head
        case let text where text == "lora" || text.hasPrefix("lora:"): self = .lora(try LowRankAdapters(text))
        default:
            guard text.hasPrefix("last:"), let count = Int(text.dropFirst(5)), count >= 1 else {
                throw TrainableSetError(part: text, allowed: Self.words)
            }
            self = .last(count: count)
        }
    }

    /// The same, nil for anything else.
    public init?(_ text: String) {
        guard let set = try? Self(parsing: text) else { return nil }
        self = set
    }
}
