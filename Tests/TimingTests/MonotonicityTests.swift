import Hardware
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
}
