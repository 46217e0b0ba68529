import Emulator
import Hardware
import NumberFormats
import Programs

/// Everything that decides the bits of a run, as run.json records it.
public struct RunSettings: Sendable, Hashable, Codable {
    /// The methods that run.
    public enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        case quzo
        case zoqo
        /// In floating point.
        case mezo
        /// MeZO's passes, steps by signs alone.
        case zoSignSGD = "zo-signsgd"
        /// As `recipe` says.
        case firstOrder = "first-order"

        /// Whether it trains codes on a grid.
        public var isOnGrid: Bool { self == .quzo || self == .zoqo }
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
    /// How a first-order method trains (`FirstOrderRecipe`); nil for others.
    public var recipe: String?
    /// Constants of a first-order method's optimizer; nil for others.
    public var optimizer: OptimizerSettings?
    /// How the array adds products of floating-point numbers, as machine files spell it; nil for `fp32-sequential`.
    public var floatAccumulator: String?
    /// In which order; nil for `re-entry`.
    public var accumulationOrder: String?
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
    /// `all`, `last:N`, `head` or `lora:…` (`TrainableSet`).
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
        let operands = method == .quzo && !formats.isOfCodes ? Machine.emulatedOperands : Machine.emulatedFormats
        for (name, format) in [
            ("weights", formats.weights), ("activations", formats.activations), ("attention", formats.attention),
            ("head", formats.head),
        ] where method.isOnGrid {
            try require(
                operands.contains(format), "formats.\(name)", format.rawValue,
                operands.map(\.rawValue).joined(separator: " or ") + " in a run of \(method.rawValue)")
        }
        let hasCodes = method.isOnGrid && formats.isOfCodes
        try require(
            formats.embedding == .fp32 || (formats.embedding == .bf16 && !hasCodes), "formats.embedding",
            formats.embedding.rawValue, hasCodes ? "fp32 in a run on codes" : "fp32 or bf16 in a run")
        try require(
            queries >= 1 && queries <= StepDescription.queryLimit, "queries", "\(queries)",
            "1 … \(StepDescription.queryLimit)")
        try require(evaluateEvery >= 0, "evaluate-every", "\(evaluateEvery)", "0 or more steps")
        let set: TrainableSet
        do throws(TrainableSetError) { set = try TrainableSet(parsing: trainable) } catch {
            throw .badSetting(
                name: "trainable", value: trainable,
                allowed: error.part == trainable
                    ? error.allowed : "a set whose part \"\(error.part)\" is \(error.allowed)")
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
        _ = try floatArithmetic()
        let work: MethodWork
        switch method {
        case .quzo:
            work = try quzoWork(
                QuZOSettings(seed: seed, bits: bits, size: size, rounding: rounding, estimator: estimator), set)
        case .zoqo: work = .codes(.zoqo(ZOQOSettings(seed: seed, size: size)))
        case .mezo, .zoSignSGD:
            guard case .weightUnits(let epsilon) = size else {
                throw .badSetting(
                    name: "perturbation-size", value: perturbationSize,
                    allowed: "epsilon:E with \(method.rawValue), whose weights have no grid")
            }
            let step = MeZOSettings(seed: seed, epsilon: epsilon, takesSigns: method == .zoSignSGD)
            guard step.passMultiplier.isNormal else {
                throw .badSetting(
                    name: "perturbation-size", value: perturbationSize,
                    allowed: "a size that FP32 holds, such as epsilon:0.01")
            }
            work = .mezo(step)
        case .firstOrder: work = try firstOrderWork()
        }
        return ValidatedSettings(trainable: set, work: work)
    }

    /// QuZO on codes, or on weights in floating point.
    private func quzoWork(_ settings: QuZOSettings, _ set: TrainableSet) throws(RunError) -> MethodWork {
        // Formats do not depend on the network's sizes.
        var step = StepDescription(
            shape: EncoderShape(
                layers: 1, hidden: 1, heads: 1, intermediate: 1, vocabulary: 1, positions: 1, types: 1, classes: 1),
            batch: 1, sequence: 1, trainable: set, hasNewHead: false, method: .quzo(residualBits: 0))
        step.machineFormats = formats
        let trained = Set(step.trainedMatrices.map(step.weightFormat))
        let codes = trained.filter { $0.integer != nil }
        if codes == trained, formats.isOfCodes { return .codes(.quzo(settings)) }
        guard codes.isEmpty else {
            let names = trained.map(\.rawValue).sorted().joined(separator: " and ")
            throw .badSetting(
                name: "trainable", value: set.description,
                allowed:
                    "a set whose weights are all integers, as all operands then are, or all in floating point; here \(names) "
                    + "are trained beside activations in \(formats.activations.rawValue)")
        }
        guard case .weightUnits(let epsilon) = settings.size else {
            throw .badSetting(
                name: "perturbation-size", value: perturbationSize,
                allowed: "epsilon:E, as epsilon:0.01, where weights in floating point have no one grid step")
        }
        guard Float(epsilon * settings.bits.scale).isNormal else {
            throw .badSetting(
                name: "perturbation-size", value: perturbationSize,
                allowed: "a size that FP32 holds, such as epsilon:0.01")
        }
        guard settings.rounding.residualBits == 0 else {
            throw .badSetting(
                name: "update-rounding", value: updateRounding,
                allowed: "stochastic or nearest with weights in floating point: residuals are parts of a grid step")
        }
        return .floatQuZO(settings)
    }

    private func firstOrderWork() throws(RunError) -> MethodWork {
        let text = recipe ?? ""
        let parsed: FirstOrderRecipe
        do throws(RecipeError) { parsed = try FirstOrderRecipe(text) } catch {
            throw .badSetting(name: "method", value: text, allowed: "a recipe that is whole: \(error)")
        }
        guard batch % parsed.microBatches == 0 else {
            throw .badSetting(
                name: "method", value: text, allowed: "micro-batches that divide the batch of \(batch) examples")
        }
        guard queries == 1 else {
            throw .badSetting(name: "queries", value: "\(queries)", allowed: "1 with a first-order method")
        }
        let constants = optimizer ?? OptimizerSettings(parsed.optimizer)
        for (name, value) in [("firstDecay", constants.firstDecay), ("secondDecay", constants.secondDecay)] {
            guard value >= 0, value < 1 else {
                throw .badSetting(name: "optimizer.\(name)", value: "\(value)", allowed: "0 or more, less than 1")
            }
        }
        guard constants.epsilon > 0, constants.epsilon.isFinite else {
            throw .badSetting(name: "optimizer.epsilon", value: "\(constants.epsilon)", allowed: "a positive number")
        }
        return .firstOrder(parsed, constants)
    }

    /// How products of floating-point numbers are added.
    func floatArithmetic() throws(RunError) -> TrainingEmulator.FloatArithmetic {
        let name = floatAccumulator ?? ProductAccumulator.sequential.name
        guard let accumulator = ProductAccumulator(name: name), !accumulator.isInteger else {
            throw .badSetting(
                name: "floatAccumulator", value: name, allowed: "fp32-sequential, grouped:G, aligned:G,F,OUT or exact")
        }
        let orderName = accumulationOrder ?? AccumulationOrder.reentry.name
        guard let order = AccumulationOrder(name: orderName) else {
            throw .badSetting(name: "accumulationOrder", value: orderName, allowed: "re-entry or blocked:B")
        }
        if let problem = DotProduct.problem(.bf16, .bf16, accumulator: accumulator, order: order) {
            throw .badSetting(name: "floatAccumulator", value: name, allowed: "another: \(problem)")
        }
        return TrainingEmulator.FloatArithmetic(accumulator: accumulator, order: order)
    }
}

/// The words of `RunSettings`, parsed.
public struct ValidatedSettings: Sendable, Hashable {
    public let trainable: TrainableSet
    public let work: MethodWork

    /// A step of a run on a network, whose adapters are checked against it.
    ///
    /// - Throws: `EmulatorError.notLaidOut`, naming what of the adapters does not fit.
    func step(
        _ settings: RunSettings, on shape: EncoderShape, hasNewHead: Bool
    ) throws(EmulatorError) -> StepDescription {
        var step = StepDescription(
            shape: shape, batch: settings.batch, sequence: settings.sequence, trainable: trainable,
            hasNewHead: hasNewHead, method: work.method)
        step.machineFormats = settings.formats
        step.queries = settings.queries
        do throws(ScheduleError) { try step.checkAdapters() } catch { throw .notLaidOut(error) }
        return step
    }
}
