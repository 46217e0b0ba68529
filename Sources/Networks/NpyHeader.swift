/// The header of a .npy file: the type and the shape of a C-order array, and where its data starts.
struct NpyHeader: Equatable {
    let type: NpyType
    let shape: [Int]
    /// The byte of the file at which the data starts.
    let dataStart: Int

    /// The most dimensions of an array, numpy's limit.
    static let dimensionLimit = 64

    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads the header of a file.
    ///
    /// - Throws: the file cases of `NpyProblem`.
    init(reading bytes: UnsafeRawBufferPointer) throws(NpyProblem) {
        guard bytes.prefix(Self.magic.count).elementsEqual(Self.magic.prefix(bytes.count)), !bytes.isEmpty else {
            throw bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) ? .archive : .notNpy
        }
        guard bytes.count >= 8 else { throw .preambleTruncated(size: bytes.count) }
        let (major, minor) = (bytes[6], bytes[7])
        guard (1...3).contains(major), minor == 0 else { throw .version(major: major, minor: minor) }
        let start = major == 1 ? 10 : 12
        guard bytes.count >= start else { throw .preambleTruncated(size: bytes.count) }
        let length =
            major == 1
            ? UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
            : UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard length <= UInt32(NpyFile.headerLimit) else {
            throw .headerTooLong(length: length, limit: NpyFile.headerLimit)
        }
        guard Int(length) <= bytes.count - start else {
            throw .headerPastEnd(length: length, available: bytes.count - start)
        }
        dataStart = start + Int(length)
        let literal = try PythonLiteralReader.literal(in: bytes, range: start..<dataStart, isUTF8: major == 3)
        guard case .dictionary(let entries) = literal else {
            throw .malformedHeader(
                byte: start, problem: "a dictionary of 'descr', 'fortran_order' and 'shape' is needed")
        }
        try Self.checkKeys(entries, start: start)
        type = try Self.type(Self.entry("descr", in: entries, start: start))
        let order = try Self.entry("fortran_order", in: entries, start: start)
        guard case .bool(let isFortran) = order.value else {
            throw .malformedHeader(byte: order.valueByte, problem: "'fortran_order' must be True or False")
        }
        shape = try Self.shape(Self.entry("shape", in: entries, start: start))
        if isFortran { throw .fortranOrder }
    }

    /// The bytes of the array, which must end where the file ends.
    ///
    /// - Throws: `NpyProblem.shapeTooLarge`, `.dataTruncated` or `.trailingBytes`.
    func data(in bytes: UnsafeRawBufferPointer) throws(NpyProblem) -> UnsafeRawBufferPointer {
        guard let needed = Self.byteCount(shape: shape, type: type) else { throw .shapeTooLarge(shape: shape) }
        let found = bytes.count - dataStart
        guard found >= needed else { throw .dataTruncated(found: found, needed: needed) }
        guard found == needed else { throw .trailingBytes(from: dataStart + needed, count: found - needed) }
        return UnsafeRawBufferPointer(rebasing: bytes[dataStart...])
    }

    /// The bytes of an array; nil if the product of the extents that are not 0 doesn't fit 64 bits.
    static func byteCount(shape: [Int], type: NpyType) -> Int? {
        var count = type.byteCount
        for extent in shape where extent != 0 {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            if overflows { return nil }
            count = product
        }
        return shape.contains(0) ? 0 : count
    }

    // MARK: Entries

    private static let keys = ["descr", "fortran_order", "shape"]

    private static func checkKeys(_ entries: [PythonLiteral.Entry], start: Int) throws(NpyProblem) {
        var seen: Set<String> = []
        for entry in entries {
            guard case .string(let key) = entry.key, keys.contains(key) else {
                throw .malformedHeader(
                    byte: entry.keyByte,
                    problem:
                        "unknown key \(shown(entry.key.text, limit: 80)); 'descr', 'fortran_order' and 'shape' are known"
                )
            }
            guard seen.insert(key).inserted else {
                throw .malformedHeader(byte: entry.keyByte, problem: "key '\(key)' stands twice; keep one of them")
            }
        }
    }

    private static func entry(
        _ name: String, in entries: [PythonLiteral.Entry], start: Int
    ) throws(NpyProblem) -> PythonLiteral.Entry {
        guard let entry = entries.first(where: { $0.key == .string(name) }) else {
            throw .malformedHeader(byte: start, problem: "key '\(name)' is missing")
        }
        return entry
    }

    private static func type(_ entry: PythonLiteral.Entry) throws(NpyProblem) -> NpyType {
        switch entry.value {
        case .string(let text):
            guard let type = NpyType(descriptor: text) else { throw .unsupportedType(descriptor: entry.value.text) }
            return type
        case .list, .tuple:
            // A structured type lists its fields.
            throw .unsupportedType(descriptor: entry.value.text)
        default:
            throw .malformedHeader(byte: entry.valueByte, problem: "'descr' must be a string such as '<f4'")
        }
    }

    private static func shape(_ entry: PythonLiteral.Entry) throws(NpyProblem) -> [Int] {
        let problem = NpyProblem.malformedHeader(
            byte: entry.valueByte, problem: "'shape' must be a tuple of whole numbers from 0 to 2^63 - 1")
        guard case .tuple(let items) = entry.value else { throw problem }
        var shape: [Int] = []
        for item in items {
            guard case .integer(let extent) = item, extent >= 0 else { throw problem }
            shape.append(extent)
        }
        guard shape.count <= dimensionLimit else { throw .tooManyDimensions(count: shape.count) }
        return shape
    }
}

extension NpyHeader {
    /// The most digits of an extent that numpy leaves room for, so that a file can grow in place.
    private static let growthDigits = 21

    /// A header of version 1.0, byte for byte as numpy 1.24 and later write it for a C-order array.
    ///
    /// - Precondition: at most `dimensionLimit` dimensions.
    static func bytes(type: NpyType, shape: [Int]) -> [UInt8] {
        precondition(shape.count <= dimensionLimit, "an array of more than 64 dimensions")
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': (\(extents)), }"
        if let first = shape.first {
            text += String(repeating: " ", count: max(0, growthDigits - String(first).count))
        }
        // Magic, version and length are 10 bytes; the header ends with a new line, before it at least one blank.
        let padding = 64 - (10 + text.utf8.count + 1) % 64
        text += String(repeating: " ", count: padding) + "\n"
        let length = UInt16(text.utf8.count)
        return magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(length >> 8)] + Array(text.utf8)
    }
}
