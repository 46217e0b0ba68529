import NumberFormats

extension RunSettings {
    /// Settings that a run has where its user names none. They were found by the trials in docs/validation.md.
    ///
    /// - Parameters:
    ///   - network: whether a network of the user's is tuned, not the embedded one.
    ///   - updateRounding: the update asked for; nil for the default.
    ///   - method: the method asked for; nil for QuZO.
    public static func defaults(network: Bool, updateRounding: String?, method: Method? = nil) -> RunSettings {
        guard method != .zoqo else { return zoqoDefaults(network: network) }
        guard network else { return embeddedDefaults(updateRounding: updateRounding) }
        var settings = RunSettings(
            steps: 2000, batch: 64, sequence: 64, trainable: .head, perturbationBits: 8,
            perturbationSize: .gridSteps(4),
            updateRounding: .stochastic, learningRate: 8000, schedule: .linear, evaluateEvery: 200)
        if let updateRounding { settings.updateRounding = updateRounding }
        return settings
    }

    /// ZOQO moves every weight by a whole grid step at least, so its runs are short.
    private static func zoqoDefaults(network: Bool) -> RunSettings {
        var settings = defaults(network: network, updateRounding: UpdateRounding.stochastic.word)
        settings.method = .zoqo
        settings.perturbationSize = PerturbationSize.gridSteps(1).word
        settings.learningRate = 1
        settings.schedule = .constant
        settings.steps = 300
        settings.evaluateEvery = 30
        return settings
    }

    private static func embeddedDefaults(updateRounding: String?) -> RunSettings {
        var settings = RunSettings(
            steps: 3000, batch: 64, sequence: 16, trainable: .all, perturbationBits: 8, perturbationSize: .gridSteps(4),
            updateRounding: .residual(.eight), learningRate: 300, schedule: .linear, evaluateEvery: 300)
        if let updateRounding { settings.updateRounding = updateRounding }
        return settings
    }
}
