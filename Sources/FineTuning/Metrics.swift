/// What metrics.csv holds: a row a step, with evaluations beside the steps they followed.
public struct Metrics: Sendable, Hashable {
    /// One step.
    public struct Row: Sendable, Hashable {
        /// From 0.
        public var step: Int
        /// L₊; the loss of a first-order step.
        public var plusLoss: Float
        /// Nil in a first-order run, as is the next.
        public var minusLoss: Float?
        public var projectedGradient: Double?
        /// √Σ g² over the trained values of a first-order step; nil in others.
        public var gradientNorm: Double?
        public var learningRate: Double
        /// Tokens an example, padding included.
        public var sequence: Int
        /// Share of the trained codes with d ≠ 0; with several queries their mean; nil where weights are no codes.
        public var perturbedFraction: Double?
        /// Codes that clamp(k ± d) cut, both passes of all queries.
        public var perturbationClamps: Int
        /// Share of the trained codes, or values, that the update changed.
        public var updatedFraction: Double
        public var updateClamps: Int
        /// Multiply-accumulates of both passes.
        public var macs: Int

        public init(
            step: Int, plusLoss: Float, minusLoss: Float?, projectedGradient: Double?, gradientNorm: Double?,
            learningRate: Double, sequence: Int, perturbedFraction: Double?, perturbationClamps: Int,
            updatedFraction: Double, updateClamps: Int, macs: Int
        ) {
            self.step = step
            self.plusLoss = plusLoss
            self.minusLoss = minusLoss
            self.projectedGradient = projectedGradient
            self.gradientNorm = gradientNorm
            self.learningRate = learningRate
            self.sequence = sequence
            self.perturbedFraction = perturbedFraction
            self.perturbationClamps = perturbationClamps
            self.updatedFraction = updatedFraction
            self.updateClamps = updateClamps
            self.macs = macs
        }
    }

    /// The figures of one evaluation.
    public struct Score: Sendable, Hashable, Codable {
        /// Mean loss, nats.
        public var loss: Double
        public var accuracy: Double
        public var balancedAccuracy: Double

        public init(loss: Double, accuracy: Double, balancedAccuracy: Double) {
            self.loss = loss
            self.accuracy = accuracy
            self.balancedAccuracy = balancedAccuracy
        }
    }

    public internal(set) var rows: [Row] = []
    /// Keyed by the number of steps done before.
    public internal(set) var evaluations: [Int: Score] = [:]

    public init() {}

    public mutating func append(_ row: Row) { rows.append(row) }

    public mutating func setEvaluation(_ evaluation: Evaluation, afterSteps steps: Int) {
        evaluations[steps] = Score(
            loss: evaluation.loss, accuracy: evaluation.accuracy, balancedAccuracy: evaluation.balancedAccuracy)
    }

    /// The first `steps` rows and the evaluations made by then.
    public func truncated(to steps: Int) -> Metrics {
        var result = Metrics()
        result.rows = Array(rows.prefix(steps))
        result.evaluations = evaluations.filter { $0.key <= steps }
        return result
    }
}
