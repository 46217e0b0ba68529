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

    /// b₊ and b₋ of one element.
    func perturbed(_ bias: Float, at element: Int, query: Int) -> (plus: Float, minus: Float) {
        let streams = settings.streams(number, step: step, query: query)
        switch settings {
        case .quzo(let quzo):
            return BiasPerturbation.perturbed(
                bias,
                multiplier: BiasPerturbation.passMultiplier(size: quzo.size, bits: quzo.bits, headScale: headScale),
                code: BiasPerturbation.code(at: element, streams: streams, rounding: .firstRounding, bits: quzo.bits))
        case .zoqo:
            return BiasPerturbation.perturbed(bias, multiplier: headScale, code: gridSteps(at: element, streams))
        }
    }

    /// The bias after all queries' moves, one after another.
    func updated(_ bias: Float, at element: Int, differences: [Float], learningRate: Double) -> Float {
        var result = bias
        for (query, difference) in differences.enumerated() {
            let streams = settings.streams(number, step: step, query: query)
            switch settings {
            case .quzo(let quzo):
                let multiplier = BiasPerturbation.updateMultiplier(
                    lossDifference: difference, size: quzo.size, learningRate: learningRate, bits: quzo.bits,
                    headScale: headScale, queries: differences.count)
                let code = BiasPerturbation.code(
                    at: element, streams: streams, rounding: quzo.estimator.secondPurpose, bits: quzo.bits)
                result = BiasPerturbation.updated(result, multiplier: multiplier, code: code)
            case .zoqo(let zoqo):
                let length = zoqo.lengths(learningRate: learningRate, rowScales: [headScale]).lengths[0]
                let move = SignStep.step(
                    gridSteps: gridSteps(at: element, streams), length: length,
                    sign: SignStep.sign(lossDifference: difference))
                result = BiasPerturbation.updated(result, multiplier: headScale, code: move)
            }
        }
        return result
    }

    private func gridSteps(at element: Int, _ streams: TensorStreams) -> Int32 {
        let largest = GridScalars(size: settings.size, rowScales: [headScale]).lengths[0]
        return UniformGrid(checked: largest).integer(word: streams[.perturbation].word(at: element))
    }
}
