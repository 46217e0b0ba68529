/// A strict JSON5 reader: keeps lines, refuses duplicate keys, never traps.
///
/// JSON5 (json5.org, version 1.0.0): JSON with comments, trailing commas, unquoted keys, single quotes, hexadecimal numbers.
/// A test holds that it reads the shipped files as Foundation's `JSONDecoder.allowsJSON5` does; it exists because that
/// decoder drops the first of two equal keys in silence and does not say on which line a value stands.
package struct JSON5Parser {
    /// Nesting beyond this is refused, so that no text can exhaust the stack.
    static let deepestNesting = 32

    private let file: String
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var lineStart = 0

    package static func parse(_ bytes: [UInt8], file: String) throws(HardwareError) -> JSON5Node {
        var parser = JSON5Parser(file: file, bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
        let node = try parser.value(depth: 0, path: "")
        try parser.skipBlank()
        guard parser.position == bytes.count else {
            throw parser.problem("\(parser.found) after the value", expected: "the end of the file")
        }
        return node
    }

    private init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var found: String {
        guard let byte = current else { return "the end of the file" }
        return (0x21...0x7E).contains(byte)
            ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
    }

    private func problem(_ problem: String, expected: String) -> HardwareError {
        .syntax(file: file, line: line, column: position - lineStart + 1, problem: problem, expected: expected)
    }

    private mutating func advance() {
        if bytes[position] == UInt8(ascii: "\n") {
            line += 1
            lineStart = position + 1
        }
        position += 1
    }

    /// Skips white space and comments.
    private mutating func skipBlank() throws(HardwareError) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D: advance()
            case 0xC2 where position + 1 < bytes.count && bytes[position + 1] == 0xA0: position += 2
            case UInt8(ascii: "/"):
                let next = position + 1 < bytes.count ? bytes[position + 1] : 0
                if next == UInt8(ascii: "/") {
                    while position < bytes.count, bytes[position] != 0x0A { position += 1 }
                } else if next == UInt8(ascii: "*") {
                    try skipBlockComment()
                } else {
                    throw problem("a lone '/'", expected: "a comment '//' or '/*'")
                }
            default: return
            }
        }
    }

    private mutating func skipBlockComment() throws(HardwareError) {
        let opening = line
        position += 2
        while position + 1 < bytes.count {
            if bytes[position] == UInt8(ascii: "*"), bytes[position + 1] == UInt8(ascii: "/") {
                position += 2
                return
            }
            advance()
        }
        throw problem("the comment opened on line \(opening) does not end", expected: "'*/'")
    }

    private mutating func value(depth: Int, path: String) throws(HardwareError) -> JSON5Node {
        guard depth <= Self.deepestNesting else {
            throw problem(
                "values nested deeper than \(Self.deepestNesting)", expected: "at most \(Self.deepestNesting) levels")
        }
        try skipBlank()
        let start = line
        guard let byte = current else { throw problem("the file ends", expected: "a value") }
        let value: JSON5Node.Value
        switch byte {
        case UInt8(ascii: "{"): value = .object(try members(depth: depth, path: path))
        case UInt8(ascii: "["): value = .array(try elements(depth: depth, path: path))
        case UInt8(ascii: "\""), UInt8(ascii: "'"): value = .string(try string())
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            value = try number()
        default:
            guard let word = identifier() else { throw problem("found \(found)", expected: "a value") }
            switch word {
            case "true": value = .boolean(true)
            case "false": value = .boolean(false)
            case "null": value = .null
            case "Infinity": value = .number(.infinity, text: word)
            case "NaN": value = .number(.nan, text: word)
            default: throw problem("the bare word '\(word)'", expected: "a value; strings stand in quotes")
            }
        }
        return JSON5Node(value: value, line: start)
    }

    private mutating func members(depth: Int, path: String) throws(HardwareError) -> [JSON5Node.Member] {
        advance()
        var members: [JSON5Node.Member] = []
        var lines: [String: Int] = [:]
        while true {
            try skipBlank()
            if current == UInt8(ascii: "}") {
                advance()
                return members
            }
            let keyLine = line
            let key: String
            if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
                key = try string()
            } else if let word = identifier() {
                key = word
            } else {
                throw problem("found \(found)", expected: "a key or '}'")
            }
            let keyPath = path.isEmpty ? key : "\(path).\(key)"
            if let first = lines.updateValue(keyLine, forKey: key) {
                throw .duplicateKey(.init(file: file, line: keyLine, path: keyPath), firstLine: first)
            }
            try skipBlank()
            guard current == UInt8(ascii: ":") else { throw problem("found \(found)", expected: "':' after '\(key)'") }
            advance()
            members.append(.init(key: key, line: keyLine, node: try value(depth: depth + 1, path: keyPath)))
            try separator(closing: UInt8(ascii: "}"))
        }
    }

    private mutating func elements(depth: Int, path: String) throws(HardwareError) -> [JSON5Node] {
        advance()
        var elements: [JSON5Node] = []
        while true {
            try skipBlank()
            if current == UInt8(ascii: "]") {
                advance()
                return elements
            }
            elements.append(try value(depth: depth + 1, path: "\(path)[\(elements.count)]"))
            try separator(closing: UInt8(ascii: "]"))
        }
    }

    /// Takes a comma, or stands before the closing bracket.
    private mutating func separator(closing: UInt8) throws(HardwareError) {
        try skipBlank()
        if current == UInt8(ascii: ",") {
            advance()
        } else if current != closing {
            throw problem("found \(found)", expected: "',' or '\(Character(UnicodeScalar(closing)))'")
        }
    }

    /// An unquoted key or word; nil where none stands here.
    private mutating func identifier() -> String? {
        let start = position
        while let byte = current {
            let isLetter =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard isLetter || (isDigit && position > start) else { break }
            position += 1
        }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private mutating func number() throws(HardwareError) -> JSON5Node.Value {
        let start = position
        while let byte = current {
            let isWord = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
            let isExponentSign =
                (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"))
                && (position == start
                    || (bytes[position - 1] | 0x20 == UInt8(ascii: "e") && !isHexadecimal(from: start)))
            guard isWord || isExponentSign || byte == UInt8(ascii: ".") else { break }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let parsed = Self.double(text) else {
            position = start
            throw problem("'\(text)' is not a number", expected: "a number such as 32, 0.25 or 19.2")
        }
        return .number(parsed, text: text)
    }

    private func isHexadecimal(from start: Int) -> Bool {
        var digit = start
        if bytes[digit] == UInt8(ascii: "+") || bytes[digit] == UInt8(ascii: "-") { digit += 1 }
        return digit + 1 < bytes.count && bytes[digit] == UInt8(ascii: "0")
            && bytes[digit + 1] | 0x20 == UInt8(ascii: "x")
    }

    private static func double(_ text: String) -> Double? {
        var digits = Substring(text)
        var isNegative = false
        if let sign = digits.first, sign == "+" || sign == "-" {
            isNegative = sign == "-"
            digits = digits.dropFirst()
        }
        let magnitude: Double?
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            let hexadecimal = digits.dropFirst(2)
            magnitude = hexadecimal.allSatisfy(\.isHexDigit) ? UInt64(hexadecimal, radix: 16).map { Double($0) } : nil
        } else if digits == "Infinity" {
            magnitude = .infinity
        } else if digits == "NaN" {
            magnitude = .nan
        } else if let first = digits.first, first.isNumber || first == ".", digits.contains(where: \.isNumber),
            !(digits.count > 1 && first == "0" && digits.dropFirst().first!.isNumber),
            digits.allSatisfy({ $0.isNumber || ".eE+-".contains($0) })
        {
            magnitude =
                Double(digits.hasPrefix(".") ? "0" + digits : String(digits))
                ?? (digits.hasSuffix(".") ? Double(digits.dropLast()) : nil)
        } else {
            magnitude = nil
        }
        return magnitude.map { isNegative ? -$0 : $0 }
    }

    private mutating func string() throws(HardwareError) -> String {
        let quote = bytes[position]
        let opening = line
        advance()
        var text: [UInt8] = []
        while let byte = current, byte != quote {
            switch byte {
            case 0x0A, 0x0D: throw problem("the string ends in the middle of a line", expected: "a closing quote")
            case UInt8(ascii: "\\"):
                advance()
                try escape(into: &text)
            default:
                text.append(byte)
                advance()
            }
        }
        guard current == quote else {
            throw problem("the string opened on line \(opening) does not end", expected: "a closing quote")
        }
        advance()
        guard let string = String(validating: text, as: UTF8.self) else {
            throw problem("the string is not UTF-8", expected: "UTF-8 text")
        }
        return string
    }

    private mutating func escape(into text: inout [UInt8]) throws(HardwareError) {
        guard let byte = current else { throw problem("the file ends", expected: "an escaped character") }
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case 0x0A: break
        case UInt8(ascii: "u"):
            let digits = bytes.dropFirst(position + 1).prefix(4)
            guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = UnicodeScalar(code)
            else { throw problem("a bad \\u escape", expected: "four hexadecimal digits of a character") }
            text.append(contentsOf: String(Character(scalar)).utf8)
            position += 4
        case UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(byte)
        default: throw problem("the escape \\\(found)", expected: "\\n, \\t, \\u0000, \\\\ or an escaped quote")
        }
        advance()
    }
}
