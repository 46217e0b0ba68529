import Emulator
import FineTuning
import Foundation
import Hardware
import Kernels
import NumberFormats
import Programs

@testable import Traces

/// Bytes in memory.
final class MemorySink: TraceSink {
    private(set) var bytes: [UInt8] = []
    private(set) var isFinished = false

    func append(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
    func finish() { isFinished = true }
}

/// One step of the embedded network on a small machine, and its log.
struct StepTrace {
    let plan: TracePlan
    let log: [UInt8]
    let row: Metrics.Row
    let settings: StepSettings

    /// A machine on which every product of the embedded network has several tiles along each dimension.
    static let smallMachine = [
        "organisation.array.rows=4", "organisation.array.columns=4",
        "organisation.sram.weight={bytes: 768, banks: 1, wordBits: 64, ports: 1}",
        "organisation.sram.activation={bytes: 8192, banks: 1, wordBits: 64, ports: 1}",
        "organisation.sram.accumulator={bytes: 1024, banks: 1, wordBits: 64, ports: 1}",
    ]
    static let inPlace = "organisation.perturbationUnit.placement=in-place"
    static let shared = "organisation.perturbationUnit.sharedFetch=true"

    static func tuner(
        _ hardware: String = "edge-int8", _ overrides: [String] = smallMachine, method: RunSettings.Method = .quzo,
        batch: Int = 2, queries: Int = 1, rounding: String? = nil, estimator: GradientEstimator = .qRGE2
    ) throws -> FineTuner {
        let machine = try Machine.load(hardware, overrides: overrides)
        var settings = RunSettings.defaults(
            network: false, updateRounding: rounding, method: method, formats: StepFormats(machine.arithmetic))
        (settings.batch, settings.queries, settings.steps, settings.estimator) = (batch, queries, 4, estimator)
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 1)
        tuner.emulation = .tiles(machine, TileOptions())
        return tuner
    }

    static func plan(_ tuner: FineTuner, _ filter: TraceFilter = TraceFilter()) throws -> TracePlan {
        guard let (scheduled, settings) = try tuner.nextProgram() else { throw TraceError.nothingSelected("tiles") }
        return try TracePlan(
            scheduled,
            step: .init(
                source: "test", machine: scheduled.machine.name, machineDigest: String(repeating: "0", count: 64),
                number: tuner.step, settings: settings), filter: filter)
    }

    init(_ tuner: FineTuner, _ filter: TraceFilter = TraceFilter()) throws {
        plan = try Self.plan(tuner, filter)
        settings = try tuner.nextProgram()!.settings
        let sink = MemorySink()
        let log = try TraceLog(plan, to: sink)
        tuner.observer = log
        row = try tuner.advance()
        tuner.observer = nil
        try log.finish()
        self.log = sink.bytes
    }

    /// Events as text, word by word.
    var events: [Event] {
        let lines = String(decoding: log, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let start = lines.firstIndex(of: "events") else { return [] }
        return lines[(start + 1)..<(lines.count - 1)].map { Event($0, plan.header) }
    }

    struct Event {
        let words: [Substring]
        let layout: TraceLayout
        let operation: Int

        init(_ line: String, _ header: TraceHeader) {
            words = line.split(separator: " ", omittingEmptySubsequences: false)
            layout = header.layouts[Int(words[3], radix: 16)!]
            operation = Int(words[4], radix: 16)!
        }

        var place: [Int] { words[7].split(separator: ".").map { Int($0, radix: 16)! } }
        var flags: Int { Int(words[words.count - 1], radix: 16)! }

        /// Elements of a field as unsigned numbers; nil where there is none.
        func raw(_ role: TraceField.Role, _ name: String) -> [UInt128]? {
            let found = layout.fields.firstIndex { $0.role == role && $0.name == name }
            guard let place = found else { return nil }
            let digits = layout.fields[place].digits
            let text = Array(words[8 + place].utf8)
            return stride(from: 0, to: text.count, by: digits).map {
                UInt128(String(decoding: text[$0..<$0 + digits], as: UTF8.self), radix: 16)!
            }
        }

        /// Elements of an integer field.
        func integers(_ role: TraceField.Role, _ name: String) -> [Int]? {
            let bits = layout.fields.first { $0.role == role && $0.name == name }?.bits ?? 0
            return raw(role, name)?.map { value in
                let value = Int(value)
                return value >= 1 << (bits - 1) ? value - 1 << bits : value
            }
        }
    }

    /// The log in a file of a new folder, which `body` gets.
    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-traces-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }
}

extension [UInt8] {
    func write(to path: String) throws { try Data(self).write(to: URL(fileURLWithPath: path)) }
}
