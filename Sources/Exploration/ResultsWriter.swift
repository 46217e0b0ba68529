import Foundation
import Glibc

/// Appends rows to a results folder: each with one write to a file, so that a kill leaves at most half a line at its end.
final class ResultsWriter {
    private let columns: ResultColumns
    private let rows: Appender
    private let table: Appender
    /// Rows written since they were last brought to the disk.
    private var waiting = 0
    /// So many may be lost when the computer, not the process, stops; they are costed again then.
    private static let mostWaiting = 1000

    /// Opens a folder that has begun.
    ///
    /// - Returns: also the rows that are there.
    /// - Throws: `ExplorationError.folderBusy` while another process writes to it.
    static func open(_ folder: ResultsFolder, _ columns: ResultColumns) throws -> (ResultsWriter, [ResultRow]) {
        let rows = try Appender(folder.rowsPath, isExclusive: true, folder.path)
        let (known, bytes) = try folder.rows(columns)
        try rows.truncate(to: bytes)
        try folder.writeTable(known, columns)
        let table = try Appender(folder.tablePath, isExclusive: false, folder.path)
        return (ResultsWriter(columns, rows, table), known)
    }

    private init(_ columns: ResultColumns, _ rows: Appender, _ table: Appender) {
        self.columns = columns
        self.rows = rows
        self.table = table
    }

    func append(_ row: ResultRow) throws(ExplorationError) {
        try rows.write(row.json(columns))
        try table.write(row.csv())
        waiting += 1
        if waiting >= Self.mostWaiting { flush() }
    }

    /// Brings what is written to the disk.
    func flush() {
        rows.synchronize()
        table.synchronize()
        waiting = 0
    }
}

/// A file that is appended to.
private final class Appender {
    private let path: String
    private let descriptor: Int32

    /// - Parameter isExclusive: no other process may have it open so.
    init(_ path: String, isExclusive: Bool, _ folder: String) throws(ExplorationError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .notWritten(path: path, reason: String(cString: strerror(errno))) }
        guard !isExclusive || flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .folderBusy(path: folder) }
    }

    deinit { close(descriptor) }

    func truncate(to bytes: Int) throws(ExplorationError) {
        guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw failure() }
    }

    func write(_ text: String) throws(ExplorationError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure()
            }
        }
    }

    func synchronize() { fdatasync(descriptor) }

    private func failure() -> ExplorationError { .notWritten(path: path, reason: String(cString: strerror(errno))) }
}
