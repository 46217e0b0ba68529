import NumberFormats

/// Lowers a step to its program.
public enum Lowering {
    /// The program of one step: tensors and operations, not yet laid out on a machine.
    public static func program(for step: StepDescription) -> Program {
        switch step.method {
        case .inference(let precision): inference(step, precision)
        case .quzo(let residualBits): quzo(step, residualBits: residualBits)
        case .qat: qat(step)
        }
    }

    private static func inference(_ step: StepDescription, _ precision: Precision) -> Program {
        var builder = ProgramBuilder(step: step)
        let forward = EncoderForward(step: step, precision: precision, in: &builder)
        var x = forward.embed(.forward, in: &builder)
        for layer in 0..<step.shape.layers { x = forward.block(layer, x, .forward, .none, in: &builder).output }
        let pooled = forward.pool(x, .forward, in: &builder)
        _ = forward.classify(pooled, .forward, .none, in: &builder)
        return builder.program()
    }

    /// QuZO, one query, perturbed on load: frozen layers once, the trainable rest with +d and with −d, the projected
    /// gradient, and the update of every trainable weight.
    private static func quzo(_ step: StepDescription, residualBits: Int) -> Program {
        let shape = step.shape
        var builder = ProgramBuilder(step: step)
        let forward = EncoderForward(step: step, precision: .w8a8, in: &builder)
        let numbers = step.trainable.numbers(in: shape)
        var residuals: [Int: TensorID] = [:]
        if residualBits > 0 {
            for number in numbers {
                let (rows, columns) = shape.linearSize(number)
                residuals[number] = builder.parameter(
                    shape.linearName(number) + ".residuals", residualBits == 8 ? .int8 : .int16, rows * columns,
                    .residuals,
                    .linearResiduals(number: number))
            }
        }
        let firstLayer = step.trainable.firstLayer(in: shape)
        var x = forward.embed(.shared, in: &builder)
        for layer in 0..<firstLayer { x = forward.block(layer, x, .shared, .none, in: &builder).output }
        let sharedPool = firstLayer == shape.layers ? forward.pool(x, .shared, in: &builder) : nil
        var losses: [TensorID] = []
        for (pass, sign) in [(Pass.plus, PerturbationSign.plus), (.minus, .minus)] {
            var y = x
            for layer in firstLayer..<shape.layers { y = forward.block(layer, y, pass, sign, in: &builder).output }
            let pooled = sharedPool ?? forward.pool(y, pass, in: &builder)
            losses.append(forward.classify(pooled, pass, sign, in: &builder).loss)
        }
        let multiplier = builder.temporary("multiplier", 1, .fp32, .data)
        builder.emit("projected-gradient", .projectedGradient, .update, reads: losses, writes: [multiplier])
        for number in numbers {
            let (rows, columns) = shape.linearSize(number)
            let state = [forward.linears[number].weight] + (residuals[number].map { [$0] } ?? [])
            builder.emit(
                shape.linearName(number) + ".update",
                .update(number: number, rows: rows, columns: columns, residualBits: residualBits), .update,
                reads: [multiplier] + state, writes: state)
        }
        if step.hasNewHead {
            let bias = forward.linears[shape.headNumber].bias
            builder.emit(
                "head.bias.update", .updateBias(number: shape.headNumber, elements: shape.classes), .update,
                reads: [multiplier, bias], writes: [bias])
        }
        return builder.program()
    }
}
