import Networks
import NumberFormats

/// The part of a step that an operation belongs to.
public enum Pass: String, Sendable, Hashable, CaseIterable, Codable {
    /// Work on frozen layers whose result the passes with +d and −d share.
    case shared
    /// Forward with weights clamp(k + d).
    case plus
    /// Forward with weights clamp(k − d).
    case minus
    /// Both of these at once, on weights fetched once.
    case both
    /// Stored weights being perturbed in place.
    case perturb
    /// The one forward of inference or of a first-order step.
    case forward
    /// Parts of the forward that the backward runs again instead of having kept what they wrote.
    case recompute
    case backward
    case update
}

/// Which weights a product sees.
public enum PerturbationSign: Int, Sendable, Hashable {
    case none = 0
    case plus = 1
    case minus = -1
    /// The first half of its instances sees clamp(k + d), the second clamp(k − d).
    case both = 2

    /// Passes that it stands for.
    var copies: Int { self == .both ? 2 : 1 }
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
        /// The same three of matrix `number` of an adapter, A or B (`LowRankAdapters`).
        case adapter(AdapterProduct, number: Int)
        /// Gradients of the attention products' operands.
        case probabilityGradient, valueGradient, queryGradient, keyGradient
    }

    /// What a product does with an adapter's matrix.
    public enum AdapterProduct: Sendable, Hashable { case forward, inputGradient, weightGradient }

    /// One of the two operands.
    public enum Operand: Sendable, Hashable { case first, second }

    public let role: Role
    public let instances: Int
    public let m: Int
    public let n: Int
    public let k: Int
    /// Formats in which the array reads the operands.
    public let firstFormat: ElementFormat
    public let secondFormat: ElementFormat
    /// What perturbs the second operand on load.
    public let sign: PerturbationSign
    /// What perturbs the bias, which is perturbed as it is loaded whatever happens to the weights.
    public let biasSign: PerturbationSign
    /// The operand whose scales lie along k and are in the other one's codes already, so that the product does not read them; the
    /// other one was quantized for this product, and its rows are those of the result (or, of the second operand, its columns).
    public let foldedScales: Operand?
    /// Each result is multiplied by a constant of the step, an adapter's alpha / rank.
    public let hasFactor: Bool

    public init(
        role: Role, instances: Int, m: Int, n: Int, k: Int, first: ElementFormat, second: ElementFormat,
        sign: PerturbationSign = .none, biasSign: PerturbationSign = .none, foldedScales: Operand? = nil,
        hasFactor: Bool = false
    ) {
        self.role = role
        self.instances = instances
        self.m = m
        self.n = n
        self.k = k
        firstFormat = first
        secondFormat = second
        self.sign = sign
        self.biasSign = biasSign
        self.foldedScales = foldedScales
        self.hasFactor = hasFactor
    }

    /// A product of operands in one format.
    public init(
        role: Role, instances: Int, m: Int, n: Int, k: Int, format: ElementFormat, sign: PerturbationSign = .none
    ) {
        self.init(role: role, instances: instances, m: m, n: n, k: k, first: format, second: format, sign: sign)
    }

    /// The format at whose rate the array works: the wider one.
    public var format: ElementFormat { secondFormat.bits > firstFormat.bits ? secondFormat : firstFormat }

    /// Multiply-accumulates, padding of array folds not counted.
    public var macs: Int { instances * m * n * k }
}

/// What an operation computes, with its sizes over the whole batch.
///
/// The order of an operation's `reads` and `writes` is stated with each case. In a first-order step `product`, `softmax` and
/// norms may write one tensor more: a BF16 copy for the backward pass (of y, of the probabilities, of the sum that
/// is normalized), which the vector unit rounds while it has the values.
public enum Action: Sendable, Hashable {
    /// reads: tokens, word, position, type embeddings, norm weight, norm bias. writes: x [rows, columns].
    case embed(rows: Int, columns: Int)
    /// reads: tokens, word embeddings, (position embeddings). writes: x [rows, columns].
    case lookUp(rows: Int, columns: Int)
    /// reads: x [rows, columns]. writes: codes [rows, columns], scales [rows].
    case quantizeRows(rows: Int, columns: Int)
    /// reads: x [examples, rows, heads · columns]. writes: codes by head, [examples, heads, rows, columns], scales
    /// [examples, heads, rows].
    case quantizeByHead(examples: Int, rows: Int, heads: Int, columns: Int)
    /// reads: x by head, [examples, heads, rows, columns]. writes: codes by token, [examples, rows, heads · columns], scales
    /// [examples, rows].
    case quantizeByToken(examples: Int, rows: Int, heads: Int, columns: Int)
    /// The same orders without codes: from tokens to heads, or back. reads: x. writes: y.
    case regroup(examples: Int, rows: Int, heads: Int, columns: Int, toHeads: Bool)
    /// reads: x. writes: x in another floating-point format.
    case cast(elements: Int)
    /// Rotary positions: reads x [examples, rows, heads · columns], cosines and sines [rows, columns]. writes: x, in the same
    /// place. The gradient is the rotation back.
    case rotate(examples: Int, rows: Int, heads: Int, columns: Int)
    /// Values of attention, per example and head: reads x [instances, rows, columns]. writes: codes, transposed,
    /// [instances, columns, rows], scales [instances, columns].
    case quantizeColumns(instances: Int, rows: Int, columns: Int)
    /// reads: first, (its scales), second, (its scales), (bias). Codes that the array is to read in another format are dequantized
    /// as they are loaded. writes: y [instances, m, n].
    case product(Product)
    /// reads: scores [rows, columns]. writes: probabilities, in the same place.
    case softmax(rows: Int, columns: Int)
    /// reads: x [rows, columns], norm weight, (norm bias). writes: y, (BF16 copy of x).
    case norm(TransformerNorm, rows: Int, columns: Int)
    /// reads: x [rows, columns], residual, norm weight, (norm bias). writes: (their sum), y, (BF16 copy of the sum).
    case addNorm(TransformerNorm, rows: Int, columns: Int, keepsSum: Bool)
    /// reads: x, residual. writes: their sum.
    case add(elements: Int)
    /// What an adapter adds to its layer's y. reads: B·(A·x), y. writes: the sum, in y's place unless it is both passes' and y is one's;
    /// (BF16 copy of the sum).
    case addAdapter(elements: Int)
    /// What is the same in both passes beside what is not. reads: x of one pass. writes: x for the one, then for the other, `elements` in all.
    case broadcast(elements: Int)
    /// reads: x. writes: y.
    case activation(TransformerActivation, elements: Int)
    /// reads: gate, up. writes: function(gate) · up.
    case gate(TransformerActivation, elements: Int)
    /// reads: x [examples, rows, columns], lengths. writes: [examples, columns].
    case meanPool(examples: Int, rows: Int, columns: Int)
    /// One row of each example, which its length chooses. reads: x [examples, rows, columns], lengths. writes: [examples, columns].
    case select(examples: Int, rows: Int, columns: Int)
    /// reads: logits [passes, examples, classes], labels [examples]. writes: a loss for each pass.
    case loss(passes: Int, examples: Int, classes: Int)
    /// Difference of the two losses to the update's multiplier. reads: both losses, or the tensor of both. writes: multiplier.
    case projectedGradient
    /// Zeroth-order update of `elements` weights: reads a multiplier for each query, codes, (residuals), (what `perturbInPlace` kept).
    /// writes codes, (residuals).
    case update(number: Int, rows: Int, columns: Int, residualBits: Int)
    /// Stored weights to perturbed ones. `.start` reads codes, writes codes, kept; `.turn` goes from +d to −d by way of the
    /// weights themselves, and `.next` so from −d to the next query's +d: reads codes, kept, writes codes, kept. Of floating-point weights
    /// all are kept, and the two read them only.
    case perturbInPlace(InPlaceMove, number: Int, rows: Int, columns: Int)
    /// FP32 head bias, zeroth-order: reads a multiplier for each query, bias. writes bias.
    case updateBias(number: Int, elements: Int)
    /// First-order only, each costed by the operations it is made of.
    case firstOrder(FirstOrderAction)
}

/// A pass over stored weights that perturbs them in place.
public enum InPlaceMove: String, Sendable, Hashable { case start, turn, next }

/// Vector work of a first-order step. Costed; the emulator refuses it by name.
public enum FirstOrderAction: Sendable, Hashable {
    /// FP32 master weights to codes and scales, or to a narrower floating-point format, before the forward. reads: master. writes:
    /// codes, scales, or values.
    case quantizeWeights(number: Int, rows: Int, columns: Int)
    /// reads: logits, labels. writes: logits' gradient.
    case lossGradient(examples: Int, classes: Int)
    /// reads: gradient of the mean [examples, columns], lengths. writes: gradient of x.
    case meanPoolGradient(examples: Int, rows: Int, columns: Int)
    /// reads: gradient of the rows that `select` chose, lengths. writes: gradient of x, zeros elsewhere.
    case selectGradient(examples: Int, rows: Int, columns: Int)
    /// reads: gradient of y, saved x. writes: gradient of x.
    case activationGradient(TransformerActivation, elements: Int)
    /// reads: gradient of y, saved gate, saved up. writes: gradients of gate and (up).
    case gateGradient(TransformerActivation, elements: Int)
    /// reads: gradient of the probabilities, saved probabilities, (their scales, where they are codes). writes: gradient of the scores.
    case softmaxGradient(rows: Int, columns: Int, isCoded: Bool)
    /// reads: gradient of y, saved input of the norm, norm weight. writes: gradient of the input.
    case normGradient(TransformerNorm, rows: Int, columns: Int)
    /// Sum of gradients where a tensor is read more than once. reads: the terms. writes: their sum.
    case addGradients(terms: Int, elements: Int)
    /// Column sums of dY. reads: dY. writes: bias gradient.
    case biasGradient(rows: Int, columns: Int)
    /// A gradient times the scales of its columns, to codes: what a product of codes over the columns reads. reads: gradient [instances, rows,
    /// columns], scales [instances, columns]. writes: codes [instances, rows, columns], scales [instances, rows].
    case quantizeGradient(instances: Int, rows: Int, columns: Int)
    /// A gradient times the scales of its rows, to codes of its columns: what a product of codes over the rows reads. reads:
    /// gradient [instances, rows, columns], scales [instances, rows]. writes: codes [instances, columns, rows], scales [instances, columns].
    case quantizeGradientColumns(instances: Int, rows: Int, columns: Int)
    /// reads: gradient, (its scales), weights, (their scales), moments, each with (its scales). writes: weights, moments, each with (its
    /// scales). Weights that are codes keep their scales and are rounded stochastically.
    case optimize(FirstOrderRecipe.Optimizer, rows: Int, columns: Int)
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
