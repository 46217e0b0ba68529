import NumberFormats

/// Lowers the forward pass of an encoder, as docs/semantics.md, section 9, states it.
struct EncoderForward {
    /// The parameters of one linear layer.
    struct Linear {
        let weight: TensorID
        /// Absent in FP32.
        let scales: TensorID?
        let bias: TensorID
    }

    /// What one block's operations wrote that a backward pass reads. The optional tensors are BF16 copies, which only a
    /// saving forward writes.
    struct BlockActivations {
        var input: Quantized
        var query: Quantized, key: Quantized, value: Quantized
        var probabilities: TensorID?
        var probabilityCodes: Quantized
        var context: Quantized
        /// Input of the norm after attention: residual and projection added.
        var attentionSum: TensorID?
        var attentionNorm: Quantized
        /// Input of GELU.
        var intermediate: TensorID?
        var activated: Quantized
        /// Input of the block's last norm.
        var outputSum: TensorID?
    }

    /// A matrix ready for a product: codes and scales, or plain values where `scales` is nil.
    struct Quantized {
        let values: TensorID
        let scales: TensorID?
        /// Operand list of a product.
        var operands: [TensorID] { scales.map { [values, $0] } ?? [values] }
    }

    let step: StepDescription
    let precision: Precision
    let tokens: TensorID
    let lengths: TensorID
    let labels: TensorID
    let wordEmbeddings: TensorID
    let positionEmbeddings: TensorID
    let typeEmbeddings: TensorID
    let norms: [(weight: TensorID, bias: TensorID)]
    let linears: [Linear]

    private var shape: EncoderShape { step.shape }
    private var format: ElementFormat { precision == .w8a8 ? .int8 : .fp32 }
    /// Rows of token-wise operations, over the batch.
    private var rows: Int { step.batch * step.sequence }

    /// Declares parameters and inputs. Weights are stored as INT8 codes with a scale a row, or in FP32.
    /// Codes and scales of the linear layers in `quantizedEachStep` are made by the step itself and live only as long as
    /// it reads them.
    init(
        step: StepDescription, precision: Precision, quantizedEachStep: Range<Int> = 0..<0,
        in builder: inout ProgramBuilder
    ) {
        self.step = step
        self.precision = precision
        let shape = step.shape
        tokens = builder.input("tokens", step.sequence, .tokens)
        lengths = builder.input("lengths", 1, .lengths)
        labels = builder.input("labels", 1, .labels)
        wordEmbeddings = builder.parameter(
            "embeddings.word", .fp32, shape.vocabulary * shape.hidden, .otherParameters, .wordEmbeddings)
        positionEmbeddings = builder.parameter(
            "embeddings.position", .fp32, shape.positions * shape.hidden, .otherParameters, .positionEmbeddings)
        typeEmbeddings = builder.parameter(
            "embeddings.type", .fp32, shape.types * shape.hidden, .otherParameters, .typeEmbeddings)
        norms = (0...2 * shape.layers).map { index in
            (
                builder.parameter(
                    "norm.\(index).weight", .fp32, shape.hidden, .otherParameters, .normWeight(index: index)),
                builder.parameter("norm.\(index).bias", .fp32, shape.hidden, .otherParameters, .normBias(index: index))
            )
        }
        linears = (0..<shape.linearCount).map { number in
            let (rows, columns) = shape.linearSize(number)
            let name = shape.linearName(number)
            if quantizedEachStep.contains(number) {
                return Linear(
                    weight: builder.temporary(name + ".weight", rows * columns, .int8, .weights),
                    scales: builder.temporary(name + ".scales", rows, .fp32, .scales),
                    bias: builder.parameter(
                        name + ".bias", .fp32, rows, .otherParameters, .linearBias(number: number)))
            }
            return Linear(
                weight: builder.parameter(
                    name + ".weight", precision == .w8a8 ? .int8 : .fp32, rows * columns, .weights,
                    .linearWeight(number: number)),
                scales: precision == .w8a8
                    ? builder.parameter(name + ".scales", .fp32, rows, .scales, .linearScales(number: number)) : nil,
                bias: builder.parameter(name + ".bias", .fp32, rows, .otherParameters, .linearBias(number: number)))
        }
    }

    /// Embeddings and their norm: x [batch·sequence, hidden].
    func embed(_ pass: Pass, in builder: inout ProgramBuilder) -> TensorID {
        let x = builder.activation("embeddings.output", step.sequence * shape.hidden)
        builder.emit(
            "embeddings", .embed(rows: rows, columns: shape.hidden), pass,
            reads: [tokens, wordEmbeddings, positionEmbeddings, typeEmbeddings, norms[0].weight, norms[0].bias],
            writes: [x])
        return x
    }

    /// Quantizes the rows of `x` where the precision asks for it.
    private func quantize(
        _ x: TensorID, _ name: String, rowsPerExample: Int, columns: Int, _ pass: Pass, saving: Bool,
        in builder: inout ProgramBuilder
    ) -> Quantized {
        guard precision == .w8a8 else { return Quantized(values: x, scales: nil) }
        let kind: MemoryKind = saving ? .savedActivations : .liveActivations
        let codes = builder.activation(name + ".codes", rowsPerExample * columns, .int8, kind: kind)
        let scales = builder.activation(name + ".scales", rowsPerExample, kind: kind)
        builder.emit(
            name + ".quantize", .quantizeRows(rows: step.batch * rowsPerExample, columns: columns), pass, reads: [x],
            writes: [codes, scales])
        return Quantized(values: codes, scales: scales)
    }

    /// A BF16 copy for the backward pass, to be written by the operation that makes the values.
    private func copy(_ name: String, _ elements: Int, if saving: Bool, in builder: inout ProgramBuilder) -> TensorID? {
        saving ? builder.activation(name + ".saved", elements, .bf16, kind: .savedActivations) : nil
    }

    /// A linear layer on the array: y [rows, features].
    private func linear(
        _ number: Int, _ x: Quantized, rowsPerExample: Int, _ pass: Pass, _ sign: PerturbationSign,
        copy: TensorID? = nil, in builder: inout ProgramBuilder
    ) -> TensorID {
        let (outputs, inputs) = shape.linearSize(number)
        let name = shape.linearName(number)
        let y = builder.activation(name + ".output", rowsPerExample * outputs)
        let parameters = linears[number]
        let product = Product(
            role: .linear(number: number), instances: 1, m: step.batch * rowsPerExample, n: outputs, k: inputs,
            format: format,
            sign: step.trainable.numbers(in: shape).contains(number) ? sign : .none)
        builder.emit(
            name, .product(product), pass,
            reads: x.operands + [parameters.weight] + (parameters.scales.map { [$0] } ?? []) + [parameters.bias],
            writes: [y] + (copy.map { [$0] } ?? []))
        return y
    }

    /// One block: x to the block's output, with what it wrote on the way.
    func block(
        _ layer: Int, _ x: TensorID, _ pass: Pass, _ sign: PerturbationSign, saving: Bool = false,
        in builder: inout ProgramBuilder
    ) -> (output: TensorID, activations: BlockActivations) {
        let tokens = step.sequence
        let hidden = shape.hidden
        let heads = shape.heads
        let depth = shape.headDimension
        let name = "layer.\(layer)"
        let first = 6 * layer

        let input = quantize(x, name + ".input", rowsPerExample: tokens, columns: hidden, pass, saving: saving, in: &builder)
        let q = linear(first, input, rowsPerExample: tokens, pass, sign, in: &builder)
        let k = linear(first + 1, input, rowsPerExample: tokens, pass, sign, in: &builder)
        let v = linear(first + 2, input, rowsPerExample: tokens, pass, sign, in: &builder)

        let query = quantize(q, name + ".query", rowsPerExample: tokens * heads, columns: depth, pass, saving: saving, in: &builder)
        let key = quantize(k, name + ".key", rowsPerExample: tokens * heads, columns: depth, pass, saving: saving, in: &builder)
        var value = Quantized(values: v, scales: nil)
        if precision == .w8a8 {
            let kind: MemoryKind = saving ? .savedActivations : .liveActivations
            let codes = builder.activation(name + ".value.codes", tokens * hidden, .int8, kind: kind)
            let scales = builder.activation(name + ".value.scales", hidden, kind: kind)
            builder.emit(
                name + ".value.quantize",
                .quantizeColumns(instances: step.batch * heads, rows: tokens, columns: depth), pass,
                reads: [v, lengths],
                writes: [codes, scales])
            value = Quantized(values: codes, scales: scales)
        }

        let scores = builder.activation(name + ".scores", heads * tokens * tokens)
        builder.emit(
            name + ".scores",
            .product(
                Product(
                    role: .attentionScores, instances: step.batch * heads, m: tokens, n: tokens, k: depth,
                    format: format)),
            pass, reads: query.operands + key.operands, writes: [scores])
        let savedProbabilities = copy(
            name + ".probabilities", heads * tokens * tokens, if: saving, in: &builder)
        builder.emit(
            name + ".softmax", .softmax(rows: step.batch * heads * tokens, columns: tokens), pass,
            reads: [scores, lengths],
            writes: [scores] + (savedProbabilities.map { [$0] } ?? []))
        let probabilities = quantize(
            scores, name + ".probabilities", rowsPerExample: heads * tokens, columns: tokens, pass, saving: saving, in: &builder)
        let context = builder.activation(name + ".context", tokens * hidden)
        builder.emit(
            name + ".context",
            .product(
                Product(
                    role: .attentionContext, instances: step.batch * heads, m: tokens, n: depth, k: tokens,
                    format: format)),
            pass, reads: probabilities.operands + value.operands, writes: [context])

        let contextCodes = quantize(
            context, name + ".context", rowsPerExample: tokens, columns: hidden, pass, saving: saving, in: &builder)
        let projected = linear(first + 3, contextCodes, rowsPerExample: tokens, pass, sign, in: &builder)
        let attentionSum = copy(name + ".attention-sum", tokens * hidden, if: saving, in: &builder)
        let attended = addLayerNorm(
            projected, residual: x, norm: 1 + 2 * layer, name + ".attention-norm", pass, copy: attentionSum,
            in: &builder)

        let attendedCodes = quantize(
            attended, name + ".attention-norm", rowsPerExample: tokens, columns: hidden, pass, saving: saving, in: &builder)
        let savedIntermediate = copy(name + ".intermediate", tokens * shape.intermediate, if: saving, in: &builder)
        let intermediate = linear(
            first + 4, attendedCodes, rowsPerExample: tokens, pass, sign, copy: savedIntermediate, in: &builder)
        let activated = builder.activation(name + ".gelu", tokens * shape.intermediate)
        builder.emit(
            name + ".gelu", .gelu(elements: rows * shape.intermediate), pass, reads: [intermediate], writes: [activated]
        )
        let activatedCodes = quantize(
            activated, name + ".gelu", rowsPerExample: tokens, columns: shape.intermediate, pass, saving: saving, in: &builder)
        let output = linear(first + 5, activatedCodes, rowsPerExample: tokens, pass, sign, in: &builder)
        let outputSum = copy(name + ".output-sum", tokens * hidden, if: saving, in: &builder)
        let result = addLayerNorm(
            output, residual: attended, norm: 2 + 2 * layer, name + ".output-norm", pass, copy: outputSum, in: &builder)
        return (
            result,
            BlockActivations(
                input: input, query: query, key: key, value: value, probabilities: savedProbabilities,
                probabilityCodes: probabilities, context: contextCodes, attentionSum: attentionSum,
                attentionNorm: attendedCodes, intermediate: savedIntermediate, activated: activatedCodes,
                outputSum: outputSum)
        )
    }

    private func addLayerNorm(
        _ x: TensorID, residual: TensorID, norm: Int, _ name: String, _ pass: Pass, copy: TensorID?,
        in builder: inout ProgramBuilder
    ) -> TensorID {
        let y = builder.activation(name + ".output", step.sequence * shape.hidden)
        builder.emit(
            name, .addLayerNorm(rows: rows, columns: shape.hidden), pass,
            reads: [x, residual, norms[norm].weight, norms[norm].bias],
            writes: [y] + (copy.map { [$0] } ?? []))
        return y
    }

    /// Mean over the valid tokens, quantized for the head.
    func pool(
        _ x: TensorID, _ pass: Pass, saving: Bool = false, in builder: inout ProgramBuilder
    ) -> Quantized {
        let pooled = builder.activation("pooled", shape.hidden)
        builder.emit(
            "pool", .meanPool(examples: step.batch, rows: step.sequence, columns: shape.hidden), pass,
            reads: [x, lengths],
            writes: [pooled])
        return quantize(pooled, "pooled", rowsPerExample: 1, columns: shape.hidden, pass, saving: saving, in: &builder)
    }

    /// The head's logits, and the batch's loss.
    func classify(
        _ pooled: Quantized, _ pass: Pass, _ sign: PerturbationSign, in builder: inout ProgramBuilder
    ) -> (logits: TensorID, loss: TensorID) {
        let logits = linear(shape.headNumber, pooled, rowsPerExample: 1, pass, sign, in: &builder)
        let loss = builder.temporary("loss", 1, .fp32, .data)
        builder.emit(
            "loss", .loss(examples: step.batch, classes: shape.classes), pass, reads: [logits, labels], writes: [loss])
        return (logits, loss)
    }
}
