import FineTuning
import NumberFormats
import Programs
import Testing

/// One run of FineTuner and of independent/step.py.
struct IndependentCase: Sendable, CustomTestStringConvertible {
    var method = RunSettings.Method.quzo
    var formats = StepFormats.w8a8
    var estimator = GradientEstimator.qRGE2
    var queries = 1
    var rounding = "stochastic"
    var bits = 8
    var size = "steps:1.0"
    var rate = 2000.0
    var schedule = RunSettings.Schedule.linear
    var trainable = "all"
    var newHead = false
    var batch = 16
    var seed: UInt64 = 7
    /// Steps to run, and the run's length, which the schedule needs.
    var advance = 3
    var total = 100
    /// Share of the data held out; nil for none.
    var validationFraction: Double?

    var settings: RunSettings {
        var settings = RunSettings.defaults(network: false, updateRounding: rounding)
        settings.method = method
        settings.formats = formats
        settings.estimator = estimator
        settings.queries = queries
        settings.updateRounding = rounding
        settings.trainable = trainable
        settings.steps = total
        settings.batch = batch
        settings.seed = seed
        settings.newHead = newHead
        settings.perturbationBits = bits
        settings.perturbationSize = size
        settings.learningRate = rate
        settings.schedule = schedule
        settings.evaluateEvery = 0
        return settings
    }

    var testDescription: String {
        let operands = [formats.weights, formats.activations, formats.attention, formats.head].map(\.rawValue)
        return "\(method.rawValue), \(operands.joined(separator: "/")), \(estimator.rawValue), queries \(queries), "
            + "\(rounding), \(bits) bits, \(size), rate \(rate), \(trainable), \(newHead ? "new" : "own") head, "
            + "batch \(batch), seed \(seed), held out \(validationFraction ?? 0)"
    }
}
