import NumberFormats
import Programs

/// What the registers of vector and perturbation unit hold in one zeroth-order step (docs/semantics.md, section 10).
struct StepContext {
    let settings: StepSettings
    let step: Int
    let learningRate: Double
    /// c_d of QuZO or m of ZOQO of each trained layer, by number: of each row, or one for all.
    let multipliers: [Int: [Int32]]

    /// What the step does to a linear layer's codes; nil where it is not trained.
    func moves(_ number: Int, of parameters: EncoderParameters) -> CodeMoves? {
        guard let multipliers = multipliers[number] else { return nil }
        let linear = parameters.linears[number]
        return CodeMoves(
            settings: settings, step: step, number: number, columns: linear.columns, limit: linear.limit,
            multipliers: multipliers)
    }

    /// What it does to a new head's bias.
    func biasMoves(of parameters: EncoderParameters) -> BiasMoves {
        let head = parameters.shape.headNumber
        return BiasMoves(
            settings: settings, step: step, number: head + 1, headScale: parameters.linears[head].scales[0])
    }
}
