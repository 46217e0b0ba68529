/// What costing needs to know of a transformer: its sizes and which parts it has; no weights.
///
/// A decoder reads its sequence causally, an encoder in both directions. Each block has attention and a feed-forward
/// layer, each with a residual and a norm. `blockLinears` and `headLinears` say which matrices there are, `parameters`
/// how many numbers. Read one from a file with `init(source:head:)`, take one by name with `init(network:)`, or make
/// one with `gatedDecoder`, `opt`, `gpt2` or `encoder`.
///
/// What comes from files is within `TransformerLimits`, and then no count here overflows 64 bits. Values set by a
/// program have to keep to the ranges below.
public struct TransformerConfiguration: Sendable, Hashable {
    public var family: TransformerFamily
    /// Blocks; at least 1.
    public var layers: Int
    /// Elements of a token's state between blocks; at least 1.
    public var hidden: Int
    /// Query heads of a block; at least 1.
    public var heads: Int
    /// Key and value heads of a block; a divisor of `heads`. Fewer than `heads` is grouped-query attention.
    public var keyValueHeads: Int
    /// Elements of a head; at least 1, and even where positions are rotary.
    public var headDimension: Int
    /// Elements between the matrices of the feed-forward layer; at least 1.
    public var intermediate: Int
    /// Tokens of the vocabulary; at least 1.
    public var vocabulary: Int
    /// Elements of a token's row in the embedding table: `hidden` in all but some OPT networks, which project it to
    /// `hidden` and back (`embeddingProjection`).
    public var embeddingWidth: Int
    /// Rows of the learned table of positions, those that no token uses included; nil where positions are rotary.
    public var positions: Int?
    /// Rows at the start of that table that no token uses: 2 in OPT, `pad_token_id` + 1 in RoBERTa, otherwise 0.
    public var positionOffset: Int
    /// Rows of the table of token types; 0 without one.
    public var tokenTypes: Int
    public var activation: TransformerActivation
    /// Whether the feed-forward layer is down(activation(gate(x)) ∘ up(x)); otherwise output(activation(intermediate(x))).
    public var isGated: Bool
    public var norm: TransformerNorm
    public var normPlacement: TransformerNormPlacement
    /// Whether a norm follows the last block.
    public var hasFinalNorm: Bool
    /// Whether a norm follows the sum of the embeddings.
    public var hasEmbeddingNorm: Bool
    /// Which of a block's matrices have a bias.
    public var biases: TransformerBiases
    /// Whether a token attends only to itself and to those before it.
    public var isCausal: Bool
    /// The most tokens, itself included, that a token attends to; nil for no limit.
    public var slidingWindow: Int?
    /// What stands on top of the blocks.
    public var head: TransformerHead
    /// Whether a dense layer [hidden, hidden] with bias and tanh reads the first token, as BERT's pooler does. The
    /// classifier reads its result where there is one.
    public var hasPooler: Bool
    /// Whether the head's vocabulary matrix is the embedding table; it has no parameters of its own then.
    public var tiesHead: Bool

    /// A configuration part by part; see the properties for what each means and its range.
    ///
    /// - Parameters:
    ///   - keyValueHeads: nil for as many as `heads`.
    ///   - headDimension: nil for `hidden` / `heads`, which `heads` has to divide.
    ///   - embeddingWidth: nil for `hidden`.
    public init(
        family: TransformerFamily, layers: Int, hidden: Int, heads: Int, keyValueHeads: Int? = nil,
        headDimension: Int? = nil, intermediate: Int, vocabulary: Int, embeddingWidth: Int? = nil,
        positions: Int?, positionOffset: Int = 0, tokenTypes: Int = 0, activation: TransformerActivation,
        isGated: Bool, norm: TransformerNorm, normPlacement: TransformerNormPlacement, hasFinalNorm: Bool,
        hasEmbeddingNorm: Bool, biases: TransformerBiases, isCausal: Bool, slidingWindow: Int? = nil,
        head: TransformerHead, hasPooler: Bool = false, tiesHead: Bool
    ) {
        self.family = family
        self.layers = layers
        self.hidden = hidden
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.headDimension = headDimension ?? hidden / heads
        self.intermediate = intermediate
        self.vocabulary = vocabulary
        self.embeddingWidth = embeddingWidth ?? hidden
        self.positions = positions
        self.positionOffset = positionOffset
        self.tokenTypes = tokenTypes
        self.activation = activation
        self.isGated = isGated
        self.norm = norm
        self.normPlacement = normPlacement
        self.hasFinalNorm = hasFinalNorm
        self.hasEmbeddingNorm = hasEmbeddingNorm
        self.biases = biases
        self.isCausal = isCausal
        self.slidingWindow = slidingWindow
        self.head = head
        self.hasPooler = hasPooler
        self.tiesHead = tiesHead
    }

    /// The same blocks with another head, and with or without a pooler below it.
    public func withHead(_ head: TransformerHead, hasPooler: Bool = false) -> TransformerConfiguration {
        var result = self
        result.head = head
        result.hasPooler = hasPooler
        return result
    }

    /// The same blocks with what a fine-tuning run of Zeroth puts on top: one matrix [classes, hidden] with bias, no
    /// pooler (docs/semantics.md, section 9).
    ///
    /// - Parameter classes: at least 1.
    public func forClassification(classes: Int) -> TransformerConfiguration {
        withHead(.classifier(classes: classes, hasBias: true))
    }
}

extension TransformerConfiguration {
    /// Query heads that share a key and value head.
    public var keyValueGroups: Int { heads / keyValueHeads }
    /// Elements of all queries of a token: `heads` × `headDimension`; the width of what attention gives.
    public var queryWidth: Int { heads * headDimension }
    /// Elements of all keys of a token, and of all values.
    public var keyValueWidth: Int { keyValueHeads * headDimension }
    /// Whether queries and keys are rotated by their positions.
    public var isRotary: Bool { positions == nil }
    /// The most tokens that the position table serves; nil where positions are rotary, which have no table.
    public var longestSequence: Int? { positions.map { $0 - positionOffset } }
    /// The classes of a classifier; nil for other heads.
    public var classes: Int? {
        if case .classifier(let classes, _) = head { classes } else { nil }
    }
}
