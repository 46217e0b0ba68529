import Kernels
import NumberFormats
import Programs

/// The vector unit on tiles: the action of the operation on the pieces that the command names.
extension TileExecutor {
    func vector(_ command: TileCommand) throws(TileError) {
        switch command.function {
        case .epilogue: try finish(command)
        case .perturbBias: try perturbBias(command)
        case .end: try endLoss(command)
        case .action: try act(command)
        case .segment, .endOfRow: throw fault(.notDescribed("a vector function on whole rows"))
        }
    }

    private func act(_ command: TileCommand) throws(TileError) {
        switch action {
        case .embed(_, let columns): try embed(command, columns)
        case .quantizeRows(_, let columns): try quantizeRows(command, columns)
        case .quantizeColumns(_, let rows, _): try quantizeColumns(command, rows)
        case .softmax(_, let columns): try softmax(command, columns)
        case .addNorm(.layerNorm, _, let columns, keepsSum: false): try addLayerNorm(command, columns)
        case .activation(.gelu, _): try gelu(command)
        case .meanPool(_, let rows, let columns): try meanPool(command, rows, columns)
        case .loss(let passes, _, let classes): try loss(command, passes, classes)
        case .projectedGradient: try projectedGradient(command)
        default: throw fault(.notDescribed("a vector function"))
        }
    }

    /// Rows of one tile, from the bytes of an operand that has `rowBytes` for each.
    private func rows(_ operand: TileOperand, rowBytes: Int) throws(TileError) -> Int {
        guard operand.bytes.count % rowBytes == 0 else {
            throw fault(.sizesDiffer(what: "bytes of whole rows", found: operand.bytes.count, needed: rowBytes))
        }
        return operand.bytes.count / rowBytes
    }

    /// Rows in pieces for the threads: at least about 16 Ki elements each.
    private func forRows(_ count: Int, _ columns: Int, _ body: @Sendable (_ first: Int, _ rows: Int) -> Void) {
        guard threads > 1 else { return body(0, count) }
        let rows = max((count + threads - 1) / threads, 16384 / max(1, columns), 1)
        parallelFor((count + rows - 1) / rows, threads: threads) { piece in
            body(piece * rows, min(rows, count - piece * rows))
        }
    }

    private func length(_ command: TileCommand, _ number: Int, example: Int, limit: Int) throws(TileError) -> Int {
        let lengths = try command.operand(number, .read)
        // Both signs' activations of an example have one length.
        let example = example % batch
        guard example >= 0, 4 * example < lengths.bytes.count else {
            throw fault(.sizesDiffer(what: "lengths", found: lengths.bytes.count / 4, needed: example + 1))
        }
        let length = Int(lengths.pointer(Int32.self)[example])
        guard length > 0, length <= limit else {
            throw fault(.sizesDiffer(what: "length of example \(example)", found: length, needed: limit))
        }
        return length
    }

    // MARK: Functions

    private func embed(_ command: TileCommand, _ columns: Int) throws(TileError) {
        let tokens = try command.operand(0, .read)
        let rows = tokens.bytes.count / 4
        let word = try command.operand(1, .read, bytes: 4 * rows * columns)
        let position = try command.operand(2, .read, bytes: 4 * rows * columns)
        let type = try command.operand(3, .read, bytes: 4 * columns)
        let gamma = try command.operand(4, .read, bytes: 4 * columns)
        let beta = try command.operand(5, .read, bytes: 4 * columns)
        let out = try command.operand(6, .write, bytes: 4 * rows * columns)
        // The words' rows were gathered in the order of the tokens.
        let order = (0..<Int32(rows)).map { $0 }
        kernels.embed(
            tokens: order, rows: rows, word: word.pointer(Float.self), vocabulary: rows,
            position: position.pointer(Float.self), type: type.pointer(Float.self), gamma: gamma.pointer(Float.self),
            beta: beta.pointer(Float.self), epsilon: parameters.layerNormEpsilon, columns: columns,
            out: out.pointer(Float.self))
    }

    private func quantizeRows(_ command: TileCommand, _ columns: Int) throws(TileError) {
        let x = try command.operand(0, .read)
        let count = try rows(x, rowBytes: 4 * columns)
        let codes = try command.operand(1, .write, bytes: count * columns)
        let scales = try command.operand(2, .write, bytes: 4 * count)
        let kernels = kernels
        forRows(count, columns) { first, rows in
            kernels.quantizeRows(
                x.pointer(Float.self) + first * columns, rowStride: columns, rows: rows, columns: columns,
                codes: codes.pointer(Int8.self) + first * columns, codeStride: columns,
                scales: scales.pointer(Float.self) + first)
        }
    }

    private func quantizeColumns(_ command: TileCommand, _ rows: Int) throws(TileError) {
        let x = try command.operand(0, .read)
        let columns = x.runBytes / 4
        guard x.rows == rows else {
            throw fault(.sizesDiffer(what: "rows", found: x.rows, needed: rows))
        }
        let valid = try length(command, 1, example: command.outer, limit: rows)
        let codes = try command.operand(2, .write, bytes: rows * columns)
        let scales = try command.operand(3, .write, bytes: 4 * columns)
        kernels.quantizeColumns(
            x.pointer(Float.self), rowStride: x.rowPitch / 4, validRows: valid, rows: rows,
            columns: columns, codes: codes.pointer(Int8.self), codeStride: rows, scales: scales.pointer(Float.self))
    }

    private func softmax(_ command: TileCommand, _ columns: Int) throws(TileError) {
        let y = try command.operand(2, .change)
        let x = try command.operand(0, .read, bytes: y.bytes.count)
        let count = try rows(y, rowBytes: 4 * columns)
        guard x.bytes.baseAddress == y.bytes.baseAddress else { throw fault(.notDescribed("a softmax in place")) }
        let factor = 1 / Float(parameters.shape.headDimension).squareRoot()
        // Rows of an example: heads by tokens.
        let perExample = parameters.shape.heads * columns
        let first = command.first
        var row = 0
        while row < count {
            let (example, place) = (first + row).quotientAndRemainder(dividingBy: perExample)
            let rows = min(count - row, perExample - place)
            let valid = try length(command, 1, example: example, limit: columns)
            let start = row
            let kernels = kernels
            forRows(rows, columns) { piece, rows in
                kernels.softmaxRows(
                    y.pointer(Float.self) + (start + piece) * columns, rowStride: columns, rows: rows,
                    columns: columns, valid: valid, factor: factor)
            }
            row += rows
        }
    }

    private func addLayerNorm(_ command: TileCommand, _ columns: Int) throws(TileError) {
        let x = try command.operand(0, .read)
        let count = try rows(x, rowBytes: 4 * columns)
        let residual = try command.operand(1, .read, bytes: 4 * count * columns)
        let gamma = try command.operand(2, .read, bytes: 4 * columns)
        let beta = try command.operand(3, .read, bytes: 4 * columns)
        let y = try command.operand(4, .write, bytes: 4 * count * columns)
        let (kernels, epsilon) = (kernels, parameters.layerNormEpsilon)
        forRows(count, columns) { first, rows in
            let start = first * columns
            kernels.addLayerNorm(
                residual: residual.pointer(Float.self) + start, x.pointer(Float.self) + start,
                gamma: gamma.pointer(Float.self), beta: beta.pointer(Float.self), epsilon: epsilon, rows: rows,
                columns: columns, out: y.pointer(Float.self) + start)
        }
    }

    private func gelu(_ command: TileCommand) throws(TileError) {
        let x = try command.operand(0, .read)
        let y = try command.operand(1, .write, bytes: x.bytes.count)
        let kernels = kernels
        // 64 elements a row, so that pieces begin with a cache line.
        let count = x.bytes.count / 4
        forRows((count + 63) / 64, 64) { first, rows in
            let (start, end) = (64 * first, min(count, 64 * (first + rows)))
            let out = y.pointer(Float.self) + start
            if out != x.pointer(Float.self) + start {
                out.update(from: x.pointer(Float.self) + start, count: end - start)
            }
            kernels.gelu(out, count: end - start)
        }
    }

    private func meanPool(_ command: TileCommand, _ rows: Int, _ columns: Int) throws(TileError) {
        let x = try command.operand(0, .read)
        let count = x.runBytes / 4
        guard x.rows == rows else {
            throw fault(.sizesDiffer(what: "rows", found: x.rows, needed: rows))
        }
        let example = command.outer
        let valid = try length(command, 1, example: example, limit: rows)
        let y = try command.operand(2, .write, bytes: 4 * count)
        kernels.meanPool(
            x.pointer(Float.self), rowStride: x.rowPitch / 4, validRows: valid, columns: count,
            out: y.pointer(Float.self))
        // For whoever asks for it: no command reads this.
        let start = example % batch * columns + command.first
        record(example / batch) { result in
            for index in 0..<count { result.pooled[start + index] = y.pointer(Float.self)[index] }
        }
    }

    private func loss(_ command: TileCommand, _ passes: Int, _ classes: Int) throws(TileError) {
        let logits = try command.operand(0, .read)
        let count = try rows(logits, rowBytes: 4 * classes)
        let labels = try command.operand(1, .read, bytes: 4 * count)
        let (pass, first) = (command.outer, command.first)
        if runningLosses.isEmpty { runningLosses = Array(repeating: 0, count: passes) }
        guard runningLosses.indices.contains(pass) else {
            throw fault(.sizesDiffer(what: "passes of a loss", found: pass + 1, needed: passes))
        }
        for row in 0..<count {
            let label = Int(labels.pointer(Int32.self)[row])
            guard label >= 0, label < classes else {
                throw fault(.sizesDiffer(what: "label", found: label, needed: classes))
            }
            let values = logits.pointer(Float.self) + row * classes
            let loss = kernels.crossEntropy(values, classes: classes, label: label)
            runningLosses[pass] += loss
            record(pass) { result in
                result.losses[first + row] = loss
                for index in 0..<classes { result.logits[(first + row) * classes + index] = values[index] }
            }
        }
    }

    private func endLoss(_ command: TileCommand) throws(TileError) {
        guard case .loss = action else { throw fault(.notDescribed("a function with an end")) }
        let out = try command.operand(2, .write, bytes: 4 * runningLosses.count)
        for (pass, sum) in runningLosses.enumerated() {
            out.pointer(Float.self)[pass] = sum / Float(batch)
            record(pass) { $0.loss = sum / Float(batch) }
        }
    }

    private func projectedGradient(_ command: TileCommand) throws(TileError) {
        // Both losses, in a tensor each or in one.
        let inputs = operation.reads.count
        let plus = try command.operand(0, .read, bytes: inputs == 1 ? 8 : 4)
        let minus = inputs == 1 ? plus : try command.operand(1, .read, bytes: 4)
        let out = try command.operand(inputs, .write, bytes: 4)
        // The tensor holds μ; whoever uses it makes the multipliers of section 10 from it.
        out.pointer(Float.self)[0] =
            plus.pointer(Float.self)[0] - minus.pointer(Float.self)[inputs == 1 ? 1 : 0]
    }

    /// What a pass leaves for the caller; of an operation that serves both signs, the first or the second.
    private func record(_ number: Int, _ body: (inout EncoderEmulator.ForwardResult) -> Void) {
        let pass = operation.pass == .both ? [Pass.plus, .minus][number] : operation.pass
        let shape = parameters.shape
        var result =
            results.removeValue(forKey: pass)
            ?? EncoderEmulator.ForwardResult(
                loss: 0, losses: Array(repeating: 0, count: batch),
                logits: Array(repeating: 0, count: batch * shape.classes),
                pooled: Array(repeating: 0, count: batch * shape.hidden), macs: 0)
        body(&result)
        results[pass] = result
    }
}
