import Kernels
import NumberFormats
import Programs

/// The perturbation unit on weights that are perturbed where they are stored: tiles of whole rows, each with its list.
extension TileExecutor {
    /// The rows of a command's tile, and what is drawn for them.
    private struct Tile {
        let weights: InPlaceRows
        let rows: Range<Int>
        /// A byte each.
        let codes: TileOperand
        /// Where they lie.
        let stored: TileOperand
        let format: ElementFormat

        var elements: Int { rows.count * weights.columns }
    }

    /// From where to where a move leads in the query that runs; `start` comes from k.
    func stands(_ move: InPlaceMove) throws(TileError) -> (from: InPlaceRows.Stand, to: InPlaceRows.Stand) {
        let (plus, minus) = (
            InPlaceRows.Stand(side: .plus, query: query), InPlaceRows.Stand(side: .minus, query: query)
        )
        switch move {
        case .start, .turn: return (plus, minus)
        case .next:
            guard query > 0 else { throw fault(.notDescribed("the first query's perturbation")) }
            return (InPlaceRows.Stand(side: .minus, query: query - 1), plus)
        }
    }

    /// To +d of the first query, from there over k to −d, or from there over k to the next query's +d.
    func perturbInPlace(_ command: TileCommand) throws(TileError) {
        guard case .perturbInPlace(let move, let number, let rows, let columns) = action else {
            throw fault(.notDescribed("a perturbation of stored weights"))
        }
        // Between queries d is drawn twice: the one before's, to take it back.
        let count = try command.amount(times: move == .next ? 2 : 1)
        if command.isSegment(of: columns, weights: count) {
            return try perturbSegment(command, move, number, rows, columns, count)
        }
        let tile = try tile(command, number, rows: rows, columns: columns, weights: count, codes: 0, .change)
        let bytes = tile.rows.count * tile.weights.room
        let (from, to) = try stands(move)
        let old = move == .start ? nil : try command.operand(1, .read, bytes: bytes)
        let list = try command.operand(operands.count - 1, .write, bytes: bytes)
        let found = try forRows(tile, tensor: 0) { rows, row throws(TileError.Fault) in
            let weights = tile.weights
            let codes = tile.codes.pointer(Int8.self, offset: row * weights.columns)
            let kept = list.pointer(Int8.self, offset: row * weights.room)
            guard let old else { return try weights.start(codes, rows: rows, list: kept) }
            return try weights.turn(
                codes, from: from, to: to, rows: rows, old: old.pointer(Int8.self, offset: row * weights.room),
                list: kept)
        }
        write(tile.codes, to: tile.stored, tile.format)
        clamped = to.side == .plus ? found.clampedPlus : found.clampedMinus
        if move != .turn { self.count(found, of: tile.elements, number) }
    }

    /// Where the last query's pass left the codes, when the update comes.
    var lastStand: InPlaceRows.Stand { InPlaceRows.Stand(side: .minus, query: queries - 1) }

    /// Before an update: from −d to k. The restored codes stay in the unit, where the update finds them.
    func restore(_ command: TileCommand) throws(TileError) {
        guard case .update(let number, let rows, let columns, _) = action, isUpdateInPlace else {
            throw fault(.notDescribed("an update of weights that were perturbed in place"))
        }
        guard restored.isEmpty else { throw fault(.restoredWeights(found: restored.count, needed: 0)) }
        if command.isSegment(of: columns, weights: command.amount) {
            return try restoreSegment(command, number, rows, columns)
        }
        let tile = try tile(
            command, number, rows: rows, columns: columns, weights: command.amount, codes: queries, .read)
        let stand = lastStand
        let list = try command.operand(
            operation.reads.count - 1, .read, bytes: tile.rows.count * tile.weights.room)
        var codes = [Int8](repeating: 0, count: tile.elements)
        // `withUnsafeMutableBufferPointer` would not pass the typed error on.
        let outcome = codes.withUnsafeMutableBufferPointer { buffer in
            let target = SharedBuffer(buffer)
            return Result { () throws(TileError) in
                try forRows(tile, tensor: queries) { rows, row throws(TileError.Fault) in
                    let weights = tile.weights
                    try weights.restore(
                        tile.codes.pointer(Int8.self, offset: row * weights.columns), at: stand, rows: rows,
                        list: list.pointer(Int8.self, offset: row * weights.room),
                        into: target.baseAddress + row * weights.columns)
                    return PerturbationStatistics()
                }
            }
        }
        _ = try outcome.get()
        restored = codes
    }

    /// Whether the running update begins from perturbed weights: it then reads their list, too.
    var isUpdateInPlace: Bool {
        guard case .update(_, _, _, let residualBits) = action else { return false }
        return operation.reads.count > queries + (residualBits > 0 ? 2 : 1)
    }

    /// The restored codes into the update's tile.
    func takeRestored(_ codes: TileOperand, _ weights: Int) throws(TileError) {
        guard restored.count == weights else {
            throw fault(.restoredWeights(found: restored.count, needed: weights))
        }
        codes.pointer(Int8.self).update(from: restored, count: weights)
        restored = []
    }

    private func tile(
        _ command: TileCommand, _ number: Int, rows: Int, columns: Int, weights: Int, codes operand: Int, _ use: Use
    ) throws(TileError) -> Tile {
        let first = command.first
        guard first % columns == 0, weights % columns == 0 else {
            throw fault(
                .sizesDiffer(what: "weights of whole rows", found: weights, needed: (weights / columns + 1) * columns))
        }
        guard first >= 0, first + weights <= rows * columns else {
            throw fault(.outsideTensor(end: first + weights, bytes: rows * columns))
        }
        let format = format(operand)
        let stored = try command.operand(operand, use, bytes: bytes(weights, format))
        return Tile(
            weights: try weightRows(number), rows: first / columns..<(first + weights) / columns,
            codes: read(stored, format, .first), stored: stored, format: format)
    }

    /// A trained layer's rows, and what is drawn for them.
    func weightRows(_ number: Int) throws(TileError) -> InPlaceRows {
        let moves = try moves(number)
        if checks, originals[number] == nil {
            originals[number] = AlignedBuffer(count: parameters.linears[number].count)
        }
        return InPlaceRows(kernels: kernels, moves: moves, originals: originals[number]?.shared)
    }

    /// Rows in pieces for the threads; the first fault in row order is thrown, naming the weight.
    private func forRows(
        _ tile: Tile, tensor: Int,
        _ body:
            @Sendable (_ rows: Range<Int>, _ row: Int) throws(TileError.Fault) -> PerturbationStatistics
    ) throws(TileError) -> PerturbationStatistics {
        let rowsPerPiece = max(1, Self.elementsPerPiece / tile.weights.columns)
        let count = (tile.rows.count + rowsPerPiece - 1) / rowsPerPiece
        var results = [Result<PerturbationStatistics, TileError.Fault>](
            repeating: .success(PerturbationStatistics()), count: count)
        results.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(count, threads: threads) { piece in
                let first = tile.rows.lowerBound + piece * rowsPerPiece
                let rows = first..<min(first + rowsPerPiece, tile.rows.upperBound)
                results[piece] = Result { () throws(TileError.Fault) in try body(rows, piece * rowsPerPiece) }
            }
        }
        var sum = PerturbationStatistics()
        for result in results {
            do throws(TileError.Fault) { sum = sum + (try result.get()) } catch {
                throw fault(error, name(operand: tensor))
            }
        }
        return sum
    }
}
