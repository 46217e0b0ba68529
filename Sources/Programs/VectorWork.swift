import Hardware
import Networks

/// Operations of the vector unit, by kind.
public struct VectorWork: Sendable, Hashable, Codable {
    public var operations: [VectorOperation: Int]

    public init(_ operations: [VectorOperation: Int] = [:]) { self.operations = operations }

    static func + (a: VectorWork, b: VectorWork) -> VectorWork {
        VectorWork(a.operations.merging(b.operations, uniquingKeysWith: +))
    }

    static func * (a: VectorWork, times: Int) -> VectorWork { VectorWork(a.operations.mapValues { $0 * times }) }

    /// Cycles on a vector unit: each kind in whole passes over its lanes.
    public func cycles(on unit: VectorUnit) -> Int {
        operations.reduce(0) { $0 + ceilingDivision($1.value, unit.lanes) * unit.cycles($1.key) }
    }
}

/// The table: what docs/semantics.md makes of each action, in operations of the vector unit.
///
/// n is the length of a row. A sum of n values is n + 15 additions (section 3). Comparisons are maxima, absolute values, clamps
/// and tests. Values in BF16 are converted on their way in and out. Work is for the worst case: padded tokens count.
extension VectorWork {
    /// Section 7, per row: |x|, maximum, clamp for each value, two tests; a/127 and 127/a; product and rounding.
    static func quantize(_ n: Int) -> VectorWork {
        VectorWork([.compare: 3 * n + 2, .divide: 2, .multiply: n, .convert: n])
    }

    /// Section 8: scale, maximum, difference, exponential, sum, reciprocal, product.
    static func softmax(_ n: Int) -> VectorWork {
        VectorWork([.multiply: 2 * n, .compare: n, .add: 2 * n + 15, .exponential: n, .divide: 1])
    }

    /// Section 8: two sums, difference, square, ε, root, three divisions, three products, β; without the residual.
    static func layerNorm(_ n: Int) -> VectorWork {
        VectorWork([.add: 4 * n + 31, .multiply: 3 * n, .divide: 3, .squareRoot: 1])
    }

    /// Section 8: squares, their sum, mean, ε, root, one division, two products.
    static func rmsNorm(_ n: Int) -> VectorWork {
        VectorWork([.multiply: 3 * n, .add: n + 16, .divide: 2, .squareRoot: 1])
    }

    static func norm(_ norm: TransformerNorm, _ n: Int) -> VectorWork { norm == .layerNorm ? layerNorm(n) : rmsNorm(n) }

    /// Per value: what the activation functions of section 8 take. σ and tanh are made of one exponential and one quotient.
    static func activation(_ activation: TransformerActivation) -> VectorWork {
        switch activation {
        case .gelu: VectorWork([.gelu: 1])
        // ½x(1 + tanh(√(2/π)(x + 0.044715x³))), as x·σ(2·…).
        case .geluTanh: VectorWork([.multiply: 5, .add: 2, .exponential: 1, .divide: 1])
        case .silu: VectorWork([.add: 1, .exponential: 1, .divide: 1])
        case .relu: VectorWork([.compare: 1])
        }
    }

    /// Per value: f′ shares its exponential with f; times the gradient.
    static func activationGradient(_ activation: TransformerActivation) -> VectorWork {
        switch activation {
        // Φ(x) + x·φ(x).
        case .gelu: VectorWork([.gelu: 1, .multiply: 3, .add: 1, .convert: 3])
        case .geluTanh: VectorWork([.multiply: 9, .add: 5, .exponential: 1, .divide: 1, .convert: 3])
        case .silu: VectorWork([.multiply: 3, .add: 3, .exponential: 1, .divide: 1, .convert: 3])
        case .relu: VectorWork([.compare: 1, .multiply: 1, .convert: 3])
        }
    }

    /// Per value: f′(gate)·up·dy, and where up's gradient is wanted, too, f(gate)·dy.
    static func gateGradient(_ activation: TransformerActivation, wantsUp: Bool) -> VectorWork {
        activationGradient(activation) + VectorWork([.multiply: wantsUp ? 2 : 1, .convert: wantsUp ? 2 : 1])
    }

    /// Per value: x·cos + x′·sin, where x′ is the value half a head away.
    static let rotate = VectorWork([.multiply: 2, .add: 1])

    /// Three embeddings added, then the norm.
    static func embed(_ n: Int) -> VectorWork { layerNorm(n) + VectorWork([.add: 2 * n]) }

    /// Per channel over `rows` tokens.
    static func meanPool(rows: Int) -> VectorWork { VectorWork([.add: rows, .divide: 1]) }

    /// Section 9, per example of `n` classes, with its place in the batch's sum; the division by B is `lossEnd`.
    static func loss(_ n: Int) -> VectorWork {
        VectorWork([.compare: n, .add: 2 * n + 15 + 3, .exponential: n, .logarithm: 1])
    }
    static let lossEnd = VectorWork([.divide: 1])

    /// Section 10: L₊ − L₋, 2κ, quotient, η, s_u, the multiplier's scale, rounding, clamp.
    static let projectedGradient = VectorWork([.add: 1, .multiply: 4, .divide: 1, .convert: 1, .compare: 1])

    /// Section 10, new head's bias, per value: float(u), product, sum.
    static let perturbBias = VectorWork([.convert: 1, .multiply: 1, .add: 1])

    /// Section 8, per output of a product: float(acc) of integers, a product by each operand's scale and by an adapter's factor, bias, rounding to a format
    /// narrower than FP32, a second BF16 copy.
    static func epilogue(integers: Bool, scales: Int, bias: Bool, narrow: Bool, copy: Bool) -> VectorWork {
        var work = VectorWork()
        if integers { work.operations[.convert, default: 0] += 1 }
        if scales > 0 { work.operations[.multiply, default: 0] += scales }
        if bias { work.operations[.add, default: 0] += 1 }
        if narrow { work.operations[.convert, default: 0] += 1 }
        if copy { work.operations[.convert, default: 0] += 1 }
        return work
    }

    /// Per code of a BF16 product's operand: float, scale, rounding to BF16.
    static let dequantize = VectorWork([.convert: 2, .multiply: 1])

    /// Per rounding to a BF16 copy.
    static func copy(_ n: Int) -> VectorWork { VectorWork([.convert: n]) }

    /// Per example: softmax without its scale, label subtracted, divided by the batch, to BF16.
    static func lossGradient(_ n: Int) -> VectorWork {
        VectorWork([.compare: n, .add: 2 * n + 16, .exponential: n, .divide: 1, .multiply: 2 * n, .convert: n])
    }

    /// Per channel: one quotient by the length, kept for the valid tokens.
    static func meanPoolGradient(rows: Int) -> VectorWork { VectorWork([.convert: 2, .divide: 1, .compare: rows]) }

    /// Per row: c·p·(g − Σ g·p); codes of p take their scale.
    static func softmaxGradient(_ n: Int, isCoded: Bool) -> VectorWork {
        VectorWork([.convert: 3 * n, .multiply: (isCoded ? 4 : 3) * n, .add: 2 * n + 15])
    }

    /// Per row: mean and r again from the saved input; x̂; g = dy·γ; r·(g − mean g − x̂·mean(g·x̂)).
    static func layerNormGradient(_ n: Int) -> VectorWork {
        VectorWork([.convert: 3 * n, .multiply: 6 * n, .add: 7 * n + 61, .divide: 5, .squareRoot: 1])
    }

    /// Per row: r again from the saved input; x̂; g = dy·γ; r·(g − x̂·mean(g·x̂)).
    static func rmsNormGradient(_ n: Int) -> VectorWork {
        VectorWork([.convert: 3 * n, .multiply: 6 * n, .add: 3 * n + 31, .divide: 3, .squareRoot: 1])
    }

    static func normGradient(_ norm: TransformerNorm, _ n: Int) -> VectorWork {
        norm == .layerNorm ? layerNormGradient(n) : rmsNormGradient(n)
    }

    static func addGradients(terms: Int) -> VectorWork { VectorWork([.convert: terms + 1, .add: terms - 1]) }

    /// Per column of `rows` gradients.
    static func biasGradient(rows: Int) -> VectorWork { VectorWork([.convert: rows + 1, .add: rows]) }

    /// Per value of an FP32 weight, gradient and moments; factors of a whole step, Adam's bias corrections among them, are scalars made once.
    static func optimize(_ optimizer: FirstOrderRecipe.Optimizer) -> VectorWork {
        switch optimizer {
        // w − ηg.
        case .sgd: VectorWork([.multiply: 1, .add: 1])
        // m = μm + g; w − ηm.
        case .momentum: VectorWork([.multiply: 2, .add: 2])
        // m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²; w − ηm / (√v + ε).
        case .adam: VectorWork([.multiply: 6, .add: 4, .divide: 1, .squareRoot: 1])
        // c = β₁m + (1 − β₁)g; m = β₂m + (1 − β₂)g; w − η·sign(c).
        case .lion: VectorWork([.multiply: 4, .add: 3, .compare: 1])
        }
    }

    /// Per code: float and scale.
    static let decode = VectorWork([.convert: 1, .multiply: 1])

    /// Per row of `n` weights whose codes keep their scale: reciprocal; times it, stochastic rounding, clamp.
    static func roundToGrid(_ n: Int) -> VectorWork {
        VectorWork([.divide: 1, .multiply: n, .convert: n, .compare: n])
    }
}
