/// The FP32 elements of a tensor: a view into a file, or a copy that this object owns because the file holds them in
/// another form.
final class FloatTensor: @unchecked Sendable {
    let elements: UnsafeBufferPointer<Float>
    /// What keeps a view's memory alive; nil for a copy, which is freed here.
    private let file: SafetensorsFile?

    /// The elements of a tensor of type F32, F16 or BF16; the wider type holds each value of the narrower ones exactly.
    ///
    /// - Throws: `InputError.tensorMissing`, `.tensorShape` or `.tensorType`.
    init(_ name: String, shape: [Int], in file: SafetensorsFile) throws(InputError) {
        let tensor = try file.tensor(name, shape: shape)
        let bytes = file.bytes(of: tensor)
        let count = tensor.elementCount
        if tensor.type == .float32, file.isAligned(tensor) {
            elements = bytes.assumingMemoryBound(to: Float.self)
            self.file = file
            return
        }
        let copy: UnsafeMutableBufferPointer<Float>
        switch tensor.type {
        case .float32:
            copy = .allocate(capacity: count)
            for index in 0..<count {
                let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                copy.initializeElement(at: index, to: Float(bitPattern: UInt32(littleEndian: bits)))
            }
        case .float16:
            copy = .allocate(capacity: count)
            for index in 0..<count {
                let bits = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
                copy.initializeElement(at: index, to: float(fromFloat16: bits))
            }
        case .bfloat16:
            copy = .allocate(capacity: count)
            for index in 0..<count {
                let bits = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
                copy.initializeElement(at: index, to: Float(bitPattern: UInt32(bits) << 16))
            }
        default:
            throw .tensorType(file: file.name, tensor: name, found: tensor.type.rawValue, expected: "F32, F16 or BF16")
        }
        elements = UnsafeBufferPointer(copy)
        self.file = nil
    }

    deinit {
        if file == nil { elements.deallocate() }
    }
}

/// The value of an IEEE 754 binary16 number, exactly; a NaN keeps its sign and its payload, moved to the top bits.
func float(fromFloat16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1f)
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0: return Float(sign: sign == 0 ? .plus : .minus, exponent: -24, significand: Float(fraction))
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 127 - 15) << 23 | fraction << 13)
    }
}
