/// What can be wrong with a decoder's file beyond what `InputError` says of tensors: one case per cause, for `InputError.decoder`. Bytes count from zero.
public enum DecoderProblem: Error, Equatable, Sendable {
    // MARK: llama2.c

    /// A file that starts neither like GGUF nor with seven sizes of llama2.c version 0; `version` is that of a later llama2.c file.
    case llama2cHeader(size: Int)
    case llama2cVersion(Int)
    /// A size of the header out of range.
    case llama2cSize(byte: Int, field: String, found: Int, expected: String)
    /// More or fewer bytes than the sizes need.
    case llama2cLength(found: Int, expected: Int)

    // MARK: Folders and tensors

    /// A folder without a file that it has to have.
    case fileMissing(name: String)
    /// A folder whose weights are in several files.
    case weightsInParts(name: String)
    /// A tensor that the network doesn't have.
    case tensorUnexpected(tensor: String, near: [String])
    /// A tensor of a type that is not read.
    case tensorType(tensor: String, found: String)
    /// A row whose length is no multiple of its encoding's block.
    case tensorRow(tensor: String, columns: Int, encoding: TensorEncoding)

    /// The place in the file; empty where the whole file is meant.
    var place: String {
        switch self {
        case .llama2cHeader, .llama2cVersion: "byte 0"
        case .llama2cSize(let byte, let field, _, _): "byte \(byte), \(field)"
        case .llama2cLength, .fileMissing, .weightsInParts: ""
        case .tensorUnexpected(let tensor, _), .tensorType(let tensor, _), .tensorRow(let tensor, _, _):
            "tensor \"\(shown(tensor, limit: 80))\""
        }
    }

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .llama2cHeader(let size):
            return
                "the file has \(size) bytes; a GGUF file, or the seven 32-bit sizes of a llama2.c checkpoint of version 0, is needed"
        case .llama2cVersion(let version):
            return "is a llama2.c checkpoint of version \(version); version 0 is read (export.py --version 0)"
        case .llama2cSize(_, _, let found, let expected):
            return "is \(found); \(expected) is needed (is this a llama2.c checkpoint of version 0?)"
        case .llama2cLength(let found, let expected):
            return
                "has \(found) bytes; its seven sizes need \(expected) (is it truncated, or no llama2.c checkpoint of version 0?)"
        case .fileMissing(let name):
            return "has no \(name); a decoder's folder holds config.json and model.safetensors"
        case .weightsInParts(let name):
            return
                "has \(shown(name, limit: 80)): weights in several files aren't read; one model.safetensors is needed"
        case .tensorUnexpected(_, let near):
            let names = near.map { "\"\(shown($0, limit: 80))\"" }.joined(separator: ", ")
            return "is no tensor of the Llama architecture that is computed" + (near.isEmpty ? "" : " (near: \(names))")
                + "; remove or rename it"
        case .tensorType(_, let found):
            let known = TensorEncoding.allCases.map(\.rawValue).joined(separator: ", ")
            return "has type \(shown(found, limit: 40)), which isn't read; \(known) are"
        case .tensorRow(_, let columns, let encoding):
            return "has rows of \(columns) elements; \(encoding.rawValue) needs a multiple of \(encoding.blockElements)"
        }
    }
}
