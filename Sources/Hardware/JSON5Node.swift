/// A value of a JSON5 text, with its place: what errors need and Foundation's decoder does not keep.
package struct JSON5Node: Sendable {
    package enum Value: Sendable {
        case object([Member])
        case array([JSON5Node])
        case string(String)
        /// The number, and its text as written.
        case number(Double, text: String)
        case boolean(Bool)
        case null
    }

    package struct Member: Sendable {
        package let key: String
        package let line: Int
        package var node: JSON5Node
    }

    package var value: Value
    /// Line from 1; nil where an override wrote the value.
    package var line: Int?
    /// The override that wrote the value, as given.
    package var override: String?

    package init(value: Value, line: Int?, override: String? = nil) {
        self.value = value
        self.line = line
        self.override = override
    }

    /// What the value is, for "is …; expected …".
    package var typeDescription: String {
        switch value {
        case .object: "an object"
        case .array: "an array"
        case .string(let text): "the string \"\(text)\""
        case .number(_, let text): "the number \(text)"
        case .boolean(let flag): "\(flag)"
        case .null: "null"
        }
    }
}
