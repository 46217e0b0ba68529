import Foundation

/// The Python that tests compare with: ZEROTH_PYTHON, or python3.
enum Python {
    static let program = ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3"
    static let hasNumPy = (try? run(["-c", "import numpy"])) != nil

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the Python prints.
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(process.arguments!): status \(process.terminationStatus)\n\(said)")
        }
        return printed
    }
}
