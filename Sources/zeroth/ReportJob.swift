import Costs
import Exploration
import FineTuning
import Foundation
import Hardware
import Kernels
import Networks
import Reports
import Timing

/// What `zeroth report` does: finds out what a folder holds, reads it, writes its page.
struct ReportJob {
    private let page: ReportPage
    private let kind: Kind
    private let output: String

    enum Kind: String { case run, sweep }

    private struct Summary: Encodable {
        let output: String
        let kind: String
        let figures: Int
        let bytes: Int
    }

    /// Reads everything; writes nothing.
    ///
    /// - Throws: `ReportError` for a folder that is neither, or an output that exists; `RunError`, `ExplorationError` for damaged ones.
    init(folder: String, objectives: [Objective]?, output: String, overwrite: Bool) throws {
        kind = try Self.kind(of: folder)
        if kind == .run, objectives != nil { throw ReportError.objectivesOfRun(path: folder) }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) {
            guard overwrite, !isFolder.boolValue else {
                throw ReportError.exists(path: output, isFolder: isFolder.boolValue)
            }
        }
        switch kind {
        case .run: page = RunPage.page(try RunFindings(reading: RunFolder(path: folder)), version: Version.current)
        case .sweep:
            page = SweepPage.page(
                try Self.sweep(ResultsFolder(path: folder), objectives), version: Version.current)
        }
        self.output = output
    }

    func write(json: Bool) throws {
        let bytes = page.bytes
        try writeAtomically(bytes, to: output)
        if json {
            return try Terminal.print(
                json: Summary(output: output, kind: kind.rawValue, figures: page.figures, bytes: bytes.count))
        }
        Terminal.print(
            "\(output): the \(kind.rawValue) as a page with \(page.figures) figures, \(Quantity.bytes(bytes.count))")
    }

    private static func kind(of folder: String) throws -> Kind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
            throw ReportError.notReportable(path: folder, reason: "there is no such folder")
        }
        guard isFolder.boolValue else { throw ReportError.notReportable(path: folder, reason: "it is a file") }
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }
        switch (has("run.json"), has("space.json")) {
        case (true, false): return .run
        case (false, true): return .sweep
        case (true, true): throw ReportError.notReportable(path: folder, reason: "it holds run.json and space.json")
        case (false, false):
            throw ReportError.notReportable(path: folder, reason: "it holds neither run.json nor space.json")
        }
    }

    private static func sweep(_ folder: ResultsFolder, _ objectives: [Objective]?) throws -> SweepFindings {
        var sweep = try SweepFindings(folder, objectives: objectives)
        guard let request = sweep.kneeRequest else { return sweep }
        // The front stands without the knee's details.
        do { sweep.knee = try StepCostJob(request).summary() } catch { sweep.kneeReason = "\(error)" }
        return sweep
    }
}

/// What can go wrong with a page before it is made.
enum ReportError: Error, CustomStringConvertible {
    case notReportable(path: String, reason: String)
    case exists(path: String, isFolder: Bool)
    case objectivesOfRun(path: String)

    var description: String {
        switch self {
        case .notReportable(let path, let reason):
            "\(path): \(reason); name a folder that zeroth finetune or zeroth explore wrote"
        case .exists(let path, let isFolder):
            isFolder
                ? "\(path): is a folder; name a file with --output"
                : "\(path): exists already; name another file with --output, or replace it with --overwrite"
        case .objectivesOfRun(let path):
            "--objectives: \(path) is a run, which has none; leave it out, or name a results folder"
        }
    }
}
