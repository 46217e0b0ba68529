import Foundation
import Hardware
import Networks
import ProgramFixtures
import Programs
import Testing
import Timing

@Suite struct Timings {
    static func forRandomSchedules(_ count: Int, seed: UInt64, _ body: (ScheduledProgram) throws -> Void) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<count {
            let step = Fixture.randomStep(&random)
            let machine =
                Bool.random(using: &random)
                ? try RandomMachine(&random).machine() : try Fixture.randomMachine(&random)
            let objective = ScheduleObjective.allCases.randomElement(using: &random)!
            do {
                try body(Lowering.schedule(step, on: machine, objective: objective))
            } catch let error as ScheduleError {
                switch error {
                case .tileDoesNotFit: break
                case .badSize(_, _, let allowed) where allowed.contains("4-bit"): break
                case .notLowered(let what, _) where what.contains("residuals of floating-point"): break
                default: throw error
                }
            }
        }
    }

    @Test func closedFormsEqualExpansion() throws {
        try Self.forRandomSchedules(400, seed: 31) { scheduled in
            for nest in scheduled.nests {
                let closed = try TimingModel.time(nest, on: scheduled.model)
                let expanded = try TimingModel.expandedTime(nest, on: scheduled.model)
                #expect(closed == expanded)
            }
        }
    }

    @Test func closedFormsEqualExpansionAtMiniLMSize() throws {
        for method in [StepDescription.Method.quzo(residualBits: 8), .qat] {
            for overrides in [
                [], ["organisation.sram.weight.bytes=16384", "organisation.sram.activation.bytes=65536"],
            ] {
                let scheduled = try Lowering.schedule(
                    Fixture.step(method, sequence: 50), on: Fixture.machine(overrides))
                for nest in scheduled.nests {
                    let closed = try TimingModel.time(nest, on: scheduled.model)
                    let expanded = try TimingModel.expandedTime(nest, on: scheduled.model)
                    #expect(closed == expanded)
                }
            }
        }
    }

    @Test func unitsDoOneCommandAtATimeInOrder() throws {
        try Self.forRandomSchedules(40, seed: 32) { scheduled in
            for nest in scheduled.nests {
                var last: [Command.Unit: Int] = [:]
                let timing = try TimingModel.expandedTime(nest, on: scheduled.model) { command, start, end in
                    #expect(start >= last[command.unit, default: 0])
                    last[command.unit] = end
                }
                for (unit, end) in last { #expect(timing.idleCycles[unit] == timing.cycles - end) }
            }
        }
    }

    /// The nest stays as it was lowered; only the machine's rates change.
    @Test(arguments: [
        "organisation.dram.bandwidthGigabytesPerSecond=400", "organisation.dma.bytesPerCycle=4096",
        "organisation.dram.latencyNanoseconds=1", "organisation.dram.rowMissNanoseconds=0",
        "organisation.vectorUnit.lanes=256", "organisation.perturbationUnit.perturbationsPerCycle=4096",
        "organisation.array.macsPerCyclePerElement.bf16=1",
    ])
    func aFasterUnitNeverSlowsAFixedProgram(override: String) throws {
        for method in [StepDescription.Method.quzo(residualBits: 8), .qat] {
            let slow = ["organisation.dma.bytesPerCycle=8", "organisation.sram.weight.bytes=32768"]
                .filter { !override.hasPrefix(String($0.prefix { $0 != "=" })) }
            let scheduled = try Lowering.schedule(Fixture.step(method), on: Fixture.machine(slow))
            let faster = MachineModel(try Fixture.machine(slow + [override]))
            for nest in scheduled.nests {
                let before = try TimingModel.time(nest, on: scheduled.model).cycles
                let after = try TimingModel.time(nest, on: faster).cycles
                #expect(after <= before)
            }
        }
    }

    @Test func aStreamTakesLatencyThenItsSlowerSide() throws {
        // GELU of 1024 × 1536 values: tens of cycles for each pass over the lanes, far slower than DRAM.
        let scheduled = try Lowering.schedule(Fixture.step(.inference(.quantized)), on: Fixture.machine())
        let gelu = scheduled.program.operations.firstIndex { $0.name == "layer.0.gelu" }!
        let nest = scheduled.nestOfOperation[gelu]
        let timing = try TimingModel.time(scheduled)
        let organisation = scheduled.machine.organisation
        let work = organisation.vectorUnit.cycles(.gelu) * 1024 * 1536 / organisation.vectorUnit.lanes
        #expect(timing.nests[nest].busyCycles[.vector] == work)
        // Around it stand the first tile's load, with set-up and latency, and the last one's store.
        var first = 0
        var last = 0
        let expanded = try TimingModel.expandedTime(scheduled.nests[nest], on: scheduled.model) { command, start, end in
            if case .vector = command.work, first == 0 { first = start }
            if case .vector = command.work { last = end }
        }
        #expect(last - first == work)
        let lead = try #require(Self.firstLoad(scheduled.nests[nest]))
        #expect(first == scheduled.model.cycles(lead) + organisation.dma.setupCycles + organisation.dramLatencyCycles)
        #expect(timing.nests[nest].cycles == expanded.cycles)
        #expect(expanded.cycles > last)
    }

    private static func firstLoad(_ nest: Nest) -> Command? {
        var found: Command?
        nest.forEachCommand { command, _ in
            if found == nil, case .load = command.work { found = command }
        }
        return found
    }

    @Test func operationsLieEndToEndAndEqualNestsTakeEqualTime() throws {
        let scheduled = try Lowering.schedule(Fixture.step(.quzo(residualBits: 0)), on: Fixture.machine())
        let timing = try TimingModel.time(scheduled)
        #expect(timing.operations.count == scheduled.program.operations.count)
        var now = 0
        for (number, interval) in timing.operations.enumerated() {
            #expect(interval.start == now)
            #expect(interval.cycles == timing.nests[scheduled.nestOfOperation[number]].cycles)
            now = interval.end
        }
        #expect(now == timing.cycles)
        let names = Dictionary(
            uniqueKeysWithValues: scheduled.program.operations.enumerated().compactMap { number, operation in
                operation.pass == .minus ? (operation.name, number) : nil
            })
        #expect(
            scheduled.nestOfOperation[names["layer.0.query"]!] == scheduled.nestOfOperation[names["layer.5.value"]!])
    }

    @Test func busyCyclesOfTheArrayAreTheCountedOnes() throws {
        try Self.forRandomSchedules(40, seed: 33) { scheduled in
            let timing = try TimingModel.time(scheduled)
            let counts = try scheduled.totalCounts()
            #expect(timing.busyCycles[.array] == counts.arrayCycles)
        }
    }

    /// Processor time of the calling thread, since others may share the machine.
    private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
        }
        let start = now()
        try body()
        return now() - start
    }

    @Test(arguments: [StepDescription.Method.quzo(residualBits: 8), .zoqo])
    func asManyQueriesAsThereMayBeAreCosted(_ method: StepDescription.Method) throws {
        var step = Fixture.step(method)
        step.queries = StepDescription.queryLimit
        _ = try TimingModel.time(Lowering.schedule(step, on: Fixture.machine()))
    }

    @Test func aMiniLMStepIsCostedInMilliseconds() throws {
        let machine = try Fixture.machine()
        for method in [StepDescription.Method.quzo(residualBits: 8), .qat] {
            let times = try (0..<3).map { _ in
                try Self.milliseconds {
                    _ = try TimingModel.time(Lowering.schedule(Fixture.step(method), on: machine))
                }
            }
            #if !DEBUG
                #expect(times.min()! < 50)
            #endif
        }
    }

    /// 6 and 17 ms on an idle processor (docs/validation.md).
    @Test func aLLaMA2StepIsCostedInMillisecondsToo() throws {
        let machine = try Fixture.machine(["organisation.dram.capacityBytes=1000000000000"])
        let network = try TransformerConfiguration(network: "llama2-7b")
        for method in [StepDescription.Method.quzo(residualBits: 16), .qat] {
            let step = StepDescription(
                network: network, batch: 16, sequence: 128, trainable: .all, hasNewHead: false, method: method)
            let times = try (0..<3).map { _ in
                try Self.milliseconds { _ = try TimingModel.time(Lowering.schedule(step, on: machine)) }
            }
            #if !DEBUG
                #expect(times.min()! < 60)
            #endif
        }
    }
}
