import Networks
import NumberFormats

extension StepDescription {
    /// Checks that the sizes mean something and that no count of a step exceeds 64 bits.
    ///
    /// - Throws: `ScheduleError.badSize`, `.notLowered` or `.tooLarge`. What passes can be lowered without overflow.
    public func checkSizes() throws(ScheduleError) {
        let positive: [(String, Int)] = [
            ("hidden size", network.hidden), ("attention heads", network.heads),
            ("key and value heads", network.keyValueHeads), ("head dimension", network.headDimension),
            ("intermediate size", network.intermediate), ("vocabulary", network.vocabulary),
            ("positions", network.positions ?? 1), ("classes", network.classes ?? 1), ("batch", batch),
            ("sequence", sequence),
        ]
        for (name, value) in positive {
            guard value >= 1 else { throw .badSize(name: name, value: value, allowed: "at least 1") }
        }
        guard network.layers >= 0, network.layers <= 1 << 16 else {
            throw .badSize(name: "layers", value: network.layers, allowed: "from 0 to 65536")
        }
        guard network.tokenTypes >= (network.hasEmbeddingNorm ? 1 : 0) else {
            throw .badSize(name: "token types", value: network.tokenTypes, allowed: "at least 1")
        }
        guard network.heads % network.keyValueHeads == 0 else {
            throw .badSize(
                name: "key and value heads", value: network.keyValueHeads,
                allowed: "a divisor of the \(network.heads) attention heads")
        }
        if network.family.isEncoder,
            network.headDimension.multipliedReportingOverflow(by: network.heads) != (network.hidden, false)
        {
            throw .badSize(
                name: "hidden size", value: network.hidden,
                allowed: "a multiple of the \(network.heads) attention heads")
        }
        if let longest = network.longestSequence, sequence > longest {
            throw .badSize(
                name: "sequence", value: sequence, allowed: "at most the network's \(longest) positions")
        }
        if case .last(let count) = trainable {
            guard count >= 1, count <= network.layers else {
                throw .badSize(
                    name: "last:N of the trainable set", value: count,
                    allowed: "from 1 to \(network.layers), the network's blocks")
            }
        }
        if case .quzo(let bits) = method, ![0, 8, 16].contains(bits) {
            throw .badSize(name: "residual bits", value: bits, allowed: "0, 8 or 16")
        }
        try checkParts()
        try checkBounds()
        try checkNibbles()
    }

    /// The parts of transformers that steps are made of.
    private func checkParts() throws(ScheduleError) {
        guard network.embeddingWidth == network.hidden else {
            throw .notLowered(
                what: "embeddings of another width than the blocks (word_embed_proj_dim)", remedy: "a network without")
        }
        switch network.head {
        case .classifier where !network.hasPooler, .languageModel where !network.hasPooler: break
        default:
            throw .notLowered(
                what: "a head other than one matrix for classes or for the next token",
                remedy: "forClassification(classes:)")
        }
        guard !(network.hasTiedHead && trainable == .head) else {
            throw .notLowered(
                what: "training of a head alone that is the embedding table", remedy: "trainable all or last:N")
        }
        try checkAdapters()
        if residualBits > 0, trainedMatrices.contains(where: { weightFormat($0).integer == nil }) {
            throw .notLowered(
                what: "rounding residuals of floating-point weights", remedy: "--update-rounding stochastic or nearest")
        }
        if let recipe { try check(recipe) }
        try checkQueries()
        guard !trainedMatrices.isEmpty else {
            throw .notLowered(what: "a step without trained weights", remedy: "trainable all")
        }
    }

    private func checkQueries() throws(ScheduleError) {
        // Operations are listed query by query, and placing their tensors takes more than proportional time: 124 queries of llama2-7b two seconds.
        let most = method.isZerothOrder ? min(Self.queryLimit, max(1, (1 << 12) / (network.layers + 1))) : 1
        guard queries >= 1, queries <= most else {
            throw .badSize(
                name: "queries", value: queries,
                allowed: method.isZerothOrder ? "from 1 to \(most)" : "1: only zeroth-order steps have queries")
        }
    }

    private func check(_ recipe: FirstOrderRecipe) throws(ScheduleError) {
        do { try recipe.check() } catch {
            throw .notLowered(what: "a first-order recipe with \(error.part)", remedy: error.allowed)
        }
        guard recipe.microBatches >= 1, batch.isMultiple(of: recipe.microBatches) else {
            throw .badSize(
                name: "micro-batches", value: recipe.microBatches,
                allowed: "a divisor of the batch of \(batch) examples")
        }
        // Operations are listed micro-batch by micro-batch: 62 of llama2-7b take four seconds.
        let most = max(1, (1 << 11) / (network.layers + 1))
        guard recipe.microBatches <= most else {
            throw .badSize(
                name: "micro-batches", value: recipe.microBatches,
                allowed: "at most \(most) for \(network.layers) layers")
        }
        if recipe.scheme == .quantized, !formats.weights.hasScales || !formats.activations.hasScales {
            throw .notLowered(
                what: "quantized training of floating-point weights", remedy: "full, or formats such as quantized:int8")
        }
    }

    private func checkBounds() throws(ScheduleError) {
        let rows = Checked.bound(batch, sequence)
        let queryWidth = Checked.bound(network.heads, network.headDimension)
        let logits = network.classes == nil && lossTokens == .last ? 0 : Double(network.classes ?? network.vocabulary)
        let widest = max(Double(max(network.hidden, network.intermediate)), queryWidth, logits)
        let matrices = max(Double(max(network.hidden, network.intermediate)), queryWidth)
        let attention = Checked.bound(network.heads, sequence)
        let tables = Double(network.vocabulary) + Double(network.positions ?? 0) + Double(network.tokenTypes)
        let elements =
            max(rows * max(widest, attention), matrices * matrices) + 2 * tables * Double(network.hidden)
            + rows * Double(network.headDimension)
        // 32 tensors a layer for each of two passes, 4 bytes an element, alignment: all addresses stay below 2^62. Adapters have at most
        // as many and as large ones again, and their products as many multiplications twice, since no rank exceeds its layer's sides.
        let (tensors, products) = adapters == nil ? (1.0, 1.0) : (2.0, 3.0)
        guard elements * Double(network.layers + 2) * 512 * tensors < 0x1p62 else {
            throw .tooLarge(what: "memory of the step")
        }
        let head = rows * widest * Double(network.hidden)
        let macs = (rows * matrices * max(matrices, Double(sequence)) * Double(network.layers + 1) + head) * 7 * 3
        guard macs * products * Double(queries) < 0x1p62 else {
            throw .tooLarge(what: "multiply-accumulates of the step")
        }
    }

    /// Two 4-bit codes share a byte, and no two rows do.
    private func checkNibbles() throws(ScheduleError) {
        let formats = formats
        var columns: [(String, Int)] = []
        if formats.weights.bits == 4 || formats.activations.bits == 4 || (adapters != nil && adapterFormat.bits == 4) {
            columns += [
                ("hidden size", network.hidden), ("intermediate size", network.intermediate),
                ("attention width", network.queryWidth),
            ]
        }
        if formats.head.bits == 4 { columns.append(("hidden size", network.hidden)) }
        if formats.attention.bits == 4 {
            columns += [("head dimension", network.headDimension), ("sequence", sequence)]
        }
        for (name, value) in columns where value % 2 != 0 {
            throw .badSize(name: name, value: value, allowed: "even for 4-bit codes, two of which share a byte")
        }
    }
}
