import Kernels

/// INT4 codes, two to a byte: the same runs with a byte for each code.
extension TileOperand {
    /// What is brought of each dimension: instances that share a matrix have it once.
    private var distinct: (Int, Int, Int) {
        (
            pitches.0 == 0 ? 1 : counts.0, pitches.1 == 0 ? 1 : counts.1, pitches.2 == 0 ? 1 : counts.2
        )
    }

    /// Codes in all runs.
    var nibbles: Int { 2 * runBytes * distinct.0 * distinct.1 * distinct.2 }

    /// The operand with its codes unpacked, one run behind the other from `start` on.
    func unpacked(at start: UnsafeMutablePointer<Int8>) -> TileOperand {
        let (run, counts) = (2 * runBytes, distinct)
        let memory = UnsafeMutableRawPointer(start).assumingMemoryBound(to: UInt8.self)
        return TileOperand(
            bytes: SharedBuffer(start: memory, count: nibbles), counts: self.counts,
            pitches: (
                pitches.0 == 0 ? 0 : run * counts.2 * counts.1, pitches.1 == 0 ? 0 : run * counts.2,
                pitches.2 == 0 ? 0 : run
            ), runBytes: run)
    }

    /// Visits runs of packed codes with their places among unpacked ones; runs of one instance that touch count as one.
    func forEachRun(
        _ visit: (_ bytes: UnsafeMutablePointer<UInt8>, _ codesBefore: Int, _ codes: Int) -> Void
    ) {
        var (counts, run) = (distinct, runBytes)
        if counts.2 > 1, pitches.2 == run { (run, counts.2) = (run * counts.2, 1) }
        var before = 0
        for a in 0..<counts.0 {
            for b in 0..<counts.1 {
                for c in 0..<counts.2 {
                    visit(pointer(UInt8.self, offset: a * pitches.0 + b * pitches.1 + c * pitches.2), before, 2 * run)
                    before += 2 * run
                }
            }
        }
    }
}
