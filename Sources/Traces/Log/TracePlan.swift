import Emulator
import Hardware
import Networks
import NumberFormats
import Programs
import Timing

/// What a log of one step will hold, known before the step runs: header, layouts, events and bytes.
public final class TracePlan {
    /// What the header says of the step beside its program.
    public struct Step: Sendable {
        public var source: String
        public var machine: String
        /// SHA-256 of the machine, as docs/traces.md, 1.5, defines it.
        public var machineDigest: String
        public var number: Int
        /// Nil in inference.
        public var settings: StepSettings?

        public init(source: String, machine: String, machineDigest: String, number: Int, settings: StepSettings?) {
            (self.source, self.machine, self.machineDigest) = (source, machine, machineDigest)
            (self.number, self.settings) = (number, settings)
        }
    }

    public let scheduled: ScheduledProgram
    public let filter: TraceFilter
    public let header: TraceHeader
    /// Events that the log will hold.
    public private(set) var events = 0
    /// Bytes that it will have, not compressed.
    public private(set) var bytes = 0
    /// Events by unit.
    public private(set) var eventsByUnit: [String: Int] = [:]

    /// By nest.
    let nests: [NestLayouts]
    /// By operation: its first cycle, and commands that are issued before it.
    let starts: [(cycle: Int, sequence: Int)]
    private let issues: [Int]
    private var times: [Int: NestTimes] = [:]

    /// - Throws: `TraceError.tooMany` where a log's numbers do not hold the program's, `.nothingSelected`; `ScheduleError` from timing.
    public init(_ scheduled: ScheduledProgram, step: Step, filter: TraceFilter = TraceFilter()) throws {
        self.scheduled = scheduled
        self.filter = filter
        let program = scheduled.program
        guard program.operations.count < TraceHeader.numberLimit else {
            throw TraceError.tooMany(
                "operations", count: program.operations.count, limit: TraceHeader.numberLimit - 1)
        }
        var nests: [NestLayouts] = []
        var layouts: [TraceLayout] = []
        for (nest, use) in zip(scheduled.nests, scheduled.nestUses) {
            let made = NestLayouts(
                nest, of: program.operations[use.first], in: program, settings: step.settings,
                numbersFrom: layouts.count)
            layouts += made.commands.map(\.layout)
            nests.append(made)
        }
        guard layouts.count < TraceHeader.numberLimit else {
            throw TraceError.tooMany("commands of nests", count: layouts.count, limit: TraceHeader.numberLimit - 1)
        }
        self.nests = nests
        let operations = program.operations.map { operation in
            TraceHeader.Operation(
                name: operation.name, pass: operation.pass.rawValue,
                tensors: (operation.reads + operation.writes).map { program[$0].name }, reads: operation.reads.count)
        }
        header = TraceHeader(
            preamble: Self.preamble(scheduled, step, filter, operations, layouts), operations: operations,
            layouts: layouts)
        let timing = try TimingModel.time(scheduled)
        let issues = scheduled.nests.map { $0.timesOfCommands.reduce(0, +) }
        self.issues = issues
        var sequence = 0
        starts = scheduled.nestOfOperation.enumerated().map { number, nest in
            defer { sequence += issues[nest] }
            return (timing.operations[number].start, sequence)
        }
        try count()
        guard filter.isAll || events > 0 else { throw TraceError.nothingSelected(filter.text) }
    }

    private static func preamble(
        _ scheduled: ScheduledProgram, _ step: Step, _ filter: TraceFilter, _ operations: [TraceHeader.Operation],
        _ layouts: [TraceLayout]
    ) -> [String] {
        var digest = SHA256()
        for (number, operation) in operations.enumerated() {
            digest.update(Array((operation.text(number) + "\n").utf8))
        }
        for layout in layouts { digest.update(Array((layout.text + "\n").utf8)) }
        let seed = String(step.settings?.seed ?? 0, radix: 16)
        var estimator = "none"
        var rounding = "none"
        if case .quzo(let quzo)? = step.settings {
            (estimator, rounding) = (quzo.estimator.rawValue, quzo.rounding.word)
        }
        var lines = [
            "source " + TraceHeader.quoted(step.source),
            "machine \(TraceHeader.quoted(step.machine)) \(step.machineDigest)",
            "program " + digest.digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined(),
            "step \(step.number) seed \(String(repeating: "0", count: 16 - seed.count) + seed) "
                + "queries \(scheduled.program.step.queries)",
            "method \(TraceHeader.quoted(scheduled.program.step.method.word)) estimator \(TraceHeader.quoted(estimator)) "
                + "rounding \(TraceHeader.quoted(rounding))",
            "generator \(TraceHeader.quoted(scheduled.machine.arithmetic.generator.name))",
            "lanes ascending",
        ]
        if !filter.isAll { lines.append(filter.text) }
        return lines
    }

    // MARK: What is in it

    /// Commands that an operation issues.
    func issues(of operation: Int) -> Int { issues[scheduled.nestOfOperation[operation]] }

    func holds(_ operation: Int) -> Bool { filter.holds(operation: scheduled.program.operations[operation].name) }

    func holds(_ layout: TraceLayout) -> Bool { filter.unit.map { $0 == layout.unit } ?? true }

    func holds(begin: Int) -> Bool { filter.cycles?.contains(begin) ?? true }

    /// Times of a nest, made once.
    func times(of nest: Int) throws(ScheduleError) -> NestTimes {
        if let known = times[nest] { return known }
        let made = try NestTimes(scheduled.nests[nest], on: scheduled.model)
        times[nest] = made
        return made
    }

    private func count() throws(ScheduleError) {
        var length = header.bytes.count + TraceLog.trailerLength
        for operation in scheduled.program.operations.indices where holds(operation) {
            let nest = scheduled.nestOfOperation[operation]
            let commands = nests[nest].commands
            func add(_ index: Int, _ times: Int) {
                let layout = commands[index].layout
                guard holds(layout), times > 0 else { return }
                events += times
                eventsByUnit[layout.unit, default: 0] += times
                length += times * layout.lineLength
            }
            if filter.cycles == nil {
                for (index, times) in scheduled.nests[nest].timesOfCommands.enumerated() { add(index, times) }
            } else {
                var times = try times(of: nest)
                let start = starts[operation].cycle
                scheduled.nests[nest].forEachIssue { index in
                    let isStore = commands[index].layout.event == "store"
                    if holds(begin: start + times.next(isStore: isStore).begin) { add(index, 1) }
                }
            }
        }
        bytes = length
    }
}
