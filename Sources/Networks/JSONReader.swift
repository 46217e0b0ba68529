/// A strict reader of JSON (RFC 8259) that, unlike Foundation's, sees duplicate keys and knows the place of every
/// error.
///
/// Its time and memory grow linearly with the text; values nest at most 64 deep, so that no file exhausts the stack.
struct JSONReader {
    private let file: String
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private static let deepest = 64

    /// Reads a text that is one JSON object, with white space around it.
    ///
    /// - Throws: `InputError.malformedJSON`, `.duplicateKey`, `.notAnObject` or `.invalidUTF8`, with lines and
    ///   columns of the text.
    static func object(in bytes: UnsafeRawBufferPointer, file: String) throws(InputError) -> JSONObject {
        var reader = JSONReader(file: file, bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed("the text must end after its first value") }
        guard let object = value.object else { throw .notAnObject(file: file) }
        return object
    }

    private init(file: String, bytes: UnsafeRawBufferPointer) {
        self.file = file
        self.bytes = bytes
    }

    private mutating func value(depth: Int) throws(InputError) -> JSON {
        skipSpace()
        guard depth <= Self.deepest else { throw malformed("values must nest at most \(Self.deepest) deep") }
        guard let byte = next else { throw malformed("the text ends where a value must stand") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw malformed("a value must stand here")
        }
    }

    private mutating func members(depth: Int) throws(InputError) -> JSONObject {
        var members: [JSONObject.Member] = []
        var keys: Set<String> = []
        position += 1
        skipSpace()
        if accept("}") { return JSONObject(members: []) }
        while true {
            skipSpace()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw malformed("a key between quotation marks must stand here") }
            let key = try string()
            guard keys.insert(key).inserted else {
                let (line, column) = place(of: start)
                throw .duplicateKey(file: file, line: line, column: column, key: key)
            }
            skipSpace()
            guard accept(":") else { throw malformed("a colon must follow the key") }
            members.append(JSONObject.Member(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            if accept("}") { return JSONObject(members: members) }
            guard accept(",") else { throw malformed("a comma or a closing brace must stand here") }
        }
    }

    private mutating func elements(depth: Int) throws(InputError) -> [JSON] {
        var elements: [JSON] = []
        position += 1
        skipSpace()
        if accept("]") { return [] }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if accept("]") { return elements }
            guard accept(",") else { throw malformed("a comma or a closing bracket must stand here") }
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(InputError) -> JSON {
        let start = position
        for offset in 0..<text.utf8CodeUnitCount where !accept(text.utf8Start[offset]) {
            position = start
            throw malformed("\(text) must stand here")
        }
        return value
    }

    private mutating func number() throws(InputError) -> JSON {
        let start = position
        _ = accept("-")
        if !accept("0") { guard digits() else { throw malformed("a digit must stand here") } }
        if accept(".") { guard digits() else { throw malformed("a digit must follow the point") } }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            guard digits() else { throw malformed("a digit must stand in the exponent") }
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        return position > start
    }

    private mutating func string() throws(InputError) -> String {
        position += 1
        var text: [UInt8] = []
        var start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[start..<position])
                position += 1
                if byte == UInt8(ascii: "\"") {
                    guard let result = String(validating: text, as: UTF8.self) else {
                        throw .invalidUTF8(file: file, line: place(of: start).line)
                    }
                    return result
                }
                text.append(contentsOf: UTF8.encode(try escape())!)
                start = position
            case 0..<0x20:
                throw malformed("a control character in a string must be escaped")
            default:
                position += 1
            }
        }
        throw malformed("the text ends inside of a string")
    }

    /// The scalar of an escape sequence whose backslash has been read.
    private mutating func escape() throws(InputError) -> Unicode.Scalar {
        guard let byte = next else { throw malformed("the text ends inside of a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var value = try codeUnit()
            if value >> 10 == 0xd800 >> 10, accept("\\") {
                guard accept("u") else { throw malformed("the second half of a surrogate pair must stand here") }
                let low = try codeUnit()
                guard low >> 10 == 0xdc00 >> 10 else {
                    throw malformed("the second half of a surrogate pair must stand here")
                }
                value = 0x1_0000 + (value & 0x3ff) << 10 + (low & 0x3ff)
            }
            guard let scalar = Unicode.Scalar(value) else { throw malformed("a surrogate must have its other half") }
            return scalar
        default:
            position -= 1
            throw malformed("one of \" \\ / b f n r t u must follow a backslash")
        }
    }

    private mutating func codeUnit() throws(InputError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("four hexadecimal digits must follow \\u")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool { accept(UInt8(ascii: scalar)) }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private func malformed(_ problem: String) -> InputError {
        let (line, column) = place(of: position)
        return .malformedJSON(file: file, line: line, column: column, problem: problem)
    }

    /// The line and the column, in bytes, of an offset; both count from one.
    private func place(of offset: Int) -> (line: Int, column: Int) {
        let before = bytes[..<offset]
        let line = before.reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
        let column = before.lastIndex(of: 0x0a).map { offset - $0 } ?? offset + 1
        return (line, column)
    }
}
