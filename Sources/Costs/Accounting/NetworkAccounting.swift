import Networks

/// Counts a network's memory as papers count it: parameters by kind, states for each parameter, activations by a
/// formula.
///
/// Nothing here knows a program or a machine; `MemoryPlan` is what a step of ours really allocates.
struct NetworkAccounting {
    let name: String
    let network: TransformerConfiguration

    init(_ known: BuiltInNetwork) {
        name = known.rawValue
        network = known.configuration
    }

    private var counts: TransformerParameters { network.parameters }

    /// All parameters, a tied matrix once.
    var parameters: AccountingTerm.Factor { .init("parameters", counts.total) }

    /// The same for every parameter.
    func all(_ name: String, _ format: StorageFormat) -> AccountingTerm { AccountingTerm(name, format, [parameters]) }

    /// Weights: the blocks' matrices in one format; embedding tables, head, norms and biases in another.
    func weights(_ linear: StorageFormat, others: StorageFormat) -> [AccountingTerm] {
        let kinds: [(String, Int, StorageFormat)] = [
            ("block matrices", counts.linearWeights, linear), ("embedding tables", counts.embeddings, others),
            ("head", counts.head, others), ("norms", counts.norms, others), ("biases", counts.biases, others),
        ]
        return kinds.compactMap { name, count, format in
            count > 0 ? AccountingTerm(name, format, [.init("elements", count)]) : nil
        }
    }

    /// The blocks' matrices alone.
    func blockMatrices(_ format: StorageFormat) -> AccountingTerm {
        AccountingTerm("block matrices", format, [.init("elements", counts.linearWeights)])
    }

    /// Scales of the blocks' matrices, one for each `group` weights along a row.
    func groupScales(_ group: Int, _ format: StorageFormat, name: String = "group scales") -> AccountingTerm {
        let groups = network.blockLinears.reduce(0) { $0 + $1.outputs * (($1.inputs + group - 1) / group) }
        return AccountingTerm(
            name, format, [.init("blocks", network.layers), .init("groups of \(group) in a block", groups)])
    }

    /// Scales of the blocks' matrices, one for each output channel.
    func channelScales(_ format: StorageFormat) -> AccountingTerm {
        AccountingTerm(
            "channel scales", format,
            [
                .init("blocks", network.layers),
                .init("output channels of a block", network.blockLinears.reduce(0) { $0 + $1.outputs }),
            ])
    }

    /// The input of each block, kept for recomputing the rest in the backward pass.
    func checkpoints(tokens: Int, _ format: StorageFormat) -> AccountingTerm {
        AccountingTerm(
            "inputs of the blocks, checkpointed", format,
            [.init("blocks", network.layers), .init("hidden", network.hidden), .init("tokens", tokens)])
    }

    /// What one block keeps for its backward pass without checkpointing, for each token: the state before each of two
    /// norms and after it, queries, keys and values (with grouped heads fewer), attention's result; the feed-forward
    /// layer's inner tensors, two or with a gate three; and one row of probabilities for each head.
    private func blockTerms(
        _ prefix: String, blocks: Int, batch: Int, sequence: Int, _ format: StorageFormat
    ) -> [AccountingTerm] {
        let tokens: [AccountingTerm.Factor] = [.init("examples", batch), .init("tokens", sequence)]
        let attention = 4 * network.hidden + 2 * network.queryWidth + 2 * network.keyValueWidth
        return [
            AccountingTerm(
                prefix + "states, norms, queries, keys, values, context", format,
                [.init("blocks", blocks), .init("elements of a token", attention)] + tokens),
            AccountingTerm(
                prefix + "inner tensors of the feed-forward layer", format,
                [.init("blocks", blocks), .init("tensors", network.isGated ? 3 : 2)]
                    + [.init("intermediate", network.intermediate)] + tokens),
            AccountingTerm(
                prefix + "attention probabilities", format,
                [.init("blocks", blocks), .init("heads", network.heads)] + tokens + [.init("tokens", sequence)]),
        ]
    }

    /// What a backward pass without checkpointing needs from the blocks.
    func savedActivations(batch: Int = 1, sequence: Int, _ format: StorageFormat) -> [AccountingTerm] {
        blockTerms("saved: ", blocks: network.layers, batch: batch, sequence: sequence, format)
    }

    /// What a forward pass alone holds at once, at most: one block's tensors, and logits in FP32.
    func liveActivations(batch: Int = 1, sequence: Int, _ format: StorageFormat) -> [AccountingTerm] {
        blockTerms("live: ", blocks: 1, batch: batch, sequence: sequence, format) + [
            AccountingTerm(
                "live: logits", .fp32,
                [.init("examples", batch), .init("tokens", sequence), .init("vocabulary", network.vocabulary)])
        ]
    }

    /// A side of a comparison on this network.
    func account(_ side: String, _ terms: [AccountingTerm]) -> MemoryAccount { MemoryAccount(side, of: name, terms) }
}
