import CKernels

/// What the processor does at best, for benchmarks to compare with.
extension Kernels {
    /// Runs rounds of independent FP32 multiply-adds in registers, as fast as the level's instructions go.
    ///
    /// - Returns: the multiply-adds executed.
    public func runFloat32MultiplyAdds(rounds: Int) -> Int {
        Int(zk_float32_multiply_adds(Int32(level.rawValue), Int64(rounds)))
    }

    /// Runs the level's int8 multiply-accumulate instruction from registers to registers, and returns how many multiply-accumulates that was; 0 where the
    /// level has no such instruction.
    public func runPeakInt8(iterations: Int) -> Int {
        level > .reference ? Int(zk_run_peak_int8(Int32(level.rawValue), Int64(iterations))) : 0
    }
}
