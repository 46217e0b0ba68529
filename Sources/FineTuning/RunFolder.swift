import Foundation
import Networks

/// A run's folder: run.json, metrics.csv, cost.json, checkpoint.safetensors and, where it was asked for, accumulators.csv.
///
/// Each file is written whole. metrics.csv is written before the checkpoint and read back only as far as the checkpoint's step, so
/// a run that is killed at any instant goes on from a state that was whole.
public struct RunFolder: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    public var recordPath: String { path + "/run.json" }
    public var metricsPath: String { path + "/metrics.csv" }
    public var costPath: String { path + "/cost.json" }
    public var checkpointPath: String { path + "/checkpoint.safetensors" }
    public var accumulatorsPath: String { path + "/accumulators.csv" }

    public var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Refuses a folder that exists, unless it is a run's and `overwrite` is set. Changes nothing.
    public func checkVacant(overwrite: Bool) throws(RunError) {
        guard exists else { return }
        guard overwrite else { throw .folderExists(path: path) }
        guard FileManager.default.fileExists(atPath: recordPath) else {
            throw .notARunFolder(path: path, reason: "it holds no run.json, so --overwrite leaves it alone")
        }
    }

    /// Makes the folder and writes run.json; with `overwrite`, an older run's files go.
    public func begin(_ record: RunRecord, overwrite: Bool) throws {
        try checkVacant(overwrite: overwrite)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw RunError.folderNotMade(path: path, reason: error.localizedDescription)
        }
        if overwrite {
            for old in [checkpointPath, metricsPath, costPath, accumulatorsPath]
            where FileManager.default.fileExists(atPath: old) {
                try FileManager.default.removeItem(atPath: old)
            }
        }
        try write(record, to: recordPath)
    }

    /// Writes any value as JSON with sorted keys.
    public func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(UInt8(ascii: "\n"))
        try writeAtomically(Array(data), to: path)
    }

    /// Reads run.json.
    public func record() throws -> RunRecord {
        guard let data = FileManager.default.contents(atPath: recordPath) else {
            throw RunError.notARunFolder(
                path: path, reason: exists ? "it holds no run.json" : "there is no such folder")
        }
        do { return try JSONDecoder().decode(RunRecord.self, from: data) } catch {
            throw RunError.notARunFolder(
                path: recordPath, reason: "run.json is not what this version writes: \(Self.place(error))")
        }
    }

    /// Writes metrics.csv, then the checkpoint.
    public func save(_ tuner: FineTuner) throws {
        try writeAtomically(tuner.metrics.csv, to: metricsPath)
        try Checkpoint.write(tuner, to: checkpointPath)
    }

    /// Brings a tuner to the checkpoint's step.
    public func restore(_ tuner: FineTuner) throws {
        let step = try Checkpoint.read(
            into: tuner.parameters, settings: tuner.settings, from: checkpointPath,
            training: tuner.training, moments: tuner.momentSizes)
        guard let data = FileManager.default.contents(atPath: metricsPath) else {
            throw RunError.notARunFolder(path: path, reason: "it holds a checkpoint but no metrics.csv")
        }
        let metrics = try Metrics(csv: String(decoding: data, as: UTF8.self), path: metricsPath).truncated(to: step)
        guard metrics.rows.count == step else {
            throw RunError.notARunFolder(
                path: metricsPath, reason: "it has \(metrics.rows.count) steps, the checkpoint has \(step)")
        }
        tuner.restore(step: step, metrics: metrics)
    }

    /// Reads metrics.csv; empty where no evaluation was written yet.
    public func metrics() throws -> Metrics {
        guard let data = FileManager.default.contents(atPath: metricsPath) else { return Metrics() }
        return try Metrics(csv: String(decoding: data, as: UTF8.self), path: metricsPath)
    }

    /// Reads a file of JSON that the run writes; nil where there is none.
    public func read<Value: Decodable>(_ type: Value.Type, at file: String) throws -> Value? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        do { return try JSONDecoder().decode(type, from: data) } catch {
            throw RunError.notARunFolder(path: file, reason: "it is not what this version writes: \(Self.place(error))")
        }
    }

    /// Whether a checkpoint was written.
    public var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpointPath) }

    /// One line that names the place of a decoding error.
    private static func place(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "\((context.codingPath + [key]).map(\.stringValue).joined(separator: ".")) is missing"
        case .typeMismatch(let type, let context): return "\(path(context)) should be a \(type)"
        case .valueNotFound(let type, let context): return "\(path(context)) should be a \(type)"
        case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
