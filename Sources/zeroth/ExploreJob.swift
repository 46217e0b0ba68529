import ArgumentParser
import Exploration
import Reports
import Synchronization

/// A run of `zeroth explore`: the space into a results folder, with its progress.
struct ExploreJob {
    private let run: ExplorationRun
    private let folder: ResultsFolder
    private let mode: ResultsFolder.Mode

    /// What is printed at the end.
    private struct Summary: Encodable {
        let space: String
        let folder: String
        let points: Int
        let rows: Int
        let costed: Int
        let impossible: Int
        let seconds: Double
    }

    /// Reads and checks the space and the folder; nothing is written.
    init(space path: String, folder: ResultsFolder, mode: ResultsFolder.Mode, shard: Shard?) throws {
        run = try ExplorationRun(ExplorationSpace(path: path), shard: shard)
        try run.check(folder, mode)
        self.folder = folder
        self.mode = mode
    }

    func showSize(json: Bool) throws {
        let space = run.space
        if json {
            return try Terminal.print(json: ["points": run.total, "grid": space.size])
        }
        Terminal.print(
            "space '\(space.name)': \(space.dimensions.count) dimensions, a grid of \(space.size) points; "
                + "search \(space.search.word): \(run.total) points")
    }

    /// Runs to the end or to an interruption, whose status is the signal's.
    func run(threads: Int, json: Bool) throws {
        let interruption = Interruption()
        let start = Clock.now
        let meter = Mutex(ProgressMeter(start: start))
        let progress = try run.run(
            into: folder, mode, threads: threads, isStopped: interruption.hasArrived,
            report: { progress in meter.withLock { $0.show(progress, now: Clock.now) } })
        meter.withLock { $0.line.clear() }
        let seconds = Clock.now - start
        if let signal = interruption.received {
            Terminal.error("stopped at \(progress.done) of \(progress.total) points; go on with --resume")
            throw ExitCode(128 + signal)
        }
        if json {
            return try Terminal.print(
                json: Summary(
                    space: run.space.name, folder: folder.path, points: progress.total, rows: progress.done,
                    costed: progress.costed, impossible: progress.impossible, seconds: seconds))
        }
        let rate = seconds > 0 ? Quantity.number(Double(progress.costed) / seconds, digits: 1) : "-"
        Terminal.print(
            "\(folder.path): \(progress.done) points, \(progress.impossible) of them cannot work; \(progress.costed) costed in "
                + "\(Quantity.duration(seconds: seconds)), \(rate) a second")
        Terminal.print("Front: zeroth explore pareto \(folder.path)")
    }
}

/// The progress of a run: one line that is rewritten on a terminal, a plain line every half minute elsewhere.
private struct ProgressMeter {
    let start: Double
    var line = ProgressLine()
    private var lastKept: Double

    init(start: Double) {
        self.start = start
        lastKept = start
    }

    mutating func show(_ progress: ExplorationRun.Progress, now: Double) {
        if Terminal.isInteractive {
            let seconds = now - start
            line.show(Self.text(progress, seconds: seconds), now: now)
        } else if now - lastKept >= 30 {
            lastKept = now
            line.keep(Self.text(progress, seconds: now - start))
        }
    }

    private static func text(_ progress: ExplorationRun.Progress, seconds: Double) -> String {
        let rate = Double(progress.costed) / max(1e-9, seconds)
        let left = Double(progress.total - progress.done) / max(1e-9, rate)
        return "\(progress.done) of \(progress.total) points, \(progress.impossible) cannot work, "
            + "\(Quantity.number(rate, digits: 1)) a second, \(Quantity.duration(seconds: left)) left"
    }
}
