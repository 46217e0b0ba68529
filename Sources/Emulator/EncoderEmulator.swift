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
    private var scalarCache: (settings: StepSettings, trained: [Int], scalars: [Int: [Int32]])?

    /// Where set, times the parts of each step, in seconds of whatever the clock measures: thread by thread for the operations of a
    /// pass, on the caller's thread for the rest. Benchmarks set it; it decides no bit.
    public var clock: (@Sendable () -> Double)?
    private var ownProfile: [String: Double] = [:]
    /// Whether the next runs count accumulators, at the price of a second product. Nothing is then taken from earlier steps.
    public var countsAccumulators = false
    /// What was counted since this was set to an empty one.
    public var accumulators = AccumulatorStatistics()
    private var query = 0
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

    /// What one zeroth-order step gave.
    public struct StepResult: Sendable {
        /// L₊; with several queries their mean, as are the next two.
        public var plusLoss: Float
        public var minusLoss: Float
        /// fl(L₊ − L₋)/(2κ), or /(2ε).
        public var projectedGradient: Double
        /// A matrix each, of the trainable set; sums over queries.
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
    public func invalidateWeights() { store.invalidate(parameters.numbers) }

    /// Runs an inference program.
    public func infer(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) -> ForwardResult {
        try check(program, batch)
        store.packStored(parameters.numbers)
        let results = try run(program, program.operations, batch, withBias: false)
        return results.byPass[.forward]!
    }

    /// Runs one QuZO step, as `step(_:_:examples:settings:step:learningRate:)` with its settings.
    public func step(
        _ program: Program, _ batch: EncodedBatch, examples: [Int]? = nil, settings: QuZOSettings, step: Int,
        learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try self.step(
            program, batch, examples: examples, settings: .quzo(settings), step: step, learningRate: learningRate)
    }

    /// Runs one zeroth-order step: each query's passes and projected gradient, then the update of the weights in memory.
    ///
    /// - Parameters:
    ///   - program: of the settings' method; it says how many queries there are.
    ///   - step: number of the step, from 0; the random streams depend on it.
    ///   - examples: the examples' places in the training set, [batch]. Where only the head is trained, everything below it is a
    ///     function of the example alone, and the emulator keeps its result from step to step. The machine computes it each step, and
    ///     the costs count that. Nil keeps nothing.
    ///   - learningRate: η_t, in grid steps squared per unit of loss (or, with ε in weight units, as the paper has it); of ZOQO in
    ///     grid steps, or weight units.
    /// - Throws: `lossNotFinite` before anything is changed.
    public func step(
        _ program: Program, _ batch: EncodedBatch, examples: [Int]? = nil, settings: StepSettings, step: Int,
        learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try check(program, batch)
        guard program.step.method == settings.method else {
            throw .methodDiffers(program: program.step.method.word, settings: settings.method.word)
        }
        let trained = program.step.trainedMatrices
        let moves = try moves(settings, trained, step: step)
        let biasMoves = parameters.hasNewHead ? biasMoves(settings, step: step) : nil
        let moving = Set(trained)
        store.packStored(parameters.numbers.filter { !moving.contains($0) })
        var result = StepResult(
            plusLoss: 0, minusLoss: 0, projectedGradient: 0,
            perturbations: Array(repeating: PerturbationStatistics(), count: trained.count), updates: [], macs: 0,
            reusedMACs: 0)
        var differences: [Float] = []
        defer { self.query = 0 }
        for (query, operations) in program.passesByQuery.enumerated() {
            self.query = query
            let perturbations = timed("perturb and pack") { store.perturb(trained, moves, query: query) }
            for (index, statistics) in perturbations.enumerated() {
                result.perturbations[index] = result.perturbations[index] + statistics
            }
            if let biasMoves { store.perturbBias(biasMoves, query: query) }
            let passes = try forward(program, operations, batch, countsAccumulators ? nil : examples)
            let plus = passes.byPass[.plus]!.loss
            let minus = passes.byPass[.minus]!.loss
            for (loss, pass) in [(plus, "plus"), (minus, "minus")] where !loss.isFinite {
                throw .lossNotFinite(step: step, pass: pass, loss: loss)
            }
            differences.append(plus - minus)
            result.plusLoss += plus
            result.minusLoss += minus
            // The program runs the frozen prefix once a step, whatever the emulator does.
            let again = query > 0 ? program.sharedMACs : 0
            result.reusedMACs += passes.reusedMACs - min(again, passes.reusedMACs)
            result.macs += passes.macs - max(0, again - passes.reusedMACs)
        }
        let queries = Float(differences.count)
        result.plusLoss /= queries
        result.minusLoss /= queries
        result.projectedGradient =
            differences.reduce(0) { $0 + Double($1) } / Double(differences.count) / (2 * settings.size.magnitude)
        for (number, moves) in zip(trained, moves) {
            let rowScales = Array(parameters.matrix(number).scales.elements)
            let each = moves.moves(differences: differences, learningRate: learningRate, rowScales: rowScales)
            result.updates.append(timed("update") { update(number, moves, each) })
        }
        if let biasMoves {
            let bias = parameters.linears[parameters.shape.headNumber].bias
            for element in 0..<bias.count {
                bias[element] = biasMoves.updated(
                    bias[element], at: element, differences: differences, learningRate: learningRate)
            }
        }
        store.invalidate(trained)
        return result
    }

    /// The passes of a step, with the frozen prefix's pooled rows taken from `prefixes` where they are known.
    private func forward(
        _ program: Program, _ operations: [Operation], _ batch: EncodedBatch, _ examples: [Int]?
    ) throws(EmulatorError) -> RunResult {
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

    /// What the step does to each trained matrix. Multipliers are made once, since scales stay.
    private func moves(
        _ settings: StepSettings, _ trained: [Int], step: Int
    ) throws(EmulatorError) -> [CodeMoves] {
        let scalars = try perturbationScalars(settings, trained)
        return trained.map { number in
            let linear = parameters.matrix(number)
            return CodeMoves(
                settings: settings, step: step, number: parameters.layout.drawNumber(number), columns: linear.columns,
                limit: linear.limit,
                multipliers: scalars[number]!)
        }
    }

    private func biasMoves(_ settings: StepSettings, step: Int) -> BiasMoves {
        let head = parameters.shape.headNumber
        return BiasMoves(
            settings: settings, step: step, number: head + 1, headScale: parameters.linears[head].scales[0])
    }

    private func perturbationScalars(
        _ settings: StepSettings, _ trained: [Int]
    ) throws(EmulatorError) -> [Int: [Int32]] {
        if let known = scalarCache, known.settings == settings, known.trained == trained { return known.scalars }
        let scalars = try settings.multipliers(parameters, trained)
        scalarCache = (settings, trained, scalars)
        return scalars
    }

    /// Checks that the perturbation's size can be represented for every row of the matrices that a step trains.
    public func validate(_ settings: StepSettings, _ step: StepDescription) throws(EmulatorError) {
        _ = try perturbationScalars(settings, step.trainedMatrices)
    }

    /// Updates the codes (and residuals) of one matrix by its queries' moves.
    private func update(_ number: Int, _ codeMoves: CodeMoves, _ moves: [CodeMoves.Move]) -> UpdateStatistics {
        let linear = parameters.matrix(number)
        let rowsPerPiece = max(1, 65536 / linear.columns)
        let pieces = (linear.rows + rowsPerPiece - 1) / rowsPerPiece
        var statistics = [UpdateStatistics](repeating: UpdateStatistics(), count: pieces)
        let kernels = kernels
        let codes = linear.codes.shared
        let residuals8 = linear.residuals8?.shared
        let residuals16 = linear.residuals16?.shared
        let (rows, columns) = (linear.rows, linear.columns)
        let room = codeMoves.addsUp(moves) ? rowsPerPiece * columns : 0
        let sums = (0..<threads).map { _ in AlignedBuffer<Int32>(count: room) }
        let rooms = sums.map(\.shared)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            workers(pieces, threads: threads) { worker, piece in
                let first = piece * rowsPerPiece
                let residuals: UnsafeMutableRawPointer? =
                    if let residuals8 {
                        UnsafeMutableRawPointer(residuals8.baseAddress)
                    } else if let residuals16 { UnsafeMutableRawPointer(residuals16.baseAddress) } else { nil }
                results[piece] = codeMoves.update(
                    kernels, codes.baseAddress, residuals: residuals,
                    elements: first * columns..<min(rows, first + rowsPerPiece) * columns, moves: moves,
                    sums: rooms[worker].baseAddress)
            }
        }
        withExtendedLifetime(sums) {}
        return statistics.reduce(UpdateStatistics(), +)
    }

    private func check(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) {
        guard program.step.adapters == parameters.layout.adapters else {
            throw .adaptersDiffer(
                program: program.step.trainable.description, parameters: parameters.layout.trainable.description)
        }
        guard program.step.batch == batch.count, program.step.sequence == batch.sequence,
            program.step.network == TransformerConfiguration(parameters.shape), program.step.placement == .onLoad,
            parameters.precision == .fp32 || program.step.machineFormats == parameters.formats
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
        for executor in executors {
            executor.accumulators = countsAccumulators ? AccumulatorStatistics() : nil
            executor.countsShared = query == 0
        }
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
