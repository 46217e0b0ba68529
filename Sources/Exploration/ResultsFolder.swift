import Foundation
import Networks

/// A folder of results: space.json5 (the space as it was read), space.json (its digest), results.jsonl and results.csv.
///
/// results.jsonl is what counts: a row is there once its line is whole. results.csv is made of it again when a run goes on.
public struct ResultsFolder: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    var spacePath: String { path + "/space.json5" }
    var recordPath: String { path + "/space.json" }
    public var rowsPath: String { path + "/results.jsonl" }
    public var tablePath: String { path + "/results.csv" }

    private var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// What a run does with a folder that is there.
    public enum Mode: Sendable { case new, resume, overwrite }

    /// Refuses a folder that this run may not write to. Changes nothing.
    func check(_ record: ResultsRecord, _ mode: Mode) throws(ExplorationError) {
        guard exists, !(mode != .new && hasBarelyBegun) else { return }
        switch mode {
        case .new: throw .folderExists(path: path)
        case .overwrite: _ = try self.record()
        case .resume:
            let found = try self.record()
            guard found.digest == record.digest else {
                throw .otherSpace(path: path, name: found.space, recorded: found.digest, found: record.digest)
            }
            guard found.shard == record.shard else {
                throw .otherShard(path: path, recorded: found.part, asked: record.part)
            }
        }
    }

    /// Whether a run ended while it made the folder: nothing is in it but the space and files that had no name yet.
    private var hasBarelyBegun: Bool {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return false }
        return names.allSatisfy { $0 == "space.json5" || $0.hasPrefix(".zeroth-") && $0.hasSuffix(".tmp") }
    }

    func record() throws(ExplorationError) -> ResultsRecord {
        guard let data = FileManager.default.contents(atPath: recordPath) else {
            throw .notResults(path: path, reason: exists ? "it holds no space.json" : "there is no such folder")
        }
        let record: ResultsRecord
        do { record = try JSONDecoder().decode(ResultsRecord.self, from: data) } catch {
            throw .notResults(path: recordPath, reason: "it is not what this version writes")
        }
        guard record.version == ResultsRecord.version else {
            throw .notResults(
                path: recordPath, reason: "its version is \(record.version), this program's \(ResultsRecord.version)")
        }
        return record
    }

    /// How many rows the folder will have, nil where the search breeds its points, and which shard it holds, nil for all.
    public func extent() throws(ExplorationError) -> (points: Int?, shard: String?) {
        let record = try record()
        return (record.points, record.shard)
    }

    /// The space whose results these are.
    public func space() throws -> ExplorationSpace {
        let record = try record()
        let space = try ExplorationSpace(path: spacePath)
        guard space.digest == record.digest else {
            throw ExplorationError.otherSpace(
                path: path, name: record.space, recorded: record.digest, found: space.digest)
        }
        return space
    }

    /// Makes the folder and writes which space's results it will hold; its rows come after.
    func begin(_ space: ExplorationSpace, _ record: ResultsRecord, _ mode: Mode) throws {
        try check(record, mode)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch { throw ExplorationError.folderNotMade(path: path, reason: error.localizedDescription) }
        if mode == .overwrite {
            for old in [rowsPath, tablePath] where FileManager.default.fileExists(atPath: old) {
                try FileManager.default.removeItem(atPath: old)
            }
        }
        try writeAtomically(space.bytes, to: spacePath)
        try writeAtomically(record.json(), to: recordPath)
    }

    /// The rows, in the file's order, each point once; a half line at the end is left out.
    ///
    /// - Returns: also the bytes of the whole lines.
    public func rows(_ columns: ResultColumns) throws -> (rows: [ResultRow], bytes: Int) {
        guard FileManager.default.fileExists(atPath: rowsPath) else { return ([], 0) }
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: rowsPath), options: .alwaysMapped) } catch {
            throw ExplorationError.notResults(path: rowsPath, reason: error.localizedDescription)
        }
        return try data.withUnsafeBytes { bytes in
            var rows: [ResultRow] = []
            var seen: [Int: ResultRow] = [:]
            var start = 0
            var line = 0
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                line += 1
                let row = try ResultRow(json: Array(bytes[start..<end])[...], columns, file: rowsPath, line: line)
                if let other = seen[row.point] {
                    guard other == row else {
                        throw ExplorationError.badRow(
                            file: rowsPath, line: line, problem: "is another row of point \(row.point)")
                    }
                } else {
                    seen[row.point] = row
                    rows.append(row)
                }
                start = end + 1
            }
            return (rows, start)
        }
    }

    /// results.csv of rows, written whole.
    func writeTable(_ rows: [ResultRow], _ columns: ResultColumns) throws {
        try writeAtomically(to: tablePath) { file in
            try file.append(Array(columns.csvHeader.utf8))
            for row in rows { try file.append(Array(row.csv().utf8)) }
        }
    }

    /// results.jsonl of rows, written whole.
    func writeRows(_ rows: [ResultRow], _ columns: ResultColumns) throws {
        try writeAtomically(to: rowsPath) { file in
            for row in rows { try file.append(Array(row.json(columns).utf8)) }
        }
    }
}
