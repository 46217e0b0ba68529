import Kernels
import NumberFormats
import Programs

extension TrainingEmulator {
    /// Runs one step of QuZO on weights in floating point: each query's passes, then the update of the weights in memory (docs/semantics.md,
    /// section 13).
    ///
    /// - Parameters:
    ///   - program: of `quzo` without residuals, perturbed on load.
    ///   - settings: with ε in weight units, and an update to nearest or stochastic.
    ///   - learningRate: η_t, in weight units squared per unit of loss.
    /// - Throws: `lossNotFinite` before anything is changed.
    public func step(
        _ program: Program, _ batch: EncodedBatch, settings: QuZOSettings, step: Int, learningRate: Double
    ) throws(EmulatorError) -> StepResult {
        try check(program, batch)
        guard program.step.method == .quzo(residualBits: 0) else {
            throw .methodDiffers(program: program.step.method.word, settings: "quzo in floating point")
        }
        let moves = program.step.trainedMatrices.map { number in
            let matrix = parameters.matrix(number)
            return (
                number: number, matrix: matrix,
                moves: FloatMoves(
                    settings: settings, step: step, number: program.step.drawNumber(number), columns: matrix.columns,
                    format: matrix.format, scales: Array(matrix.scales.elements), kernels: kernels, threads: threads)
            )
        }
        let head = parameters.shape.headNumber
        let headBias = parameters.linears[head].bias
        let biasMoves =
            parameters.hasNewHead && program.step.trained.contains(head)
            ? BiasMoves(
                settings: .quzo(settings), step: step, number: head + 1,
                headScale: parameters.linears[head].scales.elements.first ?? 1) : nil
        var statistics = PerturbationStatistics()
        var (result, differences) = try passes(
            program, batch, step: step, epsilon: settings.size.magnitude
        ) { query in
            var signs: Perturbed = [:]
            for (number, matrix, move) in moves {
                let both = move.perturbed(matrix.stored.numbers(of: matrix.format), query: query)
                statistics =
                    statistics
                    + PerturbationStatistics(
                        moved: UInt64(both.perturbed), clampedPlus: UInt64(both.plus.limited),
                        clampedMinus: UInt64(both.minus.limited))
                var biases = (plus: matrix.bias, minus: matrix.bias)
                if number == head, let biasMoves {
                    let pairs = (0..<headBias.count).map { biasMoves.perturbed(headBias[$0], at: $0, query: query) }
                    biases = (AlignedBuffer(pairs.map(\.plus)), AlignedBuffer(pairs.map(\.minus)))
                }
                signs[.plus, default: [:]][number] = (both.plus.weights, biases.plus)
                signs[.minus, default: [:]][number] = (both.minus.weights, biases.minus)
            }
            return signs
        }
        result.perturbations = statistics
        result.trained = moves.reduce(0) { $0 + $1.matrix.count }
        for (_, matrix, move) in moves {
            let before = matrix.stored.numbers(of: matrix.format)
            let after = move.updated(before, differences: differences, learningRate: learningRate)
            let numbers = after.weights.numbers(of: matrix.format)
            result.moved += (0..<before.count).count { before[$0] != numbers[$0] }
            result.updateClamps += after.limited
            matrix.store(after.weights)
        }
        if let biasMoves {
            for element in 0..<headBias.count {
                headBias[element] = biasMoves.updated(
                    headBias[element], at: element, differences: differences, learningRate: learningRate)
            }
        }
        return result
    }
}

extension EncoderParameters.Linear {
    /// The weights as memory holds them.
    var stored: TensorValues { format.hasScales ? .codes(codes) : .numbers(values) }

    /// Writes weights of the matrix's format to memory.
    fileprivate func store(_ weights: TensorValues) {
        switch weights {
        case .codes(let new): codes.copy(from: UnsafeBufferPointer(new.elements))
        case .numbers(let new): values.copy(from: UnsafeBufferPointer(new.elements))
        }
    }
}
