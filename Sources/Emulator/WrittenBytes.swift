import Kernels

/// Which bytes of a place hold something, and which the running operation has written: what reads before writes, and results written twice or not at all, are
/// told by.
final class WrittenBytes {
    /// Written since the place came to life.
    let alive: ByteMap
    /// Written by the running operation.
    let byOperation: ByteMap

    init(count: Int) {
        alive = ByteMap(count: count)
        byOperation = ByteMap(count: count)
    }
}
