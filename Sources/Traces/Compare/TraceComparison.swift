import Foundation

/// Holds one log against another, event by event (docs/traces.md, section 2).
public final class TraceComparison {
    public struct Options: Hashable, Sendable {
        /// Each unit's events have to be the same in the same order; how units' events lie among each other does not count.
        public var ignoresOrderBetweenUnits = false
        public var ignoresCycles = false
        public var ignoresFlags = false
        /// Kinds of event that the other log may have more of.
        public var allowedExtra: Set<String> = []

        public init() {}
    }

    /// Events of one unit.
    public struct Counts: Codable, Hashable, Sendable {
        public var compared = 0
        /// With another value or flag.
        public var different = 0
        /// With other cycles alone.
        public var otherCycles = 0
        public var missing = 0
        public var extra = 0
        public var allowedExtra = 0
    }

    public struct Result: Codable, Hashable, Sendable {
        public var isEqual = true
        public var counts: [String: Counts] = [:]
        public var first: TraceDivergence?
        /// Events behind the first divergence could not be paired and were not compared.
        public var endsEarly = false
        public var bytes = 0
    }

    private let golden: TraceInput
    private let other: TraceInput
    private let otherPath: String
    private let options: Options
    private var result = Result()
    private var history: [String: TraceHistory] = [:]
    private var counts: [Counts]

    /// - Throws: `InputError` or `TraceError` where one of them cannot be read, or they are not of one program.
    public init(golden: String, other: String, options: Options = Options()) throws {
        self.golden = try TraceInput(path: golden)
        self.other = try TraceInput(path: other)
        otherPath = other
        self.options = options
        counts = Array(repeating: Counts(), count: TraceLayout.units.count)
        for unit in TraceLayout.units { history[unit] = TraceHistory() }
        try checkHeaders()
    }

    /// Headers say the same, but for their source and, where events may be extra, layouts that only the other has.
    private func checkHeaders() throws {
        let (first, second) = (golden.header, other.header)
        func fail(_ line: Int, _ a: String, _ b: String) -> TraceError {
            .foreign(golden: golden.path, other: other.path, line: line + 1, goldenLine: a, otherLine: b)
        }
        let allowsMore = !options.allowedExtra.isEmpty
        func isFree(_ line: String) -> Bool {
            line.hasPrefix("source ") || allowsMore && (line.hasPrefix("program ") || line.hasPrefix("layouts "))
        }
        let (a, b) = (first.lines, second.lines)
        for (place, line) in a.enumerated() {
            guard place < b.count else { throw fail(place, line, "events") }
            guard line == b[place] || isFree(line) && isFree(b[place]) else { throw fail(place, line, b[place]) }
        }
        guard b.count == a.count || allowsMore else { throw fail(a.count, "events", b[a.count]) }
    }

    /// Reads both to their ends.
    public func run() throws -> Result {
        if options.ignoresOrderBetweenUnits { try compareByUnit() } else { try compareInOrder() }
        for (unit, counts) in zip(TraceLayout.units, counts) where counts != Counts() { result.counts[unit] = counts }
        result.isEqual = result.first == nil
        return result
    }

    private static func unit(_ layout: TraceLayout) -> Int { TraceLayout.units.firstIndex(of: layout.unit) ?? 0 }

    // MARK: In order

    private func compareInOrder() throws {
        other.isShared = true
        var inStep = true
        while let event = try golden.next() {
            if inStep {
                if try other.isNext(event.line) {
                    let unit = Self.unit(event.layout)
                    counts[unit].compared += 1
                    history[event.layout.unit]?.add(event)
                    other.pass(event)
                    golden.pass(event)
                    continue
                }
                // From here on the bytes are others.
                inStep = false
                other.checksum = golden.checksum
                other.isShared = false
            }
            guard try pair(event, with: other) else {
                result.endsEarly = true
                try drain(golden)
                try drain(other)
                return
            }
            golden.pass(event)
        }
        if inStep {
            other.checksum = golden.checksum
            other.isShared = false
        }
        try countExtra(other)
    }

    private func drain(_ input: TraceInput) throws {
        while let event = try input.next() { input.pass(event) }
    }

    /// Compares an event with the next of another log, of its unit where `unit` is given.
    ///
    /// - Returns: false where the events that follow cannot be paired.
    private func pair(_ event: TraceInput.Event, with input: TraceInput, unit: String? = nil) throws -> Bool {
        let number = Self.unit(event.layout)
        while true {
            guard let found = try next(input, unit) else {
                counts[number].missing += 1
                if result.first == nil { result.first = describe(.missing, event, nil) }
                return true
            }
            let identity = event.layout.identityColumns
            guard found.layout.number == event.layout.number,
                memcmp(event[identity].baseAddress!, found[identity].baseAddress!, identity.count) == 0
            else {
                if options.allowedExtra.contains(found.layout.event) {
                    counts[Self.unit(found.layout)].allowedExtra += 1
                    input.pass(found)
                    continue
                }
                if result.first == nil { result.first = describe(.event, event, found) }
                return false
            }
            counts[number].compared += 1
            let difference = TraceLineDifference(event, found)
            let hasValue = !difference.fields.isEmpty || difference.flags && !options.ignoresFlags
            let hasCycles = difference.cycles && !options.ignoresCycles
            if hasValue {
                counts[number].different += 1
            } else if hasCycles {
                counts[number].otherCycles += 1
            }
            if result.first == nil, hasValue || hasCycles {
                let kind: TraceDivergence.Kind = difference.fields.isEmpty ? hasValue ? .flags : .cycles : .value
                var divergence = describe(kind, event, found)
                difference.describe(event, found, header: golden.header, into: &divergence)
                result.first = divergence
            }
            history[event.layout.unit]?.add(event)
            input.pass(found)
            return true
        }
    }

    private func next(_ input: TraceInput, _ unit: String?) throws -> TraceInput.Event? {
        while let event = try input.next() {
            guard let unit, event.layout.unit != unit else { return event }
            input.pass(event)
        }
        return nil
    }

    /// What is left of a log when the golden one has ended.
    private func countExtra(_ input: TraceInput, unit: String? = nil) throws {
        while let event = try next(input, unit) {
            let number = Self.unit(event.layout)
            if options.allowedExtra.contains(event.layout.event) {
                counts[number].allowedExtra += 1
            } else {
                counts[number].extra += 1
                if result.first == nil { result.first = describe(.extra, nil, event) }
            }
            input.pass(event)
        }
    }

    // MARK: Unit by unit

    private func compareByUnit() throws {
        var inputs: [String: TraceInput] = [:]
        for (number, unit) in TraceLayout.units.enumerated() {
            let input = number == 0 ? other : try TraceInput(path: otherPath)
            // One of them checks the bytes.
            input.isShared = number > 0
            inputs[unit] = input
        }
        var ended: Set<String> = []
        while let event = try golden.next() {
            let unit = event.layout.unit
            if !ended.contains(unit), let input = inputs[unit], try !pair(event, with: input, unit: unit) {
                ended.insert(unit)
                result.endsEarly = true
            }
            golden.pass(event)
        }
        for unit in TraceLayout.units {
            guard let input = inputs[unit] else { continue }
            if ended.contains(unit) { try drain(input) } else { try countExtra(input, unit: unit) }
        }
    }

    // MARK: Description

    private func describe(
        _ kind: TraceDivergence.Kind, _ event: TraceInput.Event?, _ found: TraceInput.Event?
    ) -> TraceDivergence {
        let shown = event ?? found!
        let operation = golden.header.operations[min(shown.operation, golden.header.operations.count - 1)]
        func cycles(_ event: TraceInput.Event) -> [Int] {
            [event.number(TraceLayout.Columns.begin), event.number(TraceLayout.Columns.end)]
        }
        var divergence = TraceDivergence(
            kind: kind, unit: shown.layout.unit, event: shown.layout.event, sequence: event?.sequence,
            otherSequence: found?.sequence, cycles: event.map(cycles), otherCycles: found.map(cycles),
            operation: shown.operation, operationName: operation.name, pass: operation.pass,
            tile: TracePlace.text(shown))
        divergence.before = history[shown.layout.unit]?.lines(golden.header) ?? []
        if kind == .event, let found { divergence.other = TracePlace.line(found, golden.header) }
        return divergence
    }
}
