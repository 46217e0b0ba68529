import Hardware
import Kernels
import Networks
import NumberFormats
import Programs

/// Runs laid-out programs of an encoder tile by tile, against modelled memories of their machine.
///
/// It gives the bits of `EncoderEmulator`, for every machine and tiling: a command's operands come from the bytes of the chip's memories, which loads and stores
/// exchange with DRAM, and from nowhere else. Whether slots, tokens and bytes are used as they may be is checked as commands run, where the options say so. That
/// everything has a place of its own is always checked.
public final class TileEmulator {
    public let parameters: EncoderParameters
    public let kernels: Kernels
    public let threads: Int
    public let options: TileOptions

    /// Whether the next runs count accumulators, at the price of a second product.
    public var countsAccumulators = false
    /// What was counted since this was set to an empty one.
    public var accumulators = AccumulatorStatistics()

    /// Where set, times commands, in seconds of whatever the clock measures. Benchmarks set it; it decides no bit.
    public var clock: (@Sendable () -> Double)?

    /// Where set, is told of the next runs' commands, which then run one after another. It decides no bit. Only checked runs are watched: others leave
    /// tiles where they lie in DRAM.
    public weak var observer: (any TileObserver)?

    /// Time by kind of command since `clock` was set or the profile was last taken.
    public func takeProfile() -> [String: Double] {
        defer { executor?.resetProfile() }
        return executor?.profile ?? [:]
    }

    /// The executor of the program that ran last; others would each hold a copy of DRAM.
    private var executor: TileExecutor?
    private var isStale = true

    /// - Parameter threads: at least 1; decides no bit.
    public init(parameters: EncoderParameters, kernels: Kernels, threads: Int, options: TileOptions = TileOptions()) {
        self.parameters = parameters
        self.kernels = kernels
        self.threads = max(1, threads)
        self.options = options
    }

    /// Says that parameters were changed from outside, as when a checkpoint is read.
    public func invalidateWeights() { isStale = true }

    /// Cycles and number of the matmul commands that ran in the register-level array since the program last changed.
    public var registerCycles: (cycles: Int, commands: Int) {
        guard options.array == .registers, let executor else { return (0, 0) }
        return executor.registerCycles
    }

    /// Runs an inference program.
    ///
    /// - Throws: `EmulatorError`: a batch of other sizes, an operation that is not emulated, or what is wrong with the program's use of memory.
    public func infer(
        _ scheduled: ScheduledProgram, _ batch: EncodedBatch
    ) throws(EmulatorError) -> EncoderEmulator.ForwardResult {
        let executor = try prepare(scheduled, batch)
        executor.stepContext = nil
        try executor.run()
        finish(executor)
        var result = executor.results[.forward]!
        result.macs = executor.macs
        return result
    }

    /// Runs one QuZO step, as `step(_:_:settings:step:learningRate:)` with its settings.
    public func step(
        _ scheduled: ScheduledProgram, _ batch: EncodedBatch, settings: QuZOSettings, step: Int, learningRate: Double
    ) throws(EmulatorError) -> EncoderEmulator.StepResult {
        try self.step(scheduled, batch, settings: .quzo(settings), step: step, learningRate: learningRate)
    }

    /// Runs one zeroth-order step as `EncoderEmulator.step` does, with as many queries as it was lowered for, and updates `parameters`.
    ///
    /// - Throws: as `infer`; `methodDiffers`; `lossNotFinite` before anything is changed.
    public func step(
        _ scheduled: ScheduledProgram, _ batch: EncodedBatch, settings: StepSettings, step: Int, learningRate: Double
    ) throws(EmulatorError) -> EncoderEmulator.StepResult {
        guard scheduled.program.step.method == settings.method else {
            throw .methodDiffers(program: scheduled.program.step.method.word, settings: settings.method.word)
        }
        let executor = try prepare(scheduled, batch)
        let trained = scheduled.program.step.trained
        executor.stepContext = StepContext(
            settings: settings, step: step, learningRate: learningRate,
            multipliers: try settings.multipliers(parameters, trained))
        // What a step leaves behind when it fails is no state to go on from.
        isStale = true
        try executor.run()
        finish(executor)
        executor.dram.readBack(parameters, trained: trained)
        isStale = false
        let losses = executor.losses
        let slope = losses.reduce(0) { $0 + Double($1.plus - $1.minus) } / Double(losses.count)
        return EncoderEmulator.StepResult(
            plusLoss: losses.reduce(0) { $0 + $1.plus } / Float(losses.count),
            minusLoss: losses.reduce(0) { $0 + $1.minus } / Float(losses.count),
            projectedGradient: slope / (2 * settings.size.magnitude),
            perturbations: trained.map { executor.perturbationStatistics($0) },
            updates: trained.map { executor.updates[$0] ?? UpdateStatistics() }, macs: executor.macs, reusedMACs: 0)
    }

    private func finish(_ executor: TileExecutor) {
        guard let found = executor.accumulators else { return }
        accumulators = accumulators + found
    }

    /// Checks that tiles run every operation as it is laid out, before any runs.
    ///
    /// - Throws: `EmulatorError.notEmulated`, naming the operation, or `.adaptersNotEmulated`.
    public static func check(_ scheduled: ScheduledProgram) throws(EmulatorError) {
        let step = scheduled.program.step
        guard step.adapters == nil else { throw .adaptersNotEmulated(trainable: step.trainable.description) }
        for operation in scheduled.program.operations {
            switch operation.action {
            case .product(let product)
            where Machine.emulatedFormats.contains(product.firstFormat)
                && Machine.emulatedFormats.contains(product.secondFormat):
                continue
            case .embed, .quantizeRows, .quantizeColumns, .softmax, .addNorm(.layerNorm, _, _, keepsSum: false),
                .activation(.gelu, _), .meanPool, .loss,
                .projectedGradient, .perturbInPlace, .update, .updateBias:
                continue
            default: throw .notEmulated(operation: operation.name)
            }
        }
    }

    private func prepare(
        _ scheduled: ScheduledProgram, _ batch: EncodedBatch
    ) throws(EmulatorError) -> TileExecutor {
        let step = scheduled.program.step
        guard step.batch == batch.count, step.sequence == batch.sequence,
            step.network == TransformerConfiguration(parameters.shape)
        else {
            throw .batchDiffers(
                program: "\(step.batch) × \(step.sequence) tokens", batch: "\(batch.count) × \(batch.sequence) tokens")
        }
        try Self.check(scheduled)
        guard step.formats == parameters.formats else {
            throw .formatsDiffer(program: step.formats.words, parameters: parameters.formats.words)
        }
        precondition(parameters.hasNewHead == step.hasNewHead, "program and parameters agree on the head")
        let executor: TileExecutor
        if let known = self.executor, known.scheduled.isLaidOut(like: scheduled) {
            executor = known
        } else {
            self.executor = nil
            do throws(TileError) {
                executor = try TileExecutor(
                    scheduled, parameters: parameters, kernels: kernels, threads: threads, options: options)
            } catch {
                throw .tile(error)
            }
            self.executor = executor
            isStale = true
        }
        if isStale {
            executor.dram.fill(parameters)
            isStale = false
        }
        executor.dram.begin(batch)
        executor.clock = clock
        precondition(observer == nil || options.checks, "watched runs are checked ones")
        executor.observer = observer
        executor.accumulators = countsAccumulators ? AccumulatorStatistics() : nil
        return executor
    }
}

extension ScheduledProgram {
    /// Whether another layout has the same commands and addresses.
    fileprivate func isLaidOut(like other: ScheduledProgram) -> Bool {
        program.step == other.program.step && machine == other.machine && nestOfOperation == other.nestOfOperation
            && nests == other.nests && memory.addresses == other.memory.addresses
            && memory.residentAddresses == other.memory.residentAddresses
    }
}

extension StepFormats {
    /// For errors.
    fileprivate var words: String {
        "\(weights.rawValue) weights, \(activations.rawValue) activations, \(attention.rawValue) attention, \(head.rawValue) head, "
            + "\(embedding.rawValue) embedding"
    }
}
