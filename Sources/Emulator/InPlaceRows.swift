import Kernels
import NumberFormats
import Programs

/// Rows of one weight that are perturbed where they are stored, and the lists that restore them (docs/architecture.md, "Where perturbations happen").
///
/// Pointers are those of the first of the rows that a call names. k is a code as the update left it, d its perturbation, which comes out the same each time it is drawn.
struct InPlaceRows: Sendable {
    /// Where stored codes stand: clamp(k + d) or clamp(k − d).
    enum Side { case plus, minus }

    /// A pass that codes are perturbed for: its side, and the query whose d it is.
    struct Stand {
        let side: Side
        let query: Int
    }

    let kernels: Kernels
    let moves: CodeMoves
    /// Where runs are checked, k of the whole weight as `start` found it; no machine has this.
    let originals: SharedBuffer<Int8>?

    var columns: Int { moves.columns }

    /// Bytes of a row's list, of which an entry takes one.
    var room: Int { InPlaceList.bytes(columns: columns) }

    /// The largest code, M of docs/semantics.md, section 10.
    private var end: Int8 { Int8(moves.limit) }

    /// From k to the first query's clamp(k + d); the lists get the codes that now stand at an end.
    ///
    /// - Throws: `listOverflow`.
    /// - Returns: what became of the codes, as of a perturbation on load.
    func start(
        _ codes: UnsafeMutablePointer<Int8>, rows: Range<Int>, list: UnsafeMutablePointer<Int8>
    ) throws(TileError.Fault) -> PerturbationStatistics {
        let before = AlignedBuffer<Int8>(count: rows.count * columns)
        before.baseAddress.update(from: codes, count: before.count)
        if let originals {
            (originals.baseAddress + rows.lowerBound * columns).update(from: codes, count: before.count)
        }
        let statistics = perturb(before.baseAddress, to: Stand(side: .plus, query: 0), elements(rows), into: codes)
        try keep(before.baseAddress, at: codes, rows: rows, list: list)
        return statistics
    }

    /// From one pass's codes over k to another's; the lists are read and written anew, and `list` may be `old`.
    ///
    /// - Throws: `notRestored`, `listOverflow`.
    /// - Returns: as `start`.
    func turn(
        _ codes: UnsafeMutablePointer<Int8>, from: Stand, to: Stand, rows: Range<Int>, old: UnsafePointer<Int8>,
        list: UnsafeMutablePointer<Int8>
    ) throws(TileError.Fault) -> PerturbationStatistics {
        let restored = AlignedBuffer<Int8>(count: rows.count * columns)
        try restore(codes, at: from, rows: rows, list: old, into: restored.baseAddress)
        let statistics = perturb(restored.baseAddress, to: to, elements(rows), into: codes)
        try keep(restored.baseAddress, at: codes, rows: rows, list: list)
        return statistics
    }

    /// k of stored codes: what the list holds where they stand at an end, and ∓d elsewhere.
    ///
    /// - Throws: `notRestored` where a list ends too early or, checked, a restored code is not what it was.
    func restore(
        _ stored: UnsafePointer<Int8>, at stand: Stand, rows: Range<Int>, list: UnsafePointer<Int8>,
        into restored: UnsafeMutablePointer<Int8>
    ) throws(TileError.Fault) {
        // A code between the ends was not clamped, and is not on its way back.
        takeBack(stored, from: stand, elements(rows), into: restored)
        for row in 0..<rows.count {
            let start = row * columns
            var entry = 0
            try forEachEnd(stored + start, count: columns) { column throws(TileError.Fault) in
                guard entry < room else { throw .notRestored(row: rows.lowerBound + row, column: column) }
                restored[start + column] = list[row * room + entry]
                entry += 1
            }
        }
        try check(restored, elements(rows))
    }

    /// Restored codes against those that the step found.
    func check(_ restored: UnsafePointer<Int8>, _ elements: Range<Int>) throws(TileError.Fault) {
        guard let originals else { return }
        let expected = originals.baseAddress + elements.lowerBound
        for place in 0..<elements.count where restored[place] != expected[place] {
            let (row, column) = (elements.lowerBound + place).quotientAndRemainder(dividingBy: columns)
            throw .notRestored(row: row, column: column)
        }
    }

    private func elements(_ rows: Range<Int>) -> Range<Int> { rows.lowerBound * columns..<rows.upperBound * columns }

    /// Writes `before` of the codes that stand at an end to each row's list, in their order, and zeros behind them.
    private func keep(
        _ before: UnsafePointer<Int8>, at codes: UnsafePointer<Int8>, rows: Range<Int>,
        list: UnsafeMutablePointer<Int8>
    ) throws(TileError.Fault) {
        for row in 0..<rows.count {
            let (start, entries) = (row * columns, list + row * room)
            var count = 0
            forEachEnd(codes + start, count: columns) { column in
                if count < room { entries[count] = before[start + column] }
                count += 1
            }
            guard count <= room else {
                throw .listOverflow(row: rows.lowerBound + row, codes: count, room: room)
            }
            for entry in count..<room { entries[entry] = 0 }
        }
    }

    /// Visits those of `count` codes that stand at an end, in order: most words of eight codes have none.
    @inline(__always)
    func forEachEnd<Failure>(
        _ codes: UnsafePointer<Int8>, count: Int, _ visit: (_ column: Int) throws(Failure) -> Void
    ) throws(Failure) {
        var column = 0
        while column < count {
            let last = min(column + 8, count)
            if last - column < 8 || hasEnd(UnsafeRawPointer(codes + column).loadUnaligned(as: UInt64.self)) {
                for place in column..<last where codes[place] == end || codes[place] == -end {
                    try visit(place)
                }
            }
            column = last
        }
    }

    /// Whether a byte is M or −M: one that an exclusive-or makes zero borrows where 1 is subtracted from each.
    @inline(__always)
    private func hasEnd(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high = word ^ (ones &* UInt64(UInt8(bitPattern: end)))
        let low = word ^ (ones &* UInt64(UInt8(bitPattern: -end)))
        return ((high &- ones) & ~high | (low &- ones) & ~low) & (ones &* 0x80) != 0
    }

    /// clamp(k + d) or clamp(k − d) of a query, of codes that stand at k.
    ///
    /// - Parameter elements: counted in the whole weight; pointers are those of the first of them.
    func perturb(
        _ codes: UnsafePointer<Int8>, to stand: Stand, _ elements: Range<Int>, into result: UnsafeMutablePointer<Int8>
    ) -> PerturbationStatistics {
        // The kernel takes the addresses of the weight's first element.
        let first = elements.lowerBound
        let isPlus = stand.side == .plus
        return moves.perturb(
            kernels, codes - first, elements: elements, query: stand.query, plus: isPlus ? result - first : nil,
            minus: isPlus ? nil : result - first)
    }

    /// The other way: k of codes that were not clamped.
    func takeBack(
        _ codes: UnsafePointer<Int8>, from stand: Stand, _ elements: Range<Int>, into result: UnsafeMutablePointer<Int8>
    ) {
        _ = perturb(
            codes, to: Stand(side: stand.side == .plus ? .minus : .plus, query: stand.query), elements, into: result)
    }
}
