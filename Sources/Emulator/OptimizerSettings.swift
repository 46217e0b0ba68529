import NumberFormats
import Programs

/// Constants of a first-order optimizer (docs/semantics.md, section 13).
public struct OptimizerSettings: Sendable, Hashable, Codable {
    /// μ of momentum; β₁ of Adam and Lion. In 0 ..< 1.
    public var firstDecay: Double
    /// β₂ of Adam and Lion. In 0 ..< 1.
    public var secondDecay: Double
    /// ε of Adam, positive.
    public var epsilon: Double

    public init(firstDecay: Double, secondDecay: Double, epsilon: Double) {
        self.firstDecay = firstDecay
        self.secondDecay = secondDecay
        self.epsilon = epsilon
    }

    /// The constants in common use: 0.9, 0.999 and 10⁻⁸ for Adam (Kingma and Ba, arXiv 1412.6980), 0.9 and 0.99 for Lion (Chen et al., arXiv
    /// 2302.06675), 0.9 for momentum.
    public init(_ optimizer: FirstOrderRecipe.Optimizer) {
        self.init(firstDecay: 0.9, secondDecay: optimizer == .lion ? 0.99 : 0.999, epsilon: 1e-8)
    }
}

/// One step's scalars of an optimizer: made in binary64, each rounded once to FP32.
struct OptimizerScalars: Sendable {
    let optimizer: FirstOrderRecipe.Optimizer
    /// η; of Adam with both bias corrections in it.
    let rate: Float
    let first: Float
    let firstRest: Float
    let second: Float
    let secondRest: Float
    /// ε of Adam with its bias correction.
    let epsilon: Float

    /// - Parameter step: from 0.
    init(
        _ optimizer: FirstOrderRecipe.Optimizer, _ settings: OptimizerSettings, step: Int, learningRate: Double
    ) {
        self.optimizer = optimizer
        first = Float(settings.firstDecay)
        firstRest = Float(1 - settings.firstDecay)
        second = Float(settings.secondDecay)
        secondRest = Float(1 - settings.secondDecay)
        var (firstPower, secondPower) = (1.0, 1.0)
        for _ in 0...step {
            firstPower *= settings.firstDecay
            secondPower *= settings.secondDecay
        }
        let root = (1 - secondPower).squareRoot()
        rate = Float(optimizer == .adam ? learningRate * root / (1 - firstPower) : learningRate)
        epsilon = Float(settings.epsilon * root)
    }

    /// Updates one value and its moments, as many as the optimizer has.
    @inline(__always)
    func update(_ weight: inout Float, _ gradient: Float, _ m: inout Float, _ v: inout Float) {
        switch optimizer {
        case .sgd: weight -= rate * gradient
        case .momentum:
            m = first * m + gradient
            weight -= rate * m
        case .adam:
            m = first * m + firstRest * gradient
            v = second * v + (secondRest * gradient) * gradient
            weight -= (rate * m) / (v.squareRoot() + epsilon)
        case .lion:
            let c = first * m + firstRest * gradient
            weight -= c > 0 ? rate : c < 0 ? -rate : 0
            m = second * m + secondRest * gradient
        }
    }
}
