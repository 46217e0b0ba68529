extension Lowering {
    /// First-order quantization-aware training.
    static func qat(_ step: StepDescription) -> Program {
        preconditionFailure("lowered in the next commit")
    }
}
