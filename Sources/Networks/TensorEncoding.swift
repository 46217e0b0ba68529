/// How a decoder's file stores the numbers of a tensor; the raw value is the name in GGUF and in safetensors.
///
/// Blocks lie along a row. A value is decoded to FP32 exactly, but that of `q4Block1`, which is rounded once.
public enum TensorEncoding: String, CaseIterable, Sendable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    /// Blocks of 32: FP16 d, 32 × INT8 q; the value is d·q, which FP32 holds exactly.
    case q8Block0 = "Q8_0"
    /// Blocks of 32: FP16 d and m, 16 bytes whose low nibbles are q of elements 0…15 and whose high ones those of 16…31; the value is fl(d·q + m): the
    /// product is exact, the sum rounds.
    case q4Block1 = "Q4_1"

    /// Elements of a block; a row has a whole number of blocks.
    public var blockElements: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q8Block0, .q4Block1: 32
        }
    }

    /// Bytes of a block (ggml, `ggml-common.h`).
    public var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q8Block0: 2 + 32
        case .q4Block1: 2 + 2 + 16
        }
    }

    /// Bytes of a row.
    ///
    /// - Precondition: `columns` is a multiple of `blockElements`.
    func rowBytes(columns: Int) -> Int { columns / blockElements * blockBytes }

    /// Decodes a row.
    ///
    /// - Parameters:
    ///   - row: the row's first byte, at any address.
    ///   - columns: elements, a multiple of `blockElements`.
    ///   - out: `columns` values, overwritten.
    func decode(_ row: UnsafeRawPointer, columns: Int, into out: UnsafeMutablePointer<Float>) {
        switch self {
        case .f32:
            for i in 0..<columns {
                out[i] = Float(
                    bitPattern: UInt32(littleEndian: row.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)))
            }
        case .f16:
            for i in 0..<columns { out[i] = Self.float16(row, at: 2 * i) }
        case .bf16:
            for i in 0..<columns {
                let bits = UInt16(littleEndian: row.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
                out[i] = Float(bitPattern: UInt32(bits) << 16)
            }
        case .q8Block0:
            for block in 0..<columns / 32 {
                let (start, target) = (row + block * blockBytes, out + block * 32)
                let d = Self.float16(start, at: 0)
                for i in 0..<32 { target[i] = d * Float(start.load(fromByteOffset: 2 + i, as: Int8.self)) }
            }
        case .q4Block1:
            for block in 0..<columns / 32 {
                let (start, target) = (row + block * blockBytes, out + block * 32)
                let (d, m) = (Self.float16(start, at: 0), Self.float16(start, at: 2))
                for i in 0..<16 {
                    let byte = start.load(fromByteOffset: 4 + i, as: UInt8.self)
                    target[i] = d * Float(byte & 15) + m
                    target[i + 16] = d * Float(byte >> 4) + m
                }
            }
        }
    }

    private static func float16(_ start: UnsafeRawPointer, at byte: Int) -> Float {
        float(fromFloat16: UInt16(littleEndian: start.loadUnaligned(fromByteOffset: byte, as: UInt16.self)))
    }
}
