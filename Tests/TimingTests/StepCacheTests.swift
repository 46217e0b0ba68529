import Dispatch
import Hardware
import ProgramFixtures
import Programs
import Synchronization
import Testing

@testable import Timing

/// Steps that share laid-out nests are those that do not.
@Suite struct StepCaches {
    /// A step laid out and timed, or why it cannot be; all that a cache could change.
    private func outcome(
        _ step: StepDescription, on machine: Machine, _ objective: ScheduleObjective, _ cache: StepCache?
    ) -> (scheduled: ScheduledProgram?, timing: ProgramTiming?, error: String?) {
        do {
            let scheduled = try TimingModel.schedule(step, on: machine, objective: objective, cache: cache)
            return (scheduled, try TimingModel.time(scheduled, cache: cache), nil)
        } catch {
            return (nil, nil, "\(error)")
        }
    }

    private func expectSame(
        _ step: StepDescription, on machine: Machine, _ objective: ScheduleObjective, _ cache: StepCache
    ) {
        let alone = outcome(step, on: machine, objective, nil)
        let shared = outcome(step, on: machine, objective, cache)
        #expect(alone.error == shared.error)
        #expect(alone.timing == shared.timing)
        guard let a = alone.scheduled, let b = shared.scheduled else { return }
        #expect(a.nests == b.nests)
        #expect(a.nestOfOperation == b.nestOfOperation)
        #expect(a.countsOfNest == b.countsOfNest)
        #expect(a.memory.addresses == b.memory.addresses)
        #expect(a.memory.residentAddresses == b.memory.residentAddresses)
        #expect(a.memory.peakSRAM == b.memory.peakSRAM)
        #expect(b.machine == machine)
    }

    @Test func stepsOnOneCacheAreThoseWithoutIt() throws {
        var random = SplitMix(state: 31)
        let cache = StepCache()
        for _ in 0..<40 {
            let machine = try Fixture.randomMachine(&random)
            for _ in 0..<4 {
                let step = Fixture.randomStep(&random)
                expectSame(step, on: machine, .traffic, cache)
                // Again, all of it from the cache.
                expectSame(step, on: machine, .traffic, cache)
            }
            let step = Fixture.randomStep(&random)
            expectSame(step, on: machine, .latency, cache)
            expectSame(step, on: machine, .traffic, cache)
        }
        #expect(cache.layouts.count > 1000)
    }

    /// The same network and batch trained in other ways, on machines that differ in what layouts do not read, and in what they do.
    @Test func recipesAndMachinesShareWhatIsAlike() throws {
        let cache = StepCache()
        let recipes = ["qat,adam", "qat,adam8", "qat,lion,checkpoint=layer", "qat,sgd,checkpoint=selective,update=end"]
        let machines = try [
            [], ["name=other", "organisation.dram.standard=DDR3-1600"], ["organisation.dram.burstBytes=64"],
            ["organisation.vectorUnit.lanes=16"], ["organisation.clockMegahertz=500"],
            ["organisation.sram.activation.bytes=262144"],
        ].map { try Fixture.machine(["organisation.dram.capacityBytes=\(1 << 40)"] + $0) }
        var counts: [Int] = []
        for machine in machines {
            for recipe in recipes {
                let step = Fixture.step(.firstOrder(try FirstOrderRecipe(recipe)), batch: 2, sequence: 16)
                expectSame(step, on: machine, .traffic, cache)
            }
            counts.append(cache.layouts.count)
        }
        // Nor does another capacity.
        let larger = try Fixture.machine(["organisation.dram.capacityBytes=\(1 << 41)"])
        expectSame(Fixture.step(.qat, batch: 2, sequence: 16), on: larger, .traffic, cache)
        #expect(cache.layouts.count == counts[counts.count - 1])
        // Another name and standard need no layout of their own; everything else does.
        #expect(counts[0] > 0)
        #expect(counts[1] == counts[0])
        for place in 2..<counts.count { #expect(counts[place] > counts[place - 1]) }
    }

    @Test func smallCachesForgetAndStayRight() throws {
        var random = SplitMix(state: 32)
        let cache = StepCache(limit: 5)
        let machine = try Fixture.machine(["organisation.dram.capacityBytes=\(1 << 40)"])
        for _ in 0..<10 {
            expectSame(Fixture.randomStep(&random), on: machine, .traffic, cache)
            #expect(cache.layouts.count <= 5)
        }
    }

    @Test func threadsMayShareACache() throws {
        var random = SplitMix(state: 33)
        let machine = try Fixture.randomMachine(&random)
        let steps = (0..<12).map { _ in Fixture.randomStep(&random) }
        let expected = steps.map { outcome($0, on: machine, .traffic, nil) }
        let cache = StepCache(limit: 64)
        let wrong = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<3 * steps.count {
                let number = (turn * (thread + 1)) % steps.count
                let found = outcome(steps[number], on: machine, .traffic, cache)
                let isRight =
                    found.error == expected[number].error && found.timing == expected[number].timing
                    && found.scheduled?.nests == expected[number].scheduled?.nests
                if !isRight { wrong.withLock { $0 += 1 } }
            }
        }
        #expect(wrong.withLock { $0 } == 0)
    }
}
