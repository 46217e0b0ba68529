import Kernels

/// Bytes of one operand of a command in the computer's memory.
struct TileOperand: Sendable {
    let bytes: SharedBuffer<UInt8>
    /// Examples, heads and rows of a product; in a stream the last dimension is that of a piece's runs, and the others have one index.
    let counts: (Int, Int, Int)
    let pitches: (Int, Int, Int)
    let runBytes: Int

    var instances: Int { counts.0 * counts.1 }
    var rows: Int { counts.2 }
    var rowPitch: Int { pitches.2 }

    /// Bytes from the first instance to instance `number`.
    func instance(_ number: Int) -> Int {
        let (example, head) = number.quotientAndRemainder(dividingBy: counts.1)
        return example * pitches.0 + head * pitches.1
    }

    /// The address of element 0, `offset` bytes on. Places on the chip begin at 64-byte boundaries of the computer's memory, and offsets are whole elements.
    @inline(__always)
    func pointer<Element>(_ type: Element.Type, offset: Int = 0) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer(bytes.baseAddress).advanced(by: offset).assumingMemoryBound(to: type)
    }
}
