import Kernels
import Networks
import NumberFormats
import Programs
import Synchronization

/// Runs programs of an encoder bit by bit, as docs/semantics.md states them.
///
/// Bits depend on the parameters, the batch, the settings and the step alone; not on `threads`, the kernels' level or how examples are grouped.
public final class EncoderEmulator {
    public let parameters: EncoderParameters
    public let kernels: Kernels
    public let threads: Int
    private let store: WeightStore
    private var executors: [StepDescription: [PassExecutor]] = [:]
    private var scalarCache: (settings: QuZOSettings, trained: Range<Int>, scalars: [PerturbationScalars])?

    /// Where set, times the parts of each step, in seconds of whatever the clock measures: thread by thread for the operations of a
    /// pass, on the caller's thread for the rest. Benchmarks set it; it decides no bit.
    public var clock: (@Sendable () -> Double)?
    private var ownProfile: [String: Double] = [:]
    /// Whether the next runs count accumulators, at the price of a second product. Nothing is then taken from earlier steps.
    public var countsAccumulators = false
    /// What was counted since this was set to an empty one.
    public var accumulators = AccumulatorStatistics()
    /// Pooled rows below a trained head, by the example's place in the training set.
    private var prefixes: [Int: [Float]] = [:]

    /// Time by kind of work since `clock` was set or the profile was last taken.
    public func takeProfile() -> [String: Double] {
        var profile = ownProfile
        for executor in executors.values.joined() {
            profile.merge(executor.profile, uniquingKeysWith: +)
            executor.resetProfile()
        }
        ownProfile = [:]
        return profile
    }

    /// Runs `work` and adds its time to the profile.
    private func timed<Result>(_ name: String, _ work: () -> Result) -> Result {
        guard let clock else { return work() }
        let start = clock()
        defer { ownProfile[name, default: 0] += clock() - start }
        return work()
    }

    /// What a forward pass over a batch gives.
    public struct ForwardResult: Sendable {
        /// fl(sum of the examples' losses / batch), section 9.
        public var loss: Float
        /// [batch].
        public var losses: [Float]
        /// [batch, classes].
        public var logits: [Float]
        /// [batch, hidden]: mean over the valid tokens.
        public var pooled: [Float]
        /// Multiply-accumulates executed.
        public var macs: Int

        /// Class with the largest logit of each example; the lowest class where logits are equal.
        public func predictions(classes: Int) -> [Int] {
            (0..<losses.count).map { example in
                (0..<classes).reduce(0) { best, next in
                    logits[example * classes + next] > logits[example * classes + best] ? next : best
                }
            }
        }
    }

    /// What one QuZO step gave.
    public struct StepResult: Sendable {
        public var plusLoss: Float
        public var minusLoss: Float
        /// fl(L₊ − L₋)/(2κ), or /(2ε).
        public var projectedGradient: Double
        /// A linear layer each, of the trainable set.
        public var perturbations: [PerturbationStatistics]
        public var updates: [UpdateStatistics]
        /// Multiply-accumulates executed.
        public var macs: Int
        /// Multiply-accumulates whose result was kept from an earlier step; with `macs`, those of the program.
        public var reusedMACs: Int
    }

    /// - Parameter threads: at least 1.
    public init(parameters: EncoderParameters, kernels: Kernels, threads: Int) {
        self.parameters = parameters
        self.kernels = kernels
        self.threads = max(1, threads)
        store = WeightStore(parameters: parameters, kernels: kernels, threads: max(1, threads))
    }

    /// Says that codes were changed from outside, as when a checkpoint is read.
    public func invalidateWeights() { store.invalidate(0..<parameters.linears.count) }

    /// Runs an inference program.
    public func infer(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) -> ForwardResult {
        try check(program, batch)
        store.packStored(0..<parameters.linears.count)
        let results = try run(program, program.operations, batch, withBias: false)
        return results.byPass[.forward]!
    }

    /// Runs one QuZO step: both passes, the projected gradient and the update of the weights in memory.
    ///
    /// - Parameters:
    ///   - step: number of the step, from 0; the random streams depend on it.
    ///   - examples: the examples' places in the training set, [batch]. Where only the head is trained, everything below it is a
    ///     function of the example alone, and the emulator keeps its result from step to step. The machine computes it each step, and
    ///     the costs count that. Nil keeps nothing.
    ///   - learningRate: η_t, in grid steps squared per unit of loss (or, with ε in weight units, as the paper has it).
    /// - Throws: `lossNotFinite` before anything is changed.
    public func step(
        _ program: Program, _ batch: EncodedBatch, examples: [Int]? = nil, settings: QuZOSettings, step: Int,
        learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try check(program, batch)
        let trained = program.step.trainable.numbers(in: parameters.shape)
        let head = parameters.linears[parameters.shape.headNumber]
        let scalars = try perturbationScalars(settings, trained)
        store.packStored(0..<trained.lowerBound)
        let perturbations = timed("perturb and pack") {
            store.perturb(trained, settings: settings, scalars: scalars, step: step)
        }
        if parameters.hasNewHead {
            store.perturbBias(settings: settings, step: step)
        }
        let results = try forward(program, batch, countsAccumulators ? nil : examples)
        let plus = results.byPass[.plus]!.loss
        let minus = results.byPass[.minus]!.loss
        for (loss, pass) in [(plus, "plus"), (minus, "minus")] where !loss.isFinite {
            throw .lossNotFinite(step: step, pass: pass, loss: loss)
        }
        let difference = plus - minus
        var updates: [UpdateStatistics] = []
        for operation in program.operations where operation.pass == .update {
            switch operation.action {
            case .update(let number, _, _, _):
                let scalars = UpdateScalars(
                    lossDifference: difference, size: settings.size, learningRate: learningRate, bits: settings.bits,
                    rowScales: Array(parameters.linears[number].scales.elements))
                updates.append(timed("update") { update(number, scalars, settings, step) })
            case .updateBias:
                let multiplier = BiasPerturbation.updateMultiplier(
                    lossDifference: difference, size: settings.size, learningRate: learningRate, bits: settings.bits,
                    headScale: head.scales[0])
                let streams = settings.biasStreams(parameters.shape, step: step)
                for element in 0..<head.bias.count {
                    let code = BiasPerturbation.code(
                        at: element, streams: streams, rounding: .secondRounding, bits: settings.bits)
                    head.bias[element] = BiasPerturbation.updated(
                        head.bias[element], multiplier: multiplier, code: code)
                }
            default: break
            }
        }
        store.invalidate(trained)
        return StepResult(
            plusLoss: plus, minusLoss: minus, projectedGradient: Double(difference) / (2 * settings.size.magnitude),
            perturbations: perturbations,
            updates: updates,
            macs: results.macs, reusedMACs: results.reusedMACs)
    }

    /// The passes of a step, with the frozen prefix's pooled rows taken from `prefixes` where they are known.
    private func forward(
        _ program: Program, _ batch: EncodedBatch, _ examples: [Int]?
    ) throws(EmulatorError) -> RunResult {
        let operations = program.operations.filter { $0.pass != .update }
        guard let examples, let pool = operations.firstIndex(where: \.isSharedPool) else {
            return try run(program, operations, batch, withBias: parameters.hasNewHead)
        }
        precondition(examples.count == batch.count)
        var seen: Set<Int> = []
        let unknown = examples.indices.filter { prefixes[examples[$0]] == nil && seen.insert(examples[$0]).inserted }
        let hidden = parameters.shape.hidden
        var macs = 0
        if !unknown.isEmpty {
            let prefix = try run(program, Array(operations[...pool]), batch.selecting(unknown), withBias: false)
            macs = prefix.macs
            let rows = prefix.byPass[.shared]!.pooled
            for (index, place) in unknown.enumerated() {
                prefixes[examples[place]] = Array(rows[index * hidden..<(index + 1) * hidden])
            }
        }
        let pooled = AlignedBuffer(examples.flatMap { prefixes[$0]! })
        var result = try run(
            program, Array(operations[(pool + 1)...]), batch, withBias: parameters.hasNewHead, pooled: pooled.shared)
        result.macs += macs
        let perExample = operations[...pool].reduce(0) { $0 + $1.macs } / batch.count
        result.reusedMACs = perExample * (batch.count - unknown.count)
        return result
    }

    /// The perturbation's multipliers of each linear layer; made once, since scales stay.
    private func perturbationScalars(
        _ settings: QuZOSettings, _ trained: Range<Int>
    ) throws(EmulatorError) -> [PerturbationScalars] {
        if let known = scalarCache, known.settings == settings, known.trained == trained { return known.scalars }
        var scalars: [PerturbationScalars] = []
        for number in trained {
            do throws(StepScalarsError) {
                scalars.append(
                    try PerturbationScalars(
                        size: settings.size, bits: settings.bits,
                        rowScales: Array(parameters.linears[number].scales.elements)))
            } catch {
                throw .badPerturbation(layer: parameters.shape.linearName(number), error)
            }
        }
        scalarCache = (settings, trained, scalars)
        return scalars
    }

    /// Checks that the perturbation's size can be represented for every row of the trained layers.
    public func validate(_ settings: QuZOSettings, trainable: TrainableSet) throws(EmulatorError) {
        _ = try perturbationScalars(settings, trainable.numbers(in: parameters.shape))
    }

    /// Updates the codes (and residuals) of one linear layer.
    private func update(
        _ number: Int, _ scalars: UpdateScalars, _ settings: QuZOSettings, _ step: Int
    ) -> UpdateStatistics {
        let linear = parameters.linears[number]
        let rowsPerPiece = max(1, 65536 / linear.columns)
        let pieces = (linear.rows + rowsPerPiece - 1) / rowsPerPiece
        var statistics = [UpdateStatistics](repeating: UpdateStatistics(), count: pieces)
        let kernels = kernels
        let codes = linear.codes.shared
        let residuals8 = linear.residuals8?.shared
        let residuals16 = linear.residuals16?.shared
        let (rows, columns) = (linear.rows, linear.columns)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(pieces, threads: threads) { piece in
                let first = piece * rowsPerPiece
                let residuals: UnsafeMutableRawPointer? =
                    if let residuals8 {
                        UnsafeMutableRawPointer(residuals8.baseAddress)
                    } else if let residuals16 { UnsafeMutableRawPointer(residuals16.baseAddress) } else { nil }
                results[piece] = scalars.multipliers.withUnsafeBufferPointer { multipliers in
                    kernels.update(
                        codes.baseAddress, residuals: residuals,
                        elements: first * columns..<min(rows, first + rowsPerPiece) * columns, columns: columns,
                        multipliers: multipliers, bits: settings.bits, rounding: settings.rounding,
                        streams: TensorStreams(seed: settings.seed, step: UInt32(step), tensor: UInt16(number)))
                }
            }
        }
        return statistics.reduce(UpdateStatistics(), +)
    }

    private func check(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) {
        guard program.step.adapters == nil else {
            throw .adaptersNotEmulated(trainable: program.step.trainable.description)
        }
        guard program.step.batch == batch.count, program.step.sequence == batch.sequence,
            program.step.network == TransformerConfiguration(parameters.shape), program.step.placement == .onLoad
        else {
            throw .batchDiffers(
                program: "\(program.step.batch) × \(program.step.sequence) tokens",
                batch: "\(batch.count) × \(batch.sequence) tokens")
        }
    }

    // MARK: Forward passes

    /// Examples of a group: about 256 rows, so that a worker's activations stay near its caches.
    private static let rowsPerGroup = 256

    private struct RunResult {
        var byPass: [Pass: ForwardResult]
        var macs: Int
        var reusedMACs = 0
    }

    private func run(
        _ program: Program, _ operations: [Operation], _ batch: EncodedBatch, withBias: Bool,
        pooled known: SharedBuffer<Float>? = nil
    ) throws(EmulatorError) -> RunResult {
        let shape = parameters.shape
        let examples = batch.count
        let perGroup = max(1, min((examples + threads - 1) / threads, Self.rowsPerGroup / batch.sequence))
        let groups = (examples + perGroup - 1) / perGroup
        var executors = executors(for: program, groupSize: perGroup)
        let macsBefore = executors.reduce(0) { $0 + $1.macs }
        for executor in executors { executor.accumulators = countsAccumulators ? AccumulatorStatistics() : nil }
        let passes = Pass.allCases.filter { pass in operations.contains { $0.pass == pass } }
        let losses = AlignedBuffer<Float>(count: passes.count * examples)
        let logits = AlignedBuffer<Float>(count: passes.count * examples * shape.classes)
        let pooled = AlignedBuffer<Float>(count: passes.count * examples * shape.hidden)
        let outputs = passes.indices.map { index in
            PassExecutor.Outputs(
                losses: SharedBuffer(start: losses.baseAddress + index * examples, count: examples),
                logits: SharedBuffer(
                    start: logits.baseAddress + index * examples * shape.classes, count: examples * shape.classes),
                pooled: SharedBuffer(
                    start: pooled.baseAddress + index * examples * shape.hidden, count: examples * shape.hidden))
        }
        let weights = store.weights(withBias: withBias)
        let failure = Mutex<EmulatorError?>(nil)
        executors.withUnsafeMutableBufferPointer { buffer in
            let owners = SharedBuffer(buffer)
            workers(groups, threads: threads) { worker, group in
                let range = group * perGroup..<min(examples, (group + 1) * perGroup)
                do throws(EmulatorError) {
                    try owners[worker].run(
                        operations, examples: range, batch: batch, weights: weights, pooled: known
                    ) { pass in
                        outputs[passes.firstIndex(of: pass)!]
                    }
                } catch {
                    failure.withLock { $0 = error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        for executor in executors { accumulators = accumulators + (executor.accumulators ?? AccumulatorStatistics()) }
        var results: [Pass: ForwardResult] = [:]
        for (index, pass) in passes.enumerated() {
            let perExample = Array(outputs[index].losses.elements)
            results[pass] = ForwardResult(
                loss: perExample.reduce(0, +) / Float(examples), losses: perExample,
                logits: Array(outputs[index].logits.elements),
                pooled: Array(outputs[index].pooled.elements),
                macs: 0)
        }
        let macs = executors.reduce(0) { $0 + $1.macs } - macsBefore
        for pass in passes { results[pass]!.macs = macs }
        return RunResult(byPass: results, macs: macs)
    }

    /// One executor a worker, kept from step to step.
    private func executors(for program: Program, groupSize: Int) -> [PassExecutor] {
        if let known = executors[program.step] {
            for executor in known { executor.clock = clock }
            return known
        }
        let made = (0..<threads).map { _ in
            PassExecutor(program: program, parameters: parameters, kernels: kernels, groupSize: groupSize)
        }
        for executor in made { executor.clock = clock }
        executors[program.step] = made
        return made
    }
}
