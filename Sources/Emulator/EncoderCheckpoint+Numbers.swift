import Networks
import Programs

/// The checkpoint's tensors by the numbers that programs use (docs/semantics.md, section 9).
extension EncoderCheckpoint {
    /// Weight [rows, columns] and bias [rows] of linear layer `number` of a block.
    func linear(_ number: Int) -> (weight: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>) {
        let (weight, bias) = EncoderParameter.linear(number)
        return (parameter(weight), parameter(bias))
    }

    /// Norm 0 follows the embeddings; norm 1 + 2l the attention of layer l, 2 + 2l its output.
    func norm(_ index: Int) -> (weight: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>) {
        guard index > 0 else { return (parameter(.embeddingNormWeight), parameter(.embeddingNormBias)) }
        let layer = (index - 1) / 2
        return index % 2 == 1
            ? (parameter(.layer(layer, .attentionNormWeight)), parameter(.layer(layer, .attentionNormBias)))
            : (parameter(.layer(layer, .outputNormWeight)), parameter(.layer(layer, .outputNormBias)))
    }
}

extension EncoderParameter {
    /// Weight and bias of linear layer `number` of a block (docs/semantics.md, section 9); not of the head.
    public static func linear(_ number: Int) -> (weight: EncoderParameter, bias: EncoderParameter) {
        let parts: [(EncoderLayerParameter, EncoderLayerParameter)] = [
            (.queryWeight, .queryBias), (.keyWeight, .keyBias), (.valueWeight, .valueBias),
            (.attentionOutputWeight, .attentionOutputBias), (.intermediateWeight, .intermediateBias),
            (.outputWeight, .outputBias),
        ]
        let (weight, bias) = parts[number % 6]
        return (.layer(number / 6, weight), .layer(number / 6, bias))
    }
}
