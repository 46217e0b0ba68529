import Foundation
import Networks

/// Where a trace's bytes go. Whoever lets go of a sink without `finish` leaves nothing behind.
public protocol TraceSink: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws
    /// Gives the file its name.
    func finish() throws
}

extension TraceSink {
    func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }
    func append(_ text: String) throws { try append(Array(text.utf8)) }
}

extension AtomicFile: TraceSink {
    public func finish() throws { try commit() }
}

/// Bytes on their way through the system's gzip to a file.
public final class CompressedFile: TraceSink {
    private let path: String
    private let file: AtomicFile
    private let process = Process()
    private let pipe = Pipe()
    private var isDone = false

    /// - Throws: `InputError.fileNotWritten`, `TraceError.compressorMissing`.
    public init(path: String) throws {
        self.path = path
        file = try AtomicFile(path: path)
        // A compressor that ends early is an error of the next write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-c", "-n", "-1"]
        process.standardInput = pipe
        process.standardOutput = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false)
        do { try process.run() } catch {
            throw TraceError.compressorMissing(path: path, reason: error.localizedDescription)
        }
        try? pipe.fileHandleForReading.close()
    }

    deinit {
        guard !isDone else { return }
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(pipe.fileHandleForWriting.fileDescriptor, piece.baseAddress!, piece.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw ended()
            }
        }
    }

    private func ended() -> TraceError {
        isDone = true
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        let status = Int(process.terminationStatus)
        // What env says where there is no such program.
        if status == 127 { return .compressorMissing(path: path, reason: "there is no such program") }
        return .compressorFailed(path: path, status: status)
    }

    public func finish() throws {
        let error = ended()
        guard process.terminationStatus == 0 else { throw error }
        try file.commit()
    }
}
