import NumberFormats
import Programs

/// What a zeroth-order step on integer codes draws and how it moves (docs/semantics.md, section 10).
public enum StepSettings: Sendable, Hashable {
    case quzo(QuZOSettings)
    case zoqo(ZOQOSettings)

    public var seed: UInt64 {
        switch self {
        case .quzo(let settings): settings.seed
        case .zoqo(let settings): settings.seed
        }
    }

    /// κ or ε.
    public var size: PerturbationSize {
        switch self {
        case .quzo(let settings): settings.size
        case .zoqo(let settings): settings.size
        }
    }

    /// How steps go into codes; ZOQO's are whole and need none.
    public var rounding: UpdateRounding {
        switch self {
        case .quzo(let settings): settings.rounding
        case .zoqo: .stochastic
        }
    }

    /// The method, as programs know it.
    public var method: StepDescription.Method {
        switch self {
        case .quzo(let settings): .quzo(residualBits: settings.rounding.residualBits)
        case .zoqo: .zoqo
        }
    }

    /// What perturbations are drawn with, by number of the trained matrix: c_d of QuZO or m of ZOQO, of each row or one for all.
    ///
    /// - Throws: `EmulatorError.badPerturbation` where QuZO's size does not fit a layer's grid.
    func multipliers(
        _ parameters: EncoderParameters, _ trained: some Sequence<Int>
    ) throws(EmulatorError) -> [Int: [Int32]] {
        var result: [Int: [Int32]] = [:]
        for number in trained {
            let rowScales = Array(parameters.matrix(number).scales.elements)
            switch self {
            case .zoqo(let zoqo): result[number] = GridScalars(size: zoqo.size, rowScales: rowScales).lengths
            case .quzo(let quzo):
                do throws(StepScalarsError) {
                    result[number] =
                        try PerturbationScalars(size: quzo.size, bits: quzo.bits, rowScales: rowScales).multipliers
                } catch {
                    throw .badPerturbation(layer: parameters.layout.matrixName(number), error)
                }
            }
        }
        return result
    }

    func streams(_ number: Int, step: Int, query: Int) -> TensorStreams {
        TensorStreams(seed: seed, step: UInt32(step), query: UInt16(query), tensor: UInt16(number))
    }
}

/// What a ZOQO step draws (docs/semantics.md, section 10; arXiv 2501.06736).
public struct ZOQOSettings: Sendable, Hashable {
    public var seed: UInt64
    /// μ of the paper: m = max(⌊size⌋, 1) whole grid steps.
    public var size: PerturbationSize

    public init(seed: UInt64, size: PerturbationSize) {
        self.seed = seed
        self.size = size
    }

    /// Whole steps of a learning rate, whose unit is the size's.
    func lengths(learningRate: Double, rowScales: [Float]) -> GridScalars {
        switch size {
        case .gridSteps: GridScalars(size: .gridSteps(learningRate), rowScales: rowScales)
        case .weightUnits: GridScalars(size: .weightUnits(learningRate), rowScales: rowScales)
        }
    }
}
