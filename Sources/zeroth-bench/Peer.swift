import Foundation

/// A Python process that does one piece of work for each line it is sent, and answers with numbers.
final class Peer {
    /// What the peer says of itself when it is ready.
    let version: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest = Data()

    /// Starts a script of peers/.
    ///
    /// - Parameters:
    ///   - python: the interpreter.
    ///   - script: the script's file name.
    ///   - arguments: its arguments.
    ///   - needs: the packages that it imports, for the error message.
    init(python: String, script: String, arguments: [String], needs: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("peers")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, folder.appendingPathComponent(script).path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var rest = Data()
        guard let line = Self.line(output.fileHandleForReading, &rest), line.hasPrefix("ready ") else {
            throw BenchError.peer(
                "\(script) did not start; install what it needs with pip install \(needs), or name another --python")
        }
        self.rest = rest
        version = String(line.dropFirst(6))
    }

    /// Sends a line and waits for `count` numbers.
    func answer(to request: String, count: Int) throws -> [Double] {
        input.fileHandleForWriting.write(Data((request + "\n").utf8))
        let answer = Self.line(output.fileHandleForReading, &rest) ?? ""
        let fields = answer.split(separator: " ").compactMap { Double($0) }
        guard fields.count == count else {
            throw BenchError.peer("it answered \"\(answer)\" to \"\(request)\", not \(count) numbers")
        }
        return fields
    }

    /// Ends the process.
    func finish() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private static func line(_ handle: FileHandle, _ rest: inout Data) -> String? {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                rest = Data(rest[(end + 1)...])
                return line
            }
            let more = handle.availableData
            guard !more.isEmpty else { return nil }
            rest.append(more)
        }
    }
}
