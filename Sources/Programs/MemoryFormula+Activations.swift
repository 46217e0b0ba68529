import Networks
import NumberFormats

/// What the forward keeps for the backward where linear layers read codes: with T tokens an example, codes of everything that a product read, with a
/// scale a row, and a copy in the backward's format of everything that the vector unit's gradients read.
extension MemoryFormula {
    static func savedActivations(_ step: StepDescription) -> Term? {
        guard let recipe = step.recipe, step.formats.activations.hasScales else { return nil }
        let network = step.network
        let copy = recipe.backward.bits / 8
        let isPre = network.normPlacement == .pre
        var example: Int
        if recipe.checkpointing == .layer {
            example = network.layers * copy * step.sequence * network.hidden
        } else {
            // Below the first block nothing is trained: where it begins with a norm, that norm's input is not read again.
            let unread = isPre && network.layers > 0 ? copy * step.sequence * network.hidden : 0
            example = network.layers * block(step, recipe) - unread
        }
        let readsAll = network.classes == nil && step.lossTokens == .all
        example += rows(readsAll ? step.sequence : 1, network.hidden, step.formats.head)
        if network.hasFinalNorm { example += copy * step.sequence * network.hidden }
        return Term(
            kind: .savedActivations, bytes: step.batch / recipe.microBatches * example,
            formula: recipe.checkpointing == .layer
                ? "blocks' inputs × \(recipe.backward.bits) bits, and what the head reads"
                : "operands of products × bits, inputs of norms and functions × \(recipe.backward.bits) bits")
    }

    /// Bytes of rows in a format, with their scales.
    private static func rows(_ rows: Int, _ columns: Int, _ format: ElementFormat) -> Int {
        format.bytes(rows * columns) + (format.hasScales ? 4 * rows : 0)
    }

    /// One block's, for an example.
    private static func block(_ step: StepDescription, _ recipe: FirstOrderRecipe) -> Int {
        let (network, formats, tokens) = (step.network, step.formats, step.sequence)
        let (heads, keyHeads, depth) = (network.heads, network.keyValueHeads, network.headDimension)
        let copy = recipe.backward.bits / 8
        func linear(_ columns: Int) -> Int { rows(tokens, columns, formats.activations) }
        var bytes = linear(network.hidden) + linear(network.queryWidth) + linear(network.hidden)
        bytes += linear(network.intermediate)
        // Queries and keys have a scale a token and head, values one a channel.
        bytes += rows(tokens * heads, depth, formats.attention) + rows(tokens * keyHeads, depth, formats.attention)
        bytes += rows(network.keyValueWidth, tokens, formats.attention)
        if recipe.checkpointing == .none {
            bytes += rows(heads * tokens, tokens, formats.attention)
            // Values are their own copy; of codes the softmax's gradient reads a copy, or, where all gradients are products of codes, the codes.
            if formats.attention.hasScales, !recipe.hasCodedAttention(formats) {
                bytes += copy * heads * tokens * tokens
            }
        }
        // Inputs of the two norms; of the activation function, or of gate and up.
        bytes += copy * tokens * (2 * network.hidden + (network.isGated ? 2 : 1) * network.intermediate)
        return bytes
    }
}
