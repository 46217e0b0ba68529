import Kernels
import NumberFormats
import Programs

/// The perturbation unit on weights that are perturbed where they are stored, in segments of rows that the weight buffer does not hold whole. A row's list is there whole.
extension TileExecutor {
    /// The segment that a command works on.
    private struct Segment {
        let weights: InPlaceRows
        /// Counted in the whole weight.
        let elements: Range<Int>

        var row: Int { elements.lowerBound / weights.columns }
        var isFirst: Bool { elements.lowerBound % weights.columns == 0 }
        var isLast: Bool { elements.upperBound % weights.columns == 0 }
    }

    private func segment(
        _ command: TileCommand, _ number: Int, _ rows: Int, _ columns: Int, _ count: Int
    ) throws(TileError) -> Segment {
        let first = command.first
        guard first >= 0, first + count <= rows * columns else {
            throw fault(.outsideTensor(end: first + count, bytes: rows * columns))
        }
        guard first % columns == command.element else {
            throw fault(
                .sizesDiffer(what: "elements before a segment", found: first % columns, needed: command.element))
        }
        let shape = RowProgress.Shape(elements: columns, ends: [false])
        do throws(TileError.Fault) {
            try rowProgress.segment(
                shape, outer: command.outer, first: first / columns, phase: 0, element: command.element, count: count)
        } catch {
            throw fault(error)
        }
        return Segment(
            weights: try weightRows(number), elements: first..<first + count)
    }

    /// What the unit keeps for the segment's row; with its first segment it takes the old list in.
    private func inPlaceRow(_ command: TileCommand, _ segment: Segment, list: Int?) throws(TileError) -> InPlaceRow {
        guard segment.isFirst else { return inPlaceRow }
        guard let list else { return InPlaceRow() }
        let old = try command.operand(list, .read, bytes: segment.weights.room)
        return InPlaceRow(
            old: Array(UnsafeBufferPointer(start: old.pointer(Int8.self), count: segment.weights.room)))
    }

    /// The same on a segment of `count` weights.
    func perturbSegment(
        _ command: TileCommand, _ move: InPlaceMove, _ number: Int, _ rows: Int, _ columns: Int, _ count: Int
    ) throws(TileError) {
        let segment = try segment(command, number, rows, columns, count)
        var row = try inPlaceRow(command, segment, list: move == .start ? nil : 1)
        let format = format(0)
        _ = try bytes(segment.elements.lowerBound, format)
        let stored = try command.operand(0, .change, bytes: bytes(segment.elements.count, format))
        let tile = read(stored, format, .first)
        let codes = tile.pointer(Int8.self)
        let (from, to) = try stands(move)
        var entries: [Int8] = []
        let kept = min(row.ends, segment.weights.room)
        do throws(TileError.Fault) {
            let found =
                move == .start
                ? row.start(codes, segment.weights, segment.elements, entries: &entries)
                : try row.turn(codes, from: from, to: to, segment.weights, segment.elements, entries: &entries)
            clamped = to.side == .plus ? found.clampedPlus : found.clampedMinus
            if move != .turn { self.count(found, of: count, number) }
        } catch {
            throw fault(error, name(operand: 0))
        }
        write(tile, to: stored, format)
        inPlaceRow = row
        let room = segment.weights.room
        if segment.isLast {
            guard row.ends <= room else {
                throw fault(.listOverflow(row: segment.row, codes: row.ends, room: room), name(operand: 0))
            }
            // What stays free is zero.
            entries += Array(repeating: 0, count: room - kept - entries.count)
        }
        let place = operands.count - 1
        // The first segment's command takes the list's slot; what the others write stands behind its entries.
        let use: Use = try command.view(place).pointee.buffer < 0 || segment.isFirst ? .write : .fill
        let list = try command.operand(place, use, within: kept..<kept + entries.count)
        list.pointer(Int8.self).update(from: entries, count: entries.count)
    }

    /// Before an update: from −d to k. The restored codes stay in the unit, where the update finds them.
    func restoreSegment(_ command: TileCommand, _ number: Int, _ rows: Int, _ columns: Int) throws(TileError) {
        let segment = try segment(command, number, rows, columns, command.amount)
        var row = try inPlaceRow(command, segment, list: operation.reads.count - 1)
        let format = format(queries)
        _ = try bytes(segment.elements.lowerBound, format)
        let tile = try command.operand(queries, .read, bytes: bytes(segment.elements.count, format))
        let stored = read(tile, format, .first).pointer(Int8.self)
        let codes = AlignedBuffer<Int8>(count: segment.elements.count)
        do throws(TileError.Fault) {
            try row.restore(stored, at: lastStand, segment.weights, segment.elements, into: codes.baseAddress)
        } catch {
            throw fault(error, name(operand: queries))
        }
        inPlaceRow = row
        restored = Array(codes.elements)
    }
}
