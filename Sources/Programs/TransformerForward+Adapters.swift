import Networks
import NumberFormats

extension TransformerForward {
    /// What a linear layer gives: its result, and on the way to it what its adapter's B reads, (alpha / rank)·A·x; nil without an adapter.
    struct Projection {
        let y: Value
        let adapted: Operand?
    }

    /// (alpha / rank)·A·x as B reads it.
    ///
    /// The factor is the product's own, an operation for each of the few results, and B's weight gradient needs it there, too.
    func adapterInput(
        _ number: Int, _ x: Operand, rowsPerExample: Int, _ span: Span, in builder: inout ProgramBuilder
    ) -> Operand? {
        let (a, _) = step.adapterNumbers(number)
        guard let parameters = adapters[a] else { return nil }
        let rank = step.matrixSize(a).rows
        let name = step.matrixName(a)
        let h = adapterProduct(a, parameters, x, rowsPerExample, span, hasFactor: true, in: &builder)
        return quantize(
            h, name, rowsPerExample: rowsPerExample, columns: rank, to: step.adapterOperand, span, in: &builder)
    }

    /// The layer's y with what its adapter adds.
    ///
    /// - Parameters:
    ///   - copy: the sum as the backward pass reads it, where that is another tensor.
    ///   - keepsResult: the sum itself is read; if not, the copy is all that is written.
    func addAdapter(
        _ number: Int, _ y: Value, _ h: Operand, rowsPerExample: Int, _ span: Span, copy: TensorID?, keepsResult: Bool,
        in builder: inout ProgramBuilder
    ) -> Value {
        let (_, b) = step.adapterNumbers(number)
        guard let parameters = adapters[b] else { return y }
        let outputs = step.matrixSize(b).rows
        let format = builder.format(of: y.id)
        let added = adapterProduct(b, parameters, h, rowsPerExample, span, format: format, in: &builder)
        let name = network.linearName(number) + ".lora-add"
        let only = keepsResult ? nil : copy
        // A frozen layer's y may be the same in both passes where what is added is not.
        let sum =
            y.copies == added.copies
            ? only ?? y.id
            : activation(name, rowsPerExample * outputs, format, copies: added.copies, in: &builder)
        builder.emit(
            name, .addAdapter(elements: examples(added.copies) * rowsPerExample * outputs), pass(span, added.copies),
            reads: [added.id, y.id], writes: [sum] + (only == nil ? copy.map { [$0] } ?? [] : []))
        return Value(id: sum, copies: added.copies)
    }

    /// A product with one of an adapter's matrices.
    private func adapterProduct(
        _ number: Int, _ parameters: Linear, _ x: Operand, _ rowsPerExample: Int, _ span: Span,
        format: ElementFormat? = nil, hasFactor: Bool = false, in builder: inout ProgramBuilder
    ) -> Value {
        let (outputs, inputs) = step.matrixSize(number)
        let name = step.matrixName(number)
        let copies = max(x.copies, span.sign.copies)
        let y = activation(name + ".output", rowsPerExample * outputs, format, copies: copies, in: &builder)
        let instances = span.sign.copies
        let (first, second) = (builder.format(of: x.values), builder.format(of: parameters.weight))
        builder.emit(
            name,
            .product(
                Product(
                    role: .adapter(.forward, number: number), instances: instances,
                    m: step.batch * rowsPerExample * (instances == 1 ? copies : 1), n: outputs, k: inputs,
                    first: StepDescription.readFormat(first, beside: second), second: second, sign: span.sign,
                    hasFactor: hasFactor)),
            pass(span, copies), reads: x.operands + parameters.operands, writes: [y])
        return Value(id: y, copies: copies)
    }

    /// An operand for `copies` passes, where it may be the same in both and is there once.
    func broadcast(
        _ x: Operand, _ name: String, to copies: Int, _ span: Span, in builder: inout ProgramBuilder
    ) -> Operand {
        guard x.copies < copies else { return x }
        func both(_ id: TensorID, _ name: String, in builder: inout ProgramBuilder) -> TensorID {
            let elements = builder.elementsPerExample(of: id) / x.copies
            let y = activation(name, elements, builder.format(of: id), copies: copies, in: &builder)
            builder.emit(
                name + ".broadcast", .broadcast(elements: examples(copies) * elements), pass(span, copies), reads: [id],
                writes: [y])
            return y
        }
        let values = both(x.values, name + ".both", in: &builder)
        let scales = x.scales.map { both($0, name + ".both-scales", in: &builder) }
        return Operand(values: values, scales: scales, copies: copies)
    }
}
