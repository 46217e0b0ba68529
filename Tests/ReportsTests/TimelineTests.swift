import Foundation
import Hardware
import Programs
import Testing
import Timing

@testable import Reports

/// The timeline as its readers see it.
@Suite struct Timelines {
    static let shape = EncoderShape(
        layers: 2, hidden: 96, heads: 4, intermediate: 200, vocabulary: 1000, positions: 128, types: 2, classes: 3)

    private static func process(
        _ method: StepDescription.Method, _ overrides: [String] = [], name: String = "step"
    ) throws -> TimedStep {
        let machine = try Machine.load("edge-int8", overrides: overrides)
        let step = StepDescription(
            shape: shape, batch: 3, sequence: 40, trainable: .all, hasNewHead: true, method: method)
        let scheduled = try Lowering.schedule(step, on: machine)
        return TimedStep(name: name, scheduled: scheduled, timing: try TimingModel.time(scheduled))
    }

    private static func events(_ timeline: Timeline) throws -> [[String: Any]] {
        var bytes: [UInt8] = []
        try timeline.write { bytes += $0 }
        let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        return try #require(root["traceEvents"] as? [[String: Any]])
    }

    private struct Slice {
        let name: String
        let start: Int
        let cycles: Int
        let busy: Int
        let microseconds: Double
        let duration: Double
    }

    /// Slices of one thread, by start.
    private static func slices(_ events: [[String: Any]], process: Int = 1, thread: Int) throws -> [Slice] {
        try events.filter { event in
            event["ph"] as? String == "X" && event["pid"] as? Int == process && event["tid"] as? Int == thread
        }.map { event in
            let arguments = try #require(event["args"] as? [String: Any])
            let cycles = try #require(arguments["cycles"] as? Int)
            return Slice(
                name: try #require(event["name"] as? String), start: try #require(arguments["startCycle"] as? Int),
                cycles: cycles, busy: arguments["busyCycles"] as? Int ?? cycles,
                microseconds: try #require(event["ts"] as? Double), duration: try #require(event["dur"] as? Double))
        }.sorted { ($0.start, $0.cycles) < ($1.start, $1.cycles) }
    }

    private static let units: [(thread: Int, unit: Command.Unit)] = [
        (2, .dma), (3, .perturbation), (4, .array), (5, .vector),
    ]

    /// Limits of 1, 60 and 10⁶ commands: one slice a unit, turns left out, every command.
    @Test(arguments: [1, 60, 1_000_000])
    func slicesOfAnOperationAreItsBusyCycles(limit: Int) throws {
        for method in [StepDescription.Method.quzo(residualBits: 8), .qat] {
            let process = try Self.process(method, ["organisation.sram.weight.bytes=8192"])
            for name in ["layer.0.query", "layer.1.output", "layer.0.gelu"] {
                let timeline = Timeline(processes: [process], operation: name, commandLimit: limit)
                let events = try Self.events(timeline)
                #expect(try timeline.eventCount() == events.count)
                let numbers = process.scheduled.program.operations.indices.filter {
                    process.scheduled.program.operations[$0].name == name
                }
                #expect(!numbers.isEmpty)
                for (thread, unit) in Self.units {
                    let all = try Self.slices(events, thread: thread)
                    var found = 0
                    for number in numbers {
                        let interval = process.timing.operations[number]
                        let nest = process.timing.nests[process.scheduled.nestOfOperation[number]]
                        let own = all.filter { $0.start >= interval.start && $0.start + $0.cycles <= interval.end }
                        found += own.count
                        #expect(own.reduce(0) { $0 + $1.busy } == nest.busyCycles[unit])
                        if let last = own.last {
                            #expect(last.start + last.cycles == interval.end - nest.idleCycles[unit]!)
                        }
                    }
                    #expect(found == all.count)
                    for (before, after) in zip(all, all.dropFirst()) {
                        #expect(before.start + before.cycles <= after.start)
                        #expect(before.microseconds + before.duration <= after.microseconds + 1e-6)
                    }
                }
            }
        }
    }

    @Test func operationsFillTheStepAndCountersEndAtZero() throws {
        let process = try Self.process(.quzo(residualBits: 8))
        let events = try Self.events(Timeline(processes: [process]))
        let operations = try Self.slices(events, thread: 1)
        #expect(operations.map(\.name) == process.scheduled.program.operations.map(\.name))
        var now = 0
        for slice in operations {
            #expect(slice.start == now)
            now += slice.cycles
        }
        #expect(now == process.timing.cycles)
        let counters = events.filter { $0["ph"] as? String == "C" }
        #expect(counters.count == 3 * (operations.count + 1))
        // Mean bandwidth times time is the step's traffic, to the rounding of the clock.
        let bandwidth = counters.filter { ($0["name"] as? String)?.hasPrefix("DRAM bandwidth") == true }
        var bytes = 0.0
        for (counter, slice) in zip(bandwidth, operations) {
            let values = try #require(counter["args"] as? [String: Double])
            let seconds = Double(slice.cycles) / (process.scheduled.machine.organisation.clockMegahertz * 1e6)
            bytes += (values["read"]! + values["written"]!) * 1e9 * seconds
        }
        let counts = try process.scheduled.totalCounts()
        let moved = counts.dramRead.transferred + counts.dramWritten.transferred
        #expect(abs(bytes - Double(moved)) < 1e-6 * Double(moved))
        for counter in counters.suffix(3) {
            #expect(try #require(counter["args"] as? [String: Double]).values.allSatisfy { $0 == 0 })
        }
        let sram = counters.filter { ($0["name"] as? String)?.hasPrefix("SRAM") == true }
        for (buffer, most) in process.scheduled.memory.peakSRAM {
            let values = sram.compactMap { ($0["args"] as? [String: Int])?[buffer.rawValue] }
            #expect(values.max() == most)
        }
    }

    @Test func commandsAreShownOnceForEachDistinctNest() throws {
        let process = try Self.process(.quzo(residualBits: 8))
        let events = try Self.events(Timeline(processes: [process], commandLimit: 1_000_000))
        let expected = process.scheduled.nests.reduce(0) { $0 + $1.commandCount }
        let shown = try Self.units.reduce(0) { try $0 + Self.slices(events, thread: $1.thread).count }
        #expect(shown == expected)
        let names = Set(try Self.slices(events, thread: 2).map(\.name))
        #expect(names.contains { $0.hasPrefix("load ") } && names.contains { $0.hasPrefix("store ") })
    }

    @Test func twoStepsAreTwoProcesses() throws {
        let steps = [
            try Self.process(.quzo(residualBits: 0), name: "a \"quoted\" \\ name\n"), try Self.process(.qat),
        ]
        let events = try Self.events(Timeline(processes: steps))
        #expect(Set(events.compactMap { $0["pid"] as? Int }) == [1, 2])
        let names = events.filter { $0["name"] as? String == "process_name" }
            .compactMap { ($0["args"] as? [String: Any])?["name"] as? String }
        #expect(names == ["a \"quoted\" \\ name\n on edge-int8", "step on edge-int8"])
    }

    @Test func anUnknownOperationIsNotFound() throws {
        let process = try Self.process(.quzo(residualBits: 0))
        #expect(!Timeline(processes: [process], operation: "layer.9.query").findsOperation)
        #expect(Timeline(processes: [process], operation: "layer.1.query").findsOperation)
    }

    @Test func timesAreMicrosecondsInWholeNanoseconds() {
        #expect(TimelineWriter.microseconds(0) == "0.000")
        #expect(TimelineWriter.microseconds(1_234_056) == "1234.056")
        // 1000 cycles at 600 MHz are 1666.67 ns.
        #expect(TimelineWriter.Track(process: 1, megahertz: 600).nanoseconds(1000) == 1666)
    }
}
