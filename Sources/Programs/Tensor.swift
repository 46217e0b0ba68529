import NumberFormats

/// A tensor's place in its program's list.
public struct TensorID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// What memory is spent on: the rows of every memory table.
public enum MemoryKind: String, Sendable, Hashable, CaseIterable, Codable {
    /// Codes or values of the linear layers' weights, and master copies.
    case weights
    /// Quantization scales of weights.
    case scales
    /// Embeddings, norms and biases.
    case otherParameters
    /// Rounding residuals of a residual-carrying update.
    case residuals
    /// Activations kept from a forward for a backward pass.
    case savedActivations
    /// Activations that a pass is working on.
    case liveActivations
    /// Gradients of weights.
    case gradients
    /// Moments of the optimizer.
    case optimizerState
    /// What restores weights that are perturbed in place.
    case perturbations
    /// Token numbers, labels, losses.
    case data
}

/// One tensor of a program: its size, its meaning, and what it counts as.
public struct Tensor: Sendable, Hashable {
    /// How the element count grows with the batch.
    public enum Extent: Sendable, Hashable {
        /// `elements` in all, whatever the batch.
        case whole(elements: Int)
        /// `elements` for each example of the batch, examples ascending.
        case perExample(elements: Int)
    }

    /// What a parameter tensor is bound to when the program runs; nil for activations.
    public enum Binding: Sendable, Hashable {
        case linearWeight(number: Int)
        case linearScales(number: Int)
        case linearBias(number: Int)
        case linearResiduals(number: Int)
        case wordEmbeddings, positionEmbeddings, typeEmbeddings
        /// Norm 0 follows the embeddings; norm 1 + 2l the attention of layer l, 2 + 2l its output.
        case normWeight(index: Int)
        case normBias(index: Int)
        case tokens, lengths, labels
    }

    public let name: String
    public let format: ElementFormat
    public let extent: Extent
    public let kind: MemoryKind
    public let binding: Binding?
    /// Lives from before the step's first operation to after its last one.
    public let isPersistent: Bool

    public init(
        name: String, format: ElementFormat, extent: Extent, kind: MemoryKind, binding: Binding? = nil,
        isPersistent: Bool = false
    ) {
        self.name = name
        self.format = format
        self.extent = extent
        self.kind = kind
        self.binding = binding
        self.isPersistent = isPersistent
    }

    /// The same tensor, counted as another kind.
    func counted(as kind: MemoryKind) -> Tensor {
        Tensor(
            name: name, format: format, extent: extent, kind: kind, binding: binding, isPersistent: isPersistent)
    }

    /// Number of elements at a batch of `batch` examples.
    public func elements(batch: Int) -> Int {
        switch extent {
        case .whole(let elements): elements
        case .perExample(let elements): elements * batch
        }
    }

    /// Number of bytes at a batch of `batch` examples.
    public func bytes(batch: Int) -> Int { format.bytes(elements(batch: batch)) }
}
