import Kernels
import NumberFormats

/// A whole tensor while a program runs on it.
enum TensorValues {
    /// Numbers of the tensor's floating-point format, each in an FP32.
    case numbers(AlignedBuffer<Float>)
    /// Integer codes, a byte each.
    case codes(AlignedBuffer<Int8>)

    var count: Int {
        switch self {
        case .numbers(let buffer): buffer.count
        case .codes(let buffer): buffer.count
        }
    }

    var numbers: AlignedBuffer<Float> {
        guard case .numbers(let buffer) = self else { preconditionFailure("codes where numbers are read") }
        return buffer
    }

    var codes: AlignedBuffer<Int8> {
        guard case .codes(let buffer) = self else { preconditionFailure("numbers where codes are read") }
        return buffer
    }
}

/// A number rounded to BF16, nearest, ties to even, as an FP32 (docs/semantics.md, section 6).
@inline(__always)
func roundedToBF16(_ x: Float) -> Float {
    if x.isNaN { return Float(bitPattern: 0x7FC0_0000) }
    let bits = x.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
}

/// Calls `body` with ranges that cover 0 ..< count, on up to `threads` threads. No bit may depend on where they are cut.
func inPieces(_ count: Int, of size: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let size = max(1, size)
    parallelFor((count + size - 1) / size, threads: threads) { piece in
        body(piece * size..<min(count, (piece + 1) * size))
    }
}
