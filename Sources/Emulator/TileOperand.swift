import Kernels
import Programs

/// Bytes of one operand of a command, resolved: runs at regular distances in the computer's memory.
struct TileOperand: Sendable {
    let bytes: SharedBuffer<UInt8>
    let dimensions: [Transfer.Dimension]
    let runBytes: Int

    /// The address of element 0, `offset` bytes on. Places on the chip begin at 64-byte boundaries of the computer's memory, and offsets are whole elements.
    func pointer<Element>(_ type: Element.Type, offset: Int = 0) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer(bytes.baseAddress).advanced(by: offset).assumingMemoryBound(to: type)
    }

    /// Calls `body` with the first byte and the length of each run, in order; runs that touch count as one.
    static func forEachRun(
        _ dimensions: [Transfer.Dimension], _ runBytes: Int,
        _ body: (_ offset: Int, _ bytes: Int) throws(TileError) -> Void
    ) throws(TileError) {
        var run = runBytes
        var kept = dimensions.filter { $0.count > 1 }
        while let last = kept.last, last.pitch == run {
            run *= last.count
            kept.removeLast()
        }
        func visit(_ depth: Int, _ offset: Int) throws(TileError) {
            guard depth < kept.count else { return try body(offset, run) }
            for index in 0..<kept[depth].count { try visit(depth + 1, offset + index * kept[depth].pitch) }
        }
        try visit(0, 0)
    }
}
