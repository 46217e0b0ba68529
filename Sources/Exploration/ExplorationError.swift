/// What can be wrong with a space, a results folder or a wish: one case a cause, one line each.
public enum ExplorationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A part of a space file; `line` from 1, nil where there is none.
    case space(file: String, line: Int?, field: String, problem: String, remedy: String)
    /// No point of the space meets its constraints; `tried` is nil where all were looked at.
    case allExcluded(file: String, constraints: [String], tried: Int?)
    /// A shard that is not i/n.
    case badShard(text: String)
    /// A search whose next points depend on results cannot be cut into shards.
    case searchNotSharded(search: String)
    case folderExists(path: String)
    case folderNotMade(path: String, reason: String)
    case notResults(path: String, reason: String)
    /// The folder holds results of another space, machine or network.
    case otherSpace(path: String, name: String, recorded: String, found: String)
    case otherShard(path: String, recorded: String, asked: String)
    /// Another process writes to the folder.
    case folderBusy(path: String)
    case notWritten(path: String, reason: String)
    case badRow(file: String, line: Int, problem: String)
    case badObjective(name: String, allowed: [String])
    /// An objective that the results have no number for.
    case objectiveMissing(name: String, path: String, remedy: String)
    case noResult(path: String)
    /// Two folders have different rows of one point.
    case rowsDiffer(point: Int, first: String, second: String)

    public var description: String {
        switch self {
        case .space(let file, let line, let field, let problem, let remedy):
            return "\(file)\(line.map { ":\($0)" } ?? ""): \(field): \(problem); \(remedy)"
        case .allExcluded(let file, let constraints, let tried):
            let what = tried.map { "none of \($0) points tried meets" } ?? "no point of the space meets"
            return "\(file): constraints: \(what) \(constraints.map { "'\($0)'" }.joined(separator: " and ")); "
                + "widen what varies, or loosen them"
        case .badShard(let text):
            return "--shard is \(text), should be i/n with i from 1 to n and n at most 1000000, such as 2/8"
        case .searchNotSharded(let search):
            return "--shard: a search by \(search) chooses points by results, so it has no shards; leave --shard out"
        case .folderExists(let path):
            return
                "\(path): exists already; go on with --resume, name another folder with --output, or replace it with --overwrite"
        case .folderNotMade(let path, let reason): return "\(path): the folder cannot be made: \(reason)"
        case .notResults(let path, let reason): return "\(path): not a results folder that can be read: \(reason)"
        case .otherSpace(let path, let name, let recorded, let found):
            return "\(path): holds results of space '\(name)', digest \(recorded.prefix(16))…, not of this one, digest "
                + "\(found.prefix(16))… (the file, its machines or its network differ); name another folder"
        case .otherShard(let path, let recorded, let asked):
            return "\(path): holds results of \(recorded), not of \(asked); name another folder"
        case .folderBusy(let path): return "\(path): another process writes to it; wait for it, or name another folder"
        case .notWritten(let path, let reason): return "\(path): cannot be written: \(reason)"
        case .badRow(let file, let line, let problem):
            return "\(file):\(line): \(problem); restore the file, or start anew in another folder"
        case .badObjective(let name, let allowed):
            return "--objectives: '\(name)' is none; objectives are \(allowed.joined(separator: ", "))"
        case .objectiveMissing(let name, let path, let remedy): return "\(path): holds no \(name); \(remedy)"
        case .noResult(let path): return "\(path): holds no point that works, so there is no front"
        case .rowsDiffer(let point, let first, let second):
            return
                "point \(point) has one row in \(first) and another in \(second); they were made by different programs"
        }
    }
}
