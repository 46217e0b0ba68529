import Emulator
import Kernels
import NumberFormats
import Programs
import Testing

/// What one step changed and gave, as bits.
struct TileOutcome: Equatable {
    var losses: [UInt32] = []
    var codes: [[Int8]] = []
    var residuals: [[Int16]] = []
    var biases: [[UInt32]] = []
    var perturbations: [[PerturbationStatistics]] = []
    var updates: [[UpdateStatistics]] = []

    mutating func add(_ result: EncoderEmulator.StepResult) {
        losses += [result.plusLoss.bitPattern, result.minusLoss.bitPattern]
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
    let settings: QuZOSettings
    let batches: [EncodedBatch]
    let rate: Double

    init(
        _ random: inout SplitMix, steps: Int, sizes: RandomEncoder.Sizes = RandomEncoder.Sizes(),
        examples: ClosedRange<Int> = 1...4
    ) throws {
        encoder = try RandomEncoder(&random, sizes: sizes)
        let rounding: UpdateRounding = [
            .stochastic, .nearest, .residual(.eight), .residual(.sixteen),
        ].randomElement(using: &random)!
        let trainable: TrainableSet = [.all, .last(count: 1), .head].randomElement(using: &random)!
        let shape = encoder.parameters().shape
        let isSteps = Int.random(in: 0..<3, using: &random) > 0
        settings = QuZOSettings(
            seed: random.next(), bits: PerturbationBits.allCases.randomElement(using: &random)!,
            size: isSteps ? .gridSteps(1.5) : .weightUnits(0.02), rounding: rounding)
        rate = isSteps ? 300 : 0.05
        let (count, sequence) = (
            Int.random(in: examples, using: &random), Int.random(in: sizes.sequence, using: &random)
        )
        description = StepDescription(
            shape: shape, batch: count, sequence: sequence, trainable: trainable, hasNewHead: encoder.hasNewHead,
            method: .quzo(residualBits: rounding.bits))
        var made: [EncodedBatch] = []
        for _ in 0..<steps { made.append(encoder.batch(count: count, sequence: sequence, &random)) }
        batches = made
    }

    var parameters: EncoderParameters {
        encoder.parameters(residualBits: settings.rounding.bits, trainable: description.trainable)
    }

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
            $0 + (scheduled.counts(of: $1).macs[.int8] ?? 0)
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

extension UpdateRounding {
    fileprivate var bits: Int {
        if case .residual(let bits) = self { bits.rawValue } else { 0 }
    }
}
