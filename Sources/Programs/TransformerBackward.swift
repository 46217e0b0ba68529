import Networks
import NumberFormats

/// Lowers the backward pass of a transformer, down to the first trainable layer.
struct TransformerBackward {
    let forward: TransformerForward
    let recipe: FirstOrderRecipe

    var step: StepDescription { forward.step }
    var network: TransformerConfiguration { step.network }
    var rows: Int { step.batch * step.sequence }

    /// Loss, head, pool and the norm before them. Returns the gradient of the last block's output, nil where no block is trained.
    func head(
        _ logits: TensorID, _ input: TransformerForward.HeadInput, _ states: inout FirstOrderStates,
        in builder: inout ProgramBuilder
    ) -> TensorID? {
        let number = network.headNumber
        let rowsPerExample = input.rowsPerExample
        let logitsGradient = gradient("logits", rowsPerExample * network.logits, in: &builder)
        builder.emit(
            "loss.gradient",
            .firstOrder(.lossGradient(examples: step.batch * rowsPerExample, classes: network.logits)), .backward,
            reads: [logits, forward.labels], writes: [logitsGradient])
        var pooledGradient: TensorID?
        if step.firstTrainedLayer < network.layers {
            pooledGradient = inputGradient(number, logitsGradient, rowsPerExample: rowsPerExample, in: &builder)
        }
        if step.trained.contains(number) {
            trainWeight(number, logitsGradient, input.operand, rows: step.batch * rowsPerExample, &states, in: &builder)
        }
        if states.trainsHeadBias {
            let biasGradient = builder.temporary("head.bias.gradient", network.logits, recipe.backward, .gradients)
            builder.emit(
                "head.bias.gradient",
                .firstOrder(.biasGradient(rows: step.batch * rowsPerExample, columns: network.logits)), .backward,
                reads: [logitsGradient], writes: [biasGradient])
            states.takeBias(biasGradient, in: &builder)
        }
        guard var result = pooledGradient else { return nil }
        let (count, sequence, hidden) = (step.batch, step.sequence, network.hidden)
        if network.classes != nil || step.lossTokens == .last {
            let output = gradient("pool.input", sequence * hidden, in: &builder)
            builder.emit(
                "pool.gradient",
                .firstOrder(
                    network.isCausal
                        ? .selectGradient(examples: count, rows: sequence, columns: hidden)
                        : .meanPoolGradient(examples: count, rows: sequence, columns: hidden)),
                .backward, reads: [result, forward.lengths], writes: [output])
            result = output
        }
        if let sum = input.finalSum {
            result = norm(forward.finalNorm, result, sum, "final-norm", in: &builder)
        }
        return result
    }

    /// One block: gradient of its output to that of its input; nil where the input's is not needed.
    func block(
        _ layer: Int, _ saved: TransformerForward.BlockActivations, _ outputGradient: TensorID,
        for gradients: BlockGradients, _ states: inout FirstOrderStates, in builder: inout ProgramBuilder
    ) -> TensorID? {
        let first = network.linearsPerBlock * layer
        let name = "layer.\(layer)"
        let isPre = network.normPlacement == .pre

        var output = outputGradient
        if !isPre {
            output = norm(
                forward.firstNorm(layer) + 1, outputGradient, saved.outputSum, name + ".output-norm", in: &builder)
        }
        let attendedTerms = feedForward(layer, saved, output, gradients, &states, in: &builder)
        guard gradients.attended else { return nil }
        // Gradient of attention's sum: through the norm in between, and past the feed-forward layer.
        let projected: TensorID
        if isPre {
            let through = add(attendedTerms, name + ".attention-norm", in: &builder)
            let normed = norm(
                forward.firstNorm(layer) + 1, through, saved.attentionSum, name + ".attention-norm.input",
                in: &builder)
            projected = add([output, normed], name + ".attention-sum", in: &builder)
        } else {
            let attended = add([output] + attendedTerms, name + ".attention-norm", in: &builder)
            projected = norm(
                forward.firstNorm(layer), attended, saved.attentionSum, name + ".attention-norm.input", in: &builder)
        }
        let contextTerms = linear(
            first + 3, projected, saved.context, saved.adapted[first + 3], wantsInput: gradients.context, &states,
            in: &builder)
        guard gradients.context else { return nil }
        let context = add(contextTerms, name + ".context", width: network.queryWidth, in: &builder)

        let (query, key, value) = attention(saved, context, name, gradients, in: &builder)
        var terms: [TensorID] = []
        for (number, gradient) in [(first, query), (first + 1, key), (first + 2, value)] {
            guard let gradient else { continue }
            terms += linear(
                number, gradient, saved.input, saved.adapted[number], wantsInput: gradients.input, &states, in: &builder
            )
        }
        guard gradients.input else { return nil }
        guard isPre else { return add([projected] + terms, name + ".input", in: &builder) }
        let through = add(terms, name + ".input-norm", in: &builder)
        let normed = norm(
            forward.firstNorm(layer), through, saved.inputSum, name + ".input-norm.input", in: &builder)
        return add([projected, normed], name + ".input", in: &builder)
    }

    /// The feed-forward layer: gradients of its input, one for each matrix that reads it.
    private func feedForward(
        _ layer: Int, _ saved: TransformerForward.BlockActivations, _ output: TensorID, _ gradients: BlockGradients,
        _ states: inout FirstOrderStates, in builder: inout ProgramBuilder
    ) -> [TensorID] {
        let (tokens, width) = (step.sequence, network.intermediate)
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer + 4
        let last = network.linearsPerBlock * (layer + 1) - 1
        let activatedTerms = linear(
            last, output, saved.activated, saved.adapted[last], wantsInput: gradients.activated, &states, in: &builder)
        guard gradients.activated else { return [] }
        let activated = add(activatedTerms, name + ".activated", width: width, in: &builder)
        func inner(_ number: Int, _ gradient: TensorID, in builder: inout ProgramBuilder) -> [TensorID] {
            linear(
                number, gradient, saved.attentionNorm, saved.adapted[number], wantsInput: gradients.attended, &states,
                in: &builder)
        }
        let elements = rows * width
        let function = name + ".\(network.activation.rawValue)"
        guard network.isGated else {
            let intermediate = gradient(name + ".intermediate", tokens * width, in: &builder)
            builder.emit(
                function + ".gradient", .firstOrder(.activationGradient(network.activation, elements: elements)),
                .backward, reads: [activated, saved.intermediate!], writes: [intermediate])
            return inner(first, intermediate, in: &builder)
        }
        let gate = gradients.inner(4) ? gradient(name + ".gate", tokens * width, in: &builder) : nil
        let up = gradients.inner(5) ? gradient(name + ".up", tokens * width, in: &builder) : nil
        guard let gate else {
            // Up's gradient is what the gate lets through of the result's.
            builder.emit(
                function + ".gradient", .gate(network.activation, elements: elements), .backward,
                reads: [saved.intermediate!, activated], writes: [up!])
            return inner(first + 1, up!, in: &builder)
        }
        builder.emit(
            function + ".gradient", .firstOrder(.gateGradient(network.activation, elements: elements)), .backward,
            reads: [activated, saved.intermediate!, saved.up!], writes: [gate] + (up.map { [$0] } ?? []))
        return inner(first, gate, in: &builder) + (up.map { inner(first + 1, $0, in: &builder) } ?? [])
    }

    // MARK: Parts

    /// A linear layer with what is trained of it: terms of its input's gradient, where that is wanted.
    ///
    /// - Parameters:
    ///   - input: what the layer read.
    ///   - adapted: what its adapter's B read; nil without an adapter.
    private func linear(
        _ number: Int, _ outputGradient: TensorID, _ input: TransformerForward.Operand?,
        _ adapted: TransformerForward.Operand?, wantsInput: Bool, _ states: inout FirstOrderStates,
        in builder: inout ProgramBuilder
    ) -> [TensorID] {
        let tokens = step.sequence
        var terms: [TensorID] = []
        if wantsInput { terms.append(inputGradient(number, outputGradient, rowsPerExample: tokens, in: &builder)) }
        if step.trained.contains(number) {
            trainWeight(number, outputGradient, input!, rows: rows, &states, in: &builder)
        }
        guard let adapted else { return terms }
        // B's input has the factor, so that dB has it; dA and dX get it with the gradient of A·x.
        let (a, b) = step.adapterNumbers(number)
        let hidden = inputGradient(b, outputGradient, rowsPerExample: tokens, hasFactor: true, in: &builder)
        trainWeight(b, outputGradient, adapted, rows: rows, &states, in: &builder)
        if wantsInput { terms.append(inputGradient(a, hidden, rowsPerExample: tokens, in: &builder)) }
        trainWeight(a, hidden, input!, rows: rows, &states, in: &builder)
        return terms
    }

    /// What a product does with matrix `number`.
    private func role(_ number: Int, _ part: Product.AdapterProduct) -> Product.Role {
        if number >= network.linearCount { return .adapter(part, number: number) }
        return part == .inputGradient ? .inputGradient(number: number) : .weightGradient(number: number)
    }

    /// dX = dY·W. Of codes where the recipe says so: W's scales lie along the sum, so dY takes them before it is quantized. Otherwise W
    /// is dequantized from its codes.
    private func inputGradient(
        _ number: Int, _ outputGradient: TensorID, rowsPerExample: Int, hasFactor: Bool = false,
        in builder: inout ProgramBuilder
    ) -> TensorID {
        let (outputs, inputs) = step.matrixSize(number)
        let name = step.matrixName(number)
        let linear = forward.matrix(number)
        let result = gradient(name + ".input", rowsPerExample * inputs, in: &builder)
        var first = [outputGradient]
        var format: ElementFormat?
        if let scales = quantizedScales(linear.scales) {
            format = gradientCodes(of: number, in: builder)
            first = [
                builder.activation(name + ".output.gradient.codes", rowsPerExample * outputs, format!),
                builder.activation(name + ".output.gradient.scales", rowsPerExample),
            ]
            builder.emit(
                name + ".output-gradient.quantize",
                .firstOrder(.quantizeGradient(instances: 1, rows: step.batch * rowsPerExample, columns: outputs)),
                .backward,
                reads: [outputGradient, scales], writes: first)
        }
        builder.emit(
            name + ".input-gradient",
            .product(
                Product(
                    role: role(number, .inputGradient), instances: 1, m: step.batch * rowsPerExample, n: inputs,
                    k: outputs, first: format ?? recipe.backward,
                    second: format == nil ? recipe.backward : builder.format(of: linear.weight),
                    foldedScales: format == nil ? nil : .second, hasFactor: hasFactor)),
            .backward, reads: first + (format == nil ? linear.operands : [linear.weight]), writes: [result])
        return result
    }

    /// dW = dYᵀ·X, and what becomes of it. Of codes where the recipe says so: X's scales lie along the sum, so dY takes them before its
    /// columns are quantized. Otherwise X is dequantized from its codes.
    private func trainWeight(
        _ number: Int, _ outputGradient: TensorID, _ input: TransformerForward.Operand, rows: Int,
        _ states: inout FirstOrderStates, in builder: inout ProgramBuilder
    ) {
        let (outputs, inputs) = step.matrixSize(number)
        let name = step.matrixName(number)
        // What waits in codes is quantized from the backward's format, which has all of a row.
        let result = builder.temporary(
            name + ".gradient", outputs * inputs,
            recipe.gradientFormat.hasScales ? recipe.backward : recipe.gradientFormat, .gradients)
        var first = [outputGradient]
        var format: ElementFormat?
        if let scales = quantizedScales(input.scales),
            forward.matrix(number).scales != nil
        {
            format = gradientCodes(of: number, in: builder)
            first = [
                builder.activation(name + ".output.gradient.columns", rows / step.batch * outputs, format!),
                builder.temporary(name + ".output.gradient.column-scales", outputs, .fp32, .liveActivations),
            ]
            builder.emit(
                name + ".output-gradient.quantize-columns",
                .firstOrder(.quantizeGradientColumns(instances: 1, rows: rows, columns: outputs)), .backward,
                reads: [outputGradient, scales], writes: first)
        }
        builder.emit(
            name + ".weight-gradient",
            .product(
                Product(
                    role: role(number, .weightGradient), instances: 1, m: outputs, n: inputs, k: rows,
                    first: format ?? recipe.backward,
                    second: format == nil ? recipe.backward : builder.format(of: input.values),
                    foldedScales: format == nil ? nil : .second)),
            .backward, reads: first + (format == nil ? input.operands : [input.values]), writes: [result])
        states.take(result, of: number, in: &builder)
    }

    /// Scales of codes that backward products read as codes; nil where they are dequantized.
    private func quantizedScales(_ scales: TensorID?) -> TensorID? {
        recipe.scheme == .quantized ? scales : nil
    }

    /// Codes of a gradient that meets those of layer `number`.
    private func gradientCodes(of number: Int, in builder: ProgramBuilder) -> ElementFormat {
        Self.gradientCodes(beside: builder.format(of: forward.matrix(number).weight))
    }

    /// Codes of a gradient that meets codes of `format`: INT8, or E5M2 beside FP8 [Micikevicius22, arXiv 2209.05433].
    static func gradientCodes(beside format: ElementFormat) -> ElementFormat {
        format.integer != nil ? .int8 : .e5m2
    }

    private func norm(
        _ norm: Int, _ outputGradient: TensorID, _ saved: TensorID?, _ name: String, in builder: inout ProgramBuilder
    ) -> TensorID {
        let result = gradient(name, step.sequence * network.hidden, in: &builder)
        builder.emit(
            name + ".gradient",
            .firstOrder(.normGradient(network.norm, rows: rows, columns: network.hidden)),
            .backward, reads: [outputGradient, saved!, forward.norms[norm].weight], writes: [result])
        return result
    }

    /// - Parameter width: elements of a token; nil for the blocks' state.
    private func add(
        _ terms: [TensorID], _ name: String, width: Int? = nil, in builder: inout ProgramBuilder
    ) -> TensorID {
        guard terms.count > 1 else { return terms[0] }
        let width = width ?? network.hidden
        let result = gradient(name, step.sequence * width, in: &builder)
        builder.emit(
            name + ".add-gradients", .firstOrder(.addGradients(terms: terms.count, elements: rows * width)),
            .backward, reads: terms, writes: [result])
        return result
    }

    /// An activation gradient of `elements` elements an example.
    func gradient(_ name: String, _ elements: Int, in builder: inout ProgramBuilder) -> TensorID {
        builder.activation(name + ".gradient", elements, recipe.backward)
    }
}
