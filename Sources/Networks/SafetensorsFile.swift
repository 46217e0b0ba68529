/// A file of named tensors in the safetensors format, its header checked, its data read in place.
///
/// The format: eight bytes of header length (little-endian), a JSON header that gives each tensor's type, shape and
/// range of data bytes, then the data (github.com/huggingface/safetensors, "Format"). Opening checks the whole header:
/// every byte of data belongs to one tensor, and every tensor has as many bytes as its shape needs. What the tensors
/// hold is the reader's to judge.
public final class SafetensorsFile: Sendable {
    /// What the header says of a tensor.
    public struct Tensor: Equatable, Sendable {
        public let name: String
        public let type: TensorType
        /// The extents, outermost first; empty for a single number. No extent is negative, some may be zero.
        public let shape: [Int]
        /// The bytes of the tensor, counted from the start of the data.
        public let dataRange: Range<Int>

        /// The product of the extents.
        public var elementCount: Int { dataRange.count / type.byteCount }
    }

    /// The longest header that the format allows, in bytes.
    public static let headerLimit = 100_000_000

    /// The bytes behind the file.
    public let source: any ByteSource
    /// The tensors in the order of their data; empty ones come before others at the same place, ordered by name.
    public let tensors: [Tensor]
    /// The header's free text, `__metadata__`; empty if there is none.
    public let metadata: [String: String]
    /// The byte of the file at which the data starts.
    public let dataStart: Int

    private let indices: [String: Int]

    /// The name that errors give.
    public var name: String { source.name }

    /// Maps and checks a file.
    ///
    /// - Throws: the errors of `MappedFile`, of JSON, and `InputError` from `.headerTruncated` to `.trailingBytes`.
    public convenience init(path: String) throws(InputError) {
        try self.init(source: MappedFile(path: path))
    }

    /// Checks bytes that are somewhere already, such as an embedded file.
    ///
    /// - Throws: the errors of JSON, and `InputError` from `.headerTruncated` to `.trailingBytes`.
    public init(source: any ByteSource) throws(InputError) {
        let bytes = source.bytes
        let file = source.name
        guard bytes.count >= 8 else { throw .headerTruncated(file: file, size: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.headerLimit) else {
            throw .headerTooLong(file: file, length: length, limit: Self.headerLimit)
        }
        guard length <= UInt64(bytes.count - 8) else {
            throw .headerPastEnd(file: file, length: length, available: bytes.count - 8)
        }
        let dataStart = 8 + Int(length)
        let header = try JSONReader.object(in: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]), file: file)

        var tensors: [Tensor] = []
        var metadata: [String: String] = [:]
        for member in header.members {
            if member.key == "__metadata__" {
                guard let entries = member.value.object else { throw .metadataNotStrings(file: file) }
                for entry in entries.members {
                    guard let text = entry.value.string else { throw .metadataNotStrings(file: file) }
                    metadata[entry.key] = text
                }
            } else {
                tensors.append(try Self.tensor(member.key, member.value, file: file, dataSize: bytes.count - dataStart))
            }
        }
        tensors.sort {
            ($0.dataRange.lowerBound, $0.dataRange.upperBound, $0.name) < (
                $1.dataRange.lowerBound, $1.dataRange.upperBound, $1.name
            )
        }
        try Self.checkTiling(tensors, file: file, dataSize: bytes.count - dataStart)

        self.source = source
        self.tensors = tensors
        self.metadata = metadata
        self.dataStart = dataStart
        indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// What the header says of a tensor, or nil if it has none of that name.
    public func tensor(named name: String) -> Tensor? { indices[name].map { tensors[$0] } }

    /// The bytes of a tensor of this file; valid while the file lives.
    public func bytes(of tensor: Tensor) -> UnsafeRawBufferPointer {
        let start = dataStart + tensor.dataRange.lowerBound
        return UnsafeRawBufferPointer(rebasing: source.bytes[start..<start + tensor.dataRange.count])
    }

    /// The tensor of a name, after a check of its shape; nil accepts any shape.
    ///
    /// - Throws: `InputError.tensorMissing` or `.tensorShape`.
    public func tensor(_ name: String, shape: [Int]?) throws(InputError) -> Tensor {
        guard let tensor = tensor(named: name) else {
            throw .tensorMissing(file: self.name, tensor: name, near: nearNames(to: name, in: tensors.lazy.map(\.name)))
        }
        if let shape, tensor.shape != shape {
            throw .tensorShape(file: self.name, tensor: name, found: tensor.shape, expected: shape)
        }
        return tensor
    }

    /// The elements of a tensor in place, row-major; valid while the file lives.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - shape: the shape it must have; nil accepts any.
    ///   - type: the element type it must have.
    /// - Throws: `InputError.tensorMissing`, `.tensorShape`, `.tensorType` or `.tensorMisaligned`.
    public func elements<Element: TensorElement>(
        _ name: String, shape: [Int]?, as type: Element.Type
    ) throws(InputError) -> UnsafeBufferPointer<Element> {
        let tensor = try tensor(name, shape: shape)
        guard tensor.type == Element.tensorType else {
            throw .tensorType(
                file: self.name, tensor: name, found: tensor.type.rawValue, expected: Element.tensorType.rawValue)
        }
        let bytes = bytes(of: tensor)
        guard isAligned(tensor) else {
            let byte = dataStart + tensor.dataRange.lowerBound
            throw .tensorMisaligned(
                file: self.name, tensor: name, byte: byte, alignment: MemoryLayout<Element>.alignment)
        }
        return bytes.assumingMemoryBound(to: Element.self)
    }

    /// The FP32 elements of a tensor in place, row-major; valid while the file lives. See `elements(_:shape:as:)`.
    public func float32(_ name: String, shape: [Int]?) throws(InputError) -> UnsafeBufferPointer<Float> {
        try elements(name, shape: shape, as: Float.self)
    }

    /// The INT8 elements of a tensor in place, row-major; valid while the file lives. See `elements(_:shape:as:)`.
    public func int8(_ name: String, shape: [Int]?) throws(InputError) -> UnsafeBufferPointer<Int8> {
        try elements(name, shape: shape, as: Int8.self)
    }

    /// The INT16 elements of a tensor in place, row-major; valid while the file lives. See `elements(_:shape:as:)`.
    public func int16(_ name: String, shape: [Int]?) throws(InputError) -> UnsafeBufferPointer<Int16> {
        try elements(name, shape: shape, as: Int16.self)
    }

    /// The INT32 elements of a tensor in place, row-major; valid while the file lives. See `elements(_:shape:as:)`.
    public func int32(_ name: String, shape: [Int]?) throws(InputError) -> UnsafeBufferPointer<Int32> {
        try elements(name, shape: shape, as: Int32.self)
    }

    /// Whether the tensor's elements start at a multiple of their size in memory, so that they can be read in place.
    public func isAligned(_ tensor: Tensor) -> Bool {
        guard let address = bytes(of: tensor).baseAddress else { return true }
        return UInt(bitPattern: address) % UInt(tensor.type.byteCount) == 0
    }
}
