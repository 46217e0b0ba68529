import Glibc

/// A regular file mapped into memory, read-only and private; it owns the mapping and ends it when it goes.
///
/// The pages are read as they are touched, so opening costs the same for any size. As with every mapping, a process
/// that shortens the file meanwhile makes the lost pages unreadable.
public final class MappedFile: ByteSource, @unchecked Sendable {
    /// The path as it was given.
    public let path: String
    /// The file's bytes, at least one; they start at a page and live as long as this object.
    public let bytes: UnsafeRawBufferPointer

    public var name: String { path }

    /// Maps a file.
    ///
    /// - Throws: `InputError.fileMissing`, `.fileIsFolder`, `.fileNotRegular`, `.fileEmpty` or `.fileUnreadable`.
    public init(path: String) throws(InputError) {
        // Non-blocking: the opening of a pipe without a writer would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .fileMissing(file: path)
            case ENXIO: throw .fileNotRegular(file: path)
            case let code: throw .fileUnreadable(file: path, reason: systemReason(code))
            }
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .fileUnreadable(file: path, reason: systemReason(errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .fileIsFolder(file: path)
        default: throw .fileNotRegular(file: path)
        }
        guard status.st_size > 0 else { throw .fileEmpty(file: path) }
        let size = Int(status.st_size)
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .fileUnreadable(file: path, reason: systemReason(errno))
        }
        self.path = path
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}

/// What the system says of an error code.
func systemReason(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
        return String(cString: buffer.baseAddress!)
    }
}

/// Checks that a folder is there.
///
/// - Throws: `InputError.folderMissing`, `.folderIsFile` or `.fileUnreadable`.
func requireFolder(_ path: String) throws(InputError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
        switch errno {
        case ENOENT, ENOTDIR: throw .folderMissing(folder: path)
        case let code: throw .fileUnreadable(file: path, reason: systemReason(code))
        }
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .folderIsFile(folder: path) }
}
