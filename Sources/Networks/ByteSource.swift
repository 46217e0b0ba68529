/// Bytes that stay where they are, unchanged, for as long as their source lives: a mapped file, or a file embedded in
/// the program.
public protocol ByteSource: Sendable {
    /// The name that errors give: a path, or the name of an embedded file.
    var name: String { get }
    /// The bytes; valid while the source lives.
    var bytes: UnsafeRawBufferPointer { get }
}

extension ByteSource {
    /// The SHA-256 of the bytes (FIPS 180-4), 64 lower-case hexadecimal digits.
    public var sha256: String { SHA256.hexadecimal(of: bytes) }
}

/// Bytes in memory that the caller keeps alive, as a file with a name.
public struct MemoryFile: ByteSource, @unchecked Sendable {
    public let name: String
    public let bytes: UnsafeRawBufferPointer

    /// Names bytes in memory.
    ///
    /// - Precondition: the bytes stay valid and unchanged while this value or anything opened from it is in use.
    public init(name: String, bytes: UnsafeRawBufferPointer) {
        self.name = name
        self.bytes = bytes
    }
}
