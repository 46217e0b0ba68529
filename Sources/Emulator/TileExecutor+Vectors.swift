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
        case .segment(let phase): try segment(command, phase: phase)
        case .endOfRow(let phase): try endOfRow(command, phase: phase)
        }
    }

    /// What the operation's action says, on whole rows.
    func act(_ command: TileCommand) throws(TileError) {
        switch action {
        case .embed(_, let columns): try embed(command, columns)
        case .quantizeRows(_, let columns): try quantizeRows(command, columns)
        case .quantizeColumns(_, let rows, _): try quantizeColumns(command, rows)
        case .softmax(_, let columns): try softmax(command, columns)
        case .addNorm(.layerNorm, _, let columns, keepsSum: false): try addLayerNorm(command, columns)
        case .activation(.gelu, _): try gelu(command)
        case .meanPool(_, let rows, let columns): try meanPool(command, rows, columns)
        case .loss(_, _, let classes): try loss(command, classes)
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

    /// An example's length: among all, or the one that came with it.
    func length(_ command: TileCommand, _ number: Int, example: Int, limit: Int) throws(TileError) -> Int {
        let lengths = try command.operand(number, .read)
        // Both signs' activations of an example have one length.
        let example = lengths.bytes.count == 4 ? 0 : example % batch
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
        let format = format(1)
        let tile = try command.operand(1, .write, bytes: count * bytes(columns, format))
        let scales = try command.operand(2, .write, bytes: 4 * count)
        let codes = room(tile, format, .first)
        let (kernels, limit) = (kernels, format.codeLimit)
        forRows(count, columns) { first, rows in
            kernels.quantizeRows(
                x.pointer(Float.self) + first * columns, rowStride: columns, rows: rows, columns: columns,
                codes: codes.pointer(Int8.self) + first * columns, codeStride: columns,
                scales: scales.pointer(Float.self) + first, limit: limit)
        }
        write(codes, to: tile, format)
    }

    private func quantizeColumns(_ command: TileCommand, _ rows: Int) throws(TileError) {
        let x = try command.operand(0, .read)
        let columns = x.runBytes / 4
        guard x.rows == rows else {
            throw fault(.sizesDiffer(what: "rows", found: x.rows, needed: rows))
        }
        let valid = try length(command, 1, example: command.outer, limit: rows)
        let format = format(2)
        let tile = try command.operand(2, .write, bytes: columns * bytes(rows, format))
        let scales = try command.operand(3, .write, bytes: 4 * columns)
        let codes = room(tile, format, .first)
        kernels.quantizeColumns(
            x.pointer(Float.self), rowStride: x.rowPitch / 4, validRows: valid, rows: rows,
            columns: columns, codes: codes.pointer(Int8.self), codeStride: rows, scales: scales.pointer(Float.self),
            limit: format.codeLimit)
        write(codes, to: tile, format)
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
        let valid = try length(command, 1, example: command.outer, limit: rows)
        let y = try command.operand(2, .write, bytes: 4 * count)
        kernels.meanPool(
            x.pointer(Float.self), rowStride: x.rowPitch / 4, validRows: valid, columns: count,
            out: y.pointer(Float.self))
        try recordPooled(command, y.pointer(Float.self), count: count)
    }

    private func loss(_ command: TileCommand, _ classes: Int) throws(TileError) {
        let logits = try command.operand(0, .read)
        let count = try rows(logits, rowBytes: 4 * classes)
        let labels = try command.operand(1, .read, bytes: 4 * count)
        for row in 0..<count {
            let label = try label(labels.pointer(Int32.self)[row], classes: classes)
            let values = logits.pointer(Float.self) + row * classes
            let (pass, example) = (command.outer, command.first + row)
            try add(
                loss: kernels.crossEntropy(values, classes: classes, label: label), pass: pass, example: example)
            try recordLogits(pass, at: example * classes, values, count: classes)
        }
    }

    func label(_ label: Int32, classes: Int) throws(TileError) -> Int {
        guard label >= 0, label < classes else {
            throw fault(.sizesDiffer(what: "label", found: Int(label), needed: classes))
        }
        return Int(label)
    }

    /// An example's loss to the running one.
    func add(loss: Float, pass: Int, example: Int) throws(TileError) {
        guard case .loss(let passes, _, _) = action else { throw fault(.notDescribed("a loss")) }
        if runningLosses.isEmpty { runningLosses = Array(repeating: 0, count: passes) }
        guard runningLosses.indices.contains(pass) else {
            throw fault(.sizesDiffer(what: "passes of a loss", found: pass + 1, needed: passes))
        }
        guard example >= 0, example < batch else {
            throw fault(.sizesDiffer(what: "examples", found: example + 1, needed: batch))
        }
        runningLosses[pass] += loss
        record(pass) { $0.losses[example] = loss }
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

    /// Channels of an example's mean, for whoever asks for them: no command reads this.
    func recordPooled(_ command: TileCommand, _ values: UnsafePointer<Float>, count: Int) throws(TileError) {
        let (pass, example) = command.outer.quotientAndRemainder(dividingBy: batch)
        let start = example * parameters.shape.hidden + command.first
        try checkRecord(pass, start + count, of: batch * parameters.shape.hidden)
        record(pass) { result in
            for index in 0..<count { result.pooled[start + index] = values[index] }
        }
    }

    /// Logits from the `place`-th on, for the same.
    func recordLogits(_ pass: Int, at place: Int, _ values: UnsafePointer<Float>, count: Int) throws(TileError) {
        try checkRecord(pass, place + count, of: batch * parameters.shape.classes)
        record(pass) { result in
            for index in 0..<count { result.logits[place + index] = values[index] }
        }
    }

    private func checkRecord(_ pass: Int, _ end: Int, of count: Int) throws(TileError) {
        let passes = operation.pass == .both ? 2 : 1
        guard pass >= 0, pass < passes else {
            throw fault(.sizesDiffer(what: "passes", found: pass + 1, needed: passes))
        }
        guard end <= count else { throw fault(.sizesDiffer(what: "values of a pass", found: end, needed: count)) }
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
