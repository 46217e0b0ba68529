import Kernels
import Networks
import NumberFormats
import Programs

/// The vector unit's part of a forward. Every function computes in FP32; `store` rounds once to a tensor's format.
extension TrainingRun {
    func embed(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let y = try made(operation.writes[0], operation)
        let checkpoint = state.parameters.checkpoint
        let first = firstExample(operation.reads[0])
        let tokens = tokens
        let (target, batch, kernels, parameters) = (y.shared, batch, kernels, state.parameters)
        let (vocabulary, epsilon) = (parameters.shape.vocabulary, parameters.layerNormEpsilon)
        let sources = [.wordEmbeddings, .positionEmbeddings, .typeEmbeddings].map { checkpoint.parameter($0) }
        let tables = zip(operation.reads.dropFirst(), sources).map { state.table(program[$0], $1) }
        let (word, position, type) = (tables[0], tables[1], tables[2])
        let gamma = SharedBuffer(UnsafeMutableBufferPointer(mutating: checkpoint.norm(0).weight))
        let beta = SharedBuffer(UnsafeMutableBufferPointer(mutating: checkpoint.norm(0).bias))
        inPieces(count, of: 1, threads: threads) { range in
            batch.tokens.withUnsafeBufferPointer { numbers in
                for example in range {
                    kernels.embed(
                        tokens: numbers.baseAddress! + (first + example) * tokens, rows: tokens,
                        word: word.baseAddress, vocabulary: vocabulary, position: position.baseAddress,
                        type: type.baseAddress, gamma: gamma.baseAddress, beta: beta.baseAddress, epsilon: epsilon,
                        columns: columns, out: target.baseAddress + example * tokens * columns)
                }
            }
        }
        try store(operation.writes, operation)
    }

    func quantizeRows(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        try quantize(x, rows: rows, columns: columns, operation)
    }

    /// Rows of `x` to the codes and scales that an operation writes.
    func quantize(_ x: AlignedBuffer<Float>, rows: Int, columns: Int, _ operation: Operation) throws(EmulatorError) {
        let codes = try madeCodes(operation.writes[0], operation)
        let scales = try made(operation.writes[1], operation)
        let format = program[operation.writes[0]].format
        let (source, target, factors, kernels) = (x.shared, codes.shared, scales.shared, kernels)
        inPieces(rows, of: max(1, 16384 / columns), threads: threads) { range in
            let start = range.lowerBound
            kernels.quantizeRows(
                source.baseAddress + start * columns, rows: range.count, columns: columns, format: format,
                codes: target.baseAddress + start * columns, scales: factors.baseAddress + start)
        }
    }

    func quantizeColumns(_ operation: Operation, instances: Int, rows: Int, columns: Int) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        let codes = try madeCodes(operation.writes[0], operation)
        let scales = try made(operation.writes[1], operation)
        let format = program[operation.writes[0]].format
        let (heads, hidden) = (shape.heads, shape.hidden)
        let first = firstExample(operation.reads[1])
        let (source, target, factors, kernels, batch) = (x.shared, codes.shared, scales.shared, kernels, batch)
        inPieces(instances, of: 4, threads: threads) { range in
            for instance in range {
                let (example, head) = (instance / heads, instance % heads)
                let values = source.baseAddress + example * rows * hidden + head * columns
                let valid = Int(batch.lengths[first + example])
                let codes = target.baseAddress + instance * rows * columns
                let scales = factors.baseAddress + instance * columns
                guard format.integer == nil else {
                    kernels.quantizeColumns(
                        values, rowStride: hidden, validRows: valid, rows: rows, columns: columns, codes: codes,
                        codeStride: rows, scales: scales, limit: format.codeLimit)
                    continue
                }
                let byColumn = AlignedBuffer<Float>(count: rows * columns)
                for row in 0..<valid {
                    for column in 0..<columns { byColumn[column * rows + row] = values[row * hidden + column] }
                }
                kernels.quantizeRows(
                    byColumn.baseAddress, rows: columns, columns: rows, format: format, codes: codes, scales: scales)
            }
        }
    }

    /// c of section 9: what scores are multiplied by.
    var scoreFactor: Float { 1 / Float(shape.headDimension).squareRoot() }

    func softmax(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        let first = firstExample(operation.reads[1])
        let (source, kernels, batch, factor) = (x.shared, kernels, batch, scoreFactor)
        let perExample = rows / count
        inPieces(count, of: 1, threads: threads) { range in
            for example in range {
                kernels.softmaxRows(
                    source.baseAddress + example * perExample * columns, rowStride: columns, rows: perExample,
                    columns: columns, valid: Int(batch.lengths[first + example]), factor: factor)
            }
        }
        try store(operation.writes, operation)
    }

    func addLayerNorm(_ operation: Operation, rows: Int, columns: Int) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        let residual = try numbers(operation.reads[1], operation)
        let gamma = try numbers(operation.reads[2], operation)
        let beta = try numbers(operation.reads[3], operation)
        let y = try made(operation.writes[0], operation)
        let (a, b, target, kernels) = (x.shared, residual.shared, y.shared, kernels)
        let (scale, shift, epsilon) = (gamma.shared, beta.shared, state.parameters.layerNormEpsilon)
        if operation.writes.count > 1 {
            let sum = try made(operation.writes[1], operation).shared
            inPieces(rows * columns, of: 65536, threads: threads) { range in
                for i in range { sum[i] = b[i] + a[i] }
            }
            try store([operation.writes[1]], operation)
        }
        inPieces(rows, of: max(1, 16384 / columns), threads: threads) { range in
            let start = range.lowerBound * columns
            kernels.addLayerNorm(
                residual: b.baseAddress + start, a.baseAddress + start, gamma: scale.baseAddress,
                beta: shift.baseAddress, epsilon: epsilon, rows: range.count, columns: columns,
                out: target.baseAddress + start)
        }
        try store([operation.writes[0]], operation)
    }

    /// The sum of what an operation reads, terms ascending.
    func sum(_ operation: Operation) throws(EmulatorError) {
        var terms: [SharedBuffer<Float>] = []
        for id in operation.reads { terms.append(try numbers(id, operation).shared) }
        let y = try made(operation.writes[0], operation)
        let target = y.shared
        let buffers = terms
        inPieces(y.count, of: 65536, threads: threads) { range in
            for i in range {
                var sum = buffers[0][i]
                for term in buffers.dropFirst() { sum += term[i] }
                target[i] = sum
            }
        }
        try store(operation.writes, operation)
    }

    func cast(_ operation: Operation) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        try made(operation.writes[0], operation).baseAddress.update(from: x.baseAddress, count: x.count)
        try store(operation.writes, operation)
    }

    func gelu(_ operation: Operation) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        let y = try made(operation.writes[0], operation)
        let (source, target, kernels) = (x.shared, y.shared, kernels)
        inPieces(x.count, of: 16384, threads: threads) { range in
            let start = target.baseAddress + range.lowerBound
            if source.baseAddress != target.baseAddress {
                start.update(from: source.baseAddress + range.lowerBound, count: range.count)
            }
            kernels.gelu(start, count: range.count)
        }
        try store(operation.writes, operation)
    }

    func meanPool(_ operation: Operation, examples: Int, rows: Int, columns: Int) throws(EmulatorError) {
        let x = try numbers(operation.reads[0], operation)
        let y = try made(operation.writes[0], operation)
        let first = firstExample(operation.reads[1])
        for example in 0..<examples {
            kernels.meanPool(
                x.baseAddress + example * rows * columns, rowStride: columns,
                validRows: Int(batch.lengths[first + example]), columns: columns,
                out: y.baseAddress + example * columns)
        }
        try store(operation.writes, operation)
    }

    func loss(_ operation: Operation, classes: Int) throws(EmulatorError) {
        let logits = try numbers(operation.reads[0], operation)
        let first = firstExample(operation.reads[1])
        append(
            losses: (0..<count).map {
                kernels.crossEntropy(
                    logits.baseAddress + $0 * classes, classes: classes, label: Int(batch.labels[first + $0]))
            }, logits: Array(logits.elements), operation.pass)
    }
}
