import NumberFormats

/// First-order quantization-aware training: a quantized forward from FP32 master weights, a straight-through backward in
/// BF16, Adam in FP32.
///
/// Where there was a choice, it favours the baseline, so that a ratio to it is a lower bound of what a zeroth-order step
/// saves: the forward saves codes where they exist already and BF16 elsewhere; operands of backward products are
/// dequantized as they are loaded, not through a copy in DRAM; each weight's Adam runs as soon as its gradient is there, so
/// one gradient is alive at a time; nothing below the first trainable layer is saved or differentiated.
extension Lowering {
    static func qat(_ step: StepDescription) -> Program {
        var builder = ProgramBuilder(step: step)
        let network = step.network
        let numbers = step.trained
        let formats = step.formats
        let made = numbers.filter {
            ($0 == network.headNumber ? formats.head : formats.weights) != .fp32
        }
        let forward = TransformerForward(
            step: step, madeEachStep: made.isEmpty ? 0..<0 : made.first!..<made.last! + 1, in: &builder)
        let states = FirstOrderStates(step: step, forward: forward, in: &builder)
        let firstLayer = step.trainable.firstLayer(of: network.layers)
        let frozen = TransformerForward.Span(.forward)
        let trained = TransformerForward.Span(.forward, saves: true)

        var x = forward.embed(.forward, in: &builder)
        var saved: [TransformerForward.BlockActivations] = []
        for layer in 0..<network.layers {
            guard layer >= firstLayer else {
                x = forward.block(layer, x, frozen, in: &builder).stream
                continue
            }
            let first = network.linearsPerBlock * layer
            for number in first..<first + network.linearsPerBlock { states.quantize(number, forward, in: &builder) }
            let block = forward.block(layer, x, trained, savesInput: layer > firstLayer, in: &builder)
            x = block.stream
            saved.append(block.activations)
        }
        states.quantize(network.headNumber, forward, in: &builder)
        let head = forward.pool(x, trained, savesInput: firstLayer < network.layers, in: &builder)
        let logits = forward.classify(head, frozen, in: &builder).logits

        let backward = TransformerBackward(forward: forward, states: states)
        if var gradient = backward.head(logits, head, in: &builder) {
            for layer in (firstLayer..<network.layers).reversed() {
                guard
                    let next = backward.block(
                        layer, saved[layer - firstLayer], gradient, needsInputGradient: layer > firstLayer, in: &builder
                    )
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

    init(step: StepDescription, forward: TransformerForward, in builder: inout ProgramBuilder) {
        self.step = step
        let network = step.network
        var weights: [Int: State] = [:]
        for number in step.trained {
            let (rows, columns) = network.linearSize(number)
            let name = network.linearName(number)
            let elements = rows * columns
            let weight = forward.linears[number].weight
            // FP32 weights are their own masters.
            let master =
                builder.format(of: weight) == .fp32
                ? weight : builder.parameter(name + ".master", .fp32, elements, .weights)
            weights[number] = State(
                master: master,
                first: builder.parameter(name + ".first-moment", .fp32, elements, .optimizerState),
                second: builder.parameter(name + ".second-moment", .fp32, elements, .optimizerState))
        }
        self.weights = weights
        if step.hasNewHead, network.linear(network.headNumber).hasBias {
            headBias = (
                builder.parameter("head.bias.first-moment", .fp32, network.logits, .optimizerState),
                builder.parameter("head.bias.second-moment", .fp32, network.logits, .optimizerState)
            )
        } else {
            headBias = nil
        }
    }

    /// Quantizes a master weight to this step's codes and scales.
    func quantize(_ number: Int, _ forward: TransformerForward, in builder: inout ProgramBuilder) {
        let (rows, columns) = step.network.linearSize(number)
        let linear = forward.linears[number]
        guard let state = weights[number], state.master != linear.weight else { return }
        builder.emit(
            step.network.linearName(number) + ".quantize",
            .firstOrder(.quantizeWeights(number: number, rows: rows, columns: columns)), .forward,
            reads: [state.master], writes: linear.operands)
    }

    /// Adam on one weight.
    func update(_ number: Int, gradient: TensorID, in builder: inout ProgramBuilder) {
        let (rows, columns) = step.network.linearSize(number)
        guard let state = weights[number] else { return }
        builder.emit(
            step.network.linearName(number) + ".adam", .firstOrder(.adam(elements: rows * columns)), .update,
            reads: [gradient, state.master, state.first, state.second],
            writes: [state.master, state.first, state.second])
    }
}
