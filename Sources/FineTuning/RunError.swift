/// What can go wrong with a run that its user can put right.
public enum RunError: Error, CustomStringConvertible, Equatable {
    case badSetting(name: String, value: String, allowed: String)
    /// The run folder exists.
    case folderExists(path: String)
    /// A folder that an export would write to.
    case outputExists(path: String, overwrites: Bool)
    /// A folder that cannot be made.
    case folderNotMade(path: String, reason: String)
    case notARunFolder(path: String, reason: String)
    /// An input is not what it was when the run began.
    case inputChanged(path: String, recorded: String, found: String)
    case checkpointMismatch(path: String, place: String, found: String, expected: String)
    case tooLarge(needed: Int, available: Int)
    case finished(path: String, steps: Int)

    public var description: String {
        switch self {
        case .badSetting(let name, let value, let allowed): "--\(name) is \(value), should be \(allowed)"
        case .folderExists(let path):
            "\(path): exists already; name another folder with --output, go on with --resume \(path), or replace it with --overwrite"
        case .outputExists(let path, let overwrites):
            overwrites
                ? "\(path): exists already and holds no BERT network, so --overwrite leaves it alone; name another folder"
                : "\(path): exists already; name another folder with --output, or replace a network there with --overwrite"
        case .folderNotMade(let path, let reason): "\(path): the folder cannot be made: \(reason)"
        case .notARunFolder(let path, let reason): "\(path): not a run folder that can be read: \(reason)"
        case .inputChanged(let path, let recorded, let found):
            "\(path): SHA-256 is \(found.prefix(16))…, was \(recorded.prefix(16))… when the run began; restore the file, or start a new run"
        case .checkpointMismatch(let path, let place, let found, let expected):
            "\(path): \(place): is \(found), should be \(expected)"
        case .tooLarge(let needed, let available):
            "the run needs about \(Self.mebibytes(needed)) MiB of memory, \(Self.mebibytes(available)) MiB are available; "
                + "use a smaller --batch or --sequence, a smaller --trainable set, or a smaller network"
        case .finished(let path, let steps): "\(path): all \(steps) steps are done; start a new run with --output"
        }
    }

    private static func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
