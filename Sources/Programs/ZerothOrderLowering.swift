import Networks
import NumberFormats

/// A zeroth-order step: frozen layers once; for each query the trainable rest with +d and with −d, and the projected gradient; the update of
/// every trainable weight by all of them. Methods differ by formats and draws, which the nests take from the step.
extension Lowering {
    static func zerothOrder(_ step: StepDescription) -> Program {
        let network = step.network
        var builder = ProgramBuilder(step: step)
        let forward = TransformerForward(step: step, in: &builder)
        let residuals = residuals(step, in: &builder)
        let firstLayer = step.firstTrainedLayer
        let shared = TransformerForward.Span(.shared)

        var x = forward.embed(.shared, in: &builder)
        for layer in 0..<firstLayer { x = forward.block(layer, x, shared, in: &builder).stream }
        let sharedPool = firstLayer == network.layers ? forward.pool(x, shared, in: &builder) : nil

        /// The trainable part of one pass, or of both: the batch's loss.
        func pass(_ span: TransformerForward.Span, in builder: inout ProgramBuilder) -> TensorID {
            var y = x
            for layer in firstLayer..<network.layers { y = forward.block(layer, y, span, in: &builder).stream }
            let pooled = sharedPool ?? forward.pool(y, span, in: &builder)
            return forward.classify(pooled, span, in: &builder).loss
        }
        var multipliers: [TensorID] = []
        let kept = step.placement == .inPlace ? keptCodes(step, in: &builder) : [:]
        for query in 0..<step.queries {
            var losses: [TensorID] = []
            switch step.placement {
            case .onLoad:
                for (name, sign) in [(Pass.plus, PerturbationSign.plus), (.minus, .minus)] {
                    losses.append(pass(.init(name, sign), in: &builder))
                }
            case .onLoadShared:
                losses.append(pass(.init(.both, .both), in: &builder))
            case .inPlace:
                for (name, sign, move) in [
                    (Pass.plus, PerturbationSign.plus, query == 0 ? InPlaceMove.start : .next), (.minus, .minus, .turn),
                ] {
                    perturb(step, move, forward, kept, in: &builder)
                    losses.append(pass(.init(name, .none, biasSign: sign), in: &builder))
                }
            }
            let multiplier = builder.temporary("multiplier", 1, .fp32, .data)
            builder.emit("projected-gradient", .projectedGradient, .update, reads: losses, writes: [multiplier])
            multipliers.append(multiplier)
        }
        for number in step.trainedMatrices {
            let (rows, columns) = step.matrixSize(number)
            let weight = forward.matrix(number).weight
            let residual = residuals[number].map { [$0] } ?? []
            // Codes are restored by a list; of floating-point weights the copy is read instead.
            let list = builder.format(of: weight).integer == nil ? [] : kept[number].map { [$0] } ?? []
            let source = list.isEmpty ? kept[number] ?? weight : weight
            builder.emit(
                step.matrixName(number) + ".update",
                .update(number: number, rows: rows, columns: columns, residualBits: step.residualBits), .update,
                reads: multipliers + [source] + residual + list, writes: [weight] + residual)
        }
        if step.hasNewHead, let bias = forward.linears[network.headNumber].bias {
            builder.emit(
                "head.bias.update", .updateBias(number: network.headNumber, elements: network.logits), .update,
                reads: multipliers + [bias], writes: [bias])
        }
        return builder.program()
    }

    /// Rounding residuals of the trained weights, by number.
    private static func residuals(_ step: StepDescription, in builder: inout ProgramBuilder) -> [Int: TensorID] {
        guard step.residualBits > 0 else { return [:] }
        var result: [Int: TensorID] = [:]
        for number in step.trainedMatrices {
            let (rows, columns) = step.matrixSize(number)
            result[number] = builder.parameter(
                step.matrixName(number) + ".residuals", step.residualBits == 8 ? .int8 : .int16, rows * columns,
                .residuals, number < step.network.linearCount ? .linearResiduals(number: number) : nil)
        }
        return result
    }

    /// What restores weights that were perturbed in place, by number.
    private static func keptCodes(_ step: StepDescription, in builder: inout ProgramBuilder) -> [Int: TensorID] {
        var result: [Int: TensorID] = [:]
        for number in step.trainedMatrices {
            let (rows, columns) = step.matrixSize(number)
            let format = step.weightFormat(number)
            let isList = format.integer != nil
            result[number] = builder.temporary(
                step.matrixName(number) + (isList ? ".saturated" : ".copy"),
                rows * (isList ? InPlaceList.bytes(columns: columns) : columns),
                isList ? .int8 : format, .perturbations)
        }
        return result
    }

    private static func perturb(
        _ step: StepDescription, _ move: InPlaceMove, _ forward: TransformerForward, _ kept: [Int: TensorID],
        in builder: inout ProgramBuilder
    ) {
        for number in step.trainedMatrices {
            guard let list = kept[number] else { continue }
            let (rows, columns) = step.matrixSize(number)
            let weight = forward.matrix(number).weight
            let isList = builder.format(of: weight).integer != nil
            let (reads, writes): ([TensorID], [TensorID])
            switch move {
            case .start: (reads, writes) = ([weight], [weight, list])
            case .turn, .next: (reads, writes) = isList ? ([weight, list], [weight, list]) : ([list], [weight])
            }
            builder.emit(
                step.matrixName(number) + ".perturb",
                .perturbInPlace(move, number: number, rows: rows, columns: columns), .perturb, reads: reads,
                writes: writes)
        }
    }
}

extension StepDescription {
    /// Bits of a rounding residual that the update carries for each weight; 0 for none.
    var residualBits: Int { if case .quzo(let bits) = method { bits } else { 0 } }
}
