import Kernels
import Synchronization

/// Costs the points of a space into a results folder.
public struct ExplorationRun: Sendable {
    /// How far a run is.
    public struct Progress: Sendable {
        /// Points that have rows, those of an earlier run included.
        public var done: Int
        /// Of these, those that this run costed, and those that cannot work.
        public var costed: Int
        public var impossible: Int
        /// Points in all; at most, where a search breeds them.
        public let total: Int
    }

    public let space: ExplorationSpace
    public let shard: Shard?
    private let points: [Int]?

    /// Makes the list of points.
    ///
    /// - Throws: `ExplorationError`: no point is left, or a search that breeds its points was to be cut into shards.
    public init(_ space: ExplorationSpace, shard: Shard? = nil) throws(ExplorationError) {
        self.space = space
        self.shard = shard
        let all = try PointList(space: space).points()
        guard let shard else {
            points = all
            return
        }
        guard let all else { throw .searchNotSharded(search: space.search.word) }
        points = shard.points(of: all)
    }

    /// Points of the run: at most, where a search breeds them.
    public var total: Int {
        if let points { return points.count }
        guard case .nsga2(let population, let generations, let seed) = space.search else { return 0 }
        return GeneticSearch(space, population: population, generations: generations, seed: seed).most
    }

    /// Whether `folder` may take the results. Changes nothing.
    public func check(_ folder: ResultsFolder, _ mode: ResultsFolder.Mode) throws(ExplorationError) {
        try folder.check(.init(space, shard: shard, points: points?.count), mode)
    }

    /// Runs, or goes on: points that have rows are not costed again.
    ///
    /// - Parameters:
    ///   - threads: 1 or more; which rows there are does not depend on it, their order does.
    ///   - isStopped: asked before each point; true ends the run, which can be gone on with.
    ///   - report: gets the progress after each row, one call at a time.
    /// - Returns: how far it came.
    public func run(
        into folder: ResultsFolder, _ mode: ResultsFolder.Mode, threads: Int,
        evaluator: PointEvaluator? = nil, isStopped: @escaping @Sendable () -> Bool = { false },
        report: @escaping @Sendable (Progress) -> Void = { _ in }
    ) throws -> Progress {
        let record = ResultsRecord(space, shard: shard, points: points?.count)
        try folder.begin(space, record, mode)
        let (writer, known) = try ResultsWriter.open(folder, space.columns)
        let worker = Worker(
            evaluator ?? PointEvaluator(space), writer, known,
            .init(done: known.count, costed: 0, impossible: known.count { !$0.works }, total: total),
            keeps: points == nil)
        if let points {
            try worker.cost(points, threads: threads, isStopped, report)
        } else if case .nsga2(let population, let generations, let seed) = space.search {
            var search = GeneticSearch(space, population: population, generations: generations, seed: seed)
            try search.run { points in
                try worker.cost(points, threads: threads, isStopped, report)
                return points.allSatisfy(worker.has) ? points.map { worker.values($0, space) } : nil
            }
        }
        return worker.finish()
    }
}

/// What the threads of a run share.
private final class Worker: Sendable {
    private struct State {
        let writer: ResultsWriter
        var done: Set<Int>
        /// Rows by point, for a search that reads them.
        var rows: [Int: ResultRow] = [:]
        var progress: ExplorationRun.Progress
        var failure: (any Error)?
    }

    private let evaluator: PointEvaluator
    private let state: Mutex<State>
    private let keeps: Bool

    init(
        _ evaluator: PointEvaluator, _ writer: sending ResultsWriter, _ known: [ResultRow],
        _ progress: ExplorationRun.Progress, keeps: Bool
    ) {
        self.evaluator = evaluator
        self.keeps = keeps
        var state = State(writer: writer, done: Set(known.map(\.point)), progress: progress)
        if keeps { for row in known { state.rows[row.point] = row } }
        self.state = Mutex(state)
    }

    func has(_ point: Int) -> Bool { state.withLock { $0.done.contains(point) } }

    /// Objectives of a point that has a row, less being better.
    func values(_ point: Int, _ space: ExplorationSpace) -> [Double] {
        state.withLock { state in
            space.objectives.map { objective in
                guard let value = state.rows[point]?.number(objective.column, space.columns) else { return .infinity }
                return objective.minimised(value)
            }
        }
    }

    func cost(
        _ points: [Int], threads: Int, _ isStopped: @Sendable () -> Bool,
        _ report: @Sendable (ExplorationRun.Progress) -> Void
    ) throws {
        let rest = state.withLock { state in points.filter { !state.done.contains($0) } }
        parallelFor(rest.count, threads: threads) { index in
            guard !isStopped(), state.withLock({ $0.failure == nil }) else { return }
            let result = Result { try evaluator.row(rest[index]) }
            state.withLock { state in
                do {
                    let row = try result.get()
                    try state.writer.append(row)
                    state.done.insert(row.point)
                    if keeps { state.rows[row.point] = row }
                    state.progress.done += 1
                    state.progress.costed += 1
                    if !row.works { state.progress.impossible += 1 }
                    report(state.progress)
                } catch { state.failure = error }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func finish() -> ExplorationRun.Progress {
        state.withLock { state in
            state.writer.flush()
            return state.progress
        }
    }
}
