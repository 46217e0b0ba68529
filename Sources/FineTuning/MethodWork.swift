import Emulator
import Programs

/// What a run's method does, its settings parsed.
public enum MethodWork: Sendable, Hashable {
    /// A zeroth-order step on integer codes.
    case codes(StepSettings)
    /// A zeroth-order step in floating point.
    case mezo(MeZOSettings)
    /// QuZO on weights in floating point.
    case floatQuZO(QuZOSettings)
    case firstOrder(FirstOrderRecipe, OptimizerSettings)

    /// The method, as programs know it.
    public var method: StepDescription.Method {
        switch self {
        case .codes(let settings): settings.method
        case .mezo: .mezo
        case .floatQuZO: .quzo(residualBits: 0)
        case .firstOrder(let recipe, _): .firstOrder(recipe)
        }
    }

    /// Bits of the residuals that codes keep; 0 for none.
    public var residualBits: Int { if case .codes(let settings) = self { settings.rounding.residualBits } else { 0 } }

    /// What weights are in memory.
    public var precision: Precision {
        switch self {
        case .codes, .floatQuZO: .quantized
        case .mezo, .firstOrder: .fp32
        }
    }
}
