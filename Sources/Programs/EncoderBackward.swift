import NumberFormats

/// Lowers the backward pass of an encoder in BF16, down to the first trainable layer.
struct EncoderBackward {
    let forward: EncoderForward
    let states: FirstOrderStates

    private var step: StepDescription { forward.step }
    private var shape: EncoderShape { step.shape }
    private var rows: Int { step.batch * step.sequence }

    /// Loss, head and pool. Returns the gradient of the last block's output, nil where no block is trained.
    func head(
        _ logits: TensorID, _ pooled: EncoderForward.Quantized, in builder: inout ProgramBuilder
    ) -> TensorID? {
        let number = shape.headNumber
        let logitsGradient = gradient("logits", shape.classes, in: &builder)
        builder.emit(
            "loss.gradient", .firstOrder(.lossGradient(examples: step.batch, classes: shape.classes)), .backward,
            reads: [logits, forward.labels], writes: [logitsGradient])
        var pooledGradient: TensorID?
        if step.trainable.firstLayer(in: shape) < shape.layers {
            pooledGradient = inputGradient(number, logitsGradient, rowsPerExample: 1, in: &builder)
        }
        trainWeight(number, logitsGradient, pooled, rows: step.batch, in: &builder)
        if let moments = states.headBias {
            let bias = forward.linears[number].bias
            let biasGradient = builder.temporary("head.bias.gradient", shape.classes, .bf16, .gradients)
            builder.emit(
                "head.bias.gradient", .firstOrder(.biasGradient(rows: step.batch, columns: shape.classes)), .backward,
                reads: [logitsGradient], writes: [biasGradient])
            builder.emit(
                "head.bias.adam", .firstOrder(.adam(elements: shape.classes)), .update,
                reads: [biasGradient, bias, moments.first, moments.second],
                writes: [bias, moments.first, moments.second])
        }
        guard let pooledGradient else { return nil }
        let output = gradient("pool.input", step.sequence * shape.hidden, in: &builder)
        builder.emit(
            "pool.gradient",
            .firstOrder(.meanPoolGradient(examples: step.batch, rows: step.sequence, columns: shape.hidden)), .backward,
            reads: [pooledGradient, forward.lengths], writes: [output])
        return output
    }

    /// One block: gradient of its output to that of its input; nil where the input's is not needed.
    func block(
        _ layer: Int, _ saved: EncoderForward.BlockActivations, _ outputGradient: TensorID, needsInputGradient: Bool,
        in builder: inout ProgramBuilder
    ) -> TensorID? {
        let tokens = step.sequence
        let first = 6 * layer
        let name = "layer.\(layer)"

        let output = layerNorm(
            2 + 2 * layer, outputGradient, saved.outputSum, name + ".output-norm", in: &builder)
        let activated = inputGradient(first + 5, output, rowsPerExample: tokens, in: &builder)
        trainWeight(first + 5, output, saved.activated, rows: rows, in: &builder)
        let intermediate = gradient(name + ".intermediate", tokens * shape.intermediate, in: &builder)
        builder.emit(
            name + ".gelu.gradient", .firstOrder(.geluGradient(elements: rows * shape.intermediate)), .backward,
            reads: [activated, saved.intermediate!], writes: [intermediate])
        let throughFeedForward = inputGradient(first + 4, intermediate, rowsPerExample: tokens, in: &builder)
        trainWeight(first + 4, intermediate, saved.attentionNorm, rows: rows, in: &builder)
        let attended = add([output, throughFeedForward], name + ".attention-norm", in: &builder)

        let projected = layerNorm(
            1 + 2 * layer, attended, saved.attentionSum, name + ".attention-norm.input", in: &builder)
        let context = inputGradient(first + 3, projected, rowsPerExample: tokens, in: &builder)
        trainWeight(first + 3, projected, saved.context, rows: rows, in: &builder)

        let (query, key, value) = attention(saved, context, name, in: &builder)
        var terms = [projected]
        for (number, gradient) in [(first, query), (first + 1, key), (first + 2, value)] {
            if needsInputGradient {
                terms.append(inputGradient(number, gradient, rowsPerExample: tokens, in: &builder))
            }
            trainWeight(number, gradient, saved.input, rows: rows, in: &builder)
        }
        return needsInputGradient ? add(terms, name + ".input", in: &builder) : nil
    }

    private func attention(
        _ saved: EncoderForward.BlockActivations, _ context: TensorID, _ name: String, in builder: inout ProgramBuilder
    ) -> (query: TensorID, key: TensorID, value: TensorID) {
        let tokens = step.sequence
        let instances = step.batch * shape.heads
        let depth = shape.headDimension
        func product(
            _ role: Product.Role, _ part: String, m: Int, n: Int, k: Int, _ operands: [TensorID], _ elements: Int,
            in builder: inout ProgramBuilder
        ) -> TensorID {
            let result = gradient(name + "." + part, elements, in: &builder)
            builder.emit(
                name + "." + part + ".gradient",
                .product(Product(role: role, instances: instances, m: m, n: n, k: k, format: .bf16)), .backward,
                reads: operands, writes: [result])
            return result
        }
        let square = shape.heads * tokens * tokens
        let value = product(
            .valueGradient, "value", m: tokens, n: depth, k: tokens, saved.probabilityCodes.operands + [context],
            tokens * shape.hidden, in: &builder)
        let probabilities = product(
            .probabilityGradient, "probabilities", m: tokens, n: tokens, k: depth, [context] + saved.value.operands,
            square, in: &builder)
        let scores = gradient(name + ".scores", square, in: &builder)
        builder.emit(
            name + ".softmax.gradient", .firstOrder(.softmaxGradient(rows: instances * tokens, columns: tokens)),
            .backward, reads: [probabilities, saved.probabilities!], writes: [scores])
        let query = product(
            .queryGradient, "query", m: tokens, n: depth, k: tokens, [scores] + saved.key.operands,
            tokens * shape.hidden, in: &builder)
        let key = product(
            .keyGradient, "key", m: tokens, n: depth, k: tokens, [scores] + saved.query.operands,
            tokens * shape.hidden, in: &builder)
        return (query, key, value)
    }

    /// dX = dY·W, with W dequantized from its codes.
    private func inputGradient(
        _ number: Int, _ outputGradient: TensorID, rowsPerExample: Int, in builder: inout ProgramBuilder
    ) -> TensorID {
        let (outputs, inputs) = shape.linearSize(number)
        let name = shape.linearName(number)
        let result = gradient(name + ".input", rowsPerExample * inputs, in: &builder)
        let weight = forward.linears[number]
        builder.emit(
            name + ".input-gradient",
            .product(
                Product(
                    role: .inputGradient(number: number), instances: 1, m: step.batch * rowsPerExample, n: inputs,
                    k: outputs, format: .bf16)),
            .backward, reads: [outputGradient, weight.weight] + (weight.scales.map { [$0] } ?? []), writes: [result])
        return result
    }

    /// dW = dYᵀ·X, with X dequantized from its codes, and the weight's Adam.
    private func trainWeight(
        _ number: Int, _ outputGradient: TensorID, _ input: EncoderForward.Quantized, rows: Int,
        in builder: inout ProgramBuilder
    ) {
        let (outputs, inputs) = shape.linearSize(number)
        let name = shape.linearName(number)
        let result = builder.temporary(name + ".gradient", outputs * inputs, .bf16, .gradients)
        builder.emit(
            name + ".weight-gradient",
            .product(
                Product(
                    role: .weightGradient(number: number), instances: 1, m: outputs, n: inputs, k: rows, format: .bf16)),
            .backward, reads: [outputGradient] + input.operands, writes: [result])
        states.update(number, gradient: result, in: &builder)
    }

    private func layerNorm(
        _ norm: Int, _ outputGradient: TensorID, _ saved: TensorID?, _ name: String, in builder: inout ProgramBuilder
    ) -> TensorID {
        let result = gradient(name, step.sequence * shape.hidden, in: &builder)
        builder.emit(
            name + ".gradient", .firstOrder(.layerNormGradient(rows: rows, columns: shape.hidden)), .backward,
            reads: [outputGradient, saved!, forward.norms[norm].weight], writes: [result])
        return result
    }

    private func add(_ terms: [TensorID], _ name: String, in builder: inout ProgramBuilder) -> TensorID {
        let result = gradient(name, step.sequence * shape.hidden, in: &builder)
        builder.emit(
            name + ".add-gradients", .firstOrder(.addGradients(terms: terms.count, elements: rows * shape.hidden)),
            .backward, reads: terms, writes: [result])
        return result
    }

    /// A BF16 gradient of `elements` elements an example.
    private func gradient(_ name: String, _ elements: Int, in builder: inout ProgramBuilder) -> TensorID {
        builder.activation(name + ".gradient", elements, .bf16)
    }
}
