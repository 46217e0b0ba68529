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
        /// Input of the block's last matrix; nil where a block that is run again stops before it.
        var activated: Operand?
        /// Input of the block's last norm; nil where norms precede their parts.
        var outputSum: TensorID?
        /// What the adapters' B read, by number of the linear layer.
        var adapted: [Int: Operand] = [:]
    }

    /// Number of the first norm of block `layer`.
    func firstNorm(_ layer: Int) -> Int { (network.hasEmbeddingNorm ? 1 : 0) + 2 * layer }
    /// Number of the norm after the last block.
    var finalNorm: Int { network.normCount - 1 }

    /// One block: the stream to the block's, with what it wrote on the way.
    ///
    /// - Parameters:
    ///   - gradients: what the block's backward will make, where `span` saves.
    ///   - checkpoints: the input is kept whatever `span` saves, as the first norm reads it where that norm is the block's first part.
    ///   - savesProbabilities: what the attention scores' softmax writes is kept where `span` saves.
    ///   - endsEarly: only what a backward pass reads is wanted, not the block's output.
    func block(
        _ layer: Int, _ stream: Stream, _ span: Span, for gradients: BlockGradients? = nil, checkpoints: Bool = false,
        savesProbabilities: Bool = true, endsEarly: Bool = false, in builder: inout ProgramBuilder
    ) -> (stream: Stream, activations: BlockActivations) {
        /// The span of operations that write copies for the backward pass, where it will read them.
        func saving(_ isRead: Bool?) -> Span {
            Span(span.pass, span.sign, biasSign: span.biasSign, saves: span.saves && isRead ?? true)
        }
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
                span.pass, span.sign, biasSign: span.biasSign, saves: saving(gradients?.input).saves || checkpoints)
            let normalized = normalize(stream, norm: firstNorm(layer), name + ".input-norm", saving, in: &builder)
            (state, x, inputSum) = (normalized.state, normalized.y, normalized.saved)
        }
        let input = quantize(
            x, name + ".input", rowsPerExample: tokens, columns: hidden, to: formats.activations, span, in: &builder)
        var adapted: [Int: Operand] = [:]
        let attention = attention(
            layer, input, span, savesProbabilities: savesProbabilities && gradients?.scores ?? true, &adapted,
            in: &builder)
        let context = attention.context
        let projected = linear(first + 3, context, rowsPerExample: tokens, span, in: &builder)
        adapted[first + 3] = projected.adapted
        let attended = normalize(
            Stream(state: state, branch: projected.y), norm: firstNorm(layer) + (isPre ? 1 : 0),
            name + ".attention-norm", saving(gradients?.attended), keepsState: !endsEarly, in: &builder)

        let attendedCodes = quantize(
            attended.y, name + ".attention-norm", rowsPerExample: tokens, columns: hidden, to: formats.activations,
            span, in: &builder)
        // Of a block that ends early nothing behind the activation function is read but the input of a trained last matrix.
        let stops = endsEarly && isPre
        let feedForward = feedForward(
            layer, attendedCodes, saving(gradients?.activated), for: gradients,
            stops: stops && !(gradients?.trainsLast ?? true), &adapted, in: &builder)
        var result = Stream(state: attended.state)
        let last = first + network.linearsPerBlock - 1
        if let activated = feedForward.activated {
            if stops {
                adapted[last] = adapterInput(last, activated, rowsPerExample: tokens, span, in: &builder)
            } else {
                let output = linear(last, activated, rowsPerExample: tokens, span, in: &builder)
                (result.branch, adapted[last]) = (output.y, output.adapted)
            }
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
                up: feedForward.up, activated: feedForward.activated, outputSum: outputSum, adapted: adapted)
        )
    }

    private struct Attention {
        var query: Operand, key: Operand, value: Operand
        var probabilities: TensorID?
        var probabilityCodes: Operand
        var context: Operand
    }

    private func attention(
        _ layer: Int, _ input: Operand, _ span: Span, savesProbabilities: Bool, _ adapted: inout [Int: Operand],
        in builder: inout ProgramBuilder
    ) -> Attention {
        let tokens = step.sequence
        let (heads, keyHeads, groups) = (network.heads, network.keyValueHeads, network.keyValueGroups)
        let depth = network.headDimension
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer
        let format = formats.attention
        // Queries, keys and values are written as the attention products read them, unless codes are still to be made.
        let written = format.hasScales ? formats.values : format

        func project(
            _ number: Int, _ adapted: inout [Int: Operand], in builder: inout ProgramBuilder
        ) -> Value {
            let result = linear(number, input, rowsPerExample: tokens, span, format: written, in: &builder)
            adapted[number] = result.adapted
            return result.y
        }
        let q = project(first, &adapted, in: &builder)
        let k = project(first + 1, &adapted, in: &builder)
        let v = project(first + 2, &adapted, in: &builder)
        if let rotations {
            for (x, part, count) in [(q, "query", heads), (k, "key", keyHeads)] {
                builder.emit(
                    "\(name).\(part).rotate",
                    .rotate(examples: examples(x.copies), rows: tokens, heads: count, columns: depth),
                    pass(span, x.copies), reads: [x.id, rotations], writes: [x.id])
            }
        }

        var query = regrouped(q, name + ".query", to: format, toHeads: true, span, in: &builder)
        var key = quantize(
            k, name + ".key", rowsPerExample: tokens * keyHeads, columns: depth, to: format, span, in: &builder)
        var value = Operand(values: v.id, copies: v.copies)
        if format.hasScales {
            let codes = activation(
                name + ".value.codes", tokens * network.keyValueWidth, format, copies: v.copies,
                in: &builder)
            let scales = activation(
                name + ".value.scales", network.keyValueWidth, .fp32, copies: v.copies, in: &builder)
            builder.emit(
                name + ".value.quantize",
                .quantizeColumns(instances: examples(v.copies) * keyHeads, rows: tokens, columns: depth),
                pass(span, v.copies), reads: [v.id, lengths], writes: [codes, scales])
            value = Operand(values: codes, scales: scales, copies: v.copies)
        }
        // Below the first adapter some of the three may be the same in both passes.
        let copies = max(query.copies, key.copies, value.copies)
        let (pass, instances) = (pass(span, copies), examples(copies) * keyHeads)
        query = broadcast(query, name + ".query", to: copies, span, in: &builder)
        key = broadcast(key, name + ".key", to: copies, span, in: &builder)
        value = broadcast(value, name + ".value", to: copies, span, in: &builder)

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
    ///
    /// - Parameter isMultiplied: a product with values reads them.
    func probabilities(
        _ layer: Int, _ query: Operand, _ key: Operand, _ span: Span, isMultiplied: Bool = true,
        in builder: inout ProgramBuilder
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
        } else if !isMultiplied {
            probabilities = Operand(values: scores, copies: copies)
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

    /// - Parameter stops: what the activation function makes is not wanted.
    private func feedForward(
        _ layer: Int, _ x: Operand, _ span: Span, for gradients: BlockGradients?, stops: Bool,
        _ adapted: inout [Int: Operand], in builder: inout ProgramBuilder
    ) -> (activated: Operand?, intermediate: TensorID?, up: TensorID?) {
        let (tokens, width) = (step.sequence, network.intermediate)
        let name = "layer.\(layer)"
        let first = network.linearsPerBlock * layer + 4
        let function = "." + network.activation.rawValue
        let savedGate = copy(name + (network.isGated ? ".gate" : ".intermediate"), tokens * width, span, in: &builder)
        let gated = linear(
            first, x, rowsPerExample: tokens, span, copy: savedGate, keepsResult: !stops, in: &builder)
        let gate = gated.y
        adapted[first] = gated.adapted
        // Of gate and up one may be the same in both passes where the other is not.
        let copies = max(gate.copies, network.isGated ? resultCopies(first + 1, x, span) : 1)
        let elements = rows(copies) * width
        let activated = stops ? nil : activation(name + function, tokens * width, copies: copies, in: &builder)
        var (savedUp, up): (TensorID?, Value?)
        // Up's own gradient does not take its value.
        let keepsUp = span.saves && gradients?.inner(4) ?? true
        if network.isGated, stops, !keepsUp {
            adapted[first + 1] = adapterInput(first + 1, x, rowsPerExample: tokens, span, in: &builder)
        } else if network.isGated {
            if keepsUp { savedUp = copy(name + ".up", tokens * width, span, in: &builder) }
            let result = linear(
                first + 1, x, rowsPerExample: tokens, span, copy: savedUp, keepsResult: !stops, in: &builder)
            (up, adapted[first + 1]) = (result.y, result.adapted)
            if keepsUp { savedUp = savedUp ?? result.y.id }
        }
        let kept = span.saves ? savedGate ?? gate.id : nil
        guard let activated else { return (nil, kept, savedUp) }
        if let up {
            builder.emit(
                name + function, .gate(network.activation, elements: elements), pass(span, copies),
                reads: [gate.id, up.id], writes: [activated])
        } else {
            builder.emit(
                name + function, .activation(network.activation, elements: elements),
                pass(span, copies), reads: [gate.id], writes: [activated])
        }
        let codes = quantize(
            Value(id: activated, copies: copies), name + function,
            rowsPerExample: tokens, columns: width, to: formats.activations, span, in: &builder)
        return (codes, kept, savedUp)
    }
}
