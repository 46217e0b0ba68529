import NumberFormats
import Programs

/// What the registers of vector and perturbation unit hold in one zeroth-order step (docs/semantics.md, section 10).
struct QuZOContext {
    let settings: QuZOSettings
    let step: Int
    let learningRate: Double
    /// c_d of each trained layer, by number: of each row, or one for all.
    let perturbation: [Int: [Int32]]

    /// The streams of a linear layer's weights, or of a new head's bias behind them.
    func streams(_ number: Int) -> TensorStreams { StepSettings.quzo(settings).streams(number, step: step, query: 0) }

    /// The update's multipliers of one layer, from the difference of the losses as the multiplier's tensor holds it.
    func update(lossDifference: Float, rowScales: [Float]) -> UpdateScalars {
        UpdateScalars(
            lossDifference: lossDifference, size: settings.size, learningRate: learningRate, bits: settings.bits,
            rowScales: rowScales)
    }
}
