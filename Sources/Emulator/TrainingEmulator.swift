import Kernels
import Networks
import NumberFormats
import Programs

/// Runs steps in floating point bit by bit: MeZO, ZO-SignSGD and QuZO, and first-order training, quantization-aware or not, as docs/semantics.md,
/// section 13, states them.
///
/// It executes the program that is costed, operation after operation; what it has no arithmetic for it refuses by name. Bits depend on the
/// parameters, the batch, the settings and the step alone.
public final class TrainingEmulator {
    /// How the array adds products of floating-point numbers.
    public struct FloatArithmetic: Sendable, Hashable {
        public let accumulator: ProductAccumulator
        public let order: AccumulationOrder

        /// - Precondition: a floating-point accumulator.
        public init(accumulator: ProductAccumulator = .sequential, order: AccumulationOrder = .reentry) {
            precondition(!accumulator.isInteger, "BF16 products need a floating-point accumulator")
            self.accumulator = accumulator
            self.order = order
        }

        /// A product of operands in floating point, of at most 16 bits each.
        func product(_ first: ElementFormat, _ second: ElementFormat) -> DotProduct {
            DotProduct(first, second, accumulator: accumulator, order: order)
        }

        var bf16: DotProduct { product(.bf16, .bf16) }
    }

    /// What one step gave.
    public struct StepResult: Sendable {
        /// Of a first-order step its loss; else L₊, with several queries their mean, as is the next.
        public var loss: Float
        /// L₋ of a zeroth-order step.
        public var minusLoss: Float?
        /// (L₊ − L₋)/(2ε) of a zeroth-order step, the mean over its queries.
        public var projectedGradient: Double?
        /// √Σ g² over the trained values of a first-order step.
        public var gradientNorm: Double?
        /// Trained values that are others than before.
        public var moved: Int
        /// Trained values.
        public var trained: Int
        public var macs: Int
        /// What became of QuZO's weights in the passes, a weight and query each; nil of other methods.
        public var perturbations: PerturbationStatistics?
        /// Weights that QuZO's update limited to the format's largest number.
        public var updateClamps = 0
    }

    public let parameters: EncoderParameters
    public let kernels: Kernels
    public let threads: Int
    public let arithmetic: FloatArithmetic
    let state: TrainingState
    /// Told of each gradient that reaches an optimizer, with its operation's name.
    var observer: ((_ name: String, _ gradient: UnsafeBufferPointer<Float>) -> Void)?

    /// - Parameters:
    ///   - parameters: in `fp32` precision, or, for QuZO, in the formats that memory holds. Their weights, and a new head's bias, are those
    ///     that are trained.
    ///   - threads: at least 1; decides no bit.
    public init(
        parameters: EncoderParameters, arithmetic: FloatArithmetic = FloatArithmetic(), kernels: Kernels, threads: Int
    ) {
        self.parameters = parameters
        self.arithmetic = arithmetic
        self.kernels = kernels
        self.threads = max(1, threads)
        state = TrainingState(parameters: parameters, kernels: kernels, threads: max(1, threads))
    }

    /// Says that weights were changed from outside, as when a checkpoint is read.
    public func invalidateWeights() { state.invalidate() }

    /// The optimizer's moments, by name: what a checkpoint keeps beside the weights.
    public var moments: [String: AlignedBuffer<Float>] { state.moments }

    /// Sets a moment to what a checkpoint has.
    public func setMoment(_ name: String, _ values: AlignedBuffer<Float>) { state.setMoment(name, values) }

    // MARK: Steps

    /// Runs the forward of a step's program, weights as they are, and nothing behind its loss.
    ///
    /// - Parameter program: of any method that this emulator runs; the batch may be another than the steps'.
    public func infer(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) -> EncoderEmulator.ForwardResult
    {
        try check(program, batch)
        let run = run(program, batch, nil)
        var pass: Pass?
        try run.run(
            { [.shared, .forward, .plus].contains($0.pass) },
            until: {
                if case .loss = $0.action { pass = $0.pass }
                return pass != nil
            })
        guard let pass, let losses = run.losses[pass], let logits = run.logits[pass] else {
            throw .notEmulated(operation: "loss")
        }
        return EncoderEmulator.ForwardResult(
            loss: losses.reduce(0, +) / Float(batch.count), losses: losses, logits: logits, pooled: [], macs: run.macs)
    }

    /// Runs one first-order step.
    ///
    /// - Parameters:
    ///   - program: of a first-order method, for the batch's sizes (of a micro-batch its share).
    ///   - step: from 0; Adam's bias corrections depend on it.
    ///   - learningRate: η_t.
    /// - Throws: `lossNotFinite`; with `update=layerwise` weights may have changed by then only if a loss that is finite led to gradients
    ///   that are not.
    public func step(
        _ program: Program, _ batch: EncodedBatch, settings: OptimizerSettings, step: Int, learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try check(program, batch)
        guard let recipe = program.step.recipe else {
            throw .methodDiffers(program: program.step.method.word, settings: "first-order training")
        }
        precondition(parameters.precision == .fp32, "masters are values")
        let run = run(
            program, batch, OptimizerScalars(recipe.optimizer, settings, step: step, learningRate: learningRate))
        run.observer = observer
        var failure: Float?
        try run.run(
            { _ in failure == nil },
            until: {
                if case .loss = $0.action, let loss = run.losses[$0.pass]?.last(where: { !$0.isFinite }) {
                    failure = loss
                }
                return failure != nil
            })
        if let failure { throw .lossNotFinite(step: step, pass: "forward", loss: failure) }
        let losses = run.losses[.forward] ?? []
        return StepResult(
            loss: losses.reduce(0, +) / Float(batch.count), gradientNorm: run.squaredGradient.squareRoot(),
            moved: run.moved, trained: trainedCount(program), macs: run.macs)
    }

    /// Runs one step of MeZO or of ZO-SignSGD: each query's passes, then the update of the weights in memory.
    ///
    /// - Parameters:
    ///   - program: of `mezo`, perturbed on load.
    ///   - learningRate: η_t, in weight units squared per unit of loss; with signs in weight units.
    /// - Throws: `lossNotFinite` before anything is changed.
    public func step(
        _ program: Program, _ batch: EncodedBatch, settings: MeZOSettings, step: Int, learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try check(program, batch)
        guard program.step.method == .mezo else {
            throw .methodDiffers(program: program.step.method.word, settings: "mezo")
        }
        precondition(parameters.precision == .fp32, "MeZO moves values")
        let trained = program.step.trainedMatrices
        // Weights are stored in the program's format from the first step on.
        for tensor in program.tensors where tensor.kind == .weights { _ = state.values(of: tensor, in: program.step) }
        var (result, differences) = try passes(program, batch, step: step, epsilon: settings.epsilon) { query in
            perturbed(program, trained, settings, step: step, query: query)
        }
        result.trained = trainedCount(program)
        let multipliers = differences.map {
            settings.updateMultiplier(lossDifference: $0, learningRate: learningRate, queries: differences.count)
        }
        for number in trained {
            let linear = parameters.matrix(number)
            result.moved += update(
                linear.values, tensor: program.step.drawNumber(number), multipliers, settings, step: step,
                isNarrow: program.step.weightFormat(number) == .bf16)
        }
        if parameters.hasNewHead, trained.contains(parameters.shape.headNumber) {
            let bias = parameters.linears[parameters.shape.headNumber].bias
            result.moved += update(
                bias, tensor: parameters.shape.headNumber + 1, multipliers, settings, step: step, isNarrow: false)
        }
        return result
    }

    // MARK: Perturbations

    /// The two signs' weights and biases of a query, by matrix.
    typealias Perturbed = [PerturbationSign: [Int: (weight: TensorValues, bias: AlignedBuffer<Float>)]]

    /// The passes of a zeroth-order step, query by query: losses and slope as they are recorded, and the queries' differences of losses.
    ///
    /// - Parameter perturbed: draws a query's weights.
    func passes(
        _ program: Program, _ batch: EncodedBatch, step: Int, epsilon: Double, _ perturbed: (Int) -> Perturbed
    ) throws(EmulatorError) -> (result: StepResult, differences: [Float]) {
        var result = StepResult(loss: 0, minusLoss: 0, projectedGradient: 0, moved: 0, trained: 0, macs: 0)
        var differences: [Float] = []
        let ends = program.operations.indices.filter { program.operations[$0].action == .projectedGradient }
        var start = 0
        let run = run(program, batch, nil)
        for (query, end) in ends.enumerated() {
            run.perturbed = perturbed(query)
            try run.run(range: start..<end)
            start = end + 1
            let sums = [Pass.plus, .minus].map { pass in
                (run.losses[pass] ?? []).suffix(batch.count).reduce(0, +) / Float(batch.count)
            }
            for (loss, pass) in zip(sums, ["plus", "minus"]) where !loss.isFinite {
                throw .lossNotFinite(step: step, pass: pass, loss: loss)
            }
            result.loss += sums[0]
            result.minusLoss! += sums[1]
            differences.append(sums[0] - sums[1])
        }
        let queries = Float(differences.count)
        result.loss /= queries
        result.minusLoss! /= queries
        result.projectedGradient =
            differences.reduce(0) { $0 + Double($1) } / Double(differences.count) / (2 * epsilon)
        result.macs = run.macs
        return (result, differences)
    }

    private func perturbed(
        _ program: Program, _ trained: [Int], _ settings: MeZOSettings, step: Int, query: Int
    ) -> Perturbed {
        var result: Perturbed = [:]
        let head = parameters.shape.headNumber
        for number in trained {
            let linear = parameters.matrix(number)
            let weights = perturbed(
                linear.values, settings.passMultiplier,
                settings.streams(program.step.drawNumber(number), step: step, query: query),
                isNarrow: program.step.weightFormat(number) == .bf16)
            let biases =
                number == head && parameters.hasNewHead
                ? perturbed(
                    linear.bias, settings.passMultiplier, settings.streams(head + 1, step: step, query: query),
                    isNarrow: false)
                : (plus: linear.bias, minus: linear.bias)
            result[.plus, default: [:]][number] = (.numbers(weights.plus), biases.plus)
            result[.minus, default: [:]][number] = (.numbers(weights.minus), biases.minus)
        }
        return result
    }

    /// fl(w ± fl(a·t)), rounded once more where memory holds BF16.
    private func perturbed(
        _ values: AlignedBuffer<Float>, _ multiplier: Float, _ streams: TensorStreams, isNarrow: Bool
    ) -> (plus: AlignedBuffer<Float>, minus: AlignedBuffer<Float>) {
        let plus = AlignedBuffer<Float>(uninitializedCount: values.count)
        let minus = AlignedBuffer<Float>(uninitializedCount: values.count)
        let (source, up, down) = (values.shared, plus.shared, minus.shared)
        forEachCode(streams, count: values.count) { i, code in
            let move = multiplier * code
            up[i] = isNarrow ? roundedToBF16(source[i] + move) : source[i] + move
            down[i] = isNarrow ? roundedToBF16(source[i] - move) : source[i] - move
        }
        return (plus, minus)
    }

    /// All queries' steps, one after another, and one rounding at the end where memory holds BF16.
    private func update(
        _ values: AlignedBuffer<Float>, tensor number: Int, _ multipliers: [Float], _ settings: MeZOSettings,
        step: Int, isNarrow: Bool
    ) -> Int {
        let sums = AlignedBuffer<Float>(values.elements)
        let (target, takesSigns) = (sums.shared, settings.takesSigns)
        for (query, multiplier) in multipliers.enumerated() where !multiplier.isNaN {
            forEachCode(settings.streams(number, step: step, query: query), count: values.count) { i, code in
                target[i] = target[i] - multiplier * (takesSigns ? (code > 0 ? 1 : code < 0 ? -1 : 0) : code)
            }
        }
        var moved = 0
        for i in 0..<values.count {
            let value = isNarrow ? roundedToBF16(sums[i]) : sums[i]
            if value != values[i] { moved += 1 }
            values[i] = value
        }
        return moved
    }

    /// Calls `body` with each element's code t of section 5, as a number.
    private func forEachCode(_ streams: TensorStreams, count: Int, _ body: @Sendable (Int, Float) -> Void) {
        let stream = streams[.perturbation]
        inPieces((count + 3) / 4, of: 4096, threads: threads) { range in
            for block in range {
                let words = stream.block(UInt64(block))
                for lane in 0..<min(4, count - 4 * block) {
                    body(4 * block + lane, Float(IrwinHallGaussian.integer(word: words[lane])))
                }
            }
        }
    }

    // MARK: Parts

    private func trainedCount(_ program: Program) -> Int {
        program.step.trainedMatrices.reduce(parameters.hasNewHead ? parameters.shape.classes : 0) {
            $0 + parameters.matrix($1).count
        }
    }

    private func run(_ program: Program, _ batch: EncodedBatch, _ optimizer: OptimizerScalars?) -> TrainingRun {
        TrainingRun(
            program: program, state: state, kernels: kernels, threads: threads, arithmetic: arithmetic, batch: batch,
            optimizer: optimizer)
    }

    func check(_ program: Program, _ batch: EncodedBatch) throws(EmulatorError) {
        let step = program.step
        guard step.adapters == parameters.layout.adapters else {
            throw .adaptersDiffer(
                program: step.trainable.description, parameters: parameters.layout.trainable.description)
        }
        let parts = program.tensors.count { $0.binding == .tokens }
        guard step.batch * parts == batch.count, step.sequence == batch.sequence,
            step.network == TransformerConfiguration(parameters.shape), step.placement == .onLoad
        else {
            throw .batchDiffers(
                program: "\(step.batch * parts) × \(step.sequence) tokens",
                batch: "\(batch.count) × \(batch.sequence) tokens")
        }
    }
}
