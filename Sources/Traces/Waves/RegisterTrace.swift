import Emulator
import Programs

/// Writes the array's registers in the first matmul command of a selection as a VCD (`RegisterWaves`).
public final class RegisterTrace: TileObserver {
    /// Beats of one dump.
    public static let beatLimit = 1 << 16

    private let plan: TracePlan
    private let sink: any TraceSink
    private var start = 0
    private var times: NestTimes?
    /// The command that was written: its operation and sequence; nil so far.
    public private(set) var written: (operation: Int, sequence: Int, cycle: Int)?
    private var sequence = 0
    public private(set) var failure: (any Error)?
    public var goesOn: Bool { failure == nil }

    public init(_ plan: TracePlan, to sink: any TraceSink) { (self.plan, self.sink) = (plan, sink) }

    public func begins(_ number: Int) -> Bool {
        guard written == nil, plan.holds(number), plan.filter.unit ?? "array" == "array" else { return false }
        (start, sequence) = plan.starts[number]
        do {
            var times = try plan.times(of: plan.scheduled.nestOfOperation[number])
            times.begin()
            self.times = times
        } catch {
            failure = error
        }
        return true
    }

    public func willRun(_ command: ObservedCommand) {
        defer { sequence += 1 }
        let isStore = if case .store = command.command.work { true } else { false }
        let time = times?.next(isStore: isStore) ?? (begin: 0, end: 0)
        guard written == nil, case .matmul = command.command.work else { return }
        let (begin, end) = (start + time.begin, start + time.end)
        let window = plan.filter.cycles ?? begin...max(begin, end)
        guard window.overlaps(begin...max(begin, end)) else { return }
        do {
            guard let run = try command.registerRun() else { return }
            guard run.array.shape.lanes <= RegisterWaves.laneLimit else {
                throw TraceError.tooMany(
                    "codes of an element and beat in a VCD", count: run.array.shape.lanes,
                    limit: RegisterWaves.laneLimit)
            }
            let first = max(0, window.lowerBound - begin)
            let last = min(window.upperBound - begin + 1, run.schedule.cycles, first + Self.beatLimit)
            try RegisterWaves(run).write(beats: first..<max(first, last)) { try sink.append($0) }
            written = (command.operation, sequence, begin)
        } catch {
            failure = error
        }
    }

    public func didRun(_ command: ObservedCommand) {}

    /// - Throws: `TraceError.nothingSelected` where no matmul command was in the selection.
    public func finish() throws {
        if let failure { throw failure }
        guard written != nil else { throw TraceError.nothingSelected("--format vcd") }
        try sink.finish()
    }
}
