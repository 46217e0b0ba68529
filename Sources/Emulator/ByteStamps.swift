import Kernels

/// For each byte of a place, when it was written last: what reads before writes, and results written twice or not at all, are told by.
///
/// A stamp is 0 where nothing has written the byte since the place came to life, 1 for what a step begins with, and the number of the operation plus 2 after that.
final class ByteStamps {
    static let initial: UInt16 = 1
    private let stamps: AlignedBuffer<UInt16>

    init(count: Int) { stamps = AlignedBuffer(count: count) }

    static func of(operation: Int) -> UInt16 { UInt16(truncatingIfNeeded: operation + 2) }

    func set(_ bytes: Range<Int>, _ stamp: UInt16) {
        UnsafeMutableBufferPointer(rebasing: stamps.elements[bytes]).update(repeating: stamp)
    }

    /// The first byte that nothing has written.
    func firstUnwritten(_ bytes: Range<Int>) -> Int? {
        stamps.elements[bytes].firstIndex(of: 0)
    }
    func first(_ bytes: Range<Int>, of stamp: UInt16) -> Int? { stamps.elements[bytes].firstIndex(of: stamp) }
    func first(_ bytes: Range<Int>, not stamp: UInt16) -> Int? { stamps.elements[bytes].firstIndex { $0 != stamp } }
}
