import Networks
import NumberFormats

/// Memory of a step by closed formulas, from the network's sizes, the formats and the method alone: what the allocator's peaks are held against.
///
/// Kinds whose amount depends on what is alive when are given where a formula says it: live activations are not. Tensors that stay on the chip
/// are counted here and are not in DRAM, so that the allocator's peak may be lower.
public enum MemoryFormula {
    /// One kind's bytes.
    public struct Term: Sendable, Hashable {
        public let kind: MemoryKind
        public let bytes: Int
        /// How they come about, in words.
        public let formula: String
    }

    /// - Returns: the kinds that formulas exist for; none where the weights of only a part of the blocks are trained.
    public static func terms(of step: StepDescription) -> [Term] {
        if let adapters = step.adapters { return adapterTerms(of: step, adapters) }
        guard step.trainable == .all else { return [] }
        return [
            weights(step), scales(step), parameters(step), residuals(step), savedActivations(step), moments(step),
            gradients(step),
        ].compactMap { $0 }
    }

    /// Weights of the blocks and of a head of its own: a head that is the embedding table is counted there.
    private static func counts(_ step: StepDescription) -> (blocks: Int, block: Int, head: Int) {
        let block = step.network.blockLinears.reduce(0) { $0 + $1.outputs * $1.inputs }
        let head = step.network.headLinears.last.map { isTable($0, step) ? 0 : $0.outputs * $0.inputs } ?? 0
        return (step.network.layers * block, block, head)
    }

    static func isTable(_ head: LinearLayer, _ step: StepDescription) -> Bool {
        head.isTied && step.formats.head == step.formats.embedding
    }

    private static func weights(_ step: StepDescription) -> Term {
        let (blocks, block, head) = counts(step)
        let formats = step.formats
        let stored = formats.weights.bytes(blocks) + formats.head.bytes(head)
        guard let recipe = step.recipe, let master = recipe.master else {
            return Term(kind: .weights, bytes: stored, formula: "weights × bits")
        }
        let isTied = step.network.headLinears.last?.isTied ?? false
        let masters = master.bytes(
            (formats.weights == master ? 0 : blocks) + (formats.head == master || isTied ? 0 : head))
        let fixedHead = isTied ? formats.head.bytes(head) : 0
        let own =
            (formats.weights == master ? master.bytes(blocks) : 0)
            + (formats.head == master && !isTied ? master.bytes(head) : 0)
        let kept = recipe.checkpointing == .layer ? block : blocks - unread(step) { $0.outputs * $0.inputs }
        let madeBlocks = formats.weights == master ? 0 : formats.weights.bytes(kept)
        let madeHead = formats.head == master || isTied ? 0 : formats.head.bytes(head)
        let made = recipe.checkpointing == .layer ? max(madeBlocks, madeHead) : madeBlocks + madeHead
        return Term(
            kind: .weights, bytes: masters + own + fixedHead + made,
            formula: recipe.checkpointing == .layer
                ? "masters, and one block's weights as the forward reads them"
                : "masters, and all weights as the forward reads them, but for the first Q, K, V")
    }

    /// What Q, K and V of the first block come to: nothing is differentiated below them, so that no backward reads their weights.
    private static func unread(_ step: StepDescription, _ size: (LinearLayer) -> Int) -> Int {
        guard let recipe = step.recipe, recipe.master != nil, recipe.microBatches == 1, step.network.layers > 0 else {
            return 0
        }
        return step.network.blockLinears.filter { [.query, .key, .value].contains($0.role) }.reduce(0) { $0 + size($1) }
    }

    private static func scales(_ step: StepDescription) -> Term? {
        let formats = step.formats
        let block = formats.weights.hasScales ? step.network.blockLinears.reduce(0) { $0 + $1.outputs } : 0
        let head =
            formats.head.hasScales
            ? step.network.headLinears.last.map { isTable($0, step) ? 0 : $0.outputs } ?? 0 : 0
        guard block + head > 0 else { return nil }
        let isTied = step.network.headLinears.last?.isTied ?? false
        if step.recipe?.master != nil, step.recipe?.checkpointing == .layer {
            return Term(
                kind: .scales, bytes: isTied ? 4 * (block + head) : 4 * max(block, head),
                formula: "4 × output channels of one block")
        }
        let channels = step.network.layers * block + head - (block > 0 ? unread(step) { $0.outputs } : 0)
        return Term(kind: .scales, bytes: 4 * channels, formula: "4 × output channels")
    }

    static func parameters(_ step: StepDescription) -> Term {
        let network = step.network
        let tables =
            network.vocabulary * network.embeddingWidth + (network.positions ?? 0) * network.hidden
            + network.tokenTypes * network.hidden
        let norms = network.normCount * network.hidden * (network.norm == .layerNorm ? 2 : 1)
        let biases =
            network.layers * network.blockLinears.reduce(0) { $0 + ($1.hasBias ? $1.outputs : 0) }
            + (network.headLinears.last.map { $0.hasBias ? $0.outputs : 0 } ?? 0)
        let rotations = network.isRotary ? step.sequence * network.headDimension : 0
        return Term(
            kind: .otherParameters, bytes: step.formats.embedding.bytes(tables) + 4 * (norms + biases + rotations),
            formula: "tables × bits, 4 × (norms, biases, rotations)")
    }

    private static func trainedCount(_ step: StepDescription) -> Int {
        let (blocks, _, head) = counts(step)
        return blocks + (step.network.headLinears.last?.isTied ?? false ? 0 : head)
    }

    private static func residuals(_ step: StepDescription) -> Term? {
        guard case .quzo(let bits) = step.method, bits > 0 else { return nil }
        return Term(kind: .residuals, bytes: bits / 8 * trainedCount(step), formula: "trained weights × \(bits) bits")
    }

    static func headBias(_ step: StepDescription) -> Int {
        guard step.hasNewHead, let head = step.network.headLinears.last, head.hasBias else { return 0 }
        return head.outputs
    }

    private static func moments(_ step: StepDescription) -> Term? {
        guard let recipe = step.recipe, recipe.optimizer.moments > 0 else { return nil }
        var bytes = recipe.states.bytes(trainedCount(step)) + recipe.states.bytes(headBias(step))
        if recipe.states.hasScales {
            func blocks(_ linear: LinearLayer) -> Int {
                linear.outputs * linear.inputs / FirstOrderRecipe.momentBlock(columns: linear.inputs)
            }
            var count = step.network.layers * step.network.blockLinears.reduce(0) { $0 + blocks($1) }
            if let head = step.network.headLinears.last, !head.isTied { count += blocks(head) }
            if headBias(step) > 0 { count += headBias(step) / FirstOrderRecipe.momentBlock(columns: headBias(step)) }
            bytes += 4 * count
        }
        return Term(
            kind: .optimizerState, bytes: recipe.optimizer.moments * bytes,
            formula: "\(recipe.optimizer.moments) × trained weights × \(recipe.states.bits) bits"
                + (recipe.states.hasScales ? ", 4 a block" : ""))
    }

    private static func gradients(_ step: StepDescription) -> Term? {
        guard let recipe = step.recipe, recipe.update == .end, !recipe.gradientFormat.hasScales else { return nil }
        let format = recipe.gradientFormat
        return Term(
            kind: .gradients, bytes: format.bytes(trainedCount(step)) + recipe.backward.bytes(headBias(step)),
            formula: "trained weights × \(format.bits) bits")
    }
}
