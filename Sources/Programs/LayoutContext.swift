import NumberFormats

/// What an operation's layout reads of its step, beside the operation and the formats and sizes of its operands.
///
/// Code that lays out sees no more of the step than this, so two steps that agree in it lay equal operations out alike (`LayoutCache`).
struct LayoutContext: Sendable, Hashable {
    let batch: Int
    let sequence: Int
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int
    /// Draws for each weight that is perturbed, and for each that is updated.
    let perturbationDraws: [RandomPurpose]
    let updateDraws: [RandomPurpose]
    let queries: Int

    init(_ step: StepDescription) {
        batch = step.batch
        sequence = step.sequence
        heads = step.network.heads
        keyValueHeads = step.network.keyValueHeads
        headDimension = step.network.headDimension
        perturbationDraws = step.method.perturbationDraws
        updateDraws = step.method.updateDraws
        queries = step.queries
    }

    /// Query heads that share a key head.
    var keyValueGroups: Int { heads / keyValueHeads }
    var queryWidth: Int { heads * headDimension }
    var keyValueWidth: Int { keyValueHeads * headDimension }
}

extension Program {
    /// What layouts of its operations read of the step.
    var layoutContext: LayoutContext { LayoutContext(step) }
}
