import Foundation

/// Results that others' hardware and libraries produced: the folder ZEROTH_REFERENCES, or ../shared/references beside the repository.
enum References {
    static let folder: String =
        ProcessInfo.processInfo.environment["ZEROTH_REFERENCES"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/references").path

    /// Whether the folder is there, or has to be: ZEROTH_REQUIRE_TOOLS=1 turns a skip into a failure.
    static let arePresent =
        FileManager.default.fileExists(atPath: folder + "/fp8_fma_rtl.csv.gz")
        || ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    static let comment = "no references: ZEROTH_REFERENCES names no folder and ../shared/references is missing"

    /// The fields of a gzipped table's lines, without the first `header` of them.
    static func rows(_ name: String, separator: Character, header: Int = 0) throws -> [[Substring]] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", "\(folder)/\(name)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst(header).map {
            $0.split(separator: separator, omittingEmptySubsequences: false)
        }
    }
}
