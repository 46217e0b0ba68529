/// What can be wrong with a decoder's tokenizer, or with a text for it: one case per cause, for `InputError.tokenizer`. Bytes and tokens count from zero.
public enum TokenizerProblem: Error, Equatable, Sendable {
    // MARK: Files

    /// A file that ends within a token.
    case truncated(byte: Int, needed: Int, available: Int)
    /// A length that no token has.
    case length(byte: Int, found: Int, limit: Int)
    /// A score that is no finite number.
    case score(token: Int, found: Float)
    /// A file without tokens, or with more than are read.
    case count(found: Int, limit: Int)
    /// Two tokens with the same text.
    case tokenTwice(token: Int, first: Int, text: String)
    /// A GGUF file without a tokenizer, or a file that has none.
    case missing
    /// A kind of tokenizer that is not read; `key` is the metadata's.
    case unsupported(key: String, found: String, expected: String)
    /// A token whose text has a character that stands for no byte.
    case letter(token: Int, text: String)
    /// A merge that is not two pieces with a space between.
    case merge(index: Int, text: String)
    /// A merge with a piece, or a result, that is no token.
    case mergePiece(index: Int, piece: String)

    // MARK: Use

    /// A piece that every text needs, or that a text needs at one of its bytes, and that is no token.
    case pieceMissing(piece: String, textByte: Int?)
    /// A vocabulary of another size than the network's.
    case vocabulary(found: Int, expected: Int)

    /// The place in the file; empty where the whole file is meant.
    var place: String {
        switch self {
        case .truncated(let byte, _, _), .length(let byte, _, _): "byte \(byte)"
        case .score(let token, _), .tokenTwice(let token, _, _), .letter(let token, _): "token \(token)"
        case .merge(let index, _), .mergePiece(let index, _): "merge \(index)"
        case .unsupported(let key, _, _): "key \"\(key)\""
        case .pieceMissing(let piece, _): "token \"\(shown(piece, limit: 80))\""
        case .count, .missing, .vocabulary: ""
        }
    }

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .truncated(_, let needed, let available):
            "\(needed) bytes of a token are needed, \(available) are left (is the file truncated?)"
        case .length(_, let found, let limit):
            "the token's length is \(found); 0 to \(limit) bytes are possible (is this a llama2.c tokenizer?)"
        case .score(_, let found): "has the score \(found); a finite number is needed"
        case .count(let found, let limit): "has \(found) tokens; 1 to \(limit) are read"
        case .tokenTwice(_, let first, let text):
            "\"\(shown(text, limit: 80))\" is token \(first) already; keep one of them"
        case .missing:
            "has no tokenizer; give --tokenizer a llama2.c tokenizer or a GGUF file that has one"
        case .unsupported(_, let found, let expected):
            "is \(shown(found, limit: 80)); \(expected) is read"
        case .letter(_, let text):
            "\"\(shown(text, limit: 80))\" has a character that stands for no byte in GPT-2's alphabet"
        case .merge(_, let text):
            "is \"\(shown(text, limit: 80))\"; two pieces with a space between them are needed"
        case .mergePiece(_, let piece):
            "\"\(shown(piece, limit: 80))\" is no token; a merge's pieces and result have to be"
        case .pieceMissing(_, let textByte):
            "is missing from the vocabulary" + (textByte.map { "; the text needs it at its byte \($0)" } ?? "")
        case .vocabulary(let found, let expected):
            "has \(found) tokens; \(expected) are needed, the network's vocabulary"
        }
    }
}
