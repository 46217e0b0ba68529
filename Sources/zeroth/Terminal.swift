import Foundation
import Reports

/// Standard output and error: plain lines, and on a terminal one progress line that rewrites itself.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1

    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Prints one JSON object, as every `--json` does.
    static func print(json value: some Encodable) throws {
        print(try json(value))
    }

    /// A value as JSON: keys in order, a line each.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func error(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

/// Progress of a run: on a terminal one line rewritten a few times a second; otherwise a plain line at each evaluation.
struct ProgressLine {
    private var lastShown = 0.0
    private var width = 0

    /// Shows `text` if the line was last rewritten more than a fifth of a second ago. Does nothing where standard error is no terminal.
    mutating func show(_ text: @autoclosure () -> String, now: Double) {
        guard Terminal.isInteractive, now - lastShown >= 0.2 else { return }
        lastShown = now
        let line = text()
        let blanks = String(repeating: " ", count: max(0, width - line.count))
        width = line.count
        FileHandle.standardError.write(Data(("\r" + line + blanks).utf8))
    }

    /// Clears the line.
    mutating func clear() {
        guard Terminal.isInteractive, width > 0 else { return }
        FileHandle.standardError.write(Data(("\r" + String(repeating: " ", count: width) + "\r").utf8))
        width = 0
        lastShown = 0
    }

    /// Prints a plain line that stays.
    mutating func keep(_ text: String) {
        clear()
        Terminal.error(text)
    }
}
