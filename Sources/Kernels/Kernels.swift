/// The kernels of one instruction-set level: the same operations with the same bits at every level.
///
/// Extensions hold the operations, one file for each concern. A kernel runs on the caller's thread; callers cut work into items and spread
/// them with ``parallelFor(_:threads:_:)``.
public struct Kernels: Sendable {
    /// The instructions that these kernels use.
    public let level: KernelLevel

    /// Kernels at a level, which must be available here: ``KernelLevel/fromEnvironment()`` and ``KernelLevel/available`` give such levels.
    public init(level: KernelLevel) {
        precondition(level <= .highestAvailable, "this processor does not run the kernel level \(level)")
        self.level = level
    }
}
