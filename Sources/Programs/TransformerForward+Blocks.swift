import Networks
import NumberFormats

extension TransformerForward {
    /// What one block's operations wrote that a backward pass reads. Copies for it are BF16, which only a saving forward writes.
    struct BlockActivations {
        /// Input of the norm before attention; nil where norms follow their parts.
        var inputSum: TensorID?
        var input: Operand
        var query: Operand, key: Operand, value: Operand
        var probabilities: TensorID?
        var probabilityCodes: Operand
        var context: Operand
        /// Input of the norm after attention's sum.
        var attentionSum: TensorID?
        var attentionNorm: Operand
        /// Input of the activation function: the gate's where there is one.
        var intermediate: TensorID?
        var up: TensorID?
        var activated: Operand
        /// Input of the block's last norm; nil where norms precede their parts.
        var outputSum: TensorID?
    }

    /// Number of the first norm of block `layer`.
    func firstNorm(_ layer: Int) -> Int { (network.hasEmbeddingNorm ? 1 : 0) + 2 * layer }
    /// Number of the norm after the last block.
    var finalNorm: Int { network.normCount - 1 }

    /// One block: the stream to the block's, with what it wrote on the way.
    ///
    /// - Parameters:
    ///   - savesInput: the gradient of the block's input will be wanted.
    ///   - checkpoints: the input is kept whatever `span` saves, as the first norm reads it where that norm is the block's first part.
    ///   - savesProbabilities: what the attention scores' softmax writes is kept where `span` saves.
    ///   - endsEarly: only what a backward pass reads is wanted, not the block's output.
    func block(
        _ layer: Int, _ stream: Stream, _ span: Span, savesInput: Bool = true, checkpoints: Bool = false,
        savesProbabilities: Bool = true, endsEarly: Bool = false, in builder: inout ProgramBuilder
    ) -> (stream: Stream, activations: BlockActivations) {
        let tokens = step.sequence
        let hidden = network.hidden
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer
        let isPre = network.normPlacement == .pre

        var state = stream.state
        var x = state
        var inputSum: TensorID?
        if isPre {
            let saving = Span(
                span.pass, span.sign, biasSign: span.biasSign, saves: span.saves && savesInput || checkpoints)
            let normalized = normalize(stream, norm: firstNorm(layer), name + ".input-norm", saving, in: &builder)
            (state, x, inputSum) = (normalized.state, normalized.y, normalized.saved)
        }
        let input = quantize(
            x, name + ".input", rowsPerExample: tokens, columns: hidden, to: formats.activations, span, in: &builder)
        let attention = attention(layer, input, span, savesProbabilities: savesProbabilities, in: &builder)
        let context = attention.context
        let projected = linear(first + 3, context, rowsPerExample: tokens, span, in: &builder)
        let attended = normalize(
            Stream(state: state, branch: projected), norm: firstNorm(layer) + (isPre ? 1 : 0),
            name + ".attention-norm", span, keepsState: !endsEarly, in: &builder)

        let attendedCodes = quantize(
            attended.y, name + ".attention-norm", rowsPerExample: tokens, columns: hidden, to: formats.activations,
            span, in: &builder)
        let feedForward = feedForward(layer, attendedCodes, span, in: &builder)
        var result = Stream(state: attended.state)
        if !(endsEarly && isPre) {
            result.branch = linear(
                first + network.linearsPerBlock - 1, feedForward.activated, rowsPerExample: tokens, span, in: &builder)
        }
        var outputSum: TensorID?
        if !isPre, endsEarly, let branch = result.branch {
            // Of the block's last norm its input alone is wanted.
            let sum = activation(
                name + ".output-norm.sum.saved", tokens * hidden, savesCopies ? .bf16 : formats.values, copies: 1,
                in: &builder)
            builder.emit(
                name + ".output-norm.sum", .add(elements: rows(1) * hidden), span.pass,
                reads: [branch.id, result.state.id], writes: [sum])
            outputSum = sum
        } else if !isPre {
            let normalized = normalize(
                result, norm: firstNorm(layer) + 1, name + ".output-norm", span, in: &builder)
            result = Stream(state: normalized.y)
            outputSum = normalized.saved
        }
        return (
            result,
            BlockActivations(
                inputSum: inputSum, input: input, query: attention.query, key: attention.key, value: attention.value,
                probabilities: attention.probabilities, probabilityCodes: attention.probabilityCodes, context: context,
                attentionSum: attended.saved, attentionNorm: attendedCodes, intermediate: feedForward.intermediate,
                up: feedForward.up, activated: feedForward.activated, outputSum: outputSum)
        )
    }

    private struct Attention {
        var query: Operand, key: Operand, value: Operand
        var probabilities: TensorID?
        var probabilityCodes: Operand
        var context: Operand
    }

    private func attention(
        _ layer: Int, _ input: Operand, _ span: Span, savesProbabilities: Bool, in builder: inout ProgramBuilder
    ) -> Attention {
        let tokens = step.sequence
        let (heads, keyHeads, groups) = (network.heads, network.keyValueHeads, network.keyValueGroups)
        let depth = network.headDimension
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer
        let format = formats.attention
        // Queries, keys and values are written as the attention products read them, unless codes are still to be made.
        let written = format.hasScales ? formats.values : format

        func project(_ number: Int, in builder: inout ProgramBuilder) -> Value {
            linear(number, input, rowsPerExample: tokens, span, format: written, in: &builder)
        }
        let q = project(first, in: &builder)
        let k = project(first + 1, in: &builder)
        let v = project(first + 2, in: &builder)
        let copies = q.copies
        let (pass, instances) = (pass(span, copies), examples(copies) * keyHeads)
        if let rotations {
            for (x, part, count) in [(q, "query", heads), (k, "key", keyHeads)] {
                builder.emit(
                    "\(name).\(part).rotate",
                    .rotate(examples: examples(copies), rows: tokens, heads: count, columns: depth), pass,
                    reads: [x.id, rotations], writes: [x.id])
            }
        }

        let query = regrouped(q, name + ".query", to: format, toHeads: true, span, in: &builder)
        let key = quantize(
            k, name + ".key", rowsPerExample: tokens * keyHeads, columns: depth, to: format, span, in: &builder)
        var value = Operand(values: v.id, copies: copies)
        if format.hasScales {
            let codes = activation(
                name + ".value.codes", tokens * network.keyValueWidth, format, copies: copies,
                in: &builder)
            let scales = activation(
                name + ".value.scales", network.keyValueWidth, .fp32, copies: copies, in: &builder)
            builder.emit(
                name + ".value.quantize", .quantizeColumns(instances: instances, rows: tokens, columns: depth), pass,
                reads: [v.id, lengths], writes: [codes, scales])
            value = Operand(values: codes, scales: scales, copies: copies)
        }

        let (kept, probabilities) = probabilities(
            layer, query, key,
            Span(span.pass, span.sign, biasSign: span.biasSign, saves: span.saves && savesProbabilities),
            in: &builder)
        let context = activation(name + ".context", tokens * network.queryWidth, copies: copies, in: &builder)
        builder.emit(
            name + ".context",
            .product(
                Product(
                    role: .attentionContext, instances: instances, m: groups * tokens, n: depth, k: tokens,
                    format: format)),
            pass, reads: probabilities.operands + value.operands, writes: [context])
        return Attention(
            query: query, key: key, value: value, probabilities: kept, probabilityCodes: probabilities,
            context: regrouped(
                Value(id: context, copies: copies), name + ".context", to: formats.activations, toHeads: false, span,
                in: &builder))
    }

    /// Attention scores and their softmax: the probabilities as the backward pass reads them, and as the product with the values does.
    func probabilities(
        _ layer: Int, _ query: Operand, _ key: Operand, _ span: Span, in builder: inout ProgramBuilder
    ) -> (saved: TensorID, operand: Operand) {
        let tokens = step.sequence
        let (heads, keyHeads, groups) = (network.heads, network.keyValueHeads, network.keyValueGroups)
        let (depth, format, name) = (network.headDimension, formats.attention, "layer.\(layer)")
        let copies = query.copies
        let (pass, instances) = (pass(span, copies), examples(copies) * keyHeads)
        // Query heads that share a key head stand below each other as rows of one product.
        let square = heads * tokens * tokens
        let scores = activation(name + ".scores", square, copies: copies, in: &builder)
        builder.emit(
            name + ".scores",
            .product(
                Product(
                    role: .attentionScores, instances: instances, m: groups * tokens, n: tokens, k: depth,
                    format: format)),
            pass, reads: query.operands + key.operands, writes: [scores])
        let isNarrowed = !format.hasScales && formats.values != format
        let narrow: TensorID? =
            (formats.values == .fp32 && isNarrowed) || (span.saves && savesCopies)
            ? activation(
                name + ".probabilities.saved", square, isNarrowed ? format : .bf16, copies: copies,
                in: &builder)
            : nil
        builder.emit(
            name + ".softmax", .softmax(rows: examples(copies) * heads * tokens, columns: tokens), pass,
            reads: [scores, lengths], writes: [scores] + (narrow.map { [$0] } ?? []))
        let probabilities: Operand
        if isNarrowed, let narrow {
            probabilities = Operand(values: narrow, copies: copies)
        } else {
            probabilities = quantize(
                Value(id: scores, copies: copies), name + ".probabilities", rowsPerExample: heads * tokens,
                columns: tokens, to: format, span, in: &builder)
        }
        return (narrow ?? scores, probabilities)
    }

    /// Queries as the attention products read them, or contexts as the linear layer behind attention reads them. Where several heads share
    /// a key head, the products have all of a head's tokens together, so that these heads' rows follow each other.
    private func regrouped(
        _ x: Value, _ name: String, to format: ElementFormat, toHeads: Bool, _ span: Span,
        in builder: inout ProgramBuilder
    ) -> Operand {
        let (tokens, heads, depth) = (step.sequence, network.heads, network.headDimension)
        // A head's part of a token has a scale of its own among queries, a token's context one.
        let (rows, columns) = toHeads ? (tokens * heads, depth) : (tokens, heads * depth)
        guard network.keyValueGroups > 1 else {
            return quantize(x, name, rowsPerExample: rows, columns: columns, to: format, span, in: &builder)
        }
        let (count, pass) = (examples(x.copies), pass(span, x.copies))
        guard format.hasScales else {
            let values = activation(
                name + (toHeads ? ".by-head" : ".by-token"), rows * columns, format, copies: x.copies, in: &builder)
            builder.emit(
                name + ".regroup",
                .regroup(examples: count, rows: tokens, heads: heads, columns: depth, toHeads: toHeads), pass,
                reads: [x.id], writes: [values])
            return Operand(values: values, copies: x.copies)
        }
        let codes = activation(name + ".codes", rows * columns, format, copies: x.copies, in: &builder)
        let scales = activation(name + ".scales", rows, .fp32, copies: x.copies, in: &builder)
        builder.emit(
            name + ".quantize",
            toHeads
                ? .quantizeByHead(examples: count, rows: tokens, heads: heads, columns: depth)
                : .quantizeByToken(examples: count, rows: tokens, heads: heads, columns: depth),
            pass, reads: [x.id], writes: [codes, scales])
        return Operand(values: codes, scales: scales, copies: x.copies)
    }

    private func feedForward(
        _ layer: Int, _ x: Operand, _ span: Span, in builder: inout ProgramBuilder
    ) -> (activated: Operand, intermediate: TensorID?, up: TensorID?) {
        let (tokens, width) = (step.sequence, network.intermediate)
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer + 4
        let function = "." + network.activation.rawValue
        let savedGate = copy(name + (network.isGated ? ".gate" : ".intermediate"), tokens * width, span, in: &builder)
        let gate = linear(first, x, rowsPerExample: tokens, span, copy: savedGate, in: &builder)
        let copies = gate.copies
        let elements = rows(copies) * width
        let activated = activation(
            name + function, tokens * width,
            copies: copies, in: &builder)
        var savedUp: TensorID?
        if network.isGated {
            savedUp = copy(name + ".up", tokens * width, span, in: &builder)
            let up = linear(first + 1, x, rowsPerExample: tokens, span, copy: savedUp, in: &builder)
            builder.emit(
                name + function, .gate(network.activation, elements: elements), pass(span, copies),
                reads: [gate.id, up.id], writes: [activated])
            if span.saves { savedUp = savedUp ?? up.id }
        } else {
            builder.emit(
                name + function, .activation(network.activation, elements: elements),
                pass(span, copies), reads: [gate.id], writes: [activated])
        }
        let codes = quantize(
            Value(id: activated, copies: copies), name + function,
            rowsPerExample: tokens, columns: width, to: formats.activations, span, in: &builder)
        return (codes, span.saves ? savedGate ?? gate.id : nil, savedUp)
    }
}
