import Emulator
import Hardware
import Kernels
import NumberFormats
import Programs

/// Runs a zeroth-order method on a task, step by step, on the emulated accelerator.
public final class FineTuner {
    public let task: FineTuningTask
    public let settings: RunSettings
    public let parameters: EncoderParameters
    /// Steps done.
    public private(set) var step = 0
    /// A row a step done, and the evaluations made.
    public private(set) var metrics = Metrics()
    private let work: MethodWork
    /// The weights that the run trains.
    public let trainable: TrainableSet
    /// Runs steps on codes; nil for methods in floating point.
    private let emulator: EncoderEmulator?
    /// Runs steps in floating point; nil for methods on codes.
    let training: TrainingEmulator?
    private let forward: MethodForward
    /// How steps are run. Evaluations run on whole layers.
    public var emulation = Emulation.layers {
        didSet {
            tiles = nil
            schedules = [:]
        }
    }
    /// Where set, is told of the commands of the next steps on tiles. It decides no bit.
    public weak var observer: (any TileObserver)?
    /// Whether the next steps count what happens in accumulators; `accumulators` then grows.
    public var countsAccumulators = false
    public private(set) var accumulators = AccumulatorStatistics()
    private var tiles: TileEmulator?
    private var schedules: [StepDescription: ScheduledProgram] = [:]
    private let threads: Int
    private let kernels: Kernels
    private var order: BatchOrder
    private var programs: [StepDescription: Program] = [:]

    /// Examples of an evaluation batch.
    private static let evaluationBatch = 64

    /// - Throws: `RunError` where the settings are out of range.
    public init(task: FineTuningTask, settings: RunSettings, kernels: Kernels, threads: Int) throws {
        let validated = try settings.validated()
        self.task = task
        self.settings = settings
        work = validated.work
        trainable = validated.trainable
        parameters = EncoderParameters(
            checkpoint: task.checkpoint, classes: task.labels.count, precision: work.precision,
            formats: settings.formats, kernels: kernels, threads: threads)
        self.threads = threads
        self.kernels = kernels
        switch work {
        case .codes(let step):
            let bits = step.rounding.residualBits
            if bits > 0 { parameters.addResiduals(bits: bits, numbers: trainable.numbers(in: parameters.shape)) }
            let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: threads)
            try emulator.validate(step, trainable: trainable)
            (self.emulator, training) = (emulator, nil)
            forward = MethodForward(emulator, settings, validated)
        case .mezo, .firstOrder:
            let emulator = TrainingEmulator(
                parameters: parameters, arithmetic: try settings.floatArithmetic(), kernels: kernels, threads: threads)
            (self.emulator, training) = (nil, emulator)
            forward = MethodForward(emulator, settings, validated)
        }
        order = BatchOrder(count: task.training.count, batch: settings.batch, seed: settings.seed)
        if training != nil { try TrainingEmulator.check(program(stepDescription(sequence: settings.sequence))) }
    }

    /// The step that a batch of `sequence` tokens an example is lowered from.
    public func stepDescription(sequence: Int) -> StepDescription {
        var description = StepDescription(
            shape: parameters.shape, batch: settings.batch, sequence: sequence, trainable: trainable,
            hasNewHead: parameters.hasNewHead, method: work.method)
        description.machineFormats = settings.formats
        description.queries = settings.queries
        return description
    }

    /// The first-order step that the run is compared with: same trainable set, same batch.
    public func baselineDescription(sequence: Int) -> StepDescription {
        stepDescription(sequence: sequence).baseline(recipe)
    }

    /// Those of QuZO where its user names no rounding.
    private var defaultResidualBits: Int {
        let word = RunSettings.defaults(network: settings.network != nil, updateRounding: nil).updateRounding
        return UpdateRounding(word: word)?.residualBits ?? 0
    }

    /// Elements of the moments that a first-order run keeps, by their tensors' names.
    var momentSizes: [String: Int] {
        guard training != nil else { return [:] }
        let tensors = program(stepDescription(sequence: settings.sequence)).tensors
        return Dictionary(
            tensors.filter { $0.kind == .optimizerState }.map { ($0.name, $0.elements(batch: 1)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// How the run trains, where it is first-order.
    public var recipe: FirstOrderRecipe? { if case .firstOrder(let recipe, _) = work { recipe } else { nil } }

    /// The zeroth-order side of a comparison: the run's own step, or beside a first-order run one of QuZO with the same trainable set and batch.
    public func zerothOrderDescription(sequence: Int) -> StepDescription {
        var description = stepDescription(sequence: sequence)
        if recipe != nil { description.method = .quzo(residualBits: defaultResidualBits) }
        return description
    }

    /// The program of a step, lowered once.
    public func program(_ description: StepDescription) -> Program {
        if let known = programs[description] { return known }
        let program = Lowering.program(for: description)
        programs[description] = program
        return program
    }

    /// Runs the next step.
    /// - Throws: `EmulatorError` where a loss is not finite; nothing has changed then.
    @discardableResult
    public func advance() throws(EmulatorError) -> Metrics.Row {
        let places = order.places(step: step)
        let batch = task.training.batch(
            places, limit: settings.sequence, padding: task.checkpoint.tokenizer.vocabulary.padding)
        let rate = settings.learningRate(at: step)
        let description = stepDescription(sequence: batch.sequence)
        let row =
            if let training {
                try advance(training, description, batch, rate)
            } else {
                try advanceCodes(description, batch, places, rate)
            }
        metrics.append(row)
        step += 1
        return row
    }

    /// A step in floating point.
    private func advance(
        _ emulator: TrainingEmulator, _ description: StepDescription, _ batch: EncodedBatch, _ rate: Double
    ) throws(EmulatorError) -> Metrics.Row {
        let result: TrainingEmulator.StepResult
        switch work {
        case .mezo(let settings):
            result = try emulator.step(
                program(description), batch, settings: settings, step: step, learningRate: rate)
        case .firstOrder(_, let settings):
            result = try emulator.step(
                program(description), batch, settings: settings, step: step, learningRate: rate)
        case .codes: preconditionFailure("codes are stepped by the encoder's emulator")
        }
        return Metrics.Row(
            step: step, plusLoss: result.loss, minusLoss: result.minusLoss,
            projectedGradient: result.projectedGradient, gradientNorm: result.gradientNorm, learningRate: rate,
            sequence: batch.sequence, perturbedFraction: nil, perturbationClamps: 0,
            updatedFraction: Double(result.moved) / Double(result.trained), updateClamps: 0, macs: result.macs)
    }

    private func advanceCodes(
        _ description: StepDescription, _ batch: EncodedBatch, _ places: [Int], _ rate: Double
    ) throws(EmulatorError) -> Metrics.Row {
        let result = try run(description, batch, places, rate)
        let perturbed = result.perturbations.reduce(PerturbationStatistics(), +)
        let updated = result.updates.reduce(UpdateStatistics(), +)
        let weights = Double(
            trainable.numbers(in: parameters.shape).reduce(0) { $0 + parameters.linears[$1].count })
        return Metrics.Row(
            step: step, plusLoss: result.plusLoss, minusLoss: result.minusLoss,
            projectedGradient: result.projectedGradient, gradientNorm: nil, learningRate: rate,
            sequence: batch.sequence,
            perturbedFraction: Double(perturbed.moved) / (weights * Double(settings.queries)),
            perturbationClamps: Int(perturbed.clampedPlus + perturbed.clampedMinus),
            updatedFraction: Double(updated.moved) / weights, updateClamps: Int(updated.clamped),
            macs: result.macs + result.reusedMACs)
    }

    /// One step of the emulation that is asked for.
    private func run(
        _ description: StepDescription, _ batch: EncodedBatch, _ places: [Int], _ rate: Double
    ) throws(EmulatorError) -> EncoderEmulator.StepResult {
        guard let emulator, case .codes(let stepSettings) = work else {
            preconditionFailure("floating point is stepped by its own emulator")
        }
        guard case .tiles(let machine, let options) = emulation else {
            emulator.countsAccumulators = countsAccumulators
            defer { emulator.countsAccumulators = false }
            let result = try emulator.step(
                program(description), batch, examples: places, settings: stepSettings, step: step, learningRate: rate)
            accumulators = emulator.accumulators
            return result
        }
        let tiles =
            tiles
            ?? TileEmulator(parameters: parameters, kernels: kernels, threads: threads, options: options)
        self.tiles = tiles
        tiles.countsAccumulators = countsAccumulators
        tiles.observer = observer
        let result = try tiles.step(
            try schedule(description.on(machine), on: machine), batch, settings: stepSettings, step: step,
            learningRate: rate)
        accumulators = tiles.accumulators
        emulator.invalidateWeights()
        return result
    }

    /// The next step, laid out on the machine whose tiles run it, and what it draws; nil where whole layers, or methods in floating point, run.
    ///
    /// - Throws: as `advance`.
    public func nextProgram() throws(EmulatorError) -> (scheduled: ScheduledProgram, settings: StepSettings)? {
        guard case .tiles(let machine, _) = emulation, case .codes(let stepSettings) = work else { return nil }
        let batch = task.training.batch(
            order.places(step: step), limit: settings.sequence,
            padding: task.checkpoint.tokenizer.vocabulary.padding)
        let description = stepDescription(sequence: batch.sequence).on(machine)
        return (try schedule(description, on: machine), stepSettings)
    }

    /// Checks that the emulation that is asked for can run every step that the data can make, before any runs.
    ///
    /// - Throws: `EmulatorError` where tiles do not: the operation, by name.
    public func checkEmulation() throws(EmulatorError) {
        guard case .tiles(let machine, _) = emulation else { return }
        guard case .codes = work else { throw .tilesRunCodes(method: settings.recipe ?? settings.method.rawValue) }
        // A batch is padded to the length of one of its examples.
        let lengths = Set(
            task.training.tokens.map { EncodedBatch.paddedLength(of: [$0], limit: settings.sequence) })
        for length in lengths.sorted() {
            try TileEmulator.check(schedule(stepDescription(sequence: length).on(machine), on: machine))
        }
    }

    /// Checks that the run has sums of integer products to count.
    ///
    /// - Throws: `RunError` where it adds numbers in floating point alone.
    public func checkAccumulators() throws(RunError) {
        guard case .codes = work else {
            throw .badSetting(
                name: "accumulators", value: "asked for",
                allowed:
                    "left out with \(settings.recipe ?? settings.method.rawValue): it counts the integer sums of quzo and zoqo"
            )
        }
    }

    /// A step laid out, once.
    private func schedule(_ description: StepDescription, on machine: Machine) throws(EmulatorError) -> ScheduledProgram
    {
        if let known = schedules[description] { return known }
        do throws(ScheduleError) {
            let scheduled = try Lowering.schedule(description, on: machine)
            schedules[description] = scheduled
            return scheduled
        } catch {
            throw .notLaidOut(error)
        }
    }

    /// Evaluates the weights as they are, unperturbed, and keeps the result beside the step's row.
    @discardableResult
    public func evaluate() throws(EmulatorError) -> Evaluation {
        let evaluation = try evaluate(task.validation)
        metrics.setEvaluation(evaluation, afterSteps: step)
        return evaluation
    }

    /// Evaluates on a labelled set. Examples are grouped by length; no bit depends on that.
    public func evaluate(_ examples: EncodedExamples) throws(EmulatorError) -> Evaluation {
        let results = try infer(examples)
        return Evaluation(
            losses: results.map(\.loss), labels: examples.labels, predictions: results.map(\.prediction),
            classes: task.labels.count)
    }

    /// Loss, class and probabilities of each example.
    public func infer(
        _ examples: EncodedExamples
    ) throws(EmulatorError) -> [(loss: Float, prediction: Int, logits: [Float])] {
        let classes = task.labels.count
        let places = (0..<examples.count).sorted { (examples.tokens[$0].count, $0) < (examples.tokens[$1].count, $1) }
        var results = [(loss: Float, prediction: Int, logits: [Float])](
            repeating: (0, 0, []), count: examples.count)
        for start in stride(from: 0, to: places.count, by: Self.evaluationBatch) {
            let chosen = places[start..<min(places.count, start + Self.evaluationBatch)]
            let batch = examples.batch(
                chosen, limit: settings.sequence, padding: task.checkpoint.tokenizer.vocabulary.padding)
            let result = try forward.infer(batch)
            let predictions = result.predictions(classes: classes)
            for (index, place) in chosen.enumerated() {
                results[place] = (
                    result.losses[index], predictions[index],
                    Array(result.logits[index * classes..<(index + 1) * classes])
                )
            }
        }
        return results
    }

    /// The optimizer's moments, by their tensors' names; none but in first-order runs.
    public var moments: [String: AlignedBuffer<Float>] { training?.moments ?? [:] }

    /// Steps done at each padded length: what the run's mean cost is weighted with.
    public var stepsBySequence: [Int: Int] {
        metrics.rows.reduce(into: [:]) { $0[$1.sequence, default: 0] += 1 }
    }

    /// Takes up a run where a checkpoint left it.
    func restore(step: Int, metrics: Metrics) {
        self.step = step
        self.metrics = metrics
        emulator?.invalidateWeights()
        training?.invalidateWeights()
        tiles?.invalidateWeights()
    }
}
