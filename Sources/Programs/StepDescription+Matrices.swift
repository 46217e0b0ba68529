import Networks
import NumberFormats

/// A step's matrices by number: the network's linear layers (`TransformerConfiguration.linear`), and behind them A and B of each layer's
/// adapter.
extension StepDescription {
    /// Adapters beside frozen layers, where these are what is trained.
    public var adapters: LowRankAdapters? { trainable.adapters }

    /// First block with trained weights; the number of blocks where the head alone is trained.
    var firstTrainedLayer: Int { trainable.firstLayer(of: network.layers) }

    /// Whether linear layer `number` has an adapter.
    public func isAdapted(_ number: Int) -> Bool {
        guard let adapters, number < network.headNumber, number >= network.linearsPerBlock * firstTrainedLayer else {
            return false
        }
        return adapters.targets.contains(network.linear(number).role)
    }

    /// Numbers of A and B of linear layer `number`.
    public func adapterNumbers(_ number: Int) -> (a: Int, b: Int) {
        let first = network.linearCount + 2 * number
        return (first, first + 1)
    }

    /// Numbers of all adapters' matrices, ascending: each layer's A, then its B.
    public var adapterMatrices: [Int] {
        guard adapters != nil else { return [] }
        return (0..<network.headNumber).filter(isAdapted).flatMap { [adapterNumbers($0).a, adapterNumbers($0).b] }
    }

    /// Numbers of the matrices that are trained, ascending.
    public var trainedMatrices: [Int] { Array(trained) + adapterMatrices }

    /// Those of them that stand in a block.
    func trainedMatrices(inBlock layer: Int) -> [Int] {
        let own = network.linearsPerBlock * layer..<network.linearsPerBlock * (layer + 1)
        return own.filter(trained.contains)
            + own.filter(isAdapted).flatMap { [adapterNumbers($0).a, adapterNumbers($0).b] }
    }

    /// Rows (output features) and columns (input features) of matrix `number`.
    public func matrixSize(_ number: Int) -> (rows: Int, columns: Int) {
        guard number >= network.linearCount, let rank = adapters?.rank else { return network.linearSize(number) }
        let adapter = number - network.linearCount
        let (outputs, inputs) = network.linearSize(adapter / 2)
        return adapter.isMultiple(of: 2) ? (rank, inputs) : (outputs, rank)
    }

    /// Name of matrix `number`, as it stands in reports.
    public func matrixName(_ number: Int) -> String {
        guard number >= network.linearCount else { return network.linearName(number) }
        let adapter = number - network.linearCount
        return network.linearName(adapter / 2) + (adapter.isMultiple(of: 2) ? ".lora-a" : ".lora-b")
    }

    /// In which format matrix `number` is stored as the forward reads it.
    public func weightFormat(_ number: Int) -> ElementFormat {
        if number >= network.linearCount { return adapterFormat }
        return number == network.headNumber ? formats.head : formats.weights
    }

    /// Number under which matrix `number` draws random bits: behind the linear layers comes a new head's bias, and behind that the adapters
    /// (docs/semantics.md, section 9).
    public func drawNumber(_ number: Int) -> Int { number < network.linearCount ? number : number + 1 }

    // MARK: Formats

    /// Of the adapters' matrices.
    var adapterFormat: ElementFormat {
        let operand = formats.activations
        guard let own = adapters?.format else { return operand }
        return own.hasScales && !operand.hasScales ? operand : own
    }

    /// Of A·x as the product with B reads it.
    var adapterOperand: ElementFormat { adapterFormat.hasScales ? formats.activations : adapterFormat }

    /// In which format a product reads an operand that is stored in `stored` beside one in `other`: integers beside floating point are
    /// dequantized as they are loaded, all others read as they are.
    static func readFormat(_ stored: ElementFormat, beside other: ElementFormat) -> ElementFormat {
        stored.integer != nil && other.integer == nil ? other : stored
    }

    /// Whether what may be trained is stored on integer grids: adapters and what is trained beside them, or the blocks' matrices and the head.
    public var hasIntegerWeights: Bool {
        guard adapters == nil else { return trainedMatrices.allSatisfy { weightFormat($0).integer != nil } }
        return formats.weights.integer != nil && formats.head.integer != nil
    }

    /// c = fl(alpha/rank): what A·x is multiplied by; 1 without adapters.
    public var adapterFactor: Float { adapters.map { Float($0.alpha / Double($0.rank)) } ?? 1 }

    // MARK: Counts

    /// Values of the adapters' matrices.
    public var adapterCount: Int {
        adapterMatrices.reduce(0) { $0 + matrixSize($1).rows * matrixSize($1).columns }
    }

    /// Trained values: weights of the trainable linear layers, adapters, and a new head's bias.
    public var trainedCount: Int {
        trained.reduce(0) { $0 + network.linear($1).weightCount } + adapterCount
            + (hasNewHead && network.linear(network.headNumber).hasBias ? network.logits : 0)
    }
}
