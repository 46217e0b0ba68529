/// Cuts a stretch of cycles into bins of equal length, so that a drawing's size does not grow with its operations.
struct TimeBins {
    let cycles: Int
    let count: Int

    /// Cycles of a bin.
    var width: Double { Double(cycles) / Double(count) }

    init(cycles: Int, most: Int) {
        self.cycles = max(1, cycles)
        count = max(1, min(most, self.cycles))
    }

    /// Bins that an interval touches.
    func bins(from start: Int, to end: Int) -> ClosedRange<Int> {
        let first = min(count - 1, max(0, Int(Double(start) / width)))
        // An end within a bin touches it; an end at its edge does not.
        let last = min(count - 1, max(first, Int((Double(end) / width).rounded(.up)) - 1))
        return first...last
    }

    /// Cycles of an interval that fall into a bin.
    func overlap(_ bin: Int, from start: Int, to end: Int) -> Double {
        max(0, min(Double(end), Double(bin + 1) * width) - max(Double(start), Double(bin) * width))
    }
}
