import Networks
import NumberFormats

/// How codes lie in .npy files.
enum CodeArray {
    /// The type that codes of a format are written with.
    static func type(of format: ElementFormat) -> NpyType {
        switch (format.integer != nil, format.containerBytes) {
        case (true, 1): .int8
        case (true, 2): .int16
        case (true, _): .int32
        case (false, 1): .uint8
        case (false, 2): .uint16
        case (false, _): .uint32
        }
    }

    /// The types that codes of a format are read from.
    static func readableTypes(of format: ElementFormat) -> [NpyType] {
        switch format {
        case .int4, .int8: [.int8, .uint8]
        case .int16: [.int16, .uint16]
        case .int32: [.int32, .uint32]
        case .fp16: [.float16, .uint16]
        case .fp32: [.float32, .uint32]
        case .bf16: [.uint16]
        case .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .e8m0: [.uint8]
        }
    }

    /// Checks that a file's elements are codes of a format.
    ///
    /// - Throws: `InputError.npy` with `.type`, or with `.element` for a code wider than the format.
    static func check(_ file: NpyFile, holds format: ElementFormat) throws(InputError) {
        let types = readableTypes(of: format)
        guard types.contains(file.type) else {
            let expected = types.map(\.name).joined(separator: " or ")
            throw .npy(
                file: file.name, .type(found: file.type, expected: "\(expected) for \(format.rawValue)"))
        }
        guard format.bits < 8 else { return }
        // Narrow codes: zeros above them, or, for integers, also copies of the sign.
        let largest = UInt8((1 << format.bits) - 1)
        let range = format.integer?.range
        for (place, byte) in file.bytes.enumerated() where byte > largest {
            if let range, range.contains(Int64(Int8(bitPattern: byte))) { continue }
            let expected =
                if let range {
                    "\(format.rawValue), \(range.lowerBound) … \(range.upperBound) (or 0 … \(largest)),"
                } else {
                    "a code of \(format.rawValue), at most 0x\(String(largest, radix: 16)),"
                }
            let value = range == nil ? "0x" + String(byte, radix: 16) : "\(Int8(bitPattern: byte))"
            throw .npy(
                file: file.name,
                .element(index: file.index(ofElement: place), value: value, expected: expected))
        }
    }
}
