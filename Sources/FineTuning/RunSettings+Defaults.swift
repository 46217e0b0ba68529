extension RunSettings {
    /// Settings that a run has where its user names none. They were found by the trials in docs/validation.md.
    ///
    /// - Parameters:
    ///   - embedded: whether network and data are the embedded ones.
    ///   - updateRounding: the update asked for; nil for the default. The learning rate depends on it.
    ///   - trainable: the trainable set asked for; nil for the default.
    public static func defaults(embedded: Bool, updateRounding: String?, trainable: String?) -> RunSettings {
        if embedded {
            let rounding = updateRounding ?? "residual:8"
            var settings = RunSettings(
                steps: 4000, batch: 64, sequence: 24, trainable: .all, perturbationBits: 8,
                perturbationSize: .gridSteps(1), updateRounding: .residual(.eight), learningRate: 1, schedule: .linear,
                evaluateEvery: 400)
            settings.updateRounding = rounding
            if let trainable { settings.trainable = trainable }
            return settings
        }
        var settings = RunSettings(
            steps: 2000, batch: 64, sequence: 64, trainable: .head, perturbationBits: 8,
            perturbationSize: .gridSteps(2), updateRounding: .stochastic, learningRate: 0.06, schedule: .linear,
            evaluateEvery: 200)
        if let updateRounding { settings.updateRounding = updateRounding }
        if let trainable { settings.trainable = trainable }
        return settings
    }
}
