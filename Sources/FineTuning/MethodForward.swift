import Emulator
import Kernels
import Networks
import Programs

/// Forwards of a run's network, in the arithmetic of its steps and with the weights as they are.
final class MethodForward {
    private enum Engine {
        case codes(EncoderEmulator)
        case numbers(TrainingEmulator)
    }

    private let engine: Engine
    private let parameters: EncoderParameters
    private let settings: RunSettings
    private let work: MethodWork
    private let trainable: TrainableSet
    private var programs: [StepDescription: Program] = [:]

    init(_ emulator: EncoderEmulator, _ settings: RunSettings, _ validated: ValidatedSettings) {
        engine = .codes(emulator)
        (parameters, self.settings) = (emulator.parameters, settings)
        (work, trainable) = (validated.work, validated.trainable)
    }

    init(_ emulator: TrainingEmulator, _ settings: RunSettings, _ validated: ValidatedSettings) {
        engine = .numbers(emulator)
        (parameters, self.settings) = (emulator.parameters, settings)
        (work, trainable) = (validated.work, validated.trainable)
    }

    /// A forward in the arithmetic that settings ask for.
    ///
    /// - Throws: `RunError` where the settings are out of range.
    convenience init(
        _ settings: RunSettings, parameters: EncoderParameters, kernels: Kernels, threads: Int
    ) throws(RunError) {
        let validated = try settings.validated()
        switch validated.work {
        case .codes:
            self.init(EncoderEmulator(parameters: parameters, kernels: kernels, threads: threads), settings, validated)
        case .mezo, .floatQuZO, .firstOrder:
            self.init(
                TrainingEmulator(
                    parameters: parameters, arithmetic: try settings.floatArithmetic(), kernels: kernels,
                    threads: threads), settings, validated)
        }
    }

    func infer(_ batch: EncodedBatch) throws(EmulatorError) -> EncoderEmulator.ForwardResult {
        var step = StepDescription(
            shape: parameters.shape, batch: batch.count, sequence: batch.sequence, trainable: trainable,
            hasNewHead: parameters.hasNewHead, method: .inference(.quantized))
        step.machineFormats = settings.formats
        switch engine {
        case .codes(let emulator): return try emulator.infer(program(step), batch)
        case .numbers(let emulator):
            // The forward of a step: what it makes of the weights is what an evaluation reads.
            step.method = work.forwardMethod
            return try emulator.infer(program(step), batch)
        }
    }

    private func program(_ step: StepDescription) -> Program {
        if let known = programs[step] { return known }
        let program = Lowering.program(for: step)
        programs[step] = program
        return program
    }
}

extension MethodWork {
    /// A method with the same forward that runs in one part and keeps nothing.
    fileprivate var forwardMethod: StepDescription.Method {
        guard case .firstOrder(var recipe, _) = self else { return method }
        recipe.microBatches = 1
        return .firstOrder(recipe)
    }
}
