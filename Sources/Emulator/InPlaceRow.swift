import Kernels
import NumberFormats

/// One row of a weight that is perturbed where it is stored, while it comes in segments: what the perturbation unit keeps in between.
///
/// The row's old list is taken in with the first segment, since the new one is written to the same place. Entries follow the codes' order, so that a segment's begin
/// where those of the one before ended.
struct InPlaceRow {
    /// The row's list from before, and how many of its entries were used.
    private var old: [Int8] = []
    private var used = 0
    /// Codes that stand at an end so far: entries of the new list, as far as it has room.
    private(set) var ends = 0

    init(old: [Int8] = []) { self.old = old }

    /// From k to the first query's clamp(k + d).
    ///
    /// - Parameters:
    ///   - elements: the segment, counted in the whole weight.
    ///   - entries: the new list's next ones.
    mutating func start(
        _ codes: UnsafeMutablePointer<Int8>, _ weights: InPlaceRows, _ elements: Range<Int>, entries: inout [Int8]
    ) -> PerturbationStatistics {
        let before = AlignedBuffer<Int8>(count: elements.count)
        before.baseAddress.update(from: codes, count: elements.count)
        if let originals = weights.originals {
            (originals.baseAddress + elements.lowerBound).update(from: codes, count: elements.count)
        }
        let statistics = weights.perturb(
            before.baseAddress, to: InPlaceRows.Stand(side: .plus, query: 0), elements, into: codes)
        keep(before.baseAddress, at: codes, weights, elements, &entries)
        return statistics
    }

    /// From one pass's codes over k to another's.
    ///
    /// - Throws: `notRestored`.
    mutating func turn(
        _ codes: UnsafeMutablePointer<Int8>, from: InPlaceRows.Stand, to: InPlaceRows.Stand, _ weights: InPlaceRows,
        _ elements: Range<Int>, entries: inout [Int8]
    ) throws(TileError.Fault) -> PerturbationStatistics {
        let restored = AlignedBuffer<Int8>(count: elements.count)
        try restore(codes, at: from, weights, elements, into: restored.baseAddress)
        let statistics = weights.perturb(restored.baseAddress, to: to, elements, into: codes)
        keep(restored.baseAddress, at: codes, weights, elements, &entries)
        return statistics
    }

    /// k of stored codes: what the list holds where they stand at an end, and ∓d elsewhere.
    ///
    /// - Throws: `notRestored` where a list ends too early or, checked, a restored code is not what it was.
    mutating func restore(
        _ stored: UnsafePointer<Int8>, at stand: InPlaceRows.Stand, _ weights: InPlaceRows, _ elements: Range<Int>,
        into restored: UnsafeMutablePointer<Int8>
    ) throws(TileError.Fault) {
        weights.takeBack(stored, from: stand, elements, into: restored)
        var next = used
        let (row, column) = elements.lowerBound.quotientAndRemainder(dividingBy: weights.columns)
        try weights.forEachEnd(stored, count: elements.count) { place throws(TileError.Fault) in
            guard next < old.count else { throw .notRestored(row: row, column: column + place) }
            restored[place] = old[next]
            next += 1
        }
        used = next
        try weights.check(restored, elements)
    }

    /// What codes that now stand at an end were, to the new list.
    private mutating func keep(
        _ before: UnsafePointer<Int8>, at codes: UnsafePointer<Int8>, _ weights: InPlaceRows, _ elements: Range<Int>,
        _ entries: inout [Int8]
    ) {
        var count = ends
        weights.forEachEnd(codes, count: elements.count) { place in
            if count < weights.room { entries.append(before[place]) }
            count += 1
        }
        ends = count
    }
}
