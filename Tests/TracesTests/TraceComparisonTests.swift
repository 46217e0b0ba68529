import FineTuning
import Networks
import NumberFormats
import ProgramFixtures
import Programs
import Testing

@testable import Traces

/// Comparison of logs: what is planted is found and named; what is no log, or not whole, is refused.
@Suite struct TraceComparisonTests {
    private static let trace = Result { try StepTrace(StepTrace.tuner()) }

    private let golden: StepTrace
    private let lines: [String]
    /// Index of the first event's line.
    private let first: Int

    init() throws {
        golden = try Self.trace.get()
        lines = String(decoding: golden.log, as: UTF8.self).split(separator: "\n").map(String.init)
        first = try #require(lines.firstIndex(of: "events")) + 1
    }

    /// A log of these lines with a trailer that is right.
    private func sealed(_ lines: [String]) -> [UInt8] {
        let body = Array((lines.joined(separator: "\n") + "\n").utf8)
        var crc = CRC32()
        crc.update(body)
        let events = lines.count - lines.firstIndex(of: "events")! - 1
        return body + Array("end \(TraceLog.hex(UInt64(events), 16)) \(TraceLog.hex(UInt64(crc.value), 8))\n".utf8)
    }

    private var events: [String] { Array(lines[first..<(lines.count - 1)]) }
    private var header: [String] { Array(lines[..<first]) }

    private func compare(
        _ other: [UInt8], _ options: TraceComparison.Options = .init()
    ) throws -> TraceComparison.Result {
        try StepTrace.withFolder { folder in
            try golden.log.write(to: folder + "/golden.log")
            try other.write(to: folder + "/other.log")
            return try TraceComparison(
                golden: folder + "/golden.log", other: folder + "/other.log", options: options
            ).run()
        }
    }

    private func problem(_ other: [UInt8], _ options: TraceComparison.Options = .init()) throws -> TraceError.Problem? {
        do {
            let result = try compare(other, options)
            Issue.record("no error: equal \(result.isEqual)")
            return nil
        } catch TraceError.file(_, _, _, let problem) {
            return problem
        }
    }

    private static func changed(_ text: String, at place: Int, xor bits: Int) -> String {
        var bytes = Array(text.utf8)
        let value = Int(String(decoding: [bytes[place]], as: UTF8.self), radix: 16)! ^ bits
        bytes[place] = Array(String(value, radix: 16).utf8)[0]
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func aLogEqualsItselfAndItsOwnLinesSealedAgain() throws {
        for other in [golden.log, sealed(header + events)] {
            for isUnordered in [false, true] {
                var options = TraceComparison.Options()
                options.ignoresOrderBetweenUnits = isUnordered
                let result = try compare(other, options)
                #expect(result.isEqual && result.first == nil && !result.endsEarly)
                #expect(result.counts.mapValues(\.compared) == golden.plan.eventsByUnit)
                #expect(result.counts.values.allSatisfy { $0.different + $0.missing + $0.extra + $0.otherCycles == 0 })
            }
        }
    }

    @Test func anotherSourceAndNoChecksumAreNoDifference() throws {
        var other = header
        other[1] = "source \"a bench\""
        let body = (other + events).joined(separator: "\n") + "\n"
        let trailer = "end \(TraceLog.hex(UInt64(events.count), 16)) --------\n"
        #expect(try compare(Array((body + trailer).utf8)).isEqual)
    }

    /// Bits of elements of all kinds of event.
    @Test(arguments: 0..<60) func aPlantedBitIsNamed(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let kind = TraceLayout.events[Int(seed) % TraceLayout.events.count]
        let candidates = events.indices.filter { events[$0].contains(" \(kind) ") }
        let chosen = try #require(candidates.randomElement(using: &random))
        let event = StepTrace.Event(events[chosen], golden.plan.header)
        let number = Int.random(in: 0..<event.layout.fields.count, using: &random)
        let field = event.layout.fields[number]
        let element = Int.random(in: 0..<field.count, using: &random)
        let bit = Int.random(in: 0..<field.bits, using: &random)
        let place = event.layout.starts[number] + element * field.digits + field.digits - 1 - bit / 4
        var other = events
        other[chosen] = Self.changed(other[chosen], at: place, xor: 1 << (bit % 4))
        for isUnordered in [false, true] {
            var options = TraceComparison.Options()
            options.ignoresOrderBetweenUnits = isUnordered
            let result = try compare(sealed(header + other), options)
            let found = try #require(result.first)
            #expect(!result.isEqual && !result.endsEarly)
            #expect(found.kind == .value && found.sequence == chosen && found.operation == event.operation)
            #expect(found.unit == event.layout.unit && found.event == kind)
            #expect(found.operationName == golden.plan.header.operations[event.operation].name)
            #expect(found.field == field.name && found.role == String(field.role.rawValue))
            #expect(found.index == field.indices(of: element) && found.lane == element % field.shape.last!)
            #expect(found.bit == bit && found.differing == 1 && found.inputsAgree == (field.role == .output))
            #expect(result.counts[event.layout.unit]?.different == 1)
            #expect(result.counts.values.reduce(0) { $0 + $1.compared } == events.count)
        }
    }

    @Test func aSumIsShownWithItsOperandsAndItsTile() throws {
        let chosen = try #require(
            events.lastIndex { $0.contains(" array matmul ") && $0.contains(".00000004 ") })
        let event = StepTrace.Event(events[chosen], golden.plan.header)
        let acc = try #require(event.layout.fields.lastIndex { $0.name == "acc" })
        let field = event.layout.fields[acc]
        let element = field.shape[2] + 1
        var other = events
        other[chosen] = Self.changed(other[chosen], at: event.layout.starts[acc] + element * 8 + 6, xor: 1)
        let found = try #require(try compare(sealed(header + other)).first)
        #expect(found.bit == 4 && found.lane == 1 && found.index == [0, 1, 1])
        let (place, a) = (event.place, event.layout.fields[0])
        #expect(
            found.tile
                == "tile example 0, head 0, m \(place[2])…\(place[2] + field.shape[1] - 1), n \(place[3])…\(place[3] + field.shape[2] - 1), k \(place[4])…\(place[4] + a.shape[2] - 1)"
                .replacing("example 0, head 0, ", with: place[0] + place[1] == 0 ? "" : "example 0, head 0, "))
        #expect(found.inputs.map(\.field).prefix(2) == ["a", "b"])
        #expect(found.inputs[0].index == [0, 1, 0] && found.inputs[1].index == [0, 1, 0])
        let codes = try #require(event.raw(.input, "a"))
        let row = codes[a.shape[2]..<2 * a.shape[2]].prefix(16).map { TraceLog.hex(UInt64($0), 2) }
        #expect(found.inputs[0].values == row)
        #expect(found.before.count == 3)
    }

    @Test func cyclesAndFlagsDifferOnTheirOwnAndMayBeIgnored() throws {
        var cycles = events
        cycles[7] = Self.changed(cycles[7], at: 35, xor: 1)
        var options = TraceComparison.Options()
        #expect(try compare(sealed(header + cycles)).first?.kind == .cycles)
        options.ignoresCycles = true
        #expect(try compare(sealed(header + cycles), options).isEqual)
        var flags = events
        flags[7] = Self.changed(flags[7], at: flags[7].utf8.count - 1, xor: 2)
        #expect(try compare(sealed(header + flags)).first?.kind == .flags)
        options.ignoresFlags = true
        #expect(try compare(sealed(header + flags), options).isEqual)
    }

    // MARK: Order

    /// The events in an order that units keep, with sequences of their own.
    private func shuffled() -> [String] {
        let byUnit = Dictionary(grouping: events) { $0.split(separator: " ")[5] }
        let order = byUnit.keys.sorted().flatMap { byUnit[$0]! }
        return numbered(order)
    }

    private func numbered(_ events: [String]) -> [String] {
        events.enumerated().map { TraceLog.hex(UInt64($0), 10) + $1.dropFirst(10) }
    }

    @Test func orderBetweenUnitsMayBeIgnored() throws {
        let other = sealed(header + shuffled())
        let strict = try compare(other)
        #expect(strict.first?.kind == .event && strict.endsEarly)
        var options = TraceComparison.Options()
        options.ignoresOrderBetweenUnits = true
        #expect(try compare(other, options).isEqual)
        // Two events of one unit in another order are a difference.
        var swapped = shuffled()
        let place = try #require(swapped.firstIndex { $0.contains(" array matmul ") })
        swapped.swapAt(place, place + 1)
        let result = try compare(sealed(header + numbered(swapped)), options)
        #expect(!result.isEqual && result.first?.unit == "array")
        #expect(result.counts["dma"]?.compared == golden.plan.eventsByUnit["dma"])
    }

    @Test func reorderedLinesAreRefused() throws {
        var other = events
        other.swapAt(4, 5)
        #expect(
            try problem(sealed(header + other)) == .sequence(found: 5, expected: 4, isFiltered: false))
        other = events
        other.remove(at: 10)
        #expect(
            try problem(sealed(header + other)) == .sequence(found: 11, expected: 10, isFiltered: false))
        other = events
        other.insert(other[3], at: 3)
        #expect(try problem(sealed(header + other)) == .sequence(found: 3, expected: 4, isFiltered: false))
    }

    @Test func extraAndMissingEventsAreCounted() throws {
        let load = try #require(events.firstIndex { $0.contains(" dma load ") })
        let matmul = try #require(events.firstIndex { $0.contains(" array matmul ") })
        var other = events
        other.insert(events[load], at: load)
        other.insert(events[load], at: matmul + 1)
        let more = sealed(header + numbered(other))
        #expect(try compare(more).first?.kind == .event)
        for isUnordered in [false, true] {
            var options = TraceComparison.Options()
            options.ignoresOrderBetweenUnits = isUnordered
            options.allowedExtra = ["load"]
            let result = try compare(more, options)
            #expect(result.isEqual && result.counts["dma"]?.allowedExtra == 2)
        }
        let less = sealed(header + events.dropLast(2))
        let result = try compare(less)
        #expect(result.first?.kind == .missing && result.counts.values.reduce(0) { $0 + $1.missing } == 2)
        let tail = sealed(header + numbered(events + [events[load]]))
        #expect(try compare(tail).first?.kind == .extra)
    }

    // MARK: What is no log

    @Test func truncatedLogsAreRefusedWhereverTheyEnd() throws {
        let (log, start) = (golden.log, header.joined(separator: "\n").utf8.count)
        var random = SplitMix(state: 3)
        let places =
            [0, 1, 8, 13, start / 2, start, start + 1, start + 20, log.count - 1, log.count - 30, log.count - 31]
            + (0..<40).map { _ in Int.random(in: 0..<log.count, using: &random) }
        for place in places {
            do {
                let result = try compare(Array(log[..<place]))
                Issue.record("cut at \(place): equal \(result.isEqual)")
            } catch TraceError.file(_, _, let byte, let problem) {
                #expect(byte <= place)
                switch problem {
                case .truncated, .notALog: break
                default: Issue.record("cut at \(place): \(problem)")
                }
            } catch InputError.fileEmpty {
                #expect(place == 0)
            }
        }
    }

    @Test func otherFilesAreRefused() throws {
        for (text, isLog) in [("hello\n", false), ("zeroth-log 2\nsource \"x\"\n", true), ("\u{0}\u{1}\u{2}\n", false)]
        {
            let found = try #require(try problem(Array(text.utf8)))
            switch found {
            case .notALog: #expect(!isLog)
            case .version: #expect(isLog)
            default: Issue.record("\(found)")
            }
        }
        #expect(throws: TraceError.self) { try compare([UInt8](repeating: 65, count: 1 << 20)) }
        #expect(throws: InputError.fileMissing(file: "/nowhere/log")) {
            try TraceComparison(golden: "/nowhere/log", other: "/nowhere/log")
        }
        #expect(throws: InputError.fileIsFolder(file: "/tmp")) { try TraceInput(path: "/tmp") }
        #expect(throws: InputError.fileNotRegular(file: "/dev/null")) { try TraceInput(path: "/dev/null") }
    }

    @Test func logsOfOtherStepsAreForeign() throws {
        let tuner = try StepTrace.tuner()
        try tuner.advance()
        let second = try StepTrace(tuner)
        do {
            _ = try compare(second.log)
            Issue.record("compared")
        } catch TraceError.foreign(_, _, let line, let goldenLine, let otherLine) {
            #expect(
                goldenLine.hasPrefix("step 0 ") && otherLine.hasPrefix("step 1 ") || goldenLine.hasPrefix("program"))
            #expect(line > 2)
        }
        let other = try StepTrace(StepTrace.tuner("edge-int8", []))
        #expect(throws: TraceError.self) { try compare(other.log) }
    }

    @Test func whatIsWrongInALineIsNamed() throws {
        func broken(_ change: (inout [UInt8]) -> Void) throws -> TraceError.Problem? {
            var bytes = Array(events[2].utf8)
            change(&bytes)
            var other = events
            other[2] = String(decoding: bytes, as: UTF8.self)
            return try problem(sealed(header + other))
        }
        #expect(
            try broken { $0.replaceSubrange(37..<41, with: Array("ffff".utf8)) }
                == .layoutUnknown("ffff", layouts: golden.plan.header.layouts.count))
        #expect(
            try broken { $0.replaceSubrange(42..<46, with: Array("fffe".utf8)) }
                == .operationUnknown("fffe", operations: golden.plan.header.operations.count))
        for change in [
            { $0[0] = UInt8(ascii: "G") }, { $0[10] = UInt8(ascii: "_") }, { $0[47] = UInt8(ascii: "x") },
            { $0.removeLast(3) }, { $0.append(UInt8(ascii: "0")) },
        ] as [(inout [UInt8]) -> Void] {
            guard case .line? = try broken(change) else {
                Issue.record("no line is named")
                continue
            }
        }
        var log = golden.log
        log[log.count - 5] = log[log.count - 5] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        guard case .checksum? = try problem(log) else { throw TraceError.nothingSelected("checksum") }
        #expect(try problem(golden.log + [10]) == .behindEnd)
        let short =
            Array((header + events).joined(separator: "\n").utf8) + Array("\nend 0000000000000001 --------\n".utf8)
        #expect(try problem(short) == .count(found: events.count, stated: 1))
    }

    @Test func enormousLinesAreRefusedBeforeTheyAreRead() throws {
        var other = header
        let place = try #require(other.firstIndex { $0.hasPrefix("layout 0000") })
        let words = other[place].split(separator: " ").dropLast().joined(separator: " ")
        for shape in ["2147483647", "99999999999999999", "65536x65536x65536", "0", "01", "-1", ""] {
            other[place] = words + " fields=o:data:fp32:32:\(shape)"
            guard case .header? = try problem(sealed(other + events)) else {
                Issue.record("\(shape): no header is named")
                continue
            }
        }
    }

    /// Random damage is an error or a difference, and nothing else.
    @Test(arguments: 0..<4) func damagedLogsAreNeverEqual(seed: UInt64) throws {
        var random = SplitMix(state: 100 + seed)
        // A short log with every kind of line.
        let short = sealed(header + events.prefix(40))
        try StepTrace.withFolder { folder in
            try short.write(to: folder + "/golden.log")
            for _ in 0..<150 {
                var bytes = short
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                    default:
                        let end = min(bytes.count, place + Int.random(in: 1...400, using: &random))
                        bytes.replaceSubrange(place..<end, with: bytes[place..<end].reversed())
                    }
                }
                guard bytes != short else { continue }
                try bytes.write(to: folder + "/other.log")
                for isUnordered in [false, true] {
                    var options = TraceComparison.Options()
                    options.ignoresOrderBetweenUnits = isUnordered
                    do {
                        let result = try TraceComparison(
                            golden: folder + "/golden.log", other: folder + "/other.log", options: options
                        ).run()
                        #expect(!result.isEqual)
                    } catch is TraceError {}
                }
            }
        }
    }

    @Test func packedLogsAreUnpacked() throws {
        try StepTrace.withFolder { folder in
            let path = folder + "/log.gz"
            let file = try CompressedFile(path: path)
            try file.append(golden.log)
            try file.finish()
            try golden.log.write(to: folder + "/log")
            let result = try TraceComparison(golden: folder + "/log", other: path).run()
            #expect(result.isEqual)
            let packed = try MappedFile(path: path)
            #expect(packed.bytes.count < golden.log.count / 3)
            try Array(packed.bytes.prefix(packed.bytes.count / 2)).write(to: folder + "/cut.gz")
            #expect(throws: TraceError.self) {
                try TraceComparison(golden: folder + "/log", other: folder + "/cut.gz").run()
            }
            // Given up, nothing is left behind.
            do { _ = try CompressedFile(path: folder + "/given-up.gz") }
            #expect(throws: InputError.self) { try MappedFile(path: folder + "/given-up.gz") }
        }
    }
}
