/// Reads a GGUF file's header value by value; whatever reaches past the end is an error.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    var place = 0

    /// Arrays within arrays that are followed.
    private static let depthLimit = 8

    var remaining: Int { bytes.count - place }

    init(_ bytes: UnsafeRawBufferPointer, at place: Int = 0) {
        self.bytes = bytes
        self.place = place
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(GGUFProblem) -> Number {
        let size = MemoryLayout<Number>.size
        guard remaining >= size else { throw .truncated(byte: place, needed: UInt64(size), available: remaining) }
        defer { place += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// The bytes of a string.
    mutating func stringBytes() throws(GGUFProblem) -> UnsafeRawBufferPointer {
        let start = place
        let length = try number(UInt64.self)
        guard length <= UInt64(remaining) else { throw .truncated(byte: start, needed: length, available: remaining) }
        defer { place += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(length)])
    }

    mutating func string() throws(GGUFProblem) -> String {
        let start = place
        guard let text = String(validating: try stringBytes(), as: UTF8.self) else { throw .invalidUTF8(byte: start) }
        return text
    }

    mutating func type() throws(GGUFProblem) -> GGUFType {
        let start = place
        let number = try number(UInt32.self)
        guard let type = GGUFType(rawValue: number) else { throw .valueType(byte: start, found: number) }
        return type
    }

    mutating func value(_ type: GGUFType, depth: Int = 0) throws(GGUFProblem) -> GGUFValue {
        switch type {
        case .uint8: return .unsigned(UInt64(try number(UInt8.self)))
        case .uint16: return .unsigned(UInt64(try number(UInt16.self)))
        case .uint32: return .unsigned(UInt64(try number(UInt32.self)))
        case .uint64: return .unsigned(try number(UInt64.self))
        case .int8: return .signed(Int64(try number(Int8.self)))
        case .int16: return .signed(Int64(try number(Int16.self)))
        case .int32: return .signed(Int64(try number(Int32.self)))
        case .int64: return .signed(try number(Int64.self))
        case .float32: return .float(Double(Float(bitPattern: try number(UInt32.self))))
        case .float64: return .float(Double(bitPattern: try number(UInt64.self)))
        case .bool:
            let start = place
            let byte = try number(UInt8.self)
            guard byte <= 1 else { throw .boolean(byte: start, found: byte) }
            return .bool(byte == 1)
        case .string: return .string(try string())
        case .array: return .array(try array(depth: depth))
        }
    }

    /// Checks an array, and steps over it.
    private mutating func array(depth: Int) throws(GGUFProblem) -> GGUFArray {
        guard depth < Self.depthLimit else { throw .nesting(byte: place, limit: Self.depthLimit) }
        let type = try type()
        let start = place
        let count = try number(UInt64.self)
        guard count <= UInt64(remaining / type.leastBytes) else {
            throw .count(byte: start, what: "array elements", found: count, available: remaining)
        }
        let first = place
        switch type {
        case .string: for _ in 0..<count { _ = try stringBytes() }
        case .array, .bool: for _ in 0..<count { _ = try value(type, depth: depth + 1) }
        default: place += Int(count) * type.leastBytes
        }
        return GGUFArray(elementType: type, count: Int(count), range: first..<place)
    }
}
