import Kernels
import NumberFormats
import Programs

/// The vector unit's part of a backward pass and of an update.
extension TrainingRun {
    func backward(_ operation: Operation, _ action: FirstOrderAction) throws(EmulatorError) {
        switch action {
        case .quantizeWeights(_, let rows, let columns):
            let master = try numbers(operation.reads[0], operation)
            guard program[operation.writes[0]].format.hasScales else {
                try made(operation.writes[0], operation).baseAddress.update(
                    from: master.baseAddress, count: master.count)
                return try store(operation.writes, operation)
            }
            try quantize(master, rows: rows, columns: columns, operation)
        case .lossGradient(let examples, let classes):
            try lossGradient(operation, examples: examples, classes: classes)
        case .meanPoolGradient(let examples, let rows, let columns):
            try meanPoolGradient(operation, examples: examples, rows: rows, columns: columns)
        case .activationGradient(.gelu, _): try geluGradient(operation)
        case .softmaxGradient(let rows, let columns, isCoded: false):
            try softmaxGradient(operation, rows: rows, columns: columns)
        case .normGradient(.layerNorm, let rows, let columns):
            try normGradient(operation, rows: rows, columns: columns)
        case .addGradients: try sum(operation)
        case .biasGradient(let rows, let columns): try biasGradient(operation, rows: rows, columns: columns)
        case .optimize(_, let rows, let columns): try optimize(operation, rows: rows, columns: columns)
        default: throw .notEmulated(operation: operation.name)
        }
    }

    private func lossGradient(_ operation: Operation, examples: Int, classes: Int) throws(EmulatorError) {
        let logits = try numbers(operation.reads[0], operation)
        let first = firstExample(operation.reads[1])
        let y = try made(operation.writes[0], operation)
        let weight = 1 / Float(self.examples)
        for example in 0..<examples {
            let row = Array(logits.elements[example * classes..<(example + 1) * classes])
            let gradient = VectorFunctions.crossEntropyGradient(
                row, label: Int(batch.labels[first + example]), weight: weight)
            (y.baseAddress + example * classes).update(from: gradient, count: classes)
        }
        try store(operation.writes, operation)
    }

    private func meanPoolGradient(
        _ operation: Operation, examples: Int, rows: Int, columns: Int
    ) throws(EmulatorError) {
        let gradient = try numbers(operation.reads[0], operation)
        let first = firstExample(operation.reads[1])
        let y = try made(operation.writes[0], operation)
        let (source, target, batch) = (gradient.shared, y.shared, batch)
        inPieces(examples, of: 1, threads: threads) { range in
            for example in range {
                let valid = Int(batch.lengths[first + example])
                for row in 0..<rows {
                    let out = target.baseAddress + (example * rows + row) * columns
                    for i in 0..<columns {
                        out[i] = row < valid ? source[example * columns + i] / Float(valid) : 0
                    }
                }
            }
        }
        try store(operation.writes, operation)
    }

    private func geluGradient(_ operation: Operation) throws(EmulatorError) {
        let gradient = try numbers(operation.reads[0], operation)
        let x = try numbers(operation.reads[1], operation)
        let y = try made(operation.writes[0], operation)
        let (source, inputs, target) = (gradient.shared, x.shared, y.shared)
        inPieces(x.count, of: 8192, threads: threads) { range in
            for i in range { target[i] = source[i] * VectorFunctions.geluDerivative(inputs[i]) }
        }
        try store(operation.writes, operation)
    }

    private func softmaxGradient(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let gradient = try numbers(operation.reads[0], operation)
        let probabilities = try numbers(operation.reads[1], operation)
        let y = try made(operation.writes[0], operation)
        let (source, p, target, factor) = (gradient.shared, probabilities.shared, y.shared, scoreFactor)
        inPieces(rows, of: max(1, 16384 / columns), threads: threads) { range in
            for row in range {
                let start = row * columns
                GradientRows.softmax(
                    source.baseAddress + start, probabilities: p.baseAddress + start, count: columns, factor: factor,
                    out: target.baseAddress + start)
            }
        }
        try store(operation.writes, operation)
    }

    private func normGradient(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let gradient = try numbers(operation.reads[0], operation)
        let x = try numbers(operation.reads[1], operation)
        let gamma = try numbers(operation.reads[2], operation)
        let y = try made(operation.writes[0], operation)
        let (source, inputs, target) = (gradient.shared, x.shared, y.shared)
        let (scale, epsilon) = (gamma.shared, state.parameters.layerNormEpsilon)
        inPieces(rows, of: max(1, 16384 / columns), threads: threads) { range in
            for row in range {
                let start = row * columns
                GradientRows.layerNorm(
                    source.baseAddress + start, x: inputs.baseAddress + start, gamma: scale.baseAddress,
                    epsilon: epsilon, count: columns, out: target.baseAddress + start)
            }
        }
        try store(operation.writes, operation)
    }

    private func biasGradient(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let gradient = try numbers(operation.reads[0], operation)
        let y = try made(operation.writes[0], operation)
        for column in 0..<columns {
            y[column] = (0..<rows).reduce(Float(0)) { $0 + gradient[$1 * columns + column] }
        }
        try store(operation.writes, operation)
    }

    private func optimize(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        guard let optimizer else { throw .notEmulated(operation: operation.name) }
        let gradient = try dequantized(0, operation)
        let place = next(0, operation)
        let ids = Array(operation.reads[place...])
        guard ids.allSatisfy({ !program[$0].format.hasScales }) else { throw .notEmulated(operation: operation.name) }
        let weights = try numbers(ids[0], operation)
        var moments: [AlignedBuffer<Float>] = []
        for id in ids.dropFirst() { moments.append(try numbers(id, operation)) }
        observer?(operation.name, UnsafeBufferPointer(gradient.elements))
        let isNarrow = program[ids[0]].format == .bf16
        let hasNarrowMoments = ids.count > 1 && program[ids[1]].format == .bf16
        let (g, w) = (gradient.shared, weights.shared)
        let first = moments.first?.shared
        let second = moments.dropFirst().first?.shared
        let size = 16384
        let pieces = (weights.count + size - 1) / size
        let moves = AlignedBuffer<Int>(count: pieces)
        let squares = AlignedBuffer<Double>(count: pieces)
        let (moved, squared) = (moves.shared, squares.shared)
        inPieces(weights.count, of: size, threads: threads) { range in
            var (changes, total) = (0, 0.0)
            for i in range {
                var (value, m, v) = (w[i], first?[i] ?? 0, second?[i] ?? 0)
                optimizer.update(&value, g[i], &m, &v)
                if isNarrow { value = roundedToBF16(value) }
                if value != w[i] { changes += 1 }
                w[i] = value
                if let first { first.elements[i] = hasNarrowMoments ? roundedToBF16(m) : m }
                if let second { second.elements[i] = hasNarrowMoments ? roundedToBF16(v) : v }
                total += Double(g[i]) * Double(g[i])
            }
            moved[range.lowerBound / size] = changes
            squared[range.lowerBound / size] = total
        }
        self.moved += moves.elements.reduce(0, +)
        squaredGradient += squares.elements.reduce(0, +)
    }
}
