import Foundation
import Hardware

/// A value's JSON as names and texts, in the names' order.
enum FlatSettings {
    static func rows(_ value: some Encodable) -> [(name: String, value: String)] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value),
            let node = try? JSON5Parser.parse(Array(data), file: "settings")
        else { return [] }
        var rows: [(name: String, value: String)] = []
        collect(node, "", into: &rows)
        return rows
    }

    private static func collect(_ node: JSON5Node, _ path: String, into rows: inout [(name: String, value: String)]) {
        switch node.value {
        case .object(let members):
            for member in members {
                collect(member.node, path.isEmpty ? member.key : "\(path).\(member.key)", into: &rows)
            }
        case .array(let list):
            for (index, element) in list.enumerated() { collect(element, "\(path)[\(index)]", into: &rows) }
        case .string(let text): rows.append((path, text))
        case .number(_, let text): rows.append((path, text))
        case .boolean(let flag): rows.append((path, "\(flag)"))
        case .null: rows.append((path, "–"))
        }
    }
}
