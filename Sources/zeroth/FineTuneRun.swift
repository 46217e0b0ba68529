import Costs
import Emulator
import FineTuning
import Foundation
import Hardware
import Kernels
import Networks
import Programs
import Reports

/// One `zeroth finetune`: everything is read and checked before the first file is written.
final class FineTuneRun {
    private let tuner: FineTuner
    private let folder: RunFolder
    private let record: RunRecord
    private let costs: RunCosts
    private let isResumed: Bool
    private let overwrite: Bool
    private let json: Bool
    private let countsAccumulators: Bool
    private let threads: Int
    private let level: KernelLevel
    private var progress = ProgressLine()

    /// Seconds between checkpoints.
    private static let checkpointInterval = 10.0

    /// A new run.
    init(
        settings: (Arithmetic) -> RunSettings, isOnGrid: Bool, hardware: String, overrides: [String], output: String?,
        overwrite: Bool,
        emulation: EmulationOptions, kernels: Kernels, threads: Int, json: Bool
    ) throws {
        let machine = try RunCosts.Machinery(hardware: hardware, overrides: overrides, isOnGrid: isOnGrid)
        let settings = settings(machine.machine.arithmetic)
        let name = settings.network.map { $0.split(separator: "/").last.map(String.init) ?? "network" } ?? "opinions"
        folder = RunFolder(path: output ?? Self.vacantPath(name))
        try folder.checkVacant(overwrite: overwrite)
        let task = try FineTuningTask(settings, threads: threads)
        tuner = try FineTuner(task: task, settings: settings, kernels: kernels, threads: threads)
        tuner.emulation = emulation.emulation(on: machine.machine)
        try tuner.checkEmulation()
        if emulation.accumulators { try tuner.checkAccumulators() }
        countsAccumulators = emulation.accumulators
        costs = try RunCosts(machinery: machine, tuner: tuner)
        record = RunRecord(
            tuner: tuner, zeroth: Version.current, machine: hardware, machineOverrides: overrides,
            inputs: machine.inputs)
        isResumed = false
        self.overwrite = overwrite
        self.json = json
        self.threads = threads
        level = kernels.level
    }

    /// Goes on with a run.
    init(
        resuming folder: RunFolder, emulation: EmulationOptions, kernels: Kernels, threads: Int, json: Bool
    ) throws {
        let record = try folder.record()
        let machine = try RunCosts.Machinery(
            hardware: record.machine, overrides: record.machineOverrides, isOnGrid: record.settings.method.isOnGrid)
        let task = try FineTuningTask(record.settings, threads: threads)
        try record.checkInputs(task.inputs + machine.inputs)
        tuner = try FineTuner(task: task, settings: record.settings, kernels: kernels, threads: threads)
        tuner.emulation = emulation.emulation(on: machine.machine)
        try tuner.checkEmulation()
        if emulation.accumulators { try tuner.checkAccumulators() }
        countsAccumulators = emulation.accumulators
        if folder.hasCheckpoint { try folder.restore(tuner) }
        guard tuner.step < record.settings.steps else {
            throw RunError.finished(path: folder.path, steps: record.settings.steps)
        }
        costs = try RunCosts(machinery: machine, tuner: tuner)
        self.folder = folder
        self.record = record
        isResumed = true
        overwrite = false
        self.json = json
        self.threads = threads
        level = kernels.level
    }

    /// runs/NAME-N with the lowest N from 1 that is free.
    private static func vacantPath(_ name: String) -> String {
        var number = 1
        while RunFolder(path: "runs/\(name)-\(number)").exists { number += 1 }
        return "runs/\(name)-\(number)"
    }

    /// Lines for people: on standard output, or on standard error where standard output carries JSON.
    private func say(_ line: String) {
        if json { Terminal.error(line) } else { Terminal.print(line) }
    }

    // MARK: The run

    func run() throws {
        for line in RunHeader.lines(
            record: record, machine: costs.machinery.machine, threads: threads, level: level, folder: folder.path)
        { say(line) }
        say("")
        let interruption = Interruption()
        if !isResumed { try folder.begin(record, overwrite: overwrite) }
        if tuner.step == 0, tuner.metrics.evaluations[0] == nil { try report(tuner.evaluate(), at: 0, rate: nil) }
        try folder.save(tuner)
        let steps = record.settings.steps
        let every = record.settings.evaluateEvery
        let start = Clock.now
        let firstStep = tuner.step
        var lastCheckpoint = start
        while tuner.step < steps {
            if interruption.received != nil { return try interrupted() }
            tuner.countsAccumulators = countsAccumulators && tuner.step == steps - 1
            let row = try tuner.advance()
            let now = Clock.now
            let rate = Double(tuner.step - firstStep) / max(1e-9, now - start)
            let done = tuner.step
            progress.show(
                "step \(done)/\(steps)  loss \(Self.loss(row))  "
                    + "accuracy \(lastAccuracy)  \(Quantity.number(rate, digits: 1)) steps/s  "
                    + "\(Quantity.duration(seconds: Double(steps - done) / rate)) left",
                now: now)
            if done == steps || (every > 0 && done % every == 0) {
                try report(tuner.evaluate(), at: done, rate: rate)
            }
            if now - lastCheckpoint >= Self.checkpointInterval, done < steps {
                try folder.save(tuner)
                lastCheckpoint = now
            }
        }
        progress.clear()
        let summary = try costs.summary(tuner: tuner)
        if let summary { try folder.write(summary, to: folder.costPath) }
        if countsAccumulators { try writeAtomically(tuner.accumulators.csv, to: folder.accumulatorsPath) }
        // The last checkpoint says that the run is over, so everything else is there before it.
        try folder.save(tuner)
        try finish(summary)
    }

    /// A line that stays for each evaluation.
    private func report(_ evaluation: Evaluation, at step: Int, rate: Double?) throws {
        let steps = record.settings.steps
        var parts = ["step \(step)/\(steps)"]
        if let row = tuner.metrics.rows.last { parts.append("loss \(Self.loss(row))") }
        parts.append("validation loss \(Quantity.number(evaluation.loss, digits: 4))")
        parts.append("accuracy \(Quantity.percent(evaluation.accuracy))")
        if let rate {
            parts.append("\(Quantity.number(rate, digits: 1)) steps/s")
            parts.append("\(Quantity.duration(seconds: Double(steps - step) / rate)) left")
        }
        progress.keep(parts.joined(separator: "  "))
    }

    /// Mean of both passes' losses on the step's batch, or the one pass's loss.
    private static func loss(_ row: Metrics.Row) -> String {
        Quantity.number(Double(row.plusLoss + (row.minusLoss ?? row.plusLoss)) / 2, digits: 4)
    }

    private var lastAccuracy: String {
        guard let step = tuner.metrics.evaluations.keys.max(), let score = tuner.metrics.evaluations[step] else {
            return "-"
        }
        return Quantity.percent(score.accuracy)
    }

    /// Ctrl-C: writes the checkpoint and says how to go on.
    private func interrupted() throws {
        progress.clear()
        try folder.save(tuner)
        Terminal.error(
            "stopped after step \(tuner.step) of \(record.settings.steps); go on with: zeroth finetune --resume \(folder.path)"
        )
        Foundation.exit(130)
    }

    private func finish(_ summary: RunSummary?) throws {
        if json {
            let result = RunResult(
                record: record, folder: folder.path, metrics: tuner.metrics,
                accumulators: countsAccumulators ? tuner.accumulators : nil, cost: summary, costReason: costs.reason)
            try Terminal.print(json: result)
            return
        }
        for line in AccuracyReport.lines(metrics: tuner.metrics, majority: record.data.majorityShare) { say(line) }
        say("")
        sayCosts(summary)
        say("")
        if countsAccumulators {
            for line in AccumulatorReport.lines(tuner.accumulators) { say(line) }
            say("")
        }
        say(
            "written to \(folder.path): run.json, metrics.csv\(summary == nil ? "" : ", cost.json"), checkpoint.safetensors"
                + (countsAccumulators ? ", accumulators.csv" : ""))
        say("try: zeroth predict --run \(folder.path) --text \"…\"")
    }

    private func sayCosts(_ summary: RunSummary?) {
        if let summary {
            for line in CostReport.lines(summary) { say(line) }
        } else if let reason = costs.reason {
            say("not costed: \(reason)")
        }
    }

    // MARK: Dry run

    /// Says what a run would take; writes nothing.
    func describe() throws {
        for line in RunHeader.lines(
            record: record, machine: costs.machinery.machine, threads: threads, level: level, folder: folder.path)
        { say(line) }
        let estimate = MemoryCheck.estimate(tuner.parameters.shape, record.settings, threads: threads)
        let start = Clock.now
        var timed = 0
        repeat {
            try tuner.advance()
            timed += 1
        } while timed < min(3, record.settings.steps) && Clock.now - start < 5
        let seconds = (Clock.now - start) / Double(timed)
        let summary = try costs.summary(tuner: tuner)
        if json {
            try Terminal.print(
                json:
                    DryRun(
                        record: record, hostMemoryBytes: estimate, hostSecondsPerStep: seconds, kernels: "\(level)",
                        threads: threads, cost: summary, costReason: costs.reason))
            return
        }
        say("")
        say(
            "on this computer: about \(Quantity.bytes(estimate)) of memory; \(Quantity.milliseconds(seconds * 1000)) a step "
                + "(\(timed) steps timed, kernels \(level), \(threads) threads), "
                + "\(Quantity.duration(seconds: seconds * Double(record.settings.steps))) in all")
        say("")
        sayCosts(summary)
        say("")
        say("dry run: nothing was written")
    }
}

/// What `--json` prints at the end of a run.
private struct RunResult: Encodable {
    var run: RunRecord
    var folder: String
    var steps: Int
    var before: Metrics.Score?
    var after: Metrics.Score?
    /// A row for each product, where it was asked for.
    var accumulators: [Accumulator]?
    /// Nil where the machine has no rate for the run's formats.
    var cost: RunSummary?
    /// Why there is no cost.
    var costReason: String?

    struct Accumulator: Encodable {
        var product: String
        var depth: Int
        var sums: Int
        var largestMagnitude: UInt64
        var wraps: Int
        var narrowestBits: Int
    }

    init(
        record: RunRecord, folder: String, metrics: Metrics, accumulators: AccumulatorStatistics?, cost: RunSummary?,
        costReason: String?
    ) {
        run = record
        self.folder = folder
        steps = metrics.rows.count
        before = metrics.evaluations[0]
        after = metrics.evaluations[metrics.rows.count]
        self.accumulators = accumulators?.rows.map {
            Accumulator(
                product: $0.name, depth: $0.depth, sums: $0.sums, largestMagnitude: $0.statistics.largestMagnitude,
                wraps: $0.statistics.overflows, narrowestBits: $0.statistics.narrowestWidth)
        }
        self.cost = cost
        self.costReason = costReason
    }
}

/// What `--dry-run --json` prints.
private struct DryRun: Encodable {
    var run: RunRecord
    var hostMemoryBytes: Int
    var hostSecondsPerStep: Double
    var kernels: String
    var threads: Int
    var cost: RunSummary?
    var costReason: String?

    init(
        record: RunRecord, hostMemoryBytes: Int, hostSecondsPerStep: Double, kernels: String, threads: Int,
        cost: RunSummary?, costReason: String?
    ) {
        run = record
        self.hostMemoryBytes = hostMemoryBytes
        self.hostSecondsPerStep = hostSecondsPerStep
        self.kernels = kernels
        self.threads = threads
        self.cost = cost
        self.costReason = costReason
    }
}
