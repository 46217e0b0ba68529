import NumberFormats

/// The part of a step that an operation belongs to.
public enum Pass: String, Sendable, Hashable, CaseIterable, Codable {
    /// Work on frozen layers whose result the passes with +d and −d share.
    case shared
    /// Forward with weights clamp(k + d).
    case plus
    /// Forward with weights clamp(k − d).
    case minus
    /// The one forward of inference or of a first-order step.
    case forward
    case backward
    case update
}

/// Which weights a product sees.
public enum PerturbationSign: Int, Sendable, Hashable {
    case none = 0
    case plus = 1
    case minus = -1
}

/// A batch of equal matrix products on the array: `instances` times [m, k] × [n, k]ᵀ → [m, n].
///
/// The second operand is the stationary one in a weight-stationary array.
public struct Product: Sendable, Hashable {
    public enum Role: Sendable, Hashable {
        /// Linear layer `number` (docs/semantics.md, section 9).
        case linear(number: Int)
        /// Query rows by key rows, per example and head.
        case attentionScores
        /// Probabilities by value columns, per example and head.
        case attentionContext
        /// Gradient of a linear layer's input: dX = dY·W.
        case inputGradient(number: Int)
        /// Gradient of a linear layer's weight: dW = dYᵀ·X.
        case weightGradient(number: Int)
        /// Gradients of the attention products' operands.
        case probabilityGradient, valueGradient, queryGradient, keyGradient
    }

    public let role: Role
    public let instances: Int
    public let m: Int
    public let n: Int
    public let k: Int
    /// Format of both operands: `int8`, `bf16` or `fp32`.
    public let format: ElementFormat
    public let sign: PerturbationSign

    public init(
        role: Role, instances: Int, m: Int, n: Int, k: Int, format: ElementFormat, sign: PerturbationSign = .none
    ) {
        self.role = role
        self.instances = instances
        self.m = m
        self.n = n
        self.k = k
        self.format = format
        self.sign = sign
    }

    /// Multiply-accumulates, padding of array folds not counted.
    public var macs: Int { instances * m * n * k }
}

/// What an operation computes, with its sizes over the whole batch.
///
/// The order of an operation's `reads` and `writes` is stated with each case. In a first-order step `product`, `softmax` and
/// `addLayerNorm` may write one tensor more: a BF16 copy for the backward pass (of y, of the probabilities, of the sum that
/// is normalized), which the vector unit rounds while it has the values.
public enum Action: Sendable, Hashable {
    /// reads: tokens, word, position, type embeddings, norm weight, norm bias. writes: x [rows, columns].
    case embed(rows: Int, columns: Int)
    /// reads: x [rows, columns]. writes: INT8 codes [rows, columns], scales [rows].
    case quantizeRows(rows: Int, columns: Int)
    /// Values of attention, per example and head: reads x [instances, rows, columns]. writes: codes, transposed,
    /// [instances, columns, rows], scales [instances, columns].
    case quantizeColumns(instances: Int, rows: Int, columns: Int)
    /// INT8: reads: first codes, first scales, second codes, second scales, (bias). FP32 and BF16: first, second, (bias);
    /// an INT8 operand of a BF16 product is followed by its scales and is dequantized to BF16 as it is loaded.
    /// writes: y [instances, m, n] in FP32 (or BF16).
    case product(Product)
    /// reads: scores [rows, columns]. writes: probabilities, in the same place.
    case softmax(rows: Int, columns: Int)
    /// reads: x [rows, columns], residual, norm weight, norm bias. writes: y.
    case addLayerNorm(rows: Int, columns: Int)
    /// reads: x. writes: y, in the same place.
    case gelu(elements: Int)
    /// reads: x [examples, rows, columns], lengths. writes: [examples, columns].
    case meanPool(examples: Int, rows: Int, columns: Int)
    /// reads: logits [examples, classes], labels. writes: loss.
    case loss(examples: Int, classes: Int)
    /// Difference of the two losses to the update's multiplier. reads: both losses. writes: multiplier.
    case projectedGradient
    /// Zeroth-order update of `elements` weights: reads multiplier, codes, (residuals). writes codes, (residuals).
    case update(number: Int, rows: Int, columns: Int, residualBits: Int)
    /// FP32 head bias, zeroth-order: reads multiplier, bias. writes bias.
    case updateBias(number: Int, elements: Int)
    /// First-order only, each costed by the operations it is made of.
    case firstOrder(FirstOrderAction)
}

/// Vector work of a first-order step. Costed; the emulator refuses it by name.
public enum FirstOrderAction: Sendable, Hashable {
    /// FP32 master weights to INT8 codes and scales, before the forward. reads: master. writes: codes, scales.
    case quantizeWeights(number: Int, rows: Int, columns: Int)
    /// reads: logits, labels. writes: logits' gradient.
    case lossGradient(examples: Int, classes: Int)
    /// reads: gradient of the mean [examples, columns], lengths. writes: gradient of x.
    case meanPoolGradient(examples: Int, rows: Int, columns: Int)
    /// reads: gradient of y, saved x. writes: gradient of x.
    case geluGradient(elements: Int)
    /// reads: gradient of the probabilities, saved probabilities. writes: gradient of the scores.
    case softmaxGradient(rows: Int, columns: Int)
    /// reads: gradient of y, saved input of the norm, norm weight. writes: gradient of the input.
    case layerNormGradient(rows: Int, columns: Int)
    /// Sum of gradients where a tensor is read more than once. reads: the terms. writes: their sum.
    case addGradients(terms: Int, elements: Int)
    /// Column sums of dY. reads: dY. writes: bias gradient.
    case biasGradient(rows: Int, columns: Int)
    /// reads: gradient, master, m, v. writes: master, m, v.
    case adam(elements: Int)
}

/// One operation of a step: what it computes and on which tensors. How a machine carries it out stands in its `nest`.
public struct Operation: Sendable, Hashable {
    public let name: String
    public let action: Action
    public let pass: Pass
    public let reads: [TensorID]
    public let writes: [TensorID]

    public init(name: String, action: Action, pass: Pass, reads: [TensorID], writes: [TensorID]) {
        self.name = name
        self.action = action
        self.pass = pass
        self.reads = reads
        self.writes = writes
    }

    /// Multiply-accumulates of the operation's product; 0 for vector work.
    public var macs: Int {
        if case .product(let product) = action { product.macs } else { 0 }
    }
}
