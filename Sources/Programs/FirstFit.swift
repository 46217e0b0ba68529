/// First-fit placement in an address space that begins at 0 and has no end: each piece lies at the lowest multiple of `unit` where nothing
/// else does.
struct FirstFit {
    let unit: Int
    /// Free stretches, ascending and apart, multiples of `unit`; the last one is without end.
    private var gaps: [(start: Int, end: Int)] = [(0, .max)]

    /// - Parameter unit: at least 1.
    init(unit: Int) { self.unit = unit }

    /// Places a piece and returns its address; one of no bytes takes no room, at 0.
    ///
    /// - Throws: `ScheduleError.tooLarge` where it would end beyond 64 bits.
    mutating func place(_ bytes: Int) throws(ScheduleError) -> Int {
        guard bytes > 0 else { return 0 }
        for number in gaps.indices where gaps[number].end - gaps[number].start >= bytes {
            let start = gaps[number].start
            // Rounded up, without a sum that could be too large.
            let end = try Checked.sum(
                start, Checked.product(ceilingDivision(bytes, unit), unit, "memory of the step"), "memory of the step")
            if end == gaps[number].end { gaps.remove(at: number) } else { gaps[number].start = end }
            return start
        }
        throw .tooLarge(what: "memory of the step")
    }

    /// Frees a piece that `place` placed.
    mutating func free(_ address: Int, _ bytes: Int) {
        guard bytes > 0 else { return }
        let end = address + roundUp(bytes, to: unit)
        // The first gap behind it.
        var (low, high) = (0, gaps.count)
        while low < high {
            let middle = (low + high) / 2
            if gaps[middle].start < end { low = middle + 1 } else { high = middle }
        }
        let touchesNext = low < gaps.count && gaps[low].start == end
        let touchesLast = low > 0 && gaps[low - 1].end == address
        switch (touchesLast, touchesNext) {
        case (true, true):
            gaps[low - 1].end = gaps[low].end
            gaps.remove(at: low)
        case (true, false): gaps[low - 1].end = end
        case (false, true): gaps[low].start = address
        case (false, false): gaps.insert((address, end), at: low)
        }
    }
}
