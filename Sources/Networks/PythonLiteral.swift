/// A Python literal as .npy headers hold it: what `ast.literal_eval` reads of strings, whole numbers, True, False,
/// None, tuples, lists and dictionaries.
indirect enum PythonLiteral: Equatable {
    case none
    case bool(Bool)
    /// A whole number that 64 bits hold.
    case integer(Int)
    /// A whole number that 64 bits don't hold, as its text.
    case hugeInteger(String)
    case string(String)
    case tuple([PythonLiteral])
    case list([PythonLiteral])
    case dictionary([Entry])

    /// A key and its value, and the byte at which each starts.
    struct Entry: Equatable {
        let key: PythonLiteral
        let keyByte: Int
        let value: PythonLiteral
        let valueByte: Int
    }

    /// The value as Python prints it.
    var text: String {
        switch self {
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .hugeInteger(let text): text
        case .string(let text): "'\(text)'"
        case .tuple(let items): "(" + items.map(\.text).joined(separator: ", ") + (items.count == 1 ? ",)" : ")")
        case .list(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
        case .dictionary(let entries):
            "{" + entries.map { "\($0.key.text): \($0.value.text)" }.joined(separator: ", ") + "}"
        }
    }
}

/// Reads one Python literal that fills a range of bytes but for white space around it.
///
/// Nesting is limited, every byte is looked at once, and nothing that the bytes may hold traps.
struct PythonLiteralReader {
    /// Levels of nesting that are read.
    static let depthLimit = 32
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private let bytes: UnsafeRawBufferPointer
    private let end: Int
    private let isUTF8: Bool
    private var place: Int

    /// Reads the literal in `bytes[range]`; strings are UTF-8, or Latin-1 as the older versions of the format have it.
    ///
    /// - Throws: `NpyProblem.malformedHeader` with the place in `bytes`.
    static func literal(
        in bytes: UnsafeRawBufferPointer, range: Range<Int>, isUTF8: Bool
    ) throws(NpyProblem) -> PythonLiteral {
        var reader = PythonLiteralReader(bytes: bytes, end: range.upperBound, isUTF8: isUTF8, place: range.lowerBound)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.place == reader.end else { throw reader.failure("only white space may follow the dictionary") }
        return value
    }

    private func failure(_ problem: String, at byte: Int? = nil) -> NpyProblem {
        .malformedHeader(byte: byte ?? place, problem: problem)
    }

    private var next: UInt8? { place < end ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b { place += 1 }
    }

    private mutating func value(depth: Int) throws(NpyProblem) -> PythonLiteral {
        guard depth < Self.depthLimit else { throw failure("nests deeper than \(Self.depthLimit)") }
        switch next {
        case UInt8(ascii: "{"): return .dictionary(try entries(depth: depth))
        case UInt8(ascii: "["): return .list(try items(until: UInt8(ascii: "]"), depth: depth).items)
        case UInt8(ascii: "("):
            let (items, hasComma) = try items(until: UInt8(ascii: ")"), depth: depth)
            // (3) is the number 3; (3,) is a tuple.
            return items.count == 1 && !hasComma ? items[0] : .tuple(items)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || Self.digits.contains(byte): return try integer()
        case .some: return try word()
        case nil: throw failure("ends where a value should stand")
        }
    }

    private mutating func items(
        until close: UInt8, depth: Int
    ) throws(NpyProblem) -> (items: [PythonLiteral], hasComma: Bool) {
        place += 1
        var items: [PythonLiteral] = []
        var hasComma = false
        while true {
            skipSpace()
            if next == close, items.isEmpty || hasComma { break }
            items.append(try value(depth: depth + 1))
            skipSpace()
            hasComma = next == UInt8(ascii: ",")
            if hasComma {
                place += 1
            } else if next == close {
                break
            } else {
                throw failure("a comma or a closing bracket must follow the value")
            }
        }
        place += 1
        return (items, hasComma)
    }

    private mutating func entries(depth: Int) throws(NpyProblem) -> [PythonLiteral.Entry] {
        place += 1
        var entries: [PythonLiteral.Entry] = []
        while true {
            skipSpace()
            if next == UInt8(ascii: "}") { break }
            let keyByte = place
            let key = try value(depth: depth + 1)
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw failure("a colon must follow the key") }
            place += 1
            skipSpace()
            let valueByte = place
            entries.append(
                .init(key: key, keyByte: keyByte, value: try value(depth: depth + 1), valueByte: valueByte))
            skipSpace()
            if next == UInt8(ascii: ",") {
                place += 1
            } else if next != UInt8(ascii: "}") {
                throw failure("a comma or } must follow the value")
            }
        }
        place += 1
        return entries
    }

    private mutating func integer() throws(NpyProblem) -> PythonLiteral {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        let digits = place
        while let byte = next, Self.digits.contains(byte) { place += 1 }
        guard place > digits else { throw failure("a digit must follow the minus") }
        guard place == digits + 1 || bytes[digits] != UInt8(ascii: "0") else {
            throw failure("a number must not start with 0", at: digits)
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        // Python 2 wrote long integers with an L.
        if next == UInt8(ascii: "L") { place += 1 }
        return Int(text).map(PythonLiteral.integer) ?? .hugeInteger(text)
    }

    private mutating func word() throws(NpyProblem) -> PythonLiteral {
        let words: [(StaticString, PythonLiteral)] = [("True", .bool(true)), ("False", .bool(false)), ("None", .none)]
        for (word, value) in words where end - place >= word.utf8CodeUnitCount {
            let piece = bytes[place..<place + word.utf8CodeUnitCount]
            if piece.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)) {
                place += word.utf8CodeUnitCount
                return value
            }
        }
        throw failure("a string, a whole number, True, False, None or an opening bracket should stand here")
    }

    private mutating func string() throws(NpyProblem) -> String {
        let start = place
        let quote = bytes[place]
        place += 1
        var units: [UInt8] = []
        var scalars = String.UnicodeScalarView()
        while true {
            guard let byte = next, byte != 0x0a, byte != 0x0d else {
                throw failure("a string has no closing quotation mark", at: start)
            }
            place += 1
            if byte == quote { break }
            if byte == UInt8(ascii: "\\") {
                try flush(&units, to: &scalars, start: start)
                scalars.append(try escape())
            } else if isUTF8 {
                units.append(byte)
            } else {
                scalars.append(Unicode.Scalar(byte))
            }
        }
        try flush(&units, to: &scalars, start: start)
        return String(scalars)
    }

    private func flush(
        _ units: inout [UInt8], to scalars: inout String.UnicodeScalarView, start: Int
    ) throws(NpyProblem) {
        guard !units.isEmpty else { return }
        guard let text = String(validating: units, as: UTF8.self) else {
            throw failure("a string is not UTF-8", at: start)
        }
        scalars.append(contentsOf: text.unicodeScalars)
        units.removeAll()
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(NpyProblem) -> Unicode.Scalar {
        let start = place - 1
        guard let byte = next else { throw failure("an escape ends too early", at: start) }
        place += 1
        let count: Int
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return Unicode.Scalar(byte)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "x"): count = 2
        case UInt8(ascii: "u"): count = 4
        case UInt8(ascii: "U"): count = 8
        default: throw failure("an unknown escape", at: start)
        }
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next.flatMap({ Unicode.Scalar($0).properties.isASCIIHexDigit ? $0 : nil }) else {
                throw failure("an escape needs \(count) hexadecimal digits", at: start)
            }
            // '0'…'9' are 0x30…0x39, 'A'… and 'a'… have low bits 1…6.
            value = value << 4 | UInt32(digit < 0x40 ? digit & 15 : (digit & 15) + 9)
            place += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("an escape that is no character", at: start) }
        return scalar
    }
}
