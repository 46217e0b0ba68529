import Networks

/// The matrices of a network by number: those of the blocks in the order in which they run, block by block, then the head.
extension TransformerConfiguration {
    var linearsPerBlock: Int { isGated ? 7 : 6 }
    /// Number of the matrix that gives the logits; all others stand in blocks.
    public var headNumber: Int { layers * linearsPerBlock }
    /// Number of linear layers, head included.
    public var linearCount: Int { headNumber + 1 }

    /// Linear layer `number`.
    public func linear(_ number: Int) -> LinearLayer {
        if number == headNumber { return headLinears.last! }
        return blockLinears[number % linearsPerBlock]
    }

    /// Rows (output features) and columns (input features) of linear layer `number`.
    func linearSize(_ number: Int) -> (rows: Int, columns: Int) {
        let linear = linear(number)
        return (linear.outputs, linear.inputs)
    }

    /// Name of linear layer `number`, as it stands in reports.
    public func linearName(_ number: Int) -> String {
        number == headNumber ? "head" : "layer.\(number / linearsPerBlock).\(linear(number).name)"
    }

    /// Columns of the head: classes, or words.
    var logits: Int { classes ?? vocabulary }
    /// Whether the head is made of the embedding table.
    var hasTiedHead: Bool { headLinears.last?.isTied ?? false }
}

extension TransformerConfiguration {
    /// The encoder that a fine-tuning run emulates (docs/semantics.md, section 9).
    public init(_ shape: EncoderShape) {
        self = .encoder(
            family: .bert, layers: shape.layers, hidden: shape.hidden, heads: shape.heads,
            intermediate: shape.intermediate, vocabulary: shape.vocabulary, positions: shape.positions,
            tokenTypes: shape.types, head: .classifier(classes: shape.classes, hasBias: true), tiesHead: false)
    }
}
