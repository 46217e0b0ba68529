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
    private let stepSettings: StepSettings
    /// The weights that the run trains.
    public let trainable: TrainableSet
    private let emulator: EncoderEmulator
    /// How steps are run. Evaluations run on whole layers.
    public var emulation = Emulation.layers {
        didSet {
            tiles = nil
            schedules = [:]
        }
    }
    /// Whether the next steps count what happens in accumulators; `accumulators` then grows.
    public var countsAccumulators = false
    public private(set) var accumulators = AccumulatorStatistics()
    private var tiles: TileEmulator?
    private var schedules: [StepDescription: ScheduledProgram] = [:]
    private let threads: Int
    private var order: BatchOrder
    private var programs: [StepDescription: Program] = [:]

    /// Examples of an evaluation batch.
    private static let evaluationBatch = 64

    /// - Throws: `RunError` where the settings are out of range.
    public init(task: FineTuningTask, settings: RunSettings, kernels: Kernels, threads: Int) throws {
        let validated = try settings.validated()
        self.task = task
        self.settings = settings
        stepSettings = validated.step
        trainable = validated.trainable
        parameters = EncoderParameters(
            checkpoint: task.checkpoint, classes: task.labels.count, precision: .quantized,
            formats: settings.formats, kernels: kernels, threads: threads)
        let bits = stepSettings.rounding.residualBits
        if bits > 0 { parameters.addResiduals(bits: bits, numbers: trainable.numbers(in: parameters.shape)) }
        self.threads = threads
        emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: threads)
        try emulator.validate(stepSettings, trainable: trainable)
        order = BatchOrder(count: task.training.count, batch: settings.batch, seed: settings.seed)
    }

    /// The step that a batch of `sequence` tokens an example is lowered from.
    public func stepDescription(sequence: Int) -> StepDescription {
        var description = StepDescription(
            shape: parameters.shape, batch: settings.batch, sequence: sequence, trainable: trainable,
            hasNewHead: parameters.hasNewHead, method: stepSettings.method)
        description.machineFormats = settings.formats
        description.queries = settings.queries
        return description
    }

    /// The first-order step that the run is compared with: same trainable set, same batch.
    public func baselineDescription(sequence: Int) -> StepDescription {
        stepDescription(sequence: sequence).baseline()
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
        let result = try run(stepDescription(sequence: batch.sequence), batch, places, rate)
        let perturbed = result.perturbations.reduce(PerturbationStatistics(), +)
        let updated = result.updates.reduce(UpdateStatistics(), +)
        let weights = Double(
            trainable.numbers(in: parameters.shape).reduce(0) { $0 + parameters.linears[$1].count })
        let row = Metrics.Row(
            step: step, plusLoss: result.plusLoss, minusLoss: result.minusLoss,
            projectedGradient: result.projectedGradient, learningRate: rate, sequence: batch.sequence,
            perturbedFraction: Double(perturbed.moved) / (weights * Double(settings.queries)),
            perturbationClamps: Int(perturbed.clampedPlus + perturbed.clampedMinus),
            updatedFraction: Double(updated.moved) / weights, updateClamps: Int(updated.clamped),
            macs: result.macs + result.reusedMACs)
        metrics.append(row)
        step += 1
        return row
    }

    /// One step of the emulation that is asked for.
    private func run(
        _ description: StepDescription, _ batch: EncodedBatch, _ places: [Int], _ rate: Double
    ) throws(EmulatorError) -> EncoderEmulator.StepResult {
        guard case .tiles(let machine, let options) = emulation, case .quzo(let quzo) = stepSettings else {
            emulator.countsAccumulators = countsAccumulators
            defer { emulator.countsAccumulators = false }
            let result = try emulator.step(
                program(description), batch, examples: places, settings: stepSettings, step: step, learningRate: rate)
            accumulators = emulator.accumulators
            return result
        }
        let tiles =
            tiles
            ?? TileEmulator(parameters: parameters, kernels: emulator.kernels, threads: threads, options: options)
        self.tiles = tiles
        tiles.countsAccumulators = countsAccumulators
        let result = try tiles.step(
            try schedule(description.on(machine), on: machine), batch, settings: quzo, step: step, learningRate: rate)
        accumulators = tiles.accumulators
        emulator.invalidateWeights()
        return result
    }

    /// Checks that the emulation that is asked for can run every step that the data can make, before any runs.
    ///
    /// - Throws: `EmulatorError` where tiles do not: the operation, by name.
    public func checkEmulation() throws(EmulatorError) {
        guard case .tiles(let machine, _) = emulation else { return }
        guard case .quzo(let quzo) = stepSettings, quzo.estimator == .qRGE2, settings.queries == 1 else {
            throw .tilesRunOne(method: settings.method.rawValue, queries: settings.queries)
        }
        // A batch is padded to the length of one of its examples.
        let lengths = Set(
            task.training.tokens.map { EncodedBatch.paddedLength(of: [$0], limit: settings.sequence) })
        for length in lengths.sorted() {
            try TileEmulator.check(schedule(stepDescription(sequence: length).on(machine), on: machine))
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
            var description = stepDescription(sequence: batch.sequence)
            description.batch = batch.count
            description.method = .inference(.quantized)
            description.queries = 1
            let result = try emulator.infer(program(description), batch)
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

    /// Steps done at each padded length: what the run's mean cost is weighted with.
    public var stepsBySequence: [Int: Int] {
        metrics.rows.reduce(into: [:]) { $0[$1.sequence, default: 0] += 1 }
    }

    /// Takes up a run where a checkpoint left it.
    func restore(step: Int, metrics: Metrics) {
        self.step = step
        self.metrics = metrics
        emulator.invalidateWeights()
        tiles?.invalidateWeights()
    }
}
