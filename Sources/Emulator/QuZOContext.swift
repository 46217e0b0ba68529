import NumberFormats
import Programs

/// What the registers of vector and perturbation unit hold in one zeroth-order step (docs/semantics.md, section 10).
struct QuZOContext {
    let settings: QuZOSettings
    let step: Int
    let learningRate: Double
    /// Multipliers of each trained layer's perturbation.
    let perturbation: [Int: PerturbationScalars]

    /// Bits of a weight's rounding residual; 0 where it keeps none.
    var residualBits: Int {
        if case .residual(let bits) = settings.rounding { bits.rawValue } else { 0 }
    }

    func streams(_ number: Int) -> TensorStreams {
        TensorStreams(seed: settings.seed, step: UInt32(step), tensor: UInt16(number))
    }

    /// The update's multipliers of one layer, from the difference of the losses as the multiplier's tensor holds it.
    func update(lossDifference: Float, rowScales: [Float]) -> UpdateScalars {
        UpdateScalars(
            lossDifference: lossDifference, size: settings.size, learningRate: learningRate, bits: settings.bits,
            rowScales: rowScales)
    }
}
