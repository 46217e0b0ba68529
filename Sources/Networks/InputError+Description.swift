import FoundationEssentials

extension InputError: CustomStringConvertible, LocalizedError {
    /// The error as one line: file, place, what is wrong, what would be right.
    ///
    /// Names from the file are quoted, their control characters escaped and their length limited, so that no file can
    /// break the line.
    public var description: String {
        let (file, place, problem) = parts
        let shownFile = shown(file, limit: 1_024)
        return place.isEmpty ? "\(shownFile): \(problem)" : "\(shownFile): \(place): \(problem)"
    }

    public var errorDescription: String? { description }

    private static let checkpointFiles = "config.json, model.safetensors and vocab.txt"
    private static let exampleLine = "one example a line: label, tab, text"

    private var parts: (file: String, place: String, problem: String) {
        switch self {
        case .fileMissing(let file):
            return (file, "", "no such file; give the path of a file that exists")
        case .fileIsFolder(let file):
            return (file, "", "is a folder; give the path of a file")
        case .fileNotRegular(let file):
            return (file, "", "is a pipe or a device; give a regular file, which can be read more than once")
        case .fileEmpty(let file):
            return (file, "", "is empty; at least one byte is needed")
        case .fileUnreadable(let file, let reason):
            return (file, "", "can't be read (\(reason)); give a file that you may read")
        case .fileNotWritten(let file, let reason):
            return (
                file, "",
                "can't be written (\(reason)); give a path in a folder that exists, may be written and has room"
            )
        case .folderMissing(let folder):
            return (folder, "", "no such folder; give the path of a folder that exists")
        case .folderIsFile(let folder):
            return (folder, "", "is a file; give the path of a folder that holds \(Self.checkpointFiles)")
        case .checkpointFileMissing(let folder, let name):
            return (folder, "", "has no \(name); a checkpoint folder holds \(Self.checkpointFiles)")
        case .embeddedFileMissing(let name):
            return (name, "", "is not embedded in this build; build from a checkout that has the file")

        case .invalidUTF8(let file, let line):
            return (file, "line \(line)", "is not UTF-8; save the file as UTF-8")
        case .malformedJSON(let file, let line, let column, let problem):
            return (file, "line \(line), column \(column)", "is not JSON: \(problem)")
        case .duplicateKey(let file, let line, let column, let key):
            return (file, "line \(line), column \(column)", "key \(quoted(key)) stands twice; keep one of them")
        case .notAnObject(let file):
            return (file, "line 1", "is not a JSON object; {\"key\": value, …} is needed")

        case .headerTruncated(let file, let size):
            return (file, "byte 0", "the file has \(size) bytes; safetensors start with 8 bytes of header length")
        case .headerTooLong(let file, let length, let limit):
            return (file, "byte 0", "header length \(length) is over the limit; at most \(limit) is allowed")
        case .headerPastEnd(let file, let length, let available):
            return (
                file, "byte 0",
                "header length \(length) reaches past the end of the file; at most \(available) is possible (is it truncated?)"
            )
        case .metadataNotStrings(let file):
            return (file, "key \"__metadata__\"", "has the wrong form; a map from strings to strings is needed")
        case .tensorNotAnObject(let file, let tensor):
            return (file, place(tensor), "is not an object; dtype, shape and data_offsets are needed")
        case .tensorFieldMissing(let file, let tensor, let field):
            return (file, place(tensor), "has no \(field); dtype, shape and data_offsets are needed")
        case .tensorFieldUnknown(let file, let tensor, let field):
            return (
                file, place(tensor), "has an unknown field \(quoted(field)); known are dtype, shape and data_offsets"
            )
        case .tensorFieldInvalid(let file, let tensor, let field, let expected):
            return (file, place(tensor), "\(field) has the wrong form; \(expected) is needed")
        case .tensorTypeUnknown(let file, let tensor, let type):
            let known = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
            return (file, place(tensor), "unknown dtype \(quoted(type)); known are \(known)")
        case .tensorTooLarge(let file, let tensor, let shape):
            return (
                file, place(tensor), "shape \(shown(shape)) has more bytes than 64 bits can count; give its true shape"
            )
        case .tensorOffsetsReversed(let file, let tensor, let begin, let end):
            return (
                file, place(tensor), "data_offsets [\(begin), \(end)] end before they begin; begin <= end is needed"
            )
        case .tensorPastEnd(let file, let tensor, let end, let size):
            return (
                file, place(tensor),
                "data_offsets end at \(end); at most \(size), the bytes of data, is possible (is the file truncated?)"
            )
        case .tensorSizeMismatch(let file, let tensor, let bytes, let expected):
            return (
                file, place(tensor), "data_offsets span \(bytes) bytes; \(expected) are needed for its shape and dtype"
            )
        case .tensorsOverlap(let file, let first, let second, let at):
            return (file, place(second), "overlaps \(quoted(first)) at data byte \(at); tensors must not share bytes")
        case .tensorGap(let file, let tensor, let from, let to):
            return (file, place(tensor), "begins at data byte \(to); \(from) is needed, since data has no holes")
        case .trailingBytes(let file, let from, let to):
            return (file, "data byte \(from)", "\(to - from) bytes follow the last tensor; the data must end there")

        case .tensorMisaligned(let file, let tensor, let byte, let alignment):
            return (
                file, place(tensor), "starts at byte \(byte); a multiple of \(alignment) is needed to read it in place"
            )
        case .tensorMissing(let file, let tensor, let near):
            return (file, place(tensor), "is missing\(suggestion(near)); the network needs it")
        case .tensorShape(let file, let tensor, let found, let expected):
            return (file, place(tensor), "has shape \(shown(found)); \(shown(expected)) is needed")
        case .tensorType(let file, let tensor, let found, let expected):
            return (file, place(tensor), "has dtype \(found); \(expected) is needed")
        case .tensorUnexpected(let file, let tensor, let near):
            return (
                file, place(tensor),
                "is no tensor of the BERT encoder in config.json\(suggestion(near)); remove or rename it"
            )
        case .tensorTwice(let file, let first, let second):
            return (file, place(second), "means the same parameter as \(quoted(first)); keep one of them")
        case .tensorNotFinite(let file, let tensor, let index, let value):
            return (file, "\(place(tensor)), element \(shown(index))", "is \(value); a finite number is needed")

        case .npy(let file, let problem):
            return (file, problem.place, problem.problem)

        case .idx(let file, let problem):
            return (file, "", problem.problem)
        case .gguf(let file, let problem):
            return (file, problem.place, problem.problem)
        case .decoder(let file, let problem):
            return (file, problem.place, problem.problem)
        case .tokenizer(let file, let problem):
            return (file, problem.place, problem.problem)

        case .networkUnknown(let name, let near, let known):
            return (
                name, "",
                "is no network that is built in\(suggestion(near)); give one of \(known.joined(separator: ", ")), "
                    + "or the path of a folder with a config.json"
            )
        case .configurationMissing(let folder):
            return (folder, "", "has no config.json; give the path of one, or of a folder that holds one")
        case .topology(let file, let problem):
            return (file, problem.place, problem.problem)

        case .settingMissing(let file, let key, let expected):
            return (file, "key \(quoted(key))", "is missing; \(expected) is needed")
        case .settingInvalid(let file, let key, let found, let expected):
            return (file, "key \(quoted(key))", "is \(shown(found, limit: 80)); \(expected) is needed")
        case .headsDoNotDivide(let file, let hidden, let heads):
            return (
                file, "key \"num_attention_heads\"",
                "is \(heads); a divisor of hidden_size, which is \(hidden), is needed"
            )
        case .headIncomplete(let file, let missing):
            return (file, place(missing), "is missing; a head has both classifier.weight and classifier.bias")
        case .headLabels(let file, let rows, let labels):
            return (
                file, place("classifier.weight"),
                "has \(rows) rows; \(labels) are needed, one for each id2label in config.json"
            )
        case .headNeedsPooler(let file):
            return (
                file, place("classifier.weight"),
                "reads the pooler's output, which isn't computed here; a head on the mean of the tokens, without pooler, is needed"
            )

        case .specialTokenMissing(let file, let token):
            return (
                file, "token \(quoted(token))", "is missing; [PAD], [UNK], [CLS] and [SEP] are needed, each on its line"
            )
        case .tokenDuplicate(let file, let line, let token, let firstLine):
            return (
                file, "line \(line)", "token \(quoted(token)) stands on line \(firstLine) already; keep one of them"
            )
        case .tokenEmpty(let file, let line):
            return (file, "line \(line)", "has no token; one token a line is needed")
        case .vocabularySize(let file, let tokens, let expected):
            return (file, "line \(tokens)", "is the last token; \(expected) are needed, the vocab_size in config.json")

        case .tabMissing(let file, let line):
            return (file, "line \(line)", "has no tab; \(Self.exampleLine)")
        case .tabsTooMany(let file, let line, let columns):
            return (file, "line \(line)", "has \(columns) columns; \(Self.exampleLine)")
        case .labelEmpty(let file, let line):
            return (file, "line \(line)", "has no label; \(Self.exampleLine)")
        case .textEmpty(let file, let line):
            return (file, "line \(line)", "has no text; \(Self.exampleLine)")
        case .labelUnknown(let file, let line, let label, let known):
            let names = known.prefix(8).map(quoted).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
            return (file, "line \(line)", "unknown label \(quoted(label)); known are \(names)")
        case .labelsTooFew(let file, let label):
            return (file, "every line", "has the label \(quoted(label)); at least two labels are needed")
        case .fractionOutOfRange(let file, let fraction):
            return (file, "validation share \(fraction)", "is out of range; more than 0 and less than 1 is needed")
        case .splitEmpty(let file, let examples, let fraction):
            return (
                file, "validation share \(fraction)",
                "leaves a part of the \(examples) examples empty; more examples or another share are needed"
            )
        }
    }

    private func place(_ tensor: String) -> String { "tensor \(quoted(tensor))" }

    private func suggestion(_ near: [String]) -> String {
        near.isEmpty ? "" : " (near: \(near.map(quoted).joined(separator: ", ")))"
    }
}

/// A name between quotation marks, on one line, at most 80 characters of it.
private func quoted(_ name: String) -> String { "\"\(shown(name, limit: 80))\"" }

/// A shape or an index as JSON writes it, at most eight entries of it.
func shown(_ shape: [Int]) -> String {
    "[" + shape.prefix(8).map(String.init).joined(separator: ", ") + (shape.count > 8 ? ", …]" : "]")
}

/// Text without line breaks or control characters, cut after `limit` characters.
func shown(_ text: String, limit: Int) -> String {
    var result = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == limit { return result + "…" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
