import Glibc

/// Writes a file whole or not at all: the bytes go to a nameless or temporary file in the same folder, reach the disk,
/// then take the name.
///
/// A reader sees what bore the name before, or all of the new bytes. On an error, and where the file system has
/// nameless files also after a kill, nothing is left behind. The permissions are those of a newly created file.
///
/// - Parameters:
///   - path: the file's path; its folder must exist.
///   - body: appends the bytes, piece by piece.
/// - Throws: `InputError.fileNotWritten`, or what `body` throws.
public func writeAtomically(to path: String, _ body: (inout AtomicFileOutput) throws -> Void) throws {
    try writeAtomically(to: path, namelessly: true, body)
}

/// See `writeAtomically(to:_:)`; `namelessly` is false for tests, on a file system with nameless files, of what happens
/// on others.
func writeAtomically(
    to path: String, namelessly: Bool, _ body: (inout AtomicFileOutput) throws -> Void
) throws {
    var output = try AtomicFileOutput(path: path, namelessly: namelessly)
    do {
        try body(&output)
        try output.commit()
    } catch {
        output.discard()
        throw error
    }
}

/// Writes bytes to a file, whole or not at all.
///
/// - Throws: `InputError.fileNotWritten`.
public func writeAtomically(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
    try writeAtomically(to: path) { try $0.append(bytes) }
}

/// Writes bytes to a file, whole or not at all.
///
/// - Throws: `InputError.fileNotWritten`.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws {
    try bytes.withUnsafeBytes { try writeAtomically($0, to: path) }
}

/// Writes a text to a file as UTF-8, whole or not at all.
///
/// - Throws: `InputError.fileNotWritten`.
public func writeAtomically(_ text: String, to path: String) throws {
    try writeAtomically(Array(text.utf8), to: path)
}

/// A file that is being written and has not taken its name yet.
public struct AtomicFileOutput: ~Copyable {
    private let path: String
    private let folder: String
    fileprivate let descriptor: Int32
    /// The temporary name; nil while the file has none.
    private var temporary: String?
    /// The bytes appended so far.
    public private(set) var byteCount = 0

    fileprivate init(path: String, namelessly: Bool) throws(InputError) {
        let path = try Self.target(of: path)
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !path.isEmpty, !path.hasSuffix("/") else {
            throw .fileNotWritten(file: path, reason: systemReason(path.isEmpty ? ENOENT : EISDIR))
        }
        var temporary: String?
        var descriptor = namelessly ? Self.openNameless(in: folder) : -1
        if descriptor < 0 {
            let name = Self.temporaryName(in: folder)
            descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw .fileNotWritten(file: path, reason: systemReason(errno)) }
            temporary = name
        }
        self.path = path
        self.folder = folder
        self.descriptor = descriptor
        self.temporary = temporary
    }

    deinit {
        close(descriptor)
    }

    /// The file that a path means: behind a link, the file that the link leads to. A device or a pipe is not replaced.
    private static func target(of path: String) throws(InputError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            var link = stat()
            guard lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFLNK else { return path }
            guard let resolved = realpath(path, nil) else {
                throw .fileNotWritten(file: path, reason: systemReason(errno))
            }
            defer { free(resolved) }
            return String(cString: resolved)
        case S_IFDIR: throw .fileNotWritten(file: path, reason: systemReason(EISDIR))
        default:
            throw .fileNotWritten(file: path, reason: "it is a device or a pipe; name a regular file")
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: `InputError.fileNotWritten`, for instance when the disk is full.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(descriptor, piece.baseAddress!, piece.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                byteCount += count
            } else if errno != EINTR {
                throw failure()
            }
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: `InputError.fileNotWritten`, for instance when the disk is full.
    public mutating func append(_ bytes: [UInt8]) throws(InputError) {
        let result = bytes.withUnsafeBytes { piece in Result { () throws(InputError) in try append(piece) } }
        try result.get()
    }

    /// Brings the bytes to the disk and gives them the name.
    fileprivate mutating func commit() throws(InputError) {
        guard fsync(descriptor) == 0 else { throw failure() }
        if temporary == nil {
            // linkat can't replace a file; rename can. The temporary name lives for two system calls, with all bytes
            // behind it.
            let name = Self.temporaryName(in: folder)
            guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 else {
                throw failure()
            }
            temporary = name
        }
        guard rename(temporary!, path) == 0 else { throw failure() }
        temporary = nil
        // The name is in the folder; the folder must reach the disk, too. File systems that can't do that keep their
        // own promises.
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Removes what has been written.
    fileprivate mutating func discard() {
        if let temporary { unlink(temporary) }
        temporary = nil
    }

    private func failure() -> InputError { .fileNotWritten(file: path, reason: systemReason(errno)) }

    /// Opens a file that has no name and goes with its last descriptor; -1 where there are none, or none that could
    /// take a name later.
    private static func openNameless(in folder: String) -> Int32 {
        // O_TMPFILE, a macro that Swift doesn't import.
        let nameless: Int32 = 0o20_000_000 | O_DIRECTORY
        // Only through /proc can a nameless file take a name.
        guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
        return open(folder, nameless | O_WRONLY | O_CLOEXEC, 0o666)
    }

    private static func temporaryName(in folder: String) -> String {
        var generator = SystemRandomNumberGenerator()
        return "\(folder)/.zeroth-\(String(generator.next() as UInt64, radix: 36)).tmp"
    }
}

/// A file that is written whole or not at all by an owner who keeps it beyond one call: it takes its name with `commit`, and without leaves nothing behind.
public final class AtomicFile {
    private var output: AtomicFileOutput
    private var isDone = false

    /// - Throws: `InputError.fileNotWritten`.
    public init(path: String) throws(InputError) { output = try AtomicFileOutput(path: path, namelessly: true) }

    /// What the bytes are written through, for a program that writes them; valid while the object lives.
    public var descriptor: Int32 { output.descriptor }

    /// Appends bytes.
    ///
    /// - Throws: `InputError.fileNotWritten`, for instance when the disk is full.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) { try output.append(bytes) }

    /// Brings the bytes to the disk and gives them the name.
    ///
    /// - Throws: `InputError.fileNotWritten`.
    public func commit() throws(InputError) {
        try output.commit()
        isDone = true
    }

    deinit { if !isDone { output.discard() } }
}
