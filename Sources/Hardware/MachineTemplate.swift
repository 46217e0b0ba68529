/// A machine's file, read once, from which machines with other values in some fields are made.
public struct MachineTemplate: Sendable {
    /// As the user named it.
    public let name: String
    /// The file, as the user knows it.
    public let file: String
    /// The file's bytes.
    public let bytes: [UInt8]
    private let root: JSON5Node
    private let library: HardwareLibrary

    /// - Parameter name: a name in the library, such as `edge-int8`, or a path to a .json5 file.
    public init(_ name: String, from library: HardwareLibrary = .standard) throws(HardwareError) {
        let text = try library.machine(name)
        self.name = name
        file = text.file
        bytes = text.bytes
        root = try JSON5Parser.parse(text.bytes, file: text.file)
        self.library = library
    }

    /// The machine with `overrides`, each `path=value`: the same as `Machine.load` gives.
    public func machine(overrides: [String] = []) throws(HardwareError) -> Machine {
        var parsed: [MachineOverride] = []
        for override in overrides { parsed.append(try MachineOverride(parsing: override)) }
        return try Machine(root, file: file, overrides: parsed)
    }

    /// The full path of a field whose keys may be shortened as in an override.
    ///
    /// - Throws: `HardwareError.badOverride` where the path names no field. A last key that the file lacks counts as a field:
    ///   whether there may be such a one is known when a machine is made.
    public func fullPath(_ path: String) throws(HardwareError) -> String {
        var copy = root
        return try MachineOverride(parsing: path + "=0").apply(to: &copy)
    }

    /// The number at a full path; nil where the file has none there.
    package func number(at path: String) -> Double? { node(at: path)?.number }

    /// What stands at a full path; nil where the file has nothing there.
    package func node(at path: String) -> JSON5Node? { root.node(at: path.split(separator: ".").map(String.init)[...]) }

    /// The bytes of the energy table that a machine of this file names.
    public func energyTableBytes(_ table: String) throws(HardwareError) -> [UInt8] {
        try library.energyTable(table, besideMachine: file).bytes
    }
}

extension JSON5Node {
    /// The value, if it is a number.
    package var number: Double? { if case .number(let value, _) = value { value } else { nil } }

    /// The node that keys lead to.
    package func node(at path: ArraySlice<String>) -> JSON5Node? {
        guard let key = path.first else { return self }
        guard case .object(let members) = value else { return nil }
        return members.first { $0.key == key }?.node.node(at: path.dropFirst())
    }

    /// The value as JSON5 on one line: numbers as written, keys quoted where they have to be.
    package var text: String {
        switch value {
        case .object(let members):
            "{" + members.map { "\(JSON5Node.quoted($0.key)): \($0.node.text)" }.joined(separator: ", ") + "}"
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
        case .string(let text): JSON5Node.quoted(text)
        case .number(_, let text): text
        case .boolean(let flag): "\(flag)"
        case .null: "null"
        }
    }

    /// A text as a JSON string.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
