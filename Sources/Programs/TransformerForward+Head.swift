import Networks
import NumberFormats

extension TransformerForward {
    /// What the head reads, and on the way to it what the backward pass does.
    struct HeadInput {
        let operand: Operand
        /// Input of the norm after the last block.
        let finalSum: TensorID?
        let rowsPerExample: Int
    }

    /// The blocks' last state to the head's operand: the norm that follows, one row of each example or all of them, codes.
    ///
    /// A sequence's classes are read from the mean over its tokens where these see each other, from the last token where they see
    /// only those before (docs/semantics.md, section 9).
    ///
    /// - Parameter savesInput: the gradient of the last block's output will be wanted.
    func pool(
        _ stream: Stream, _ span: Span, savesInput: Bool = true, in builder: inout ProgramBuilder
    ) -> HeadInput {
        let hidden = network.hidden
        var x: Value
        var finalSum: TensorID?
        if network.hasFinalNorm {
            let saving = Span(span.pass, span.sign, biasSign: span.biasSign, saves: span.saves && savesInput)
            let normalized = normalize(
                stream, norm: finalNorm, "final-norm", saving, keepsState: false, in: &builder)
            x = normalized.y
            finalSum = normalized.saved
        } else {
            x = settle(stream, span, in: &builder)
        }
        let copies = x.copies
        let readsAll = network.classes == nil && step.lossTokens == .all
        if !readsAll {
            let pooled = activation("pooled", hidden, copies: copies, in: &builder)
            let (count, rows) = (examples(copies), step.sequence)
            builder.emit(
                "pool",
                network.isCausal
                    ? .select(examples: count, rows: rows, columns: hidden)
                    : .meanPool(examples: count, rows: rows, columns: hidden),
                pass(span, copies), reads: [x.id, lengths], writes: [pooled])
            x = Value(id: pooled, copies: copies)
        }
        let rowsPerExample = readsAll ? step.sequence : 1
        let operand = quantize(
            x, "pooled", rowsPerExample: rowsPerExample, columns: hidden, to: formats.head, span, in: &builder)
        return HeadInput(operand: operand, finalSum: finalSum, rowsPerExample: rowsPerExample)
    }

    /// The head's logits, and the batch's loss of each pass.
    func classify(
        _ input: HeadInput, _ span: Span, in builder: inout ProgramBuilder
    ) -> (logits: TensorID, loss: TensorID) {
        let rows = input.rowsPerExample
        let logits = linear(
            network.headNumber, input.operand, rowsPerExample: rows, span, format: .fp32, in: &builder
        ).y
        let loss = builder.temporary("loss", logits.copies, .fp32, .data)
        builder.emit(
            "loss", .loss(passes: logits.copies, examples: step.batch * rows, classes: network.logits),
            pass(span, logits.copies), reads: [logits.id, labels], writes: [loss])
        return (logits.id, loss)
    }
}
