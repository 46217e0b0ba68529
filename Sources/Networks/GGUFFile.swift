/// A GGUF file of version 3, its header checked, its data read in place.
///
/// The format (ggml, docs/gguf.md): "GGUF", version, counts of tensors and keys, the metadata, then for each tensor name, dimensions (innermost first), type and offset; the data start at
/// the next multiple of `general.alignment` (32 if missing). Opening checks every byte of the header and that each tensor of an encoding that is read lies in the file.
public final class GGUFFile: Sendable {
    /// What the header says of a tensor.
    public struct Tensor: Equatable, Sendable {
        public let name: String
        /// The extents, outermost first; none is zero.
        public let shape: [Int]
        /// The type's number in the file.
        public let typeNumber: UInt32
        /// The encoding, or nil for one that is not read.
        public let encoding: TensorEncoding?
        /// The byte of the file at which it starts.
        public let start: Int
        /// The product of the extents.
        public var elementCount: Int { shape.reduce(1, *) }
        /// The type's name, also of types that are not read.
        public var typeName: String { GGUFFile.typeNames[typeNumber] ?? "number \(typeNumber)" }
    }

    /// The bytes behind the file.
    public let source: any ByteSource
    /// The keys in the order of the file.
    public let keys: [String]
    /// The tensors in the order of the header.
    public let tensors: [Tensor]
    private let values: [String: GGUFValue]
    private let indices: [String: Int]

    /// The name that errors give.
    public var name: String { source.name }

    /// The letters at the start.
    static let magic = Array("GGUF".utf8)

    /// Whether bytes start as a GGUF file does.
    public static func isGGUF(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.prefix(4).elementsEqual(magic) }

    /// Checks a file.
    ///
    /// - Throws: `InputError.gguf`, or `.decoder` with `.tensorRow`.
    public init(source: any ByteSource) throws(InputError) {
        do throws(GGUFProblem) {
            let bytes = source.bytes
            guard Self.isGGUF(bytes) else { throw .magic }
            var cursor = GGUFCursor(bytes, at: 4)
            let version = try cursor.number(UInt32.self)
            guard version == 3 else { throw .version(version) }
            let tensorCount = try cursor.number(UInt64.self)
            let keyCount = try cursor.number(UInt64.self)
            // A key takes at least 13 bytes, a tensor 32.
            guard keyCount <= UInt64(cursor.remaining / 13) else {
                throw .count(byte: 16, what: "keys", found: keyCount, available: cursor.remaining)
            }
            (keys, values) = try Self.metadata(keyCount, &cursor)
            guard tensorCount <= UInt64(cursor.remaining / 32) else {
                throw .count(byte: 8, what: "tensors", found: tensorCount, available: cursor.remaining)
            }
            let alignment = try Self.alignment(values)
            (tensors, indices) = try Self.tensors(tensorCount, &cursor, alignment: alignment)
        } catch {
            throw .gguf(file: source.name, error)
        }
        self.source = source
        for tensor in tensors {
            guard let encoding = tensor.encoding, let columns = tensor.shape.last else { continue }
            guard columns.isMultiple(of: encoding.blockElements) else {
                throw .decoder(
                    file: source.name, .tensorRow(tensor: tensor.name, columns: columns, encoding: encoding))
            }
        }
    }

    /// The value of a key, or nil.
    public subscript(key: String) -> GGUFValue? { values[key] }

    /// What the header says of a tensor, or nil if it has none of that name.
    public func tensor(named name: String) -> Tensor? { indices[name].map { tensors[$0] } }

    /// The bytes of each string of an array of strings; nil if its elements are others. Valid while the file lives.
    func strings(_ array: GGUFArray) -> [UnsafeRawBufferPointer]? {
        guard array.elementType == .string else { return nil }
        var cursor = GGUFCursor(source.bytes, at: array.range.lowerBound)
        return (0..<array.count).compactMap { _ in try? cursor.stringBytes() }
    }

    /// The numbers of an array of whole numbers; nil if its elements are others, or one does not fit.
    func integers(_ array: GGUFArray) -> [Int]? {
        var cursor = GGUFCursor(source.bytes, at: array.range.lowerBound)
        var result: [Int] = []
        for _ in 0..<array.count {
            guard let value = try? cursor.value(array.elementType).integer else { return nil }
            result.append(value)
        }
        return result
    }

    /// The value of a key that has to be there.
    func require(_ key: String, _ expected: String) throws(InputError) -> GGUFValue {
        guard let value = values[key] else { throw .gguf(file: name, .keyMissing(key: key, expected: expected)) }
        return value
    }

    func invalid(_ key: String, _ value: GGUFValue, _ expected: String) -> InputError {
        .gguf(file: name, .keyInvalid(key: key, found: value.summary, expected: expected))
    }

    /// A whole number in a range; `missing`, or an error where that is nil, if the key is missing.
    func integer(_ key: String, _ range: ClosedRange<Int>, missing: Int? = nil) throws(InputError) -> Int {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        if let missing, values[key] == nil { return missing }
        let value = try require(key, expected)
        guard let number = value.integer, range.contains(number) else { throw invalid(key, value, expected) }
        return number
    }

    // MARK: Parts of the header

    private static func metadata(
        _ count: UInt64, _ cursor: inout GGUFCursor
    ) throws(GGUFProblem) -> (keys: [String], values: [String: GGUFValue]) {
        var keys: [String] = []
        var values: [String: GGUFValue] = [:]
        for _ in 0..<count {
            let key = try cursor.string()
            let value = try cursor.value(try cursor.type())
            guard values.updateValue(value, forKey: key) == nil else { throw .keyTwice(key: key) }
            keys.append(key)
        }
        return (keys, values)
    }

    private static func alignment(_ values: [String: GGUFValue]) throws(GGUFProblem) -> Int {
        guard let value = values["general.alignment"] else { return 32 }
        guard let alignment = value.integer, (8...1 << 16).contains(alignment), alignment.nonzeroBitCount == 1 else {
            throw .keyInvalid(
                key: "general.alignment", found: value.summary, expected: "a power of two from 8 to 65536")
        }
        return alignment
    }

    private static func tensors(
        _ count: UInt64, _ cursor: inout GGUFCursor, alignment: Int
    ) throws(GGUFProblem) -> (tensors: [Tensor], indices: [String: Int]) {
        var entries: [(name: String, shape: [Int], type: UInt32, offset: UInt64)] = []
        var indices: [String: Int] = [:]
        for _ in 0..<count {
            let name = try cursor.string()
            let dimensions = try cursor.number(UInt32.self)
            guard (1...4).contains(dimensions) else { throw .tensorDimensions(tensor: name, found: dimensions) }
            var extents: [UInt64] = []
            for _ in 0..<dimensions { extents.append(try cursor.number(UInt64.self)) }
            // Four bytes an element, the most that an encoding takes, have to be countable.
            var bytes: UInt64 = 4
            for extent in extents {
                let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
                guard extent > 0, !overflow, product <= UInt64(Int.max) else {
                    throw .tensorTooLarge(tensor: name, shape: extents)
                }
                bytes = product
            }
            let type = try cursor.number(UInt32.self)
            let offset = try cursor.number(UInt64.self)
            guard indices.updateValue(entries.count, forKey: name) == nil else { throw .tensorTwice(tensor: name) }
            entries.append((name, extents.reversed().map { Int($0) }, type, offset))
        }
        // The end of the header and one alignment fit in 64 bits: the file is in memory.
        let dataStart = (cursor.place + alignment - 1) / alignment * alignment
        let size = max(0, cursor.bytes.count - dataStart)
        var tensors: [Tensor] = []
        for entry in entries {
            let encoding = encodings[entry.type]
            guard entry.offset.isMultiple(of: UInt64(alignment)) else {
                throw .tensorOffset(tensor: entry.name, offset: entry.offset, alignment: alignment)
            }
            let blocks = entry.shape.reduce(1, *) / (encoding?.blockElements ?? 1)
            // Of a type that is not read only the start is known to lie in the file.
            let needed = encoding.map { UInt64(blocks) * UInt64($0.blockBytes) } ?? 0
            let (end, overflow) = entry.offset.addingReportingOverflow(needed)
            guard !overflow, end <= UInt64(size) else {
                throw .tensorPastEnd(tensor: entry.name, end: overflow ? .max : end, size: size)
            }
            tensors.append(
                Tensor(
                    name: entry.name, shape: entry.shape, typeNumber: entry.type, encoding: encoding,
                    start: dataStart + Int(entry.offset)))
        }
        return (tensors, indices)
    }

    /// The encodings that are read, by their number (ggml, `enum ggml_type`).
    private static let encodings: [UInt32: TensorEncoding] = [0: .f32, 1: .f16, 3: .q4Block1, 8: .q8Block0, 30: .bf16]

    /// All types by their number, for errors (ggml, `enum ggml_type`).
    private static let typeNames: [UInt32: String] = [
        0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
        12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
        29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
}
