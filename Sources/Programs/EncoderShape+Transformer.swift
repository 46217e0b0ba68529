import Networks

extension EncoderShape {
    /// The sizes of an encoder with what a fine-tuning run puts on top of it: one matrix for `classes` classes (docs/semantics.md, section 9).
    ///
    /// Nil where the network is no encoder of BERT's form: learned positions, layer norms after each part and after the
    /// embeddings, GELU, a bias on every matrix, as many key heads as query heads.
    public init?(_ network: TransformerConfiguration, classes: Int) {
        guard !network.isCausal, network.normPlacement == .post, network.norm == .layerNorm, network.hasEmbeddingNorm,
            !network.hasFinalNorm, network.activation == .gelu, !network.isGated, network.biases == .all,
            network.keyValueHeads == network.heads, network.headDimension * network.heads == network.hidden,
            network.embeddingWidth == network.hidden, let positions = network.positions
        else { return nil }
        self.init(
            layers: network.layers, hidden: network.hidden, heads: network.heads, intermediate: network.intermediate,
            vocabulary: network.vocabulary, positions: positions, types: network.tokenTypes, classes: classes)
    }
}
