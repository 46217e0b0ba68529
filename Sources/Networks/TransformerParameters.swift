/// How many parameters a transformer has, by kind; a tied matrix is counted once, with the embeddings.
public struct TransformerParameters: Sendable, Hashable {
    /// Tables of tokens, positions and token types, and the projection of an embedding to the blocks' width.
    public var embeddings: Int
    /// Norms of the blocks, of the embeddings and after the last block.
    public var norms: Int
    /// Matrices of the blocks.
    public var linearWeights: Int
    /// Biases of the blocks' matrices.
    public var biases: Int
    /// Everything above the blocks' last norm: pooler, projection, matrices, biases and norm of the head.
    public var head: Int

    public init(embeddings: Int, norms: Int, linearWeights: Int, biases: Int, head: Int) {
        self.embeddings = embeddings
        self.norms = norms
        self.linearWeights = linearWeights
        self.biases = biases
        self.head = head
    }

    /// All of them.
    public var total: Int { embeddings + norms + linearWeights + biases + head }
}

extension TransformerConfiguration {
    /// Parameters of one norm.
    public var normParameterCount: Int { hidden * norm.parametersPerElement }

    /// Norms below the head: two in each block, and those on the embeddings and after the last block.
    public var normCount: Int { 2 * layers + (hasFinalNorm ? 1 : 0) + (hasEmbeddingNorm ? 1 : 0) }

    /// How many parameters there are, by kind.
    public var parameters: TransformerParameters {
        let tables = vocabulary * embeddingWidth + ((positions ?? 0) + tokenTypes) * hidden
        let block = blockLinears
        // The norm in a masked language model's head is a layer norm whatever the blocks have.
        let headNorm = head == .maskedLanguageModel ? 2 * hidden : 0
        return TransformerParameters(
            embeddings: tables + (embeddingProjection?.parameterCount ?? 0),
            norms: normCount * normParameterCount,
            linearWeights: layers * block.reduce(0) { $0 + $1.weightCount },
            biases: layers * block.reduce(0) { $0 + ($1.hasBias ? $1.outputs : 0) },
            head: headNorm + headLinears.reduce(0) { $0 + $1.parameterCount })
    }

    /// All parameters: of embeddings, blocks, norms and head.
    public var parameterCount: Int { parameters.total }
}
