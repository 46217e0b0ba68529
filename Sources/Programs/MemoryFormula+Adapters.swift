import Networks
import NumberFormats

/// The formulas where adapters are trained: with r the rank, an adapter of a layer [outputs, inputs] has r × (outputs + inputs) values and, in
/// codes, r + outputs scales.
extension MemoryFormula {
    static func adapterTerms(of step: StepDescription, _ adapters: LowRankAdapters) -> [Term] {
        let sizes = AdapterSizes(step, adapters)
        return [
            adapterWeights(step, sizes), adapterScales(step, sizes), parameters(step), adapterResiduals(step, sizes),
            adapterMoments(step, sizes), adapterGradients(step, sizes),
        ].compactMap { $0 }
    }

    /// Sizes of the adapters of one block, and of a classifier, which is trained beside them.
    struct AdapterSizes {
        let blocks: Int
        let rank: Int
        let targets: [LinearLayer]
        /// Those of the first block with adapters below which no gradient is wanted: their A is not read again.
        let lowest: [LinearLayer]
        let head: LinearLayer?

        init(_ step: StepDescription, _ adapters: LowRankAdapters) {
            let network = step.network
            blocks = min(network.layers, adapters.last ?? network.layers)
            rank = adapters.rank
            let targets = network.blockLinears.filter { adapters.targets.contains($0.role) }
            head = network.classes == nil ? nil : network.headLinears.last
            let groups: [[LinearLayer.Role]] = [
                [.query, .key, .value], [.attentionOutput], [.gate, .up, .intermediate], [.down, .output],
            ]
            let roles = groups.first { group in targets.contains { group.contains($0.role) } } ?? []
            lowest = targets.filter { roles.contains($0.role) }
            self.targets = targets
        }

        var values: Int { targets.reduce(0) { $0 + rank * ($1.outputs + $1.inputs) } }
        var channels: Int { targets.reduce(0) { $0 + rank + $1.outputs } }
        var unreadValues: Int { lowest.reduce(0) { $0 + rank * $1.inputs } }
        var unreadChannels: Int { lowest.count * rank }
        var headValues: Int { head?.weightCount ?? 0 }
        /// Values of everything that is trained but a bias.
        var trained: Int { blocks * values + headValues }
    }

    /// Most bytes at once of what blocks make each step: `block` of each but `unread`, which the backward leaves out; and the head's.
    private static func made(
        _ step: StepDescription, _ recipe: FirstOrderRecipe, blocks: Int, block: Int, unread: Int, head: Int
    ) -> Int {
        guard recipe.checkpointing != .layer else { return max(block, head) }
        return max(block, blocks * block - (recipe.microBatches == 1 ? unread : 0) + head)
    }

    private static func adapterWeights(_ step: StepDescription, _ sizes: AdapterSizes) -> Term {
        let (formats, format) = (step.formats, step.adapterFormat)
        let frozen = step.network.layers * step.network.blockLinears.reduce(0) { $0 + $1.weightCount }
        var bytes = formats.weights.bytes(frozen)
        if sizes.head == nil, let head = step.network.headLinears.last, !isTable(head, step) {
            bytes += formats.head.bytes(head.weightCount)
        }
        guard let recipe = step.recipe, let master = recipe.master else {
            return Term(
                kind: .weights,
                bytes: bytes + format.bytes(sizes.blocks * sizes.values) + formats.head.bytes(sizes.headValues),
                formula: "frozen weights × bits, adapters × bits")
        }
        bytes += master.bytes(sizes.trained)
        let isMade = format != master
        bytes += made(
            step, recipe, blocks: sizes.blocks, block: isMade ? format.bytes(sizes.values) : 0,
            unread: isMade ? format.bytes(sizes.unreadValues) : 0,
            head: formats.head == master ? 0 : formats.head.bytes(sizes.headValues))
        return Term(
            kind: .weights, bytes: bytes,
            formula: recipe.checkpointing == .layer
                ? "frozen weights × bits, masters, and one block's adapters as the forward reads them"
                : "frozen weights × bits, masters, and all adapters as the forward reads them, but for the first A")
    }

    private static func adapterScales(_ step: StepDescription, _ sizes: AdapterSizes) -> Term? {
        let formats = step.formats
        func scales(_ format: ElementFormat, _ channels: Int) -> Int { format.hasScales ? 4 * channels : 0 }
        var bytes = scales(
            formats.weights, step.network.layers * step.network.blockLinears.reduce(0) { $0 + $1.outputs })
        if sizes.head == nil, let head = step.network.headLinears.last, !isTable(head, step) {
            bytes += scales(formats.head, head.outputs)
        }
        let block = scales(step.adapterFormat, sizes.channels)
        let head = scales(formats.head, sizes.head?.outputs ?? 0)
        if let recipe = step.recipe, recipe.master != nil {
            bytes += made(
                step, recipe, blocks: sizes.blocks, block: block,
                unread: scales(step.adapterFormat, sizes.unreadChannels), head: head)
        } else {
            bytes += sizes.blocks * block + head
        }
        return bytes == 0 ? nil : Term(kind: .scales, bytes: bytes, formula: "4 × output channels")
    }

    private static func adapterResiduals(_ step: StepDescription, _ sizes: AdapterSizes) -> Term? {
        guard step.residualBits > 0 else { return nil }
        return Term(
            kind: .residuals, bytes: step.residualBits / 8 * sizes.trained,
            formula: "adapters × \(step.residualBits) bits")
    }

    private static func adapterMoments(_ step: StepDescription, _ sizes: AdapterSizes) -> Term? {
        guard let recipe = step.recipe, recipe.optimizer.moments > 0 else { return nil }
        let bias = headBias(step)
        var bytes = recipe.states.bytes(sizes.trained) + recipe.states.bytes(bias)
        if recipe.states.hasScales {
            func blocks(_ rows: Int, _ columns: Int) -> Int {
                rows * columns / FirstOrderRecipe.momentBlock(columns: columns)
            }
            var count = sizes.targets.reduce(0) {
                $0 + blocks(sizes.rank, $1.inputs) + blocks($1.outputs, sizes.rank)
            }
            count *= sizes.blocks
            if let head = sizes.head { count += blocks(head.outputs, head.inputs) }
            if bias > 0 { count += blocks(1, bias) }
            bytes += 4 * count
        }
        return Term(
            kind: .optimizerState, bytes: recipe.optimizer.moments * bytes,
            formula: "\(recipe.optimizer.moments) × adapters × \(recipe.states.bits) bits"
                + (recipe.states.hasScales ? ", 4 a block" : ""))
    }

    private static func adapterGradients(_ step: StepDescription, _ sizes: AdapterSizes) -> Term? {
        guard let recipe = step.recipe, recipe.update == .end, !recipe.gradientFormat.hasScales else { return nil }
        return Term(
            kind: .gradients,
            bytes: recipe.gradientFormat.bytes(sizes.trained) + recipe.backward.bytes(headBias(step)),
            formula: "adapters × \(recipe.gradientFormat.bits) bits")
    }
}
