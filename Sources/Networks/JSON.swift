/// A JSON value as it stands in a file; numbers keep their text, so that integers stay exact.
enum JSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The number, if it is a whole one that fits and is written without fraction or exponent.
    var integer: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The value in short, for an error's text.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .number(let text): text
        case .string(let text): "\"\(text)\""
        case .array(let elements): "a list of \(elements.count)"
        case .object(let object): "an object of \(object.members.count) keys"
        }
    }
}

/// The members of a JSON object in the order of the file; no key stands twice.
struct JSONObject: Equatable {
    struct Member: Equatable {
        let key: String
        let value: JSON
    }

    let members: [Member]

    /// The value of a key, found by walking the members.
    subscript(key: String) -> JSON? { members.first { $0.key == key }?.value }
}

/// A string between quotation marks, as JSON writes it (RFC 8259, section 7).
func jsonQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
