import NumberFormats

/// First-order quantization-aware training: an INT8 forward from FP32 master weights, a straight-through backward in
/// BF16, Adam in FP32.
///
/// Where there was a choice, it favours the baseline, so that a ratio to it is a lower bound of what a zeroth-order step
/// saves: the forward saves codes where they exist already and BF16 elsewhere; operands of backward products are
/// dequantized as they are loaded, not through a copy in DRAM; each weight's Adam runs as soon as its gradient is there, so
/// one gradient is alive at a time; nothing below the first trainable layer is saved or differentiated.
extension Lowering {
    static func qat(_ step: StepDescription) -> Program {
        var builder = ProgramBuilder(step: step)
        let shape = step.shape
        let numbers = step.trainable.numbers(in: shape)
        let forward = EncoderForward(step: step, precision: .w8a8, quantizedEachStep: numbers, in: &builder)
        let states = FirstOrderStates(step: step, in: &builder)
        let firstLayer = step.trainable.firstLayer(in: shape)

        var x = forward.embed(.forward, in: &builder)
        var saved: [EncoderForward.BlockActivations] = []
        for layer in 0..<shape.layers {
            let isTrained = layer >= firstLayer
            if isTrained {
                for number in 6 * layer..<6 * layer + 6 { states.quantize(number, forward, in: &builder) }
            }
            let block = forward.block(layer, x, .forward, .none, saving: isTrained, in: &builder)
            x = block.output
            if isTrained { saved.append(block.activations) }
        }
        states.quantize(shape.headNumber, forward, in: &builder)
        let pooled = forward.pool(x, .forward, saving: true, in: &builder)
        let logits = forward.classify(pooled, .forward, .none, in: &builder).logits

        let backward = EncoderBackward(forward: forward, states: states)
        if var gradient = backward.head(logits, pooled, in: &builder) {
            for layer in (firstLayer..<shape.layers).reversed() {
                guard
                    let next = backward.block(
                        layer, saved[layer - firstLayer], gradient, needsInputGradient: layer > firstLayer, in: &builder)
                else { break }
                gradient = next
            }
        }
        return builder.program()
    }
}

/// Master weights and moments of the trained values.
struct FirstOrderStates {
    struct State {
        let master: TensorID
        let first: TensorID
        let second: TensorID
    }

    let step: StepDescription
    /// By number of the linear layer.
    let weights: [Int: State]
    /// Of a new head's bias, whose master is the bias itself.
    let headBias: (first: TensorID, second: TensorID)?

    init(step: StepDescription, in builder: inout ProgramBuilder) {
        self.step = step
        let shape = step.shape
        var weights: [Int: State] = [:]
        for number in step.trainable.numbers(in: shape) {
            let (rows, columns) = shape.linearSize(number)
            let name = shape.linearName(number)
            let elements = rows * columns
            weights[number] = State(
                master: builder.parameter(name + ".master", .fp32, elements, .weights),
                first: builder.parameter(name + ".first-moment", .fp32, elements, .optimizerState),
                second: builder.parameter(name + ".second-moment", .fp32, elements, .optimizerState))
        }
        self.weights = weights
        if step.hasNewHead {
            headBias = (
                builder.parameter("head.bias.first-moment", .fp32, shape.classes, .optimizerState),
                builder.parameter("head.bias.second-moment", .fp32, shape.classes, .optimizerState)
            )
        } else {
            headBias = nil
        }
    }

    /// Quantizes a master weight to this step's codes and scales.
    func quantize(_ number: Int, _ forward: EncoderForward, in builder: inout ProgramBuilder) {
        let (rows, columns) = step.shape.linearSize(number)
        guard let state = weights[number], let scales = forward.linears[number].scales else { return }
        builder.emit(
            step.shape.linearName(number) + ".quantize",
            .firstOrder(.quantizeWeights(number: number, rows: rows, columns: columns)), .forward,
            reads: [state.master], writes: [forward.linears[number].weight, scales])
    }

    /// Adam on one weight.
    func update(_ number: Int, gradient: TensorID, in builder: inout ProgramBuilder) {
        let (rows, columns) = step.shape.linearSize(number)
        guard let state = weights[number] else { return }
        builder.emit(
            step.shape.linearName(number) + ".adam", .firstOrder(.adam(elements: rows * columns)), .update,
            reads: [gradient, state.master, state.first, state.second],
            writes: [state.master, state.first, state.second])
    }
}
