/// How linear layers and attention products are computed in a forward pass.
public enum Precision: String, Sendable, Hashable, Codable {
    /// INT8 weights and activations, INT32 accumulators.
    case w8a8
    /// FP32 weights and activations: the reference that quantized runs are compared with.
    case fp32
}

/// One step of a method on a network: what is lowered to a program.
public struct StepDescription: Sendable, Hashable {
    /// What the step does.
    public enum Method: Sendable, Hashable {
        /// One forward, loss and logits.
        case inference(Precision)
        /// QuZO, one query: forward with +d and −d, projected gradient, update on the grid.
        /// `residualBits` is 0 (codes alone), 8 or 16.
        case quzo(residualBits: Int)
        /// First-order quantization-aware training: INT8 forward from FP32 master weights, straight-through BF16 backward and
        /// gradients, Adam in FP32.
        case qat
    }

    public var shape: EncoderShape
    /// Examples a step.
    public var batch: Int
    /// Tokens an example, padding included.
    public var sequence: Int
    public var trainable: TrainableSet
    /// The head has no weights of its own yet, so its FP32 bias is trained too.
    public var hasNewHead: Bool
    public var method: Method

    public init(
        shape: EncoderShape, batch: Int, sequence: Int, trainable: TrainableSet, hasNewHead: Bool, method: Method
    ) {
        self.shape = shape
        self.batch = batch
        self.sequence = sequence
        self.trainable = trainable
        self.hasNewHead = hasNewHead
        self.method = method
    }

    /// Trained values: weights of the trainable linear layers, and a new head's bias.
    public var trainedCount: Int {
        let weights = trainable.numbers(in: shape).reduce(0) {
            $0 + shape.linearSize($1).rows * shape.linearSize($1).columns
        }
        return weights + (hasNewHead ? shape.classes : 0)
    }
}
