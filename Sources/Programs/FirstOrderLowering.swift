import NumberFormats

/// First-order training as its recipe says: a forward, a straight-through backward, an optimizer.
///
/// Where there was a choice, it favours the baseline, so that a ratio to it is a lower bound of what a zeroth-order step
/// saves: the forward saves codes where they exist already and copies in the backward's format elsewhere; operands of backward products
/// are dequantized as they are loaded, not through a copy in DRAM; nothing below the first trainable layer is saved or
/// differentiated; a recomputed block ends with the last value that its backward reads.
extension Lowering {
    static func firstOrder(_ step: StepDescription, _ recipe: FirstOrderRecipe) -> Program {
        // The program is that of a micro-batch's examples, as often as there are micro-batches.
        var part = step
        part.batch = step.batch / recipe.microBatches
        var partRecipe = recipe
        partRecipe.microBatches = 1
        part.method = .firstOrder(partRecipe)
        var builder = ProgramBuilder(step: part)
        let master = recipe.master
        let made = step.trainedMatrices.filter { master != nil && step.weightFormat($0) != master }
        let forward = TransformerForward(step: part, madeEachStep: Set(made), in: &builder)
        var states = FirstOrderStates(step: part, recipe: recipe, forward: forward, in: &builder)
        for number in 0..<recipe.microBatches {
            states.microBatch = number
            let pass = FirstOrderPass(
                forward: number == 0 ? forward : forward.withFurtherInputs(in: &builder), recipe: recipe,
                firstLayer: step.firstTrainedLayer)
            pass.run(&states, in: &builder)
        }
        states.updateWaiting(in: &builder)
        return builder.program()
    }
}

/// Forward and backward of one micro-batch.
private struct FirstOrderPass {
    let forward: TransformerForward
    let recipe: FirstOrderRecipe
    let firstLayer: Int

    /// What the backward of a block begins with: the forward's own values, or its input.
    private enum Kept {
        case activations(TransformerForward.BlockActivations)
        case input(TensorID)
    }

    var step: StepDescription { forward.step }
    /// The backward reads the probabilities' codes, and no copy of them.
    private var hasCodedAttention: Bool { recipe.hasCodedAttention(step.formats) }

    func run(_ states: inout FirstOrderStates, in builder: inout ProgramBuilder) {
        let network = step.network
        let frozen = TransformerForward.Span(.forward)
        let trained = TransformerForward.Span(.forward, saves: true)

        var x = forward.embed(.forward, in: &builder)
        var kept: [Kept] = []
        for layer in 0..<network.layers {
            guard layer >= firstLayer else {
                x = forward.block(layer, x, frozen, in: &builder).stream
                continue
            }
            for number in step.trainedMatrices(inBlock: layer) { states.quantize(number, forward, in: &builder) }
            if recipe.checkpointing == .layer {
                let input = checkpoint(x, layer, in: &builder)
                let block = forward.block(layer, x, frozen, checkpoints: true, in: &builder)
                kept.append(.input(input ?? block.activations.inputSum!))
                x = block.stream
            } else {
                let block = forward.block(
                    layer, x, trained, for: BlockGradients(step, layer: layer),
                    savesProbabilities: recipe.checkpointing == .none && !hasCodedAttention, in: &builder)
                kept.append(.activations(block.activations))
                x = block.stream
            }
        }
        states.quantize(network.headNumber, forward, in: &builder)
        let head = forward.pool(x, trained, savesInput: firstLayer < network.layers, in: &builder)
        let logits = forward.classify(head, frozen, in: &builder).logits

        guard
            var gradient = TransformerBackward(forward: forward, recipe: recipe).head(
                logits, head, &states, in: &builder)
        else { return }
        for layer in (firstLayer..<network.layers).reversed() {
            let gradients = BlockGradients(step, layer: layer)
            let (forward, activations) = again(layer, kept[layer - firstLayer], gradients, &states, in: &builder)
            guard
                let next = TransformerBackward(forward: forward, recipe: recipe).block(
                    layer, activations, gradient, for: gradients, &states, in: &builder)
            else { break }
            gradient = next
        }
    }

    /// Where a block begins with products, its input as the backward will read it: rounded to BF16 where it is FP32. Nil where it begins with
    /// a norm, which writes what is to be kept.
    private func checkpoint(
        _ x: TransformerForward.Stream, _ layer: Int, in builder: inout ProgramBuilder
    ) -> TensorID? {
        guard step.network.normPlacement != .pre else { return nil }
        guard forward.savesCopies else { return x.state.id }
        let elements = step.sequence * step.network.hidden
        let input = builder.activation("layer.\(layer).checkpoint", elements, .bf16)
        builder.emit(
            "layer.\(layer).checkpoint", .cast(elements: step.batch * elements), .forward, reads: [x.state.id],
            writes: [input])
        return input
    }

    /// What the backward of a block reads, made again where it was not kept, and the network whose weights' codes it reads.
    private func again(
        _ layer: Int, _ kept: Kept, _ gradients: BlockGradients, _ states: inout FirstOrderStates,
        in builder: inout ProgramBuilder
    ) -> (TransformerForward, TransformerForward.BlockActivations) {
        let span = TransformerForward.Span(.recompute, saves: true)
        switch kept {
        case .activations(var activations):
            if recipe.checkpointing == .selective, gradients.context {
                let made = forward.probabilities(
                    layer, activations.query, activations.key,
                    .init(.recompute, saves: gradients.scores && !hasCodedAttention),
                    isMultiplied: gradients.projection(2) || hasCodedAttention, in: &builder)
                (activations.probabilities, activations.probabilityCodes) = made
            }
            return (forward, activations)
        case .input(let input):
            // Quantizing weights is part of the block: their codes live from here to the block's gradients.
            let made = step.trainedMatrices(inBlock: layer).filter { states.isMade($0, forward) }
            let own = forward.withFurtherCodes(of: made, in: &builder)
            for number in made { states.quantize(number, own, .recompute, in: &builder) }
            let block = own.block(
                layer, .init(state: .init(id: input, copies: 1)), span, for: gradients,
                savesProbabilities: !hasCodedAttention, endsEarly: true, in: &builder)
            return (own, block.activations)
        }
    }
}
