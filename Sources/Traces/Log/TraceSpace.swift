import Foundation

/// Room on a file system.
public enum TraceSpace {
    /// Checks that a folder's file system has room.
    ///
    /// - Throws: `TraceError.noSpace`. Where the system does not say, nothing is thrown: a full disk is then an error of writing.
    public static func check(_ folder: String, needed: Int) throws(TraceError) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return }
        let (free, hasOverflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard !hasOverflow, free < UInt64(needed) else { return }
        throw .noSpace(path: folder, needed: needed, available: Int(free))
    }
}
