import Networks

/// Which gradients the backward pass of a block makes: those of trained matrices, and what lies on the way down to the lowest of them.
struct BlockGradients {
    /// The gradient of the block's input is wanted: something below is trained.
    let input: Bool
    /// By place in the block, whether the layer has trained matrices: its own or an adapter's.
    private let trains: [Bool]

    /// - Parameter layer: at or above the first trained block.
    init(_ step: StepDescription, layer: Int) {
        let count = step.network.linearsPerBlock
        input = layer > step.firstTrainedLayer
        trains = (count * layer..<count * (layer + 1)).map { step.trained.contains($0) || step.isAdapted($0) }
    }

    private var last: Int { trains.count - 1 }

    /// Of the result of query, key or value (0, 1, 2).
    func projection(_ place: Int) -> Bool { input || trains[place] }
    /// Of the attention scores, which queries and keys decide.
    var scores: Bool { projection(0) || projection(1) }
    /// Of what the layer behind attention reads.
    var context: Bool { scores || projection(2) }
    /// Of that layer's result, and so of attention's sum.
    var attended: Bool { context || trains[3] }
    /// Of the result of one of the matrices that read the norm behind attention: the gate, or the only one (4), and up (5).
    func inner(_ place: Int) -> Bool { attended || trains[place] }
    /// Of the activation function's result.
    var activated: Bool { (4..<last).contains(where: inner) }
    /// The last matrix has trained values, for which its input is read.
    var trainsLast: Bool { trains[last] }
}
