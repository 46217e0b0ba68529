import CKernels

/// What the processor does at best, for benchmarks.
extension Kernels {
    /// Runs rounds of independent FP32 multiply-adds in registers, as fast as the level's instructions go.
    ///
    /// - Returns: the multiply-adds executed.
    public func runFloat32MultiplyAdds(rounds: Int) -> Int {
        Int(zk_float32_multiply_adds(Int32(level.rawValue), Int64(rounds)))
    }
}
