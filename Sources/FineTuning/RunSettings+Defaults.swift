import NumberFormats
import Programs

extension RunSettings {
    /// Settings that a run has where its user names none. They were found by the trials in docs/validation.md.
    ///
    /// - Parameters:
    ///   - network: whether a network of the user's is tuned, not the embedded one.
    ///   - updateRounding: the update asked for; nil for the default.
    ///   - method: the method asked for; nil for QuZO.
    ///   - recipe: of a first-order method; its optimizer has a rate of its own.
    ///   - formats: in which steps multiply; recorded, and INT4 weights have coarser grids to step on.
    public static func defaults(
        network: Bool, updateRounding: String?, method: Method? = nil, recipe: FirstOrderRecipe? = nil,
        formats: StepFormats = .w8a8
    ) -> RunSettings {
        var settings =
            switch method {
            case .zoqo: zoqoDefaults(network: network)
            case .mezo, .zoSignSGD: floatDefaults(network: network, takesSigns: method == .zoSignSGD)
            case .firstOrder: firstOrderDefaults(network: network, recipe?.optimizer ?? .adam)
            case .quzo, nil:
                formats.weights.integer == nil
                    ? floatQuZODefaults(network: network, updateRounding: updateRounding)
                    : network
                        ? networkDefaults(updateRounding: updateRounding)
                        : embeddedDefaults(updateRounding: updateRounding, formats: formats)
            }
        settings.method = method ?? .quzo
        settings.formats = formats
        return settings
    }

    /// Zeroth-order steps in floating point.
    private static func floatDefaults(network: Bool, takesSigns: Bool) -> RunSettings {
        var settings = defaults(network: network, updateRounding: UpdateRounding.stochastic.word)
        settings.perturbationSize = PerturbationSize.weightUnits(takesSigns ? 0.01 : 0.03).word
        settings.learningRate = takesSigns ? 0.003 : 0.001
        return settings
    }

    /// QuZO on weights in floating point.
    private static func floatQuZODefaults(network: Bool, updateRounding: String?) -> RunSettings {
        var settings = defaults(network: network, updateRounding: updateRounding ?? UpdateRounding.stochastic.word)
        settings.perturbationSize = PerturbationSize.weightUnits(0.03).word
        settings.learningRate = 0.001
        return settings
    }

    private static func firstOrderDefaults(network: Bool, _ optimizer: FirstOrderRecipe.Optimizer) -> RunSettings {
        var settings = defaults(network: network, updateRounding: UpdateRounding.stochastic.word)
        settings.learningRate =
            switch optimizer {
            case .sgd: 0.1
            case .momentum: 0.03
            case .adam: 0.003
            case .lion: 0.001
            }
        settings.steps = 300
        settings.evaluateEvery = 30
        return settings
    }

    private static func networkDefaults(updateRounding: String?) -> RunSettings {
        var settings = RunSettings(
            steps: 2000, batch: 64, sequence: 64, trainable: .head, perturbationBits: 8,
            perturbationSize: .gridSteps(4),
            updateRounding: .stochastic, learningRate: 8000, schedule: .linear, evaluateEvery: 200)
        if let updateRounding { settings.updateRounding = updateRounding }
        return settings
    }

    /// ZOQO moves every weight by a whole grid step at least: longer runs walk further at random than they learn.
    private static func zoqoDefaults(network: Bool) -> RunSettings {
        var settings = defaults(network: network, updateRounding: UpdateRounding.stochastic.word)
        settings.method = .zoqo
        settings.perturbationSize = PerturbationSize.gridSteps(4).word
        settings.learningRate = 1
        settings.schedule = .constant
        settings.steps = 1000
        settings.evaluateEvery = 100
        return settings
    }

    private static func embeddedDefaults(updateRounding: String?, formats: StepFormats) -> RunSettings {
        let isNarrow = formats.weights == .int4
        var settings = RunSettings(
            steps: 3000, batch: 64, sequence: 16, trainable: .all, perturbationBits: 8,
            perturbationSize: .gridSteps(isNarrow ? 1 : 4), updateRounding: .residual(.eight),
            learningRate: isNarrow ? 1 : 300, schedule: .linear, evaluateEvery: 300)
        if let updateRounding { settings.updateRounding = updateRounding }
        return settings
    }
}
