import Kernels
import NumberFormats

/// What a step's method does to a new head's FP32 bias (docs/semantics.md, section 10).
struct BiasMoves {
    let settings: StepSettings
    let step: Int
    /// The bias's number among the tensors that draw.
    let number: Int
    /// s_w of the head's rows, which are all equal.
    let headScale: Float

    /// What is drawn for an element: u₁ in a query's passes, in its update u₂, or u₁ again; d of ZOQO in both.
    func drawn(at element: Int, query: Int, isUpdate: Bool) -> Int32 {
        let streams = settings.streams(number, step: step, query: query)
        switch settings {
        case .quzo(let quzo):
            return BiasPerturbation.code(
                at: element, streams: streams, rounding: isUpdate ? quzo.estimator.secondPurpose : .firstRounding,
                bits: quzo.bits)
        case .zoqo:
            let largest = GridScalars(size: settings.size, rowScales: [headScale]).lengths[0]
            return UniformGrid(checked: largest).integer(word: streams[.perturbation].word(at: element))
        }
    }

    /// b₊ and b₋ by what was drawn.
    func perturbed(_ bias: Float, by drawn: Int32) -> (plus: Float, minus: Float) {
        switch settings {
        case .quzo(let quzo):
            return BiasPerturbation.perturbed(
                bias,
                multiplier: BiasPerturbation.passMultiplier(size: quzo.size, bits: quzo.bits, headScale: headScale),
                code: drawn)
        case .zoqo: return BiasPerturbation.perturbed(bias, multiplier: headScale, code: drawn)
        }
    }

    /// The bias after the move of one of `queries` queries.
    func updated(
        _ bias: Float, by drawn: Int32, difference: Float, queries: Int, learningRate: Double
    ) -> Float {
        switch settings {
        case .quzo(let quzo):
            let multiplier = BiasPerturbation.updateMultiplier(
                lossDifference: difference, size: quzo.size, learningRate: learningRate, bits: quzo.bits,
                headScale: headScale, queries: queries)
            return BiasPerturbation.updated(bias, multiplier: multiplier, code: drawn)
        case .zoqo(let zoqo):
            let length = zoqo.lengths(learningRate: learningRate, rowScales: [headScale]).lengths[0]
            let move = SignStep.step(
                gridSteps: drawn, length: length, sign: SignStep.sign(lossDifference: difference))
            return BiasPerturbation.updated(bias, multiplier: headScale, code: move)
        }
    }

    /// b₊ and b₋ of one element.
    func perturbed(_ bias: Float, at element: Int, query: Int) -> (plus: Float, minus: Float) {
        perturbed(bias, by: drawn(at: element, query: query, isUpdate: false))
    }

    /// The bias after all queries' moves, one after another.
    func updated(_ bias: Float, at element: Int, differences: [Float], learningRate: Double) -> Float {
        var result = bias
        for (query, difference) in differences.enumerated() {
            result = updated(
                result, by: drawn(at: element, query: query, isUpdate: true), difference: difference,
                queries: differences.count, learningRate: learningRate)
        }
        return result
    }
}
