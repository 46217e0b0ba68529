/// What can be wrong with a file that comes from outside, or with the writing of one: one case per cause.
///
/// Every case names the file; most name a place in it (a line, a byte, a tensor, a key). `description` renders the case
/// as one line that says the file, the place, what is wrong and what would be right. Bytes count from zero, lines and
/// columns from one.
public enum InputError: Error, Equatable, Sendable {
    // MARK: Files

    /// No file has this name.
    case fileMissing(file: String)
    /// A folder lies where a file is needed.
    case fileIsFolder(file: String)
    /// A pipe, socket or device lies where a regular file is needed: it can't be mapped.
    case fileNotRegular(file: String)
    /// The file has no bytes.
    case fileEmpty(file: String)
    /// The system refuses to open or map the file; `reason` is the system's.
    case fileUnreadable(file: String, reason: String)
    /// A file could not be written; nothing of it was left behind, and what bore its name before is as it was.
    case fileNotWritten(file: String, reason: String)
    /// No folder has this name.
    case folderMissing(folder: String)
    /// A file lies where a folder is needed.
    case folderIsFile(folder: String)
    /// The folder lacks a file that every checkpoint has.
    case checkpointFileMissing(folder: String, name: String)
    /// This build holds no bytes of an embedded file.
    case embeddedFileMissing(name: String)

    // MARK: Text and JSON

    /// Bytes that are not UTF-8.
    case invalidUTF8(file: String, line: Int)
    /// Text that is not JSON (RFC 8259), or that nests deeper than 64.
    case malformedJSON(file: String, line: Int, column: Int, problem: String)
    /// An object that names a key twice.
    case duplicateKey(file: String, line: Int, column: Int, key: String)
    /// JSON whose top is not an object.
    case notAnObject(file: String)

    // MARK: Safetensors

    /// A file too short for the eight bytes of the header's length.
    case headerTruncated(file: String, size: Int)
    /// A header longer than the format allows.
    case headerTooLong(file: String, length: UInt64, limit: Int)
    /// A header that ends after the file does; `available` bytes follow the length.
    case headerPastEnd(file: String, length: UInt64, available: Int)
    /// A `__metadata__` that is not a map from strings to strings.
    case metadataNotStrings(file: String)
    /// A header entry that is not an object.
    case tensorNotAnObject(file: String, tensor: String)
    /// An entry without one of `dtype`, `shape`, `data_offsets`.
    case tensorFieldMissing(file: String, tensor: String, field: String)
    /// An entry with a field that the format doesn't have.
    case tensorFieldUnknown(file: String, tensor: String, field: String)
    /// A field whose value has the wrong form.
    case tensorFieldInvalid(file: String, tensor: String, field: String, expected: String)
    /// A `dtype` that the format doesn't have.
    case tensorTypeUnknown(file: String, tensor: String, type: String)
    /// A shape whose bytes a 64-bit integer can't count.
    case tensorTooLarge(file: String, tensor: String, shape: [Int])
    /// Offsets that end before they begin.
    case tensorOffsetsReversed(file: String, tensor: String, begin: Int, end: Int)
    /// Offsets that reach past the data.
    case tensorPastEnd(file: String, tensor: String, end: Int, size: Int)
    /// A byte range unlike the product of shape and element size.
    case tensorSizeMismatch(file: String, tensor: String, bytes: Int, expected: Int)
    /// Two tensors that share data bytes, the first of these at `at`.
    case tensorsOverlap(file: String, first: String, second: String, at: Int)
    /// Data bytes before `tensor` that no tensor owns.
    case tensorGap(file: String, tensor: String, from: Int, to: Int)
    /// Data bytes after the last tensor that no tensor owns.
    case trailingBytes(file: String, from: Int, to: Int)
    /// Elements that don't start at a multiple of their size, so that they can't be read in place.
    case tensorMisaligned(file: String, tensor: String, byte: Int, alignment: Int)
    /// No tensor has the name; `near` are the names most like it.
    case tensorMissing(file: String, tensor: String, near: [String])
    /// A tensor of another shape.
    case tensorShape(file: String, tensor: String, found: [Int], expected: [Int])
    /// A tensor of another type.
    case tensorType(file: String, tensor: String, found: String, expected: String)
    /// A tensor that the network doesn't have.
    case tensorUnexpected(file: String, tensor: String, near: [String])
    /// Two tensors that mean the same parameter.
    case tensorTwice(file: String, first: String, second: String)
    /// An infinity or a NaN; `index` has one entry per dimension.
    case tensorNotFinite(file: String, tensor: String, index: [Int], value: String)

    // MARK: .npy

    /// A .npy file that can't be read, or whose array is not what is needed.
    case npy(file: String, NpyProblem)

    // MARK: IDX

    /// A file of images or labels that can't be read.
    case idx(file: String, IDXProblem)

    // MARK: Decoders

    /// A GGUF file that can't be read, or whose metadata is not what is needed.
    case gguf(file: String, GGUFProblem)
    /// A decoder's file or folder that can't be read.
    case decoder(file: String, DecoderProblem)
    /// A tokenizer that can't be read, or that can't spell a text.
    case tokenizer(file: String, TokenizerProblem)

    // MARK: Networks for costing

    /// A name that is no built-in network's and no file's; `near` are the known names most like it.
    case networkUnknown(name: String, near: [String], known: [String])
    /// A folder without a `config.json`.
    case configurationMissing(folder: String)
    /// A SCALE-Sim topology file that can't be read as products.
    case topology(file: String, GEMMTopologyProblem)

    // MARK: Configuration

    /// A configuration without a key it needs.
    case settingMissing(file: String, key: String, expected: String)
    /// A value of the wrong form, out of range, or not supported.
    case settingInvalid(file: String, key: String, found: String, expected: String)
    /// A hidden size that the number of heads doesn't divide.
    case headsDoNotDivide(file: String, hidden: Int, heads: Int)
    /// A checkpoint with one half of a classification head.
    case headIncomplete(file: String, missing: String)
    /// A classification head whose rows are not as many as the labels of the configuration.
    case headLabels(file: String, rows: Int, labels: Int)
    /// A classification head that reads a pooler's output, which isn't computed here.
    case headNeedsPooler(file: String)

    // MARK: Vocabulary

    /// A vocabulary without a token that every text needs.
    case specialTokenMissing(file: String, token: String)
    /// A token that stands on two lines.
    case tokenDuplicate(file: String, line: Int, token: String, firstLine: Int)
    /// A line without a token.
    case tokenEmpty(file: String, line: Int)
    /// A vocabulary of another size than the network's.
    case vocabularySize(file: String, tokens: Int, expected: Int)

    // MARK: Labelled text

    /// A line without a tab.
    case tabMissing(file: String, line: Int)
    /// A line with more than one tab.
    case tabsTooMany(file: String, line: Int, columns: Int)
    /// A line with nothing before its tab.
    case labelEmpty(file: String, line: Int)
    /// A line with nothing after its tab.
    case textEmpty(file: String, line: Int)
    /// A label that the network's head doesn't have.
    case labelUnknown(file: String, line: Int, label: String, known: [String])
    /// A file whose lines carry one label only.
    case labelsTooFew(file: String, label: String)
    /// A share of validation examples outside of the open interval from 0 to 1.
    case fractionOutOfRange(file: String, fraction: Double)
    /// A split that would leave one part without examples.
    case splitEmpty(file: String, examples: Int, fraction: Double)
}
