/// Collects named tensors and writes them as a safetensors file, whole or not at all.
///
/// The data starts at a multiple of 64 bytes, the header being padded with spaces; the tensors follow in the order of
/// adding. Add wide elements first: then every tensor is aligned to its element. The same tensors give the same bytes.
public struct SafetensorsWriter {
    private struct Entry {
        let name: String
        let type: TensorType
        let shape: [Int]
        let bytes: [UInt8]
    }

    /// Free text that goes into the header.
    public var metadata: [String: String]

    private var entries: [Entry] = []

    /// Starts a file without tensors.
    public init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// Adds a tensor as bytes, little-endian and row-major; the bytes are copied.
    ///
    /// - Precondition: the name is new and not `__metadata__`; no extent is negative; `bytes` are as many as shape
    ///   and type need.
    public mutating func add(_ name: String, type: TensorType, shape: [Int], bytes: UnsafeRawBufferPointer) {
        precondition(
            name != "__metadata__" && !entries.contains { $0.name == name }, "a tensor of this name exists: \(name)")
        precondition(shape.allSatisfy { $0 >= 0 } && SafetensorsFile.byteCount(shape: shape, type: type) == bytes.count)
        entries.append(Entry(name: name, type: type, shape: shape, bytes: Array(bytes)))
    }

    /// Adds a tensor, row-major; the elements are copied.
    ///
    /// - Precondition: the name is new and not `__metadata__`; no extent is negative; `elements` are as many as the
    ///   shape needs.
    public mutating func add<Element: TensorElement>(
        _ name: String, shape: [Int], _ elements: UnsafeBufferPointer<Element>
    ) {
        add(name, type: Element.tensorType, shape: shape, bytes: UnsafeRawBufferPointer(elements))
    }

    /// Adds a tensor, row-major; the elements are copied.
    ///
    /// - Precondition: the name is new and not `__metadata__`; no extent is negative; `elements` are as many as the
    ///   shape needs.
    public mutating func add<Element: TensorElement>(_ name: String, shape: [Int], _ elements: [Element]) {
        elements.withUnsafeBufferPointer { add(name, shape: shape, $0) }
    }

    /// Writes the file; see `writeAtomically(to:_:)`.
    ///
    /// - Throws: `InputError.fileNotWritten`.
    public func write(to path: String) throws {
        try writeAtomically(to: path) { output in
            try output.append(header)
            for entry in entries { try output.append(entry.bytes) }
        }
    }

    /// The bytes before the data: length, JSON, spaces.
    private var header: [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }.map { "\(jsonQuoted($0.key)):\(jsonQuoted($0.value))" }
            members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var offset = 0
        for entry in entries {
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let end = offset + entry.bytes.count
            members.append(
                "\(jsonQuoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        while (8 + json.count) % 64 != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }
}
