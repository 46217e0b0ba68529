import Hardware
import ProgramFixtures
import Testing
import Timing

@testable import Programs

/// More of anything never costs time.
@Suite struct Monotonicity {
    /// What may grow while a program stays as it was laid out.
    static let rates: [@Sendable (inout RandomMachine, Int) -> Void] = [
        { $0.bandwidth *= $1 }, { $0.dmaBytesPerCycle *= $1 }, { $0.lanes *= $1 }, { $0.perturbationsPerCycle *= $1 },
        { $0.updatesPerCycle *= $1 }, { machine, _ in machine.latency = 0 },
        { machine, factor in for memory in machine.memories.keys { machine.memories[memory]!.wordBits *= factor } },
        { machine, factor in for memory in machine.memories.keys { machine.memories[memory]!.banks *= factor } },
        { machine, _ in for memory in machine.memories.keys { machine.memories[memory]!.ports = 2 } },
    ]

    @Test(arguments: [true, false])
    func aFixedProgramIsNeverSlowerOnAFasterMachine(flat: Bool) throws {
        var random = SplitMix(state: flat ? 51 : 52)
        var compared = 0
        for _ in 0..<80 {
            let step = Fixture.randomStep(&random)
            let slow = RandomMachine(&random, flat: flat)
            guard let scheduled = try? Lowering.schedule(step, on: slow.machine()) else { continue }
            let before = try TimingModel.time(scheduled).cycles
            // Each rate by itself, then all that chance takes.
            for number in 0...Self.rates.count {
                var fast = slow
                for (index, raise) in Self.rates.enumerated() {
                    let takes = number < Self.rates.count ? index == number : Bool.random(using: &random)
                    if takes { raise(&fast, [2, 3, 8].randomElement(using: &random)!) }
                }
                // The memories' sizes stay; a file wants whole words of all banks.
                let model = MachineModel(try fast.wholeWords().machine())
                var after = 0
                for nest in scheduled.nestOfOperation {
                    after += try TimingModel.time(scheduled.nests[nest], on: model).cycles
                }
                #expect(after <= before, "\(slow) \(fast)")
                compared += 1
            }
        }
        #expect(compared > 400)
    }

    @Test func moreSlotsNeverCostTimeInAProduct() throws {
        var random = SplitMix(state: 53)
        var compared = 0
        for _ in 0..<60 {
            let step = Fixture.randomStep(&random)
            guard let scheduled = try? Lowering.schedule(step, on: RandomMachine(&random).machine()) else { continue }
            for (operation, number) in zip(scheduled.program.operations, scheduled.nestOfOperation) {
                guard case .product = operation.action else { continue }
                let nest = scheduled.nests[number]
                let before = try TimingModel.time(nest, on: scheduled.model).cycles
                let more = nest.buffers.map { buffer in
                    TileBuffer(
                        name: buffer.name, memory: buffer.memory, address: buffer.address, bytes: buffer.bytes,
                        slots: buffer.slots + Int.random(in: 0...1, using: &random))
                }
                let roomier = Nest(buffers: more, body: nest.body, usefulBytes: nest.usefulBytes)
                #expect(try TimingModel.time(roomier, on: scheduled.model).cycles <= before)
                compared += 1
            }
        }
        #expect(compared > 400)
    }

    /// What may grow before a program is laid out anew: the rates, and memories by powers of two.
    private static let sizes: [@Sendable (inout RandomMachine, Int) -> Void] =
        rates + [
            { machine, factor in machine.memories[.weight]?.bytes *= factor },
            { machine, factor in machine.memories[.accumulator]?.bytes *= factor },
            { machine, factor in machine.memories[.activation]?.bytes *= factor },
            { machine, factor in machine.memories[.unified]?.bytes *= factor },
        ]

    @Test(arguments: [61, 62, 63] as [UInt64])
    func aLargerMachineIsNeverSlowerWhenLaidOutForLatency(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var compared = 0
        for _ in 0..<12 {
            let step = Fixture.randomStep(&random)
            let small = RandomMachine(&random)
            guard let before = try? TimingModel.schedule(step, on: small.machine(), objective: .latency) else {
                continue
            }
            let slowest = try TimingModel.time(before).cycles
            for _ in 0..<3 {
                var large = small
                for raise in Self.sizes where Int.random(in: 0..<3, using: &random) == 0 {
                    raise(&large, [2, 4].randomElement(using: &random)!)
                }
                let after = try TimingModel.schedule(step, on: large.wholeWords().machine(), objective: .latency)
                #expect(try TimingModel.time(after).cycles <= slowest, "\(small) \(large) \(step)")
                compared += 1
            }
        }
        #expect(compared > 15)
    }

    /// Against every tiling of a small product, and against forty of a larger one.
    @Test(arguments: [nil, 512, 4096, 8192])
    func boundsLoseNoCandidate(burst: Int?) throws {
        var random = SplitMix(state: 64)
        var (compared, exhaustive) = (0, 0)
        for _ in 0..<10 {
            let step = Fixture.randomStep(&random)
            var sizes = RandomMachine(&random)
            if let burst { sizes.burst = burst }
            let machine = try sizes.machine()
            guard let scheduled = try? TimingModel.schedule(step, on: machine, objective: .latency) else { continue }
            let model = scheduled.model
            var seen = Set<Int>()
            for (operation, number) in zip(scheduled.program.operations, scheduled.nestOfOperation) {
                guard case .product(let product) = operation.action, seen.insert(number).inserted else { continue }
                let operands = operation.reads + operation.writes
                let scheduler = try ProductScheduler(
                    product, operation, in: scheduled.program,
                    isResident: operands.map { scheduled.memory.residentAddresses[$0.index] != nil }, model: model,
                    objective: .latency)
                let chosen = try TimingModel.time(scheduled.nests[number], on: model).cycles
                var best = Int.max
                var tilings: [ProductScheduler.Tiling] = []
                var wrong = 0
                scheduler.forEachCandidate { tiling, traffic in
                    tilings.append(tiling)
                    if traffic != scheduler.expectedTraffic(tiling) { wrong += 1 }
                }
                #expect(wrong == 0)
                let isExhaustive = tilings.count <= 60
                for tiling in tilings.shuffled(using: &random).prefix(isExhaustive ? 60 : 40) {
                    for slots in 0..<16 {
                        var t = tiling
                        (t.weightSlots, t.sumSlots) = (1 + slots % 2, 1 + slots / 2 % 2)
                        (t.streamSlots, t.resultSlots) = (1 + slots / 4 % 2, 1 + slots / 8)
                        guard scheduler.capacity.holds(scheduler.need(t)) else { continue }
                        let cycles = try TimingModel.time(scheduler.nest(t), on: model).cycles
                        #expect(scheduler.lowerBound(t) <= Double(cycles), "\(t)")
                        best = min(best, cycles)
                    }
                }
                #expect(isExhaustive ? chosen == best : chosen <= best)
                compared += 1
                if isExhaustive { exhaustive += 1 }
            }
        }
        #expect(compared > 40 && exhaustive > 5, "\(compared) \(exhaustive)")
    }
}
