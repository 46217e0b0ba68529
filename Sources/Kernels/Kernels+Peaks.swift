import CKernels

/// What the processor could do at most, for benchmarks to compare with.
extension Kernels {
    /// Runs the level's int8 multiply-accumulate instruction from registers to registers, and returns how many multiply-accumulates that was; 0 where the
    /// level has no such instruction.
    public func runPeakInt8(iterations: Int) -> Int {
        level > .reference ? Int(zk_run_peak_int8(Int32(level.rawValue), Int64(iterations))) : 0
    }
}
