import Foundation

/// Runs of programs whose texts are short, so that neither pipe fills up.
enum ProgramRun {
    typealias Output = (status: Int32, out: String, err: String)

    /// Runs a program in a folder and waits for its end.
    static func execute(_ program: String, _ arguments: [String], in folder: String) throws -> Output {
        let process = Process()
        let (out, err) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let said = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, said)
    }

    /// Runs zeroth.
    static func zeroth(_ arguments: [String], in folder: String) throws -> Output {
        try execute(CommandLineTests.program, arguments, in: folder)
    }

    /// The Python of ZEROTH_PYTHON, python3 if that is unset.
    static let python = ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3"

    /// Whether a missing tool fails a test instead of skipping it.
    static let isRequired = ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    /// Whether Python is there, and NumPy in it; or has to be.
    static let hasPython = isRequired || succeeds("--version")
    static let hasNumPy = isRequired || succeeds("-c", "import numpy")

    private static func succeeds(_ arguments: String...) -> Bool {
        (try? execute("/usr/bin/env", [python] + arguments, in: NSTemporaryDirectory()))?.status == 0
    }

    /// Runs a Python script that lies beside the tests.
    static func python(_ script: String, _ arguments: [String], in folder: String) throws -> Output {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(script).path
        return try execute("/usr/bin/env", [python, path] + arguments, in: folder)
    }
}
