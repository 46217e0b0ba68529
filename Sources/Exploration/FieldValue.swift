import Hardware

/// A value that a field of a space takes.
public struct FieldValue: Sendable {
    let node: JSON5Node

    init(_ node: JSON5Node) { self.node = node }

    /// A number; whole ones are written without a point.
    init(_ number: Double) {
        let whole = Int(exactly: number).map { "\($0)" }
        node = JSON5Node(value: .number(number, text: whole ?? "\(number)"), line: nil)
    }

    /// The value as a setting of a step takes it: a string without quotes.
    var text: String {
        if case .string(let text) = node.value { return text }
        return node.text
    }

    /// The value as an override of a machine takes it: a bare word where that is read as a string.
    var overrideText: String {
        guard case .string(let text) = node.value else { return node.text }
        let isWord = text.unicodeScalars.first?.properties.isAlphabetic ?? false
        return isWord && !["true", "false", "null", "Infinity", "NaN"].contains(text) ? text : node.text
    }

    var number: Double? { node.number }

    var cell: ResultCell {
        switch node.value {
        case .number(let value, _) where value.isFinite: .number(FieldValue(value).node.text)
        case .string(let text): .string(text)
        default: .string(node.text)
        }
    }
}
