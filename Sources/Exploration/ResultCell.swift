import Hardware

/// A value of a results row: nothing, a number as written, or a text.
public enum ResultCell: Sendable, Hashable {
    case empty
    case number(String)
    case string(String)

    /// The shortest text that reads back as the same binary64 value; nothing for what is no number.
    init(_ value: Double?) {
        guard let value, value.isFinite else {
            self = .empty
            return
        }
        self = .number("\(value)")
    }

    init(_ value: Int) { self = .number("\(value)") }

    init(_ text: String?) { self = text.map { .string($0) } ?? .empty }

    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    /// As tables show it.
    public var text: String {
        switch self {
        case .empty: ""
        case .number(let text), .string(let text): text
        }
    }

    var json: String {
        switch self {
        case .empty: "null"
        case .number(let text): text
        case .string(let text): JSON5Node.quoted(text)
        }
    }

    /// As RFC 4180 has it; a line break inside a text is written as a space, so that a row is a line.
    var csv: String {
        let text = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
            .joined(separator: " ")
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
