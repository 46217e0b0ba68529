/// What the networks of a family have in common; sizes are in elements, rows and counts as the properties say.
extension TransformerConfiguration {
    /// A decoder as LLaMA has it: rotary positions, RMS norms before each part and after the last block, a gated
    /// feed-forward layer (Touvron et al., arXiv 2302.13971, section 2.2). Mistral and Qwen2 differ by what is passed.
    ///
    /// - Precondition: `family` is llama, mistral or qwen2.
    public static func gatedDecoder(
        family: TransformerFamily, layers: Int, hidden: Int, heads: Int, keyValueHeads: Int? = nil,
        headDimension: Int? = nil, intermediate: Int, vocabulary: Int, activation: TransformerActivation = .silu,
        biases: TransformerBiases = .none, slidingWindow: Int? = nil, head: TransformerHead = .languageModel,
        tiesHead: Bool
    ) -> TransformerConfiguration {
        precondition([.llama, .mistral, .qwen2].contains(family), "\(family) is no decoder with a gate")
        return TransformerConfiguration(
            family: family, layers: layers, hidden: hidden, heads: heads, keyValueHeads: keyValueHeads,
            headDimension: headDimension, intermediate: intermediate, vocabulary: vocabulary, positions: nil,
            activation: activation, isGated: true, norm: .rmsNorm, normPlacement: .pre, hasFinalNorm: true,
            hasEmbeddingNorm: false, biases: biases, isCausal: true, slidingWindow: slidingWindow, head: head,
            tiesHead: tiesHead)
    }

    /// A decoder as OPT has it (Zhang et al., arXiv 2205.01068; transformers 4.46.3, `OPTDecoder`).
    ///
    /// - Parameters:
    ///   - sequence: the longest sequence in tokens; the table has two rows more (`OPTLearnedPositionalEmbedding`).
    ///   - hasFinalNorm: nil for what the family does: a norm after the last block where norms stand before each part.
    public static func opt(
        layers: Int, hidden: Int, heads: Int, intermediate: Int, vocabulary: Int, embeddingWidth: Int? = nil,
        sequence: Int, activation: TransformerActivation = .relu, normPlacement: TransformerNormPlacement = .pre,
        hasFinalNorm: Bool? = nil, biases: TransformerBiases = .all, head: TransformerHead = .languageModel,
        tiesHead: Bool = true
    ) -> TransformerConfiguration {
        TransformerConfiguration(
            family: .opt, layers: layers, hidden: hidden, heads: heads, intermediate: intermediate,
            vocabulary: vocabulary, embeddingWidth: embeddingWidth, positions: sequence + 2, positionOffset: 2,
            activation: activation, isGated: false, norm: .layerNorm, normPlacement: normPlacement,
            hasFinalNorm: hasFinalNorm ?? (normPlacement == .pre), hasEmbeddingNorm: false, biases: biases,
            isCausal: true, head: head, tiesHead: tiesHead)
    }

    /// A decoder as GPT-2 has it (Radford et al., 2019, section 2.3; transformers 4.46.3, `GPT2Model`).
    public static func gpt2(
        layers: Int, hidden: Int, heads: Int, intermediate: Int? = nil, vocabulary: Int, positions: Int,
        activation: TransformerActivation = .geluTanh, head: TransformerHead = .languageModel, tiesHead: Bool = true
    ) -> TransformerConfiguration {
        TransformerConfiguration(
            family: .gpt2, layers: layers, hidden: hidden, heads: heads, intermediate: intermediate ?? 4 * hidden,
            vocabulary: vocabulary, positions: positions, activation: activation, isGated: false, norm: .layerNorm,
            normPlacement: .pre, hasFinalNorm: true, hasEmbeddingNorm: false, biases: .all, isCausal: true, head: head,
            tiesHead: tiesHead)
    }

    /// An encoder as BERT (Devlin et al., arXiv 1810.04805) and RoBERTa (Liu et al., arXiv 1907.11692) have it: norms
    /// on the embeddings and after each residual.
    ///
    /// - Parameters:
    ///   - positions: rows of the table, RoBERTa's unused ones included.
    ///   - positionOffset: how many of them no token uses; 0 in BERT.
    /// - Precondition: `family` is bert or roberta.
    public static func encoder(
        family: TransformerFamily, layers: Int, hidden: Int, heads: Int, intermediate: Int, vocabulary: Int,
        positions: Int, positionOffset: Int = 0, tokenTypes: Int, activation: TransformerActivation = .gelu,
        head: TransformerHead, hasPooler: Bool = false, tiesHead: Bool = true
    ) -> TransformerConfiguration {
        precondition(family.isEncoder, "\(family) is no encoder")
        return TransformerConfiguration(
            family: family, layers: layers, hidden: hidden, heads: heads, intermediate: intermediate,
            vocabulary: vocabulary, positions: positions, positionOffset: positionOffset, tokenTypes: tokenTypes,
            activation: activation, isGated: false, norm: .layerNorm, normPlacement: .post, hasFinalNorm: false,
            hasEmbeddingNorm: true, biases: .all, isCausal: false, head: head, hasPooler: hasPooler, tiesHead: tiesHead
        )
    }
}
