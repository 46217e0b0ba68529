import Emulator
import FineTuning
import Foundation
import Hardware
import Kernels
import Networks
import Programs
import Reports
import Traces

/// One `zeroth trace`: everything is read, checked and sized before a file is written.
final class TraceJob {
    enum Format: String, CaseIterable { case log, vcd, dram, npy }

    /// What `manifest.json` holds, and `--json` prints.
    struct Manifest: Encodable {
        struct File: Encodable {
            var name: String
            var bytes: Int
            var sha256: String
        }

        struct Filter: Encodable {
            var layer: Int?
            var unit: String?
            var cycles: [Int]?
        }

        var zeroth = Version.current
        var run: String
        var step: Int
        var machine: String
        var machineSHA256: String
        var seed: UInt64
        var generator: String
        var filter: Filter
        var events: Int
        var eventsByUnit: [String: Int]
        /// Of the log, not compressed.
        var predictedBytes: Int
        var loss: [Float]?
        var files: [File]?
    }

    private let tuner: FineTuner
    private let plan: TracePlan
    private let formats: Set<Format>
    private let isCompressed: Bool
    private let json: Bool
    private let recorded: Metrics.Row?
    private var manifest: Manifest

    init(
        folder: RunFolder, step: Int, filter: TraceFilter, formats: Set<Format>, isCompressed: Bool, kernels: Kernels,
        threads: Int, json: Bool
    ) throws {
        (self.formats, self.isCompressed, self.json) = (formats, isCompressed, json)
        let record = try folder.record()
        guard record.settings.method.isOnGrid else {
            throw EmulatorError.tilesRunCodes(method: record.settings.recipe ?? record.settings.method.rawValue)
        }
        guard 0..<record.settings.steps ~= step else {
            throw RunError.badSetting(
                name: "step", value: "\(step)", allowed: "0 to \(record.settings.steps - 1), the run's steps")
        }
        let machine = try RunCosts.Machinery(
            hardware: record.machine, overrides: record.machineOverrides, isOnGrid: true)
        let task = try FineTuningTask(record.settings, threads: threads)
        try record.checkInputs(task.inputs + machine.inputs)
        func makeTuner() throws -> FineTuner {
            try FineTuner(task: task, settings: record.settings, kernels: kernels, threads: threads)
        }
        var tuner = try makeTuner()
        var rows: [Metrics.Row] = []
        if folder.hasCheckpoint {
            try folder.restore(tuner)
            rows = tuner.metrics.rows
            // A checkpoint behind the step is of no use: the run is made again from its beginning.
            if tuner.step > step { tuner = try makeTuner() }
        }
        recorded = step < rows.count ? rows[step] : nil
        while tuner.step < step { try tuner.advance() }
        tuner.emulation = .tiles(machine.machine, TileOptions(checks: true))
        try tuner.checkEmulation()
        self.tuner = tuner
        guard let (scheduled, settings) = try tuner.nextProgram() else {
            throw EmulatorError.tilesRunCodes(method: record.settings.method.rawValue)
        }
        let digest = try Self.digest(machine.machine.file, record.machineOverrides)
        plan = try TracePlan(
            scheduled,
            step: TracePlan.Step(
                source: "zeroth \(Version.current) emulator", machine: machine.machine.name, machineDigest: digest,
                number: step, settings: settings), filter: filter)
        manifest = Manifest(
            run: folder.path, step: step, machine: machine.machine.name, machineSHA256: digest,
            seed: record.settings.seed, generator: machine.machine.arithmetic.generator.name,
            filter: .init(
                layer: filter.layer, unit: filter.unit,
                cycles: filter.cycles.map { [$0.lowerBound, $0.upperBound] }), events: plan.events,
            eventsByUnit: plan.eventsByUnit, predictedBytes: plan.bytes)
    }

    /// The machine's digest (docs/traces.md, 1.5).
    private static func digest(_ file: String, _ overrides: [String]) throws -> String {
        let embedded = "embedded:"
        var hash = SHA256()
        if file.hasPrefix(embedded) {
            hash.update(try EmbeddedFiles.file(String(file.dropFirst(embedded.count))).bytes)
        } else {
            hash.update(try MappedFile(path: file).bytes)
        }
        for line in overrides { hash.update(Array((line + "\n").utf8)) }
        return hash.digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func say(_ line: String) {
        if json { Terminal.error(line) } else { Terminal.print(line) }
    }

    // MARK: Writing

    /// - Parameter output: nil where nothing is to be written.
    func run(output: String?) throws {
        let units = plan.eventsByUnit.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        say("step \(manifest.step) on \(manifest.machine): \(plan.events) events (\(units.joined(separator: ", ")))")
        if formats.contains(.log) {
            say("log: \(plan.bytes) bytes (\(Quantity.bytes(plan.bytes)))\(isCompressed ? ", before gzip" : "")")
        }
        guard let output else { return try finish("dry run: nothing was written") }
        guard !FileManager.default.fileExists(atPath: output) else {
            throw RunError.badSetting(name: "output", value: output, allowed: "a folder that does not exist yet")
        }
        // Files of a trace are whole together or not at all: the folder takes its name when they are.
        let parent = URL(fileURLWithPath: output).deletingLastPathComponent().path
        let folder = parent + "/.zeroth-" + UUID().uuidString + ".tmp"
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw RunError.folderNotMade(path: output, reason: error.localizedDescription)
        }
        do {
            try write(to: folder)
            try FileManager.default.moveItem(atPath: folder, toPath: output)
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try finish("written to \(output): \((manifest.files ?? []).count) files, and manifest.json")
    }

    private func finish(_ line: String) throws {
        if json { try Terminal.print(json: manifest) }
        say(line)
    }

    private func write(to folder: String) throws {
        let name = isCompressed ? "trace.log.gz" : "trace.log"
        if formats.contains(.log), !isCompressed { try TraceSpace.check(folder, needed: plan.bytes) }
        var files: [String] = []
        func file(_ name: String) throws -> AtomicFile {
            files.append(name)
            return try AtomicFile(path: folder + "/" + name)
        }
        var log: TraceLog?
        var waves: RegisterTrace?
        var requests: DRAMTrace?
        var arrays: TileArrays?
        if formats.contains(.log) {
            let sink: any TraceSink = isCompressed ? try CompressedFile(path: folder + "/" + name) : try file(name)
            if isCompressed { files.append(name) }
            log = try TraceLog(plan, to: sink)
        }
        if formats.contains(.vcd) { waves = RegisterTrace(plan, to: try file("array.vcd")) }
        if formats.contains(.dram) { requests = DRAMTrace(plan, to: try file("dram.trace")) }
        if formats.contains(.npy) { arrays = try TileArrays(plan, to: folder) }
        let all: [(any TileObserver)?] = [log, waves, requests, arrays]
        let observers = TraceObservers(all.compactMap { $0 })
        tuner.observer = observers
        let row: Metrics.Row
        do {
            row = try tuner.advance()
        } catch {
            for failure in [log?.failure, waves?.failure, requests?.failure, arrays?.failure] {
                if let failure { throw failure }
            }
            throw error
        }
        tuner.observer = nil
        try checkLosses(row)
        try log?.finish()
        try waves?.finish()
        try requests?.finish()
        if let failure = arrays?.failure { throw failure }
        files += arrays?.files ?? []
        manifest.loss = [row.plusLoss] + (row.minusLoss.map { [$0] } ?? [])
        manifest.files = try files.map { name in
            let path = folder + "/" + name
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            return Manifest.File(name: name, bytes: size ?? 0, sha256: try Self.hash(path))
        }
        try writeAtomically(try Terminal.json(manifest) + "\n", to: folder + "/manifest.json")
    }

    /// The SHA-256 of a file, which may be larger than memory.
    private static func hash(_ path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { throw InputError.fileMissing(file: path) }
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 22), !piece.isEmpty {
            piece.withUnsafeBytes { hash.update($0) }
        }
        return hash.digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The step that was traced is the step that the run made.
    private func checkLosses(_ row: Metrics.Row) throws {
        guard let recorded, recorded.plusLoss != row.plusLoss || recorded.minusLoss != row.minusLoss else { return }
        throw RunError.notARunFolder(
            path: manifest.run,
            reason: "made again, step \(manifest.step) has losses \(row.plusLoss) and \(row.minusLoss ?? 0), "
                + "metrics.csv has \(recorded.plusLoss) and \(recorded.minusLoss ?? 0): was it made by another version of zeroth?"
        )
    }
}
