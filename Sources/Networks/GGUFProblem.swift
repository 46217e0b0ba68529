/// What can be wrong with a GGUF file: one case per cause, for `InputError.gguf`. Bytes count from zero.
public enum GGUFProblem: Error, Equatable, Sendable {
    /// A file that starts otherwise.
    case magic
    /// A version that is not read.
    case version(UInt32)
    /// A value that reaches past the end.
    case truncated(byte: Int, needed: UInt64, available: Int)
    /// A count of things that the rest of the file is too short for.
    case count(byte: Int, what: String, found: UInt64, available: Int)
    case invalidUTF8(byte: Int)
    case valueType(byte: Int, found: UInt32)
    case boolean(byte: Int, found: UInt8)
    case nesting(byte: Int, limit: Int)
    case keyTwice(key: String)
    case keyMissing(key: String, expected: String)
    case keyInvalid(key: String, found: String, expected: String)
    case tensorTwice(tensor: String)
    case tensorDimensions(tensor: String, found: UInt32)
    case tensorTooLarge(tensor: String, shape: [UInt64])
    case tensorOffset(tensor: String, offset: UInt64, alignment: Int)
    case tensorPastEnd(tensor: String, end: UInt64, size: Int)

    /// The place in the file.
    var place: String {
        switch self {
        case .magic: "byte 0"
        case .version: "byte 4"
        case .truncated(let byte, _, _), .count(let byte, _, _, _), .invalidUTF8(let byte), .valueType(let byte, _),
            .boolean(let byte, _), .nesting(let byte, _):
            "byte \(byte)"
        case .keyTwice(let key), .keyMissing(let key, _), .keyInvalid(let key, _, _): "key \"\(shown(key, limit: 80))\""
        case .tensorTwice(let tensor), .tensorDimensions(let tensor, _), .tensorTooLarge(let tensor, _),
            .tensorOffset(let tensor, _, _), .tensorPastEnd(let tensor, _, _):
            "tensor \"\(shown(tensor, limit: 80))\""
        }
    }

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .magic: return "is no GGUF file; it has to start with the letters GGUF"
        case .version(let version):
            return "is GGUF version \(version); version 3, little-endian, is read"
        case .truncated(_, let needed, let available):
            return "\(needed) bytes are needed, \(available) are left (is the file truncated?)"
        case .count(_, let what, let found, let available):
            return "\(found) \(what) don't fit into the \(available) bytes that are left"
        case .invalidUTF8: return "is not UTF-8; names and texts of metadata have to be"
        case .valueType(_, let found): return "has value type \(found); types are 0 to \(GGUFType.allCases.count - 1)"
        case .boolean(_, let found): return "is \(found); a boolean is 0 or 1"
        case .nesting(_, let limit): return "arrays nest deeper than \(limit)"
        case .keyTwice: return "stands twice; keep one of them"
        case .keyMissing(_, let expected): return "is missing; \(expected) is needed"
        case .keyInvalid(_, let found, let expected): return "is \(shown(found, limit: 80)); \(expected) is needed"
        case .tensorTwice: return "stands twice; keep one of them"
        case .tensorDimensions(_, let found): return "has \(found) dimensions; 1 to 4 are possible"
        case .tensorTooLarge(_, let shape):
            return
                "has \(shape.map(String.init).joined(separator: " × ")) elements, none or more than 64 bits can count; give its true shape"
        case .tensorOffset(_, let offset, let alignment):
            return "starts at data byte \(offset); a multiple of \(alignment), the file's alignment, is needed"
        case .tensorPastEnd(_, let end, let size):
            return "ends at data byte \(end); at most \(size), the bytes of data, is possible (is the file truncated?)"
        }
    }
}
