extension TransformerConfiguration {
    /// The matrices of one block, in the order in which they run; every block has the same ones.
    ///
    /// GPT-2's checkpoints hold query, key and value in one matrix (`c_attn`); the products are the same.
    public var blockLinears: [LinearLayer] {
        let attention = [
            LinearLayer(role: .query, outputs: queryWidth, inputs: hidden, hasBias: biases.queryKeyValue),
            LinearLayer(role: .key, outputs: keyValueWidth, inputs: hidden, hasBias: biases.queryKeyValue),
            LinearLayer(role: .value, outputs: keyValueWidth, inputs: hidden, hasBias: biases.queryKeyValue),
            LinearLayer(role: .attentionOutput, outputs: hidden, inputs: queryWidth, hasBias: biases.attentionOutput),
        ]
        func inner(_ role: LinearLayer.Role) -> LinearLayer {
            LinearLayer(role: role, outputs: intermediate, inputs: hidden, hasBias: biases.feedForward)
        }
        let last = LinearLayer(
            role: isGated ? .down : .output, outputs: hidden, inputs: intermediate, hasBias: biases.feedForward)
        return attention + (isGated ? [inner(.gate), inner(.up)] : [inner(.intermediate)]) + [last]
    }

    /// The matrix that takes a row of the embedding table to `hidden` elements, or nil where the widths are equal.
    public var embeddingProjection: LinearLayer? {
        guard embeddingWidth != hidden else { return nil }
        return LinearLayer(role: .embeddingProjection, outputs: hidden, inputs: embeddingWidth, hasBias: false)
    }

    /// The matrices above the blocks, in the order in which they run; the last one gives the logits, unless the head is
    /// `.none`.
    ///
    /// The pooler and a classifier run once for each sequence, all others once for each token.
    public var headLinears: [LinearLayer] {
        var linears: [LinearLayer] = []
        if embeddingWidth != hidden {
            linears.append(
                LinearLayer(role: .headProjection, outputs: embeddingWidth, inputs: hidden, hasBias: false))
        }
        if hasPooler { linears.append(LinearLayer(role: .pooler, outputs: hidden, inputs: hidden, hasBias: true)) }
        switch head {
        case .none:
            break
        case .languageModel:
            linears.append(
                LinearLayer(
                    role: .head, outputs: vocabulary, inputs: embeddingWidth, hasBias: false, isTied: tiesHead))
        case .maskedLanguageModel:
            linears.append(LinearLayer(role: .headTransform, outputs: hidden, inputs: hidden, hasBias: true))
            linears.append(
                LinearLayer(role: .head, outputs: vocabulary, inputs: embeddingWidth, hasBias: true, isTied: tiesHead))
        case .classifier(let classes, let hasBias):
            linears.append(LinearLayer(role: .head, outputs: classes, inputs: embeddingWidth, hasBias: hasBias))
        }
        return linears
    }
}
