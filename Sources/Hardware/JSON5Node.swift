/// A value of a JSON5 text, with its place: what errors need and Foundation's decoder does not keep.
struct JSON5Node: Sendable {
    enum Value: Sendable {
        case object([Member])
        case array([JSON5Node])
        case string(String)
        /// The number, and its text as written.
        case number(Double, text: String)
        case boolean(Bool)
        case null
    }

    struct Member: Sendable {
        let key: String
        let line: Int
        var node: JSON5Node
    }

    var value: Value
    /// Line from 1; nil where an override wrote the value.
    var line: Int?
    /// The override that wrote the value, as given.
    var override: String?

    /// What the value is, for "is …; expected …".
    var typeDescription: String {
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
