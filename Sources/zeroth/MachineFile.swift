import Foundation
import Hardware
import Networks

/// A machine and the text it was read from, overrides written into it.
struct MachineFile {
    let machine: Machine
    private(set) var text: JSON5Text

    /// Reads a machine strictly.
    ///
    /// - Parameters:
    ///   - name: a name in the library, or a path to a .json5 file.
    ///   - overrides: fields to replace, as `path=value`.
    /// - Throws: `HardwareError`, naming file and field.
    init(_ name: String, overrides: [String]) throws {
        machine = try Machine.load(name, overrides: overrides)
        text = JSON5Text(try Self.bytes(of: machine.file))
        for override in try overrides.map({ try MachineOverride(parsing: $0) }) {
            text.set(override.path, to: try Self.json5(override.value))
        }
    }

    /// The content as plain JSON.
    func json() throws -> JSONValue {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        return try decoder.decode(JSONValue.self, from: Data(text.bytes))
    }

    /// Gives the machine another name.
    mutating func rename(_ name: String) throws {
        text.set(["name"], to: try Self.quoted(name))
    }

    /// Bytes of the file that a machine was read from.
    private static func bytes(of file: String) throws -> [UInt8] {
        let embedded = "embedded:"
        if file.hasPrefix(embedded) {
            return Array(try EmbeddedFiles.file(String(file.dropFirst(embedded.count))).bytes)
        }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            throw HardwareError.unreadable(file: file, reason: error.localizedDescription)
        }
    }

    /// An override's value as JSON5: a bare word is a string (docs/machines.md, "Overrides").
    private static func json5(_ value: String) throws -> String {
        let words = ["true", "false", "null", "Infinity", "NaN"]
        guard let first = value.unicodeScalars.first, first.properties.isAlphabetic, !words.contains(value) else {
            return value
        }
        return try quoted(value)
    }

    private static func quoted(_ text: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(text), as: UTF8.self)
    }
}
