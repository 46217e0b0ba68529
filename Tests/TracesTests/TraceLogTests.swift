import Emulator
import FineTuning
import Hardware
import NumberFormats
import Testing

@testable import Traces

/// Logs of steps: their size, their form, and what stands in them, found once more from what stands beside it.
@Suite struct TraceLogTests {
    struct Case: CustomTestStringConvertible {
        var hardware = "edge-int8"
        var overrides = StepTrace.smallMachine
        var method = RunSettings.Method.quzo
        var queries = 1
        var rounding: String?
        var estimator = GradientEstimator.qRGE2
        var testDescription: String { "\(hardware) \(overrides.last ?? "") \(method) \(queries) \(rounding ?? "")" }

        func tuner() throws -> FineTuner {
            try StepTrace.tuner(
                hardware, overrides, method: method, queries: queries, rounding: rounding, estimator: estimator)
        }
    }

    static let cases = [
        Case(), Case(overrides: []), Case(method: .zoqo), Case(queries: 3, rounding: "stochastic"),
        Case(overrides: StepTrace.smallMachine + [StepTrace.shared]),
        Case(overrides: StepTrace.smallMachine + [StepTrace.inPlace], queries: 2, rounding: "residual:16"),
        Case(rounding: "nearest", estimator: .qRGE1), Case(hardware: "edge-int4", overrides: []),
        Case(hardware: "tpu-like", overrides: []), Case(hardware: "gemmini-like", overrides: []),
        Case(hardware: "quzo-edge", overrides: []),
    ]

    @Test func theChecksumIsZlibs() {
        var crc = CRC32()
        #expect(crc.value == 0)
        crc.update(Array("123456789".utf8))
        #expect(crc.value == 0xCBF4_3926)
        var (whole, parts) = (CRC32(), CRC32())
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) }
        whole.update(bytes)
        for start in stride(from: 0, to: 1000, by: 7) { parts.update(Array(bytes[start..<min(1000, start + 7)])) }
        #expect(whole == parts)
        // python3: zlib.crc32(bytes(((i * 37) ^ (i >> 3)) & 255 for i in range(1000)))
        #expect(whole.value == 0x65BC_B843)
    }

    @Test(arguments: cases) func sizeAndEventsArePredicted(_ example: Case) throws {
        let trace = try StepTrace(example.tuner())
        #expect(trace.log.count == trace.plan.bytes)
        #expect(trace.events.count == trace.plan.events)
        #expect(trace.plan.eventsByUnit.values.reduce(0, +) == trace.plan.events)
    }

    @Test(arguments: cases) func watchingDecidesNoBit(_ example: Case) throws {
        let (watched, alone) = (try example.tuner(), try example.tuner())
        let trace = try StepTrace(watched)
        let row = try alone.advance()
        #expect(trace.row == row)
        #expect(
            watched.parameters.linears.map { Array($0.codes.elements) }
                == alone.parameters.linears.map { Array($0.codes.elements) })
    }

    @Test(arguments: cases) func linesAreMadeUpAsTheHeaderSays(_ example: Case) throws {
        let trace = try StepTrace(example.tuner())
        try StepTrace.withFolder { folder in
            try trace.log.write(to: folder + "/log")
            let input = try TraceInput(path: folder + "/log")
            #expect(input.header == trace.plan.header)
            var units: [String: Int] = [:]
            while let event = try input.next() {
                units[event.layout.unit, default: 0] += 1
                let words = String(decoding: event.line.dropLast(), as: UTF8.self).split(
                    separator: " ", omittingEmptySubsequences: false)
                #expect(words.count == 9 + event.layout.fields.count)
                for (word, field) in zip(words.dropFirst(8), event.layout.fields) {
                    #expect(word.utf8.count == field.characters)
                }
                #expect(words[5] == event.layout.unit && words[6] == event.layout.event)
                input.pass(event)
            }
            #expect(units == trace.plan.eventsByUnit)
        }
    }

    @Test(arguments: cases) func sumsAreThoseOfTheOperandsBesideThem(_ example: Case) throws {
        let trace = try StepTrace(example.tuner())
        var tiles = 0
        for event in trace.events where event.layout.event == "matmul" {
            let shape = try #require(event.layout.fields.first { $0.name == "a" }).shape
            let (instances, m, k) = (shape[0], shape[1], shape[2])
            let n = try #require(event.layout.fields.first { $0.name == "b" }).shape[1]
            let (a, b) = (try #require(event.integers(.input, "a")), try #require(event.integers(.input, "b")))
            let before = event.integers(.input, "acc") ?? Array(repeating: 0, count: instances * m * n)
            var sums: [Int] = []
            for row in 0..<instances * m {
                for column in 0..<n {
                    let second = (row / m * n + column) * k
                    sums.append((0..<k).reduce(before[sums.count]) { $0 + a[row * k + $1] * b[second + $1] })
                }
            }
            #expect(event.integers(.output, "acc") == sums)
            tiles += 1
        }
        #expect(tiles > 10)
    }

    /// Draws stand at the addresses beside them, and make the codes that leave (docs/semantics.md, sections 4, 5, 6.5 and 10).
    @Test(arguments: cases) func perturbedCodesFollowFromTheDrawsBesideThem(_ example: Case) throws {
        let tuner = try example.tuner()
        let trace = try StepTrace(tuner)
        var weights = 0
        for event in trace.events {
            for field in event.layout.fields where field.name.hasSuffix(".word") {
                try checkAddresses(event, field, seed: tuner.settings.seed)
                weights += field.count
            }
            guard event.layout.event == "perturb", event.layout.place.contains("k"),
                case .quzo(let quzo) = trace.settings, case .gridSteps = quzo.size
            else { continue }
            let multiplier = try PerturbationScalars(size: quzo.size, bits: quzo.bits, rowScales: []).multipliers[0]
            let codes = try #require(event.integers(.input, "t2"))
            let left = try #require(event.integers(.output, "t2"))
            let limit = event.layout.fields[0].bits == 4 ? 7 : 127
            let words = try #require(event.raw(.random, "perturbation.word"))
            let first = try #require(event.raw(.random, "firstRounding.word"))
            let grid = try #require(event.raw(.random, "gridRounding.word"))
            let isMinus = trace.plan.header.operations[event.operation].pass == "minus"
            var isLimited = false
            for place in codes.indices {
                let u = IrwinHallGaussian.code(
                    integer: IrwinHallGaussian.integer(word: UInt32(words[place])), bits: quzo.bits,
                    random: UInt16(first[place]))
                let d = Int(WeightPerturbation.gridSteps(code: u, multiplier: multiplier, random: UInt16(grid[place])))
                let moved = codes[place] + (isMinus ? -d : d)
                #expect(left[place] == min(max(moved, -limit), limit))
                isLimited = isLimited || abs(moved) > limit
                if let second = event.integers(.output, "second") {
                    #expect(second[place] == min(max(codes[place] - d, -limit), limit))
                    isLimited = isLimited || abs(codes[place] - d) > limit
                }
            }
            #expect((event.flags & 2 != 0) == isLimited)
        }
        #expect(weights > 1000)
    }

    private func checkAddresses(_ event: StepTrace.Event, _ field: TraceField, seed: UInt64) throws {
        let name = String(field.name.dropLast(5))
        let elements = try #require(event.raw(.random, name + ".element"))
        let counters = try #require(event.raw(.random, name + ".counter"))
        let words = try #require(event.raw(.random, field.name))
        let isWide = field.bits == 32
        for row in 0..<field.shape[0] {
            let element = UInt64(elements[row])
            for column in [0, field.shape[1] - 1] {
                let e = element + UInt64(column)
                let block = isWide ? e >> 2 : e >> 3
                var counter = SIMD4<UInt32>(
                    UInt32(truncatingIfNeeded: counters[row]), UInt32(truncatingIfNeeded: counters[row] >> 32),
                    UInt32(truncatingIfNeeded: counters[row] >> 64), UInt32(truncatingIfNeeded: counters[row] >> 96))
                counter[0] += UInt32(block - (isWide ? element >> 2 : element >> 3))
                let words4 = Philox4x32.block(
                    counter: counter, key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)))
                let expected: UInt32
                if isWide {
                    expected = words4[Int(e & 3)]
                } else {
                    expected = words4[Int(e >> 1 & 3)] >> (e & 1 == 0 ? 0 : 16) & 0xFFFF
                }
                #expect(words[row * field.shape[1] + column] == UInt128(expected), "\(field.name) \(row) \(column)")
            }
        }
    }

    @Test func filtersLeaveOutAndKeepSequencesAndLines() throws {
        let all = try StepTrace(StepTrace.tuner())
        let lines = Dictionary(uniqueKeysWithValues: all.events.map { ($0.words[0], $0.words) })
        let end = try #require(all.events.map { Int($0.words[1], radix: 16)! }.max())
        let filters = [
            TraceFilter(unit: "array"), TraceFilter(layer: 1), TraceFilter(cycles: end / 3...end / 2),
            TraceFilter(layer: 0, unit: "dma", cycles: 0...end / 2),
        ]
        for filter in filters {
            let some = try StepTrace(StepTrace.tuner(), filter)
            #expect(some.log.count == some.plan.bytes && some.events.count == some.plan.events)
            #expect(!some.events.isEmpty && some.events.count < all.events.count)
            for event in some.events { #expect(lines[event.words[0]] == event.words) }
            let expected = all.events.filter { event in
                let begin = Int(event.words[1], radix: 16)!
                return (filter.unit ?? event.layout.unit) == event.layout.unit
                    && filter.cycles?.contains(begin) ?? true
                    && filter.holds(operation: all.plan.header.operations[event.operation].name)
            }
            #expect(expected.count == some.events.count)
        }
        #expect(throws: TraceError.self) { try StepTrace(StepTrace.tuner(), TraceFilter(layer: 7)) }
    }

    /// Whoever cannot write stops the run, and says why.
    @Test func aFailingSinkStopsTheRun() throws {
        final class FullSink: TraceSink {
            struct Full: Error {}
            private var room = 1 << 20
            func append(_ bytes: UnsafeRawBufferPointer) throws {
                room -= bytes.count
                if room < 0 { throw Full() }
            }
            func finish() { Issue.record("a log that was not written is not finished") }
        }
        let tuner = try StepTrace.tuner()
        let log = try TraceLog(StepTrace.plan(tuner), to: FullSink())
        tuner.observer = log
        let error = #expect(throws: EmulatorError.self) { try tuner.advance() }
        guard case .tile(let fault)? = error else { throw try #require(error) }
        #expect(fault.fault == .stopped)
        #expect(log.failure is FullSink.Full)
        #expect(throws: FullSink.Full.self) { try log.finish() }
    }
}
