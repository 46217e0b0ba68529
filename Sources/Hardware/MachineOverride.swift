/// A field given on the command line: `organisation.dram.channels=8`.
///
/// A key may be shortened to any beginning that no other key of its object shares: `organisation.dram.bandwidth=25.6`.
/// The value is JSON5; a bare word is a string.
public struct MachineOverride: Sendable, Hashable, CustomStringConvertible {
    public let path: [String]
    /// The value's text, as given.
    public let value: String

    /// - Throws: `HardwareError.badOverride` where the text is not `path=value`.
    public init(parsing text: String) throws(HardwareError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw .badOverride(
                text: text, problem: "no '=' in it", remedy: "write path=value, such as organisation.array.rows=64")
        }
        let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains("") else {
            throw .badOverride(
                text: text, problem: "an empty name in the path",
                remedy: "write path=value, such as organisation.array.rows=64")
        }
        guard !parts[1].isEmpty else {
            throw .badOverride(text: text, problem: "no value after '='", remedy: "give the field's new value")
        }
        self.path = path
        self.value = String(parts[1])
    }

    public var description: String { path.joined(separator: ".") + "=" + value }

    package var node: JSON5Node {
        get throws(HardwareError) {
            let label = "--set \(description)"
            var node: JSON5Node
            if let first = value.unicodeScalars.first, first.properties.isAlphabetic,
                !["true", "false", "null", "Infinity", "NaN"].contains(value)
            {
                node = JSON5Node(value: .string(value), line: nil)
            } else {
                node = try JSON5Parser.parse(Array(value.utf8), file: label)
            }
            node.mark(override: label)
            return node
        }
    }

    static func apply(_ overrides: [MachineOverride], to root: inout JSON5Node) throws(HardwareError) {
        var seen: [String: MachineOverride] = [:]
        for override in overrides {
            let path = try override.apply(to: &root)
            if let other = seen.updateValue(override, forKey: path) {
                throw .badOverride(
                    text: override.description, problem: "\(path) is already set by --set \(other)", remedy: "keep one")
            }
        }
    }

    /// Replaces the field in the tree; gives its full path.
    func apply(to root: inout JSON5Node) throws(HardwareError) -> String {
        let node = try node
        return try replace(in: &root, path[...], with: node, parent: "")
    }

    private func replace(
        in object: inout JSON5Node, _ rest: ArraySlice<String>, with node: JSON5Node, parent: String
    ) throws(HardwareError) -> String {
        guard case .object(var members) = object.value else {
            throw .badOverride(
                text: description, problem: "\(parent) is \(object.typeDescription) and has no fields",
                remedy: "stop the path at \(parent)")
        }
        let key = rest.first!
        let place = parent.isEmpty ? "the machine" : parent
        let index: Int
        if let exact = members.firstIndex(where: { $0.key == key }) {
            index = exact
        } else {
            let matches = members.indices.filter { members[$0].key.hasPrefix(key) }
            switch matches.count {
            case 1: index = matches[0]
            case 0 where rest.count == 1:
                // A key that the file may have and does not: whether it may is checked when the tree is read.
                members.append(.init(key: key, line: object.line ?? 0, node: node))
                object.value = .object(members)
                return FieldReader.join(parent, key)
            case 0:
                throw .badOverride(
                    text: description, problem: "\(place) has no field '\(key)'",
                    remedy: "its fields: \(members.map(\.key).joined(separator: ", "))")
            default:
                throw .badOverride(
                    text: description, problem: "'\(key)' is not one field of \(place)",
                    remedy: "write one of \(matches.map { members[$0].key }.joined(separator: ", "))")
            }
        }
        let full = FieldReader.join(parent, members[index].key)
        if rest.count == 1 {
            members[index].node = node
            object.value = .object(members)
            return full
        }
        let result = try replace(in: &members[index].node, rest.dropFirst(), with: node, parent: full)
        object.value = .object(members)
        return result
    }
}

extension JSON5Node {
    /// Marks the value and all within it as set by an override.
    fileprivate mutating func mark(override text: String) {
        line = nil
        override = text
        switch value {
        case .object(var members):
            for index in members.indices { members[index].node.mark(override: text) }
            value = .object(members)
        case .array(var elements):
            for index in elements.indices { elements[index].mark(override: text) }
            value = .array(elements)
        default: break
        }
    }
}
