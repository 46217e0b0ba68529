import Networks
import NumberFormats

extension TransformerBackward {
    /// Gradients of queries, keys and values, token by token; nil for those that nothing needs.
    func attention(
        _ saved: TransformerForward.BlockActivations, _ contextGradient: TensorID, _ name: String,
        _ gradients: BlockGradients, in builder: inout ProgramBuilder
    ) -> (query: TensorID?, key: TensorID?, value: TensorID?) {
        let tokens = step.sequence
        let (heads, keyHeads) = (network.heads, network.keyValueHeads)
        let depth = network.headDimension
        let square = heads * tokens * tokens
        let operands = Operands(self, saved, name)
        let context = operands.byHead(contextGradient, in: &builder)
        let value =
            gradients.projection(2)
            ? product(
                .valueGradient, name + ".value", operands.value(context, in: &builder), tokens * network.keyValueWidth,
                in: &builder) : nil
        guard gradients.scores else { return (nil, nil, value) }
        let probabilities = product(
            .probabilityGradient, name + ".probabilities", operands.probability(context, in: &builder), square,
            in: &builder)
        let scores = gradient(name + ".scores", square, in: &builder)
        let isCoded = operands.areCodes
        builder.emit(
            name + ".softmax.gradient",
            .firstOrder(
                .softmaxGradient(rows: step.batch * heads * tokens, columns: tokens, isCoded: isCoded)), .backward,
            reads: [probabilities] + (isCoded ? saved.probabilityCodes.operands : [saved.probabilities!]),
            writes: [scores])
        let query =
            gradients.projection(0)
            ? product(
                .queryGradient, name + ".query", operands.query(scores, in: &builder), tokens * network.queryWidth,
                in: &builder) : nil
        let key =
            gradients.projection(1)
            ? product(
                .keyGradient, name + ".key", operands.key(scores, in: &builder), tokens * network.keyValueWidth,
                in: &builder) : nil
        let byToken = query.map { operands.byToken($0, in: &builder) }
        if let rotations = forward.rotations {
            for (x, part, count) in [(byToken, "query", heads), (key, "key", keyHeads)] {
                guard let x else { continue }
                builder.emit(
                    "\(name).\(part).gradient.rotate",
                    .rotate(examples: step.batch, rows: tokens, heads: count, columns: depth), .backward,
                    reads: [x, rotations], writes: [x])
            }
        }
        return (byToken, key, value)
    }

    /// What one of the four products reads.
    private struct Factors {
        let reads: [TensorID]
        let first: ElementFormat
        let second: ElementFormat
        var folded: Product.Operand?
    }

    private func product(
        _ role: Product.Role, _ name: String, _ factors: Factors, _ elements: Int, in builder: inout ProgramBuilder
    ) -> TensorID {
        let (tokens, depth) = (step.sequence, network.headDimension)
        // Query heads that share a key head stand below each other.
        let rows = network.keyValueGroups * tokens
        let (m, n, k): (Int, Int, Int)
        switch role {
        case .valueGradient, .keyGradient: (m, n, k) = (tokens, depth, rows)
        case .probabilityGradient: (m, n, k) = (rows, tokens, depth)
        default: (m, n, k) = (rows, depth, tokens)
        }
        let result = gradient(name, elements, in: &builder)
        builder.emit(
            name + ".gradient",
            .product(
                Product(
                    role: role, instances: step.batch * network.keyValueHeads, m: m, n: n, k: k, first: factors.first,
                    second: factors.second, foldedScales: factors.folded)), .backward, reads: factors.reads,
            writes: [result])
        return result
    }

    /// Operands of the gradients' products: values in the backward's format, for which codes are dequantized as they are loaded, or
    /// codes. Of two factors of a product of codes one was saved by the forward, with scales along the sum; the gradient takes these scales before it
    /// is quantized for the product. It is read by head then, so that each head's scales stand beside its rows.
    private struct Operands {
        let backward: TransformerBackward
        let saved: TransformerForward.BlockActivations
        let name: String
        let areCodes: Bool

        init(_ backward: TransformerBackward, _ saved: TransformerForward.BlockActivations, _ name: String) {
            (self.backward, self.saved, self.name) = (backward, saved, name)
            areCodes = backward.recipe.hasCodedAttention(backward.step.formats)
        }

        private var step: StepDescription { backward.step }
        private var network: TransformerConfiguration { backward.network }
        private var tokens: Int { step.sequence }
        /// Rows of an instance.
        private var rows: Int { network.keyValueGroups * tokens }
        /// Of an example.
        private var instances: Int { network.keyValueHeads }
        private var floating: ElementFormat { backward.recipe.backward }
        private var saving: ElementFormat { step.formats.attention }
        private var coding: ElementFormat { TransformerBackward.gradientCodes(beside: saving) }

        /// The context's gradient with each head's tokens together, as the products read it.
        func byHead(_ x: TensorID, in builder: inout ProgramBuilder) -> TensorID {
            let isNeeded = network.keyValueGroups > 1 || areCodes && network.heads > 1
            return isNeeded ? regroup(x, "context", toHeads: true, in: &builder) : x
        }

        /// The queries' gradient, token by token.
        func byToken(_ x: TensorID, in builder: inout ProgramBuilder) -> TensorID {
            network.keyValueGroups > 1 ? regroup(x, "query", toHeads: false, in: &builder) : x
        }

        private func regroup(
            _ x: TensorID, _ part: String, toHeads: Bool, in builder: inout ProgramBuilder
        ) -> TensorID {
            let y = backward.gradient(
                name + "." + part + (toHeads ? ".by-head" : ".by-token"), tokens * network.queryWidth, in: &builder)
            builder.emit(
                name + "." + part + ".gradient.regroup",
                .regroup(
                    examples: step.batch, rows: tokens, heads: network.heads, columns: network.headDimension,
                    toHeads: toHeads), .backward, reads: [x], writes: [y])
            return y
        }

        /// Pᵀ and dY: the sum goes over queries.
        func value(_ context: TensorID, in builder: inout ProgramBuilder) -> Factors {
            let probabilities = saved.probabilityCodes
            guard areCodes, let scales = probabilities.scales else {
                return Factors(reads: probabilities.operands + [context], first: floating, second: floating)
            }
            let codes = columns(context, scales, "context", columns: network.headDimension, in: &builder)
            return Factors(reads: [probabilities.values] + codes, first: saving, second: coding, folded: .first)
        }

        /// dY and V: over the channels of a head.
        func probability(_ context: TensorID, in builder: inout ProgramBuilder) -> Factors {
            guard areCodes, let scales = saved.value.scales else {
                return Factors(reads: [context] + saved.value.operands, first: floating, second: floating)
            }
            let codes = rows(context, scales, "context", columns: network.headDimension, in: &builder)
            return Factors(reads: codes + [saved.value.values], first: coding, second: saving, folded: .second)
        }

        /// dS and K: over keys.
        func query(_ scores: TensorID, in builder: inout ProgramBuilder) -> Factors {
            guard areCodes, let scales = saved.key.scales else {
                return Factors(reads: [scores] + saved.key.operands, first: floating, second: floating)
            }
            let byHead = scalesByHead(scales, "key", heads: instances, in: &builder)
            let codes = rows(scores, byHead, "scores", columns: tokens, in: &builder)
            return Factors(reads: codes + [saved.key.values], first: coding, second: saving, folded: .second)
        }

        /// dSᵀ and Q: over queries.
        func key(_ scores: TensorID, in builder: inout ProgramBuilder) -> Factors {
            guard areCodes, let scales = saved.query.scales else {
                return Factors(reads: [scores] + saved.query.operands, first: floating, second: floating)
            }
            // Of heads that share a key head queries lie by head already.
            let byHead =
                network.keyValueGroups > 1
                ? scales : scalesByHead(scales, "query", heads: network.heads, in: &builder)
            let codes = columns(scores, byHead, "scores", columns: tokens, in: &builder)
            return Factors(reads: codes + [saved.query.values], first: coding, second: saving, folded: .second)
        }

        /// Scales of tokens' heads, a row for each head.
        private func scalesByHead(
            _ scales: TensorID, _ part: String, heads: Int, in builder: inout ProgramBuilder
        ) -> TensorID {
            guard heads > 1 else { return scales }
            let result = builder.activation(name + "." + part + ".scales.by-head", tokens * heads)
            builder.emit(
                name + "." + part + ".scales.regroup",
                .regroup(examples: step.batch, rows: tokens, heads: heads, columns: 1, toHeads: true), .backward,
                reads: [scales], writes: [result])
            return result
        }

        /// Codes and scales of a gradient's rows, which have taken `scales`, one for each of the columns.
        private func rows(
            _ gradient: TensorID, _ scales: TensorID, _ part: String, columns: Int, in builder: inout ProgramBuilder
        ) -> [TensorID] {
            let part = name + "." + part + ".gradient"
            let codes = [
                builder.activation(part + ".codes", instances * rows * columns, coding),
                builder.activation(part + ".scales", instances * rows),
            ]
            builder.emit(
                part + ".quantize",
                .firstOrder(.quantizeGradient(instances: step.batch * instances, rows: rows, columns: columns)),
                .backward, reads: [gradient, scales], writes: codes)
            return codes
        }

        /// The same of its columns, with one of `scales` for each of the rows.
        private func columns(
            _ gradient: TensorID, _ scales: TensorID, _ part: String, columns: Int, in builder: inout ProgramBuilder
        ) -> [TensorID] {
            let part = name + "." + part + ".gradient"
            let codes = [
                builder.activation(part + ".columns", instances * rows * columns, coding),
                builder.activation(part + ".column-scales", instances * columns),
            ]
            builder.emit(
                part + ".quantize-columns",
                .firstOrder(.quantizeGradientColumns(instances: step.batch * instances, rows: rows, columns: columns)),
                .backward, reads: [gradient, scales], writes: codes)
            return codes
        }
    }
}
