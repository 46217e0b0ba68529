/// What a random draw decides. Each purpose has its own stream, so no two decisions share bits (docs/semantics.md, section 4).
public enum RandomPurpose: UInt8, CaseIterable, Sendable {
    /// The Gaussian u of a weight.
    case perturbation = 0
    /// The rounding Q₁ of u, in the passes.
    case firstRounding = 1
    /// The rounding Q₂ of u, in the update.
    case secondRounding = 2
    /// The rounding of a perturbation onto the weight's grid.
    case gridRounding = 3
    /// The rounding of an update onto the weight's grid.
    case update = 4
    /// Stochastic rounding of activations (reserved).
    case activations = 5
    /// The order of the training examples in an epoch.
    case batchOrder = 6
    /// The split of a data file into training and validation examples.
    case dataSplit = 7
    /// The first values of an adapter's A.
    case adapters = 8
}

/// A random stream: the address of draws, and the draws that Philox makes of it as a pure function of that address and an element's place.
///
/// The element's index is its row-major place in its tensor. Other generators are asked for a stream's draws through `RandomSource`.
/// Source: docs/semantics.md, section 4.
public struct RandomStream: Hashable, Sendable {
    /// The run's seed, the key of every draw.
    public let seed: UInt64
    /// The step, or the epoch for `batchOrder`.
    public let step: UInt32
    /// The query within the step.
    public let query: UInt16
    /// What the draws decide.
    public let purpose: RandomPurpose
    /// The tensor's number in the network's list of linear weights (section 9).
    public let tensor: UInt16

    /// The stream of one purpose.
    public init(seed: UInt64, step: UInt32, query: UInt16, purpose: RandomPurpose, tensor: UInt16) {
        self.seed = seed
        self.step = step
        self.query = query
        self.purpose = purpose
        self.tensor = tensor
    }

    /// What a block's words are for: bits 16–23 of counter word 3.
    enum Use: UInt32 {
        /// The draws of elements.
        case draws = 0
        /// The initial states of a sequential generator's lanes.
        case laneStates = 1
        /// The words of a reused pool.
        case pool = 2
    }

    /// The four words of one block; `index` < 2⁴⁸.
    public func block(_ index: UInt64) -> SIMD4<UInt32> {
        block(index, use: .draws)
    }

    /// The four words of one block of a use; `index` < 2⁴⁸.
    func block(_ index: UInt64, use: Use) -> SIMD4<UInt32> {
        precondition(index < 1 << 48, "A stream has 2^48 blocks")
        let counter = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: index),
            UInt32(index >> 32) | UInt32(tensor) << 16,
            step,
            UInt32(query) | use.rawValue << 16 | UInt32(purpose.rawValue) << 24)
        let key = SIMD2<UInt32>(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
        return Philox4x32.block(counter: counter, key: key)
    }

    /// The 32-bit draw of one element, 0 ≤ `element` < 2⁵⁰.
    public func word(at element: Int) -> UInt32 {
        block(UInt64(element) >> 2)[element & 3]
    }

    /// The 16-bit draw of one element, 0 ≤ `element` < 2⁵¹: half a word, the low half for even elements.
    public func half(at element: Int) -> UInt16 {
        let word = block(UInt64(element) >> 3)[(element >> 1) & 3]
        return UInt16(truncatingIfNeeded: element & 1 == 0 ? word : word >> 16)
    }
}

/// The random streams of one tensor in one query of one step.
public struct TensorStreams: Hashable, Sendable {
    /// The run's seed.
    public let seed: UInt64
    /// The step.
    public let step: UInt32
    /// The query within the step.
    public let query: UInt16
    /// The tensor's number in the network's list of linear weights (section 9).
    public let tensor: UInt16

    /// The streams of a tensor.
    public init(seed: UInt64, step: UInt32, query: UInt16 = 0, tensor: UInt16) {
        self.seed = seed
        self.step = step
        self.query = query
        self.tensor = tensor
    }

    /// The stream of one purpose.
    public subscript(purpose: RandomPurpose) -> RandomStream {
        RandomStream(seed: seed, step: step, query: query, purpose: purpose, tensor: tensor)
    }
}
