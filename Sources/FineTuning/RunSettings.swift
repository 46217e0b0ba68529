import Emulator
import NumberFormats
import Programs

/// Everything that decides the bits of a run, as run.json records it.
public struct RunSettings: Sendable, Hashable, Codable {
    /// The methods that run.
    public enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        case quzo
        case zoqo
    }

    /// How the step size changes over a run.
    public enum Schedule: String, Sendable, Hashable, Codable, CaseIterable {
        /// η throughout.
        case constant
        /// η·(1 − t/T).
        case linear
    }

    /// Folder of the network; nil for the embedded default.
    public var network: String?
    /// Data file; nil for the embedded default.
    public var data: String?
    /// Validation file; nil where a share of `data` is held out, or for the embedded default.
    public var validation: String?
    /// Share of `data` held out where no validation file is given; 0 < share < 1.
    public var validationFraction: Double
    public var seed: UInt64
    public var method: Method
    /// Perturbations a step compares, from 1 to `StepDescription.queryLimit`.
    public var queries: Int
    /// QuZO's estimate: `q-rge2` or, as the paper compares it with, `q-rge1`.
    public var estimator: GradientEstimator
    /// In which formats steps multiply: the machine's.
    public var formats: StepFormats
    /// Number of steps T; at least 1.
    public var steps: Int
    /// Examples a step; at least 1.
    public var batch: Int
    /// Longest example in tokens; longer ones are cut.
    public var sequence: Int
    /// `all`, `last:N` or `head`.
    public var trainable: String
    /// Give the network a new head although it has one.
    public var newHead: Bool
    /// 2, 4 or 8; of no meaning to ZOQO, as are the estimator and the update's rounding.
    public var perturbationBits: Int
    /// `steps:κ` or `epsilon:ε`.
    public var perturbationSize: String
    /// `stochastic`, `nearest`, `residual:8` or `residual:16`.
    public var updateRounding: String
    /// η, positive; its unit is that of docs/semantics.md, section 10.
    public var learningRate: Double
    public var schedule: Schedule
    /// Steps between evaluations; 0 for the first and last only.
    public var evaluateEvery: Int

    public init(
        network: String? = nil, data: String? = nil, validation: String? = nil, validationFraction: Double = 0.2,
        seed: UInt64 = 0, method: Method = .quzo, queries: Int = 1, estimator: GradientEstimator = .qRGE2,
        formats: StepFormats = .w8a8,
        steps: Int, batch: Int, sequence: Int, trainable: TrainableSet, newHead: Bool = false, perturbationBits: Int,
        perturbationSize: PerturbationSize, updateRounding: UpdateRounding, learningRate: Double, schedule: Schedule,
        evaluateEvery: Int
    ) {
        self.network = network
        self.data = data
        self.validation = validation
        self.validationFraction = validationFraction
        self.seed = seed
        self.method = method
        self.queries = queries
        self.estimator = estimator
        self.formats = formats
        self.steps = steps
        self.batch = batch
        self.sequence = sequence
        self.trainable = trainable.description
        self.newHead = newHead
        self.perturbationBits = perturbationBits
        self.perturbationSize = perturbationSize.word
        self.updateRounding = updateRounding.word
        self.learningRate = learningRate
        self.schedule = schedule
        self.evaluateEvery = evaluateEvery
    }

    /// η_t (docs/semantics.md, section 10).
    public func learningRate(at step: Int) -> Double {
        switch schedule {
        case .constant: learningRate
        case .linear: learningRate * (1 - Double(step) / Double(steps))
        }
    }

    /// Checks every field's range and parses the ones that are words.
    public func validated() throws(RunError) -> ValidatedSettings {
        func require(_ condition: Bool, _ name: String, _ value: String, _ allowed: String) throws(RunError) {
            guard condition else { throw .badSetting(name: name, value: value, allowed: allowed) }
        }
        try require(steps >= 1 && steps <= Int(UInt32.max), "steps", "\(steps)", "1 … 4294967295")
        try require(batch >= 1 && batch <= 65536, "batch", "\(batch)", "1 … 65536")
        try require(sequence >= 3 && sequence <= 65536, "sequence", "\(sequence)", "3 … 65536 tokens")
        try require(
            validationFraction > 0 && validationFraction < 1, "validation-fraction", "\(validationFraction)",
            "more than 0, less than 1")
        guard let bits = PerturbationBits(rawValue: perturbationBits) else {
            throw .badSetting(name: "perturbation-bits", value: "\(perturbationBits)", allowed: "2, 4 or 8")
        }
        try require(
            learningRate.isFinite && learningRate > 0, "learning-rate", "\(learningRate)", "a positive number")
        for (name, format) in [
            ("weights", formats.weights), ("activations", formats.activations), ("attention", formats.attention),
            ("head", formats.head),
        ] {
            try require(
                format == .int8 || format == .int4, "formats.\(name)", format.rawValue, "int8 or int4 in a run")
        }
        try require(formats.embedding == .fp32, "formats.embedding", formats.embedding.rawValue, "fp32 in a run")
        try require(
            queries >= 1 && queries <= StepDescription.queryLimit, "queries", "\(queries)",
            "1 … \(StepDescription.queryLimit)")
        try require(evaluateEvery >= 0, "evaluate-every", "\(evaluateEvery)", "0 or more steps")
        guard let trainable = TrainableSet(trainable), trainable.adapters == nil else {
            throw .badSetting(
                name: "trainable", value: trainable,
                allowed: "all, last:N or head; adapters are costed by zeroth cost and not emulated")
        }
        guard let size = PerturbationSize(word: perturbationSize) else {
            throw .badSetting(
                name: "perturbation-size", value: perturbationSize,
                allowed: "steps:K or epsilon:E with a positive number, as in steps:1 or epsilon:0.001")
        }
        guard let rounding = UpdateRounding(word: updateRounding) else {
            throw .badSetting(
                name: "update-rounding", value: updateRounding,
                allowed: "stochastic, nearest, residual:8 or residual:16")
        }
        return ValidatedSettings(
            trainable: trainable,
            step: method == .zoqo
                ? .zoqo(ZOQOSettings(seed: seed, size: size))
                : .quzo(QuZOSettings(seed: seed, bits: bits, size: size, rounding: rounding, estimator: estimator)))
    }
}

/// The words of `RunSettings`, parsed.
public struct ValidatedSettings: Sendable, Hashable {
    public let trainable: TrainableSet
    public let step: StepSettings
}
