import Kernels
import NumberFormats
import Programs

/// The vector unit on rows that do not fit the chip, segment by segment (docs/architecture.md, "Rows longer than a tile").
///
/// What passes between segments and phases stands on the chip, a few words for each piece of the tile: the sixteen partial sums of a reduction, then what the phases
/// before have found. Element i of a row goes to partial sum i mod 16 and segments ascend, so every addition is that of the whole row (docs/semantics.md, section 3).
extension TileExecutor {
    /// The segment that a command works on.
    private struct Segment {
        let phase: Int
        /// The first of its elements in the row, and how many.
        let element: Int
        let count: Int
        /// Words that each piece carries, piece by piece, `pitch` words apart.
        let words: UnsafeMutablePointer<Float>
        let pieces: Int
        let pitch: Int

        func carried(_ piece: Int) -> UnsafeMutablePointer<Float> { words + piece * pitch }

        /// Where element `index` of the segment is added.
        func lane(_ index: Int) -> Int { (element + index) % ReductionTree.lanes }
    }

    /// Behind the partial sums: what an earlier phase has found.
    private static let found = ReductionTree.lanes

    /// Elements and phases of the running operation's rows; nil where it has none.
    private var rowShape: RowProgress.Shape? {
        switch action {
        case .embed(_, let columns), .addNorm(.layerNorm, _, let columns, keepsSum: false):
            RowProgress.Shape(elements: columns, ends: [true, true, false])
        case .quantizeRows(_, let columns): RowProgress.Shape(elements: columns, ends: [true, false])
        case .quantizeColumns(_, let rows, _): RowProgress.Shape(elements: rows, ends: [true, false])
        case .softmax(_, let columns): RowProgress.Shape(elements: columns, ends: [false, true, false])
        case .meanPool(_, let rows, _): RowProgress.Shape(elements: rows, ends: [true])
        case .loss(_, _, let classes): RowProgress.Shape(elements: classes, ends: [false, true])
        default: nil
        }
    }

    /// Words that each piece carries.
    private var carriedWords: Int {
        switch action {
        case .softmax: Self.found + 1
        case .embed, .addNorm, .loss: Self.found + 2
        case .quantizeRows, .quantizeColumns: 2
        default: 1
        }
    }

    /// One segment of a tile of rows; of rows that are there whole, since only what stands beside them came with them, all that is to do.
    func segment(_ command: TileCommand, phase: Int) throws(TileError) {
        guard command.hasView(-1) else { return try act(command) }
        guard let shape = rowShape else { throw fault(.notDescribed("a vector function on segments of rows")) }
        // Tokens of an embedding, which the first operand holds, are there whole.
        let along: Int
        if case .embed = action { along = 1 } else { along = 0 }
        let view = try command.view(along).pointee.shape
        let isColumns: Bool
        switch action {
        case .quantizeColumns, .meanPool: isColumns = true
        default: isColumns = false
        }
        let (element, count) = (command.element, isColumns ? view.counts.2 : view.runBytes / 4)
        do throws(TileError.Fault) {
            try rowProgress.segment(
                shape, outer: command.outer, first: command.first, phase: phase, element: element, count: count)
        } catch {
            throw fault(error)
        }
        let carried = try carried(command, phase == 0 && element == 0 ? .write : .change)
        let segment = Segment(
            phase: phase, element: element, count: count, words: carried.pointer(Float.self), pieces: carried.rows,
            pitch: carried.runBytes / 4)
        if phase == 0, element == 0 { begin(segment) }
        switch action {
        case .embed: try embed(command, segment)
        case .addNorm: try addLayerNorm(command, segment)
        case .quantizeRows: try quantizeRows(command, segment)
        case .quantizeColumns: try quantizeColumns(command, segment)
        case .softmax: try softmax(command, segment)
        case .meanPool: try meanPool(command, segment)
        default: try loss(command, segment)
        }
    }

    /// What is left to do for a tile of rows behind a phase's last segment.
    func endOfRow(_ command: TileCommand, phase: Int) throws(TileError) {
        guard let shape = rowShape, phase < shape.ends.count, shape.ends[phase] else {
            throw fault(.notDescribed("a function with an end of rows"))
        }
        do throws(TileError.Fault) {
            try rowProgress.end(shape, outer: command.outer, first: command.first, phase: phase)
        } catch {
            throw fault(error)
        }
        let carried = try carried(command, .change)
        let rows = Segment(
            phase: phase, element: shape.elements, count: 0, words: carried.pointer(Float.self), pieces: carried.rows,
            pitch: carried.runBytes / 4)
        switch action {
        case .embed, .addNorm: endNorm(rows, columns: shape.elements)
        case .quantizeRows: try endScales(command, rows, scales: 2)
        case .quantizeColumns: try endScales(command, rows, scales: 3)
        case .softmax:
            for piece in 0..<rows.pieces {
                let words = rows.carried(piece)
                words[0] = 1 / ReductionTree.total(of: words)
            }
        case .meanPool: try endMeanPool(command, rows, tokens: shape.elements)
        default: try endLosses(command, rows)
        }
    }

    private func carried(_ command: TileCommand, _ use: Use) throws(TileError) -> TileOperand {
        let operand = try command.operand(-1, use)
        guard operand.runBytes == 4 * carriedWords else {
            throw fault(
                .sizesDiffer(what: "bytes that a row carries", found: operand.runBytes, needed: 4 * carriedWords))
        }
        return operand
    }

    /// What rows begin with: partial sums and largest magnitudes at +0, maxima below every number.
    private func begin(_ segment: Segment) {
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            words.update(repeating: 0, count: segment.pitch)
            switch action {
            case .softmax, .loss: words[Self.found] = -.infinity
            default: break
            }
        }
    }

    /// Segments of rows, or, where pieces are columns, the rows of a segment: `rows` runs of `values` FP32 numbers each.
    private func values(
        _ command: TileCommand, _ place: Int, _ use: Use, rows: Int, values: Int, _ format: ElementFormat = .fp32
    ) throws(TileError) -> TileOperand {
        let operand = try command.operand(place, use)
        let run = try bytes(values, format)
        guard operand.rows == rows, operand.runBytes == run else {
            throw fault(
                .sizesDiffer(
                    what: "bytes of a segment of operand \(place)", found: operand.rows * operand.runBytes,
                    needed: rows * run))
        }
        return operand
    }

    /// Codes that a segment's last phase writes: where they lie, and a byte each.
    private func codes(
        _ command: TileCommand, _ place: Int, _ segment: Segment
    ) throws(TileError) -> (tile: TileOperand, codes: TileOperand)? {
        guard segment.phase == 1 else { return nil }
        let format = format(place)
        _ = try bytes(segment.element, format)
        let tile = try values(command, place, .write, rows: segment.pieces, values: segment.count, format)
        return (tile, room(tile, format, .first))
    }

    // MARK: Norms

    private func embed(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let word = try values(command, 1, .read, rows: segment.pieces, values: segment.count)
        let position = try values(command, 2, .read, rows: segment.pieces, values: segment.count)
        let type = try values(command, 3, .read, rows: 1, values: segment.count).pointer(Float.self)
        try norm(command, segment, gamma: 4, result: 6) { piece, index in
            let words = word.pointer(Float.self, offset: piece * word.rowPitch)
            let positions = position.pointer(Float.self, offset: piece * position.rowPitch)
            return (words[index] + positions[index]) + type[index]
        }
    }

    private func addLayerNorm(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let x = try values(command, 0, .read, rows: segment.pieces, values: segment.count)
        let residual = try values(command, 1, .read, rows: segment.pieces, values: segment.count)
        try norm(command, segment, gamma: 2, result: 4) { piece, index in
            residual.pointer(Float.self, offset: piece * residual.rowPitch)[index]
                + x.pointer(Float.self, offset: piece * x.rowPitch)[index]
        }
    }

    /// Sums, squares of the differences from the mean, or values.
    private func norm(
        _ command: TileCommand, _ segment: Segment, gamma: Int, result: Int, _ input: (Int, Int) -> Float
    ) throws(TileError) {
        guard segment.phase == 2 else {
            for piece in 0..<segment.pieces {
                let words = segment.carried(piece)
                let mean = words[Self.found]
                for index in 0..<segment.count {
                    let value = input(piece, index)
                    let difference = value - mean
                    words[segment.lane(index)] += segment.phase == 0 ? value : difference * difference
                }
            }
            return
        }
        let beta = try values(command, gamma + 1, .read, rows: 1, values: segment.count).pointer(Float.self)
        let gamma = try values(command, gamma, .read, rows: 1, values: segment.count).pointer(Float.self)
        let y = try values(command, result, .write, rows: segment.pieces, values: segment.count)
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            let out = y.pointer(Float.self, offset: piece * y.rowPitch)
            for index in 0..<segment.count {
                let difference = input(piece, index) - words[Self.found]
                out[index] = ((difference * words[Self.found + 1]) * gamma[index]) + beta[index]
            }
        }
    }

    private func endNorm(_ rows: Segment, columns: Int) {
        for piece in 0..<rows.pieces {
            let words = rows.carried(piece)
            let mean = ReductionTree.total(of: words) / Float(columns)
            if rows.phase == 0 {
                words[Self.found] = mean
                words.update(repeating: 0, count: ReductionTree.lanes)
            } else {
                words[Self.found + 1] = 1 / (mean + parameters.layerNormEpsilon).squareRoot()
            }
        }
    }

    // MARK: Codes

    private func quantizeRows(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let x = try values(command, 0, .read, rows: segment.pieces, values: segment.count)
        let (format, result) = (format(1), try codes(command, 1, segment))
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            let row = x.pointer(Float.self, offset: piece * x.rowPitch)
            if let codes = result?.codes {
                let out = codes.pointer(Int8.self, offset: piece * codes.rowPitch)
                for index in 0..<segment.count {
                    out[index] = SymmetricQuantizer.code(row[index], reciprocal: words[1], limit: format.codeLimit)
                }
            } else {
                for index in 0..<segment.count {
                    words[0] = SymmetricQuantizer.largest(words[0], row[index])
                }
            }
        }
        if let result { write(result.codes, to: result.tile, format) }
    }

    private func quantizeColumns(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let x = try values(command, 0, .read, rows: segment.count, values: segment.pieces)
        let valid = try validCount(command, 1, segment)
        let (format, result) = (format(2), try codes(command, 2, segment))
        let codes = result?.codes
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            let out = codes?.pointer(Int8.self, offset: piece * (codes?.rowPitch ?? 0))
            for index in 0..<segment.count {
                let value = x.pointer(Float.self, offset: index * x.rowPitch)[piece]
                if let out {
                    out[index] =
                        index < valid
                        ? SymmetricQuantizer.code(value, reciprocal: words[1], limit: format.codeLimit) : 0
                } else if index < valid {
                    words[0] = SymmetricQuantizer.largest(words[0], value)
                }
            }
        }
        if let result { write(result.codes, to: result.tile, format) }
    }

    private func endScales(_ command: TileCommand, _ rows: Segment, scales: Int) throws(TileError) {
        // Codes stand before their scales.
        let limit = format(scales - 1).codeLimit
        let out = try command.operand(scales, .write, bytes: 4 * rows.pieces).pointer(Float.self)
        for piece in 0..<rows.pieces {
            let words = rows.carried(piece)
            (out[piece], words[1]) = SymmetricQuantizer.scale(largest: words[0], limit: limit)
        }
    }

    // MARK: Softmax

    private func softmax(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let y =
            segment.phase == 2 ? try values(command, 2, .write, rows: segment.pieces, values: segment.count) : nil
        let x = try values(command, 0, .read, rows: segment.pieces, values: segment.count)
        let valid = try validCount(command, 1, segment)
        let factor = 1 / Float(parameters.shape.headDimension).squareRoot()
        if scratch.count < valid { scratch = AlignedBuffer(uninitializedCount: valid) }
        let powers = scratch.baseAddress
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            let scores = x.pointer(Float.self, offset: piece * x.rowPitch)
            let largest = words[Self.found]
            guard segment.phase > 0 else {
                for index in 0..<valid {
                    let scaled = scores[index] * factor
                    if scaled > words[Self.found] { words[Self.found] = scaled }
                }
                continue
            }
            for index in 0..<valid { powers[index] = scores[index] * factor - largest }
            kernels.exp(powers, count: valid)
            guard let out = y?.pointer(Float.self, offset: piece * (y?.rowPitch ?? 0)) else {
                for index in 0..<valid { words[segment.lane(index)] += powers[index] }
                continue
            }
            for index in 0..<segment.count { out[index] = index < valid ? powers[index] * words[0] : 0 }
        }
    }

    /// How many elements of a segment are valid, by the length that came with the example.
    private func validCount(_ command: TileCommand, _ place: Int, _ segment: Segment) throws(TileError) -> Int {
        let elements = rowShape?.elements ?? 0
        let length = try length(command, place, example: command.outer, limit: elements)
        return min(max(length - segment.element, 0), segment.count)
    }

    // MARK: Mean and loss

    private func meanPool(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let x = try values(command, 0, .read, rows: segment.count, values: segment.pieces)
        let valid = try validCount(command, 1, segment)
        for index in 0..<valid {
            let row = x.pointer(Float.self, offset: index * x.rowPitch)
            for piece in 0..<segment.pieces { segment.carried(piece)[0] += row[piece] }
        }
    }

    private func endMeanPool(_ command: TileCommand, _ rows: Segment, tokens: Int) throws(TileError) {
        let length = try length(command, 1, example: command.outer, limit: tokens)
        let y = try command.operand(2, .write, bytes: 4 * rows.pieces).pointer(Float.self)
        for piece in 0..<rows.pieces { y[piece] = rows.carried(piece)[0] / Float(length) }
        try recordPooled(command, y, count: rows.pieces)
    }

    private func loss(_ command: TileCommand, _ segment: Segment) throws(TileError) {
        let logits = try values(command, 0, .read, rows: segment.pieces, values: segment.count)
        let classes = rowShape?.elements ?? 0
        let labels = try command.operand(1, .read, bytes: 4 * segment.pieces).pointer(Int32.self)
        for piece in 0..<segment.pieces {
            let words = segment.carried(piece)
            let row = logits.pointer(Float.self, offset: piece * logits.rowPitch)
            guard segment.phase == 1 else {
                for index in 0..<segment.count where row[index] > words[Self.found] { words[Self.found] = row[index] }
                continue
            }
            let label = try self.label(labels[piece], classes: classes)
            for index in 0..<segment.count {
                words[segment.lane(index)] += VectorFunctions.exp(row[index] - words[Self.found])
                if segment.element + index == label { words[Self.found + 1] = row[index] }
            }
            try recordLogits(
                command.outer, at: (command.first + piece) * classes + segment.element, row, count: segment.count)
        }
    }

    private func endLosses(_ command: TileCommand, _ rows: Segment) throws(TileError) {
        for piece in 0..<rows.pieces {
            let words = rows.carried(piece)
            let difference = words[Self.found + 1] - words[Self.found]
            try add(
                loss: VectorFunctions.log(ReductionTree.total(of: words)) - difference, pass: command.outer,
                example: command.first + piece)
        }
    }
}
