import Emulator
import Kernels
import NumberFormats
import Programs
import Testing

/// What one step changed and gave, as bits.
struct TileOutcome: Equatable {
    var losses: [UInt32] = []
    var slopes: [UInt64] = []
    var codes: [[Int8]] = []
    var residuals: [[Int16]] = []
    var biases: [[UInt32]] = []
    var perturbations: [[PerturbationStatistics]] = []
    var updates: [[UpdateStatistics]] = []

    mutating func add(_ result: EncoderEmulator.StepResult) {
        losses += [result.plusLoss.bitPattern, result.minusLoss.bitPattern]
        slopes.append(result.projectedGradient.bitPattern)
        perturbations.append(result.perturbations)
        updates.append(result.updates)
    }

    mutating func finish(_ parameters: EncoderParameters) {
        codes = parameters.linears.map { Array($0.codes.elements) }
        residuals = parameters.linears.map { linear in
            linear.residuals8.map { $0.elements.map(Int16.init) } ?? linear.residuals16.map { Array($0.elements) }
                ?? []
        }
        biases = parameters.linears.map { $0.bias.elements.map(\.bitPattern) }
    }
}

/// A step's description, settings and batches for it.
struct TileCase {
    let encoder: RandomEncoder
    let description: StepDescription
    let settings: StepSettings
    let formats: StepFormats
    let batches: [EncodedBatch]
    let rate: Double

    /// Formats in any pairing.
    static func formats(_ random: inout SplitMix) -> StepFormats {
        func pick() -> ElementFormat { Bool.random(using: &random) ? .int4 : .int8 }
        guard Bool.random(using: &random) else { return .w8a8 }
        return StepFormats(weights: pick(), activations: pick(), attention: pick(), head: pick(), embedding: .fp32)
    }

    /// - Parameter formats: at random where it is nil.
    init(
        _ random: inout SplitMix, steps: Int, sizes: RandomEncoder.Sizes = RandomEncoder.Sizes(),
        examples: ClosedRange<Int> = 1...4, formats given: StepFormats? = nil
    ) throws {
        formats = given ?? Self.formats(&random)
        var sizes = sizes
        sizes.areEven = [formats.weights, formats.activations, formats.attention, formats.head].contains(.int4)
        encoder = try RandomEncoder(&random, sizes: sizes)
        let rounding: UpdateRounding = [
            .stochastic, .nearest, .residual(.eight), .residual(.sixteen),
        ].randomElement(using: &random)!
        let trainable: TrainableSet = [.all, .last(count: 1), .head].randomElement(using: &random)!
        let shape = encoder.parameters().shape
        let isSteps = Int.random(in: 0..<3, using: &random) > 0
        let size = isSteps ? PerturbationSize.gridSteps(1.5) : .weightUnits(0.02)
        let seed = random.next()
        if Int.random(in: 0..<4, using: &random) == 0 {
            settings = .zoqo(ZOQOSettings(seed: seed, size: size))
            rate = isSteps ? 2 : 0.05
        } else {
            settings = .quzo(
                QuZOSettings(
                    seed: seed, bits: PerturbationBits.allCases.randomElement(using: &random)!, size: size,
                    rounding: rounding, estimator: Bool.random(using: &random) ? .qRGE1 : .qRGE2))
            rate = isSteps ? 300 : 0.05
        }
        let (count, sequence) = (
            Int.random(in: examples, using: &random), sizes.rounded(Int.random(in: sizes.sequence, using: &random))
        )
        var description = StepDescription(
            shape: shape, batch: count, sequence: sequence, trainable: trainable, hasNewHead: encoder.hasNewHead,
            method: settings.method)
        description.machineFormats = formats
        description.queries = [1, 1, 2, 3].randomElement(using: &random)!
        self.description = description
        var made: [EncodedBatch] = []
        for _ in 0..<steps { made.append(encoder.batch(count: count, sequence: sequence, &random)) }
        batches = made
    }

    var parameters: EncoderParameters {
        encoder.parameters(
            residualBits: settings.rounding.residualBits, trainable: description.trainable, formats: formats)
    }

    /// The method and formats, for a failure's message.
    var words: String { "\(settings) \(formats) \(description)" }

    func wholeLayers() throws -> TileOutcome {
        let parameters = parameters
        let emulator = EncoderEmulator(parameters: parameters, kernels: Kernels(level: .highestAvailable), threads: 1)
        let program = Lowering.program(for: description)
        var outcome = TileOutcome()
        for (step, batch) in batches.enumerated() {
            outcome.add(
                try emulator.step(program, batch, settings: settings, step: step, learningRate: rate))
        }
        outcome.finish(parameters)
        return outcome
    }

    func tiles(
        _ scheduled: ScheduledProgram, options: TileOptions = TileOptions(), threads: Int = 1,
        level: KernelLevel = .highestAvailable
    ) throws -> TileOutcome {
        let parameters = parameters
        let emulator = TileEmulator(
            parameters: parameters, kernels: Kernels(level: level), threads: threads, options: options)
        // What the cost model counts is what runs.
        let counted = scheduled.program.operations.indices.reduce(0) {
            $0 + scheduled.counts(of: $1).macs.values.reduce(0, +)
        }
        var outcome = TileOutcome()
        for (step, batch) in batches.enumerated() {
            let result = try emulator.step(
                scheduled, batch, settings: settings, step: step, learningRate: rate)
            #expect(result.macs == scheduled.program.macs && result.macs == counted)
            outcome.add(result)
        }
        outcome.finish(parameters)
        return outcome
    }
}
