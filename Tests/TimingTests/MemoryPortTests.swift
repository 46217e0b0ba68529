import Hardware
import ProgramFixtures
import Testing
import Timing

@testable import Programs

/// Units that meet at the ports of an on-chip memory.
@Suite struct MemoryPorts {
    /// Ten tiles of 320 bytes through two slots of one memory: loaded, and read by the vector unit in 12 cycles. DRAM and DMA bring 32
    /// bytes a cycle without latency, so a load takes 10 cycles.
    private func tenTiles(banks: Int, ports: Int) throws -> (nest: Nest, model: MachineModel) {
        let machine = try Fixture.machine([
            "organisation.sram={unified: {bytes: 65536, banks: \(banks), wordBits: 256, ports: \(ports)}}",
            "organisation.dma.bytesPerCycle=32", "organisation.dma.setupCycles=0", "organisation.clockMegahertz=600",
            "organisation.dram.bandwidthGigabytesPerSecond=19.2", "organisation.dram.burstBytes=32",
            "organisation.dram.latencyNanoseconds=0", "organisation.dram.rowMissNanoseconds=0",
            "organisation.vectorUnit.lanes=1", "organisation.vectorUnit.cyclesPerOperation.add=1",
        ])
        var builder = NestBuilder()
        let tile = builder.buffer("tile", .activation, bytes: 320, slots: 2)
        let load = builder.load(
            Transfer(operand: 0, offset: Affine(0, strides: [320]), dimensions: [], runBytes: 320), into: tile)
        let read = Command(
            work: .vector(VectorWork([.add: 12])), acquires: [], reads: [tile], writes: [],
            accesses: [.init(buffer: .activation, read: 320, written: 0)])
        let body: [NestNode] = [load, .command(read), .release(buffer: tile)]
        return (
            Nest(buffers: builder.buffers, body: [.loop(count: 10, body: body)], usefulBytes: [3200]),
            MachineModel(machine)
        )
    }

    @Test func aNarrowPortGivesEachTileItsTurnToBeWrittenAndRead() throws {
        // One word of 32 bytes a cycle: 10 cycles to write a tile, 10 to read it, by hand (docs/architecture.md, "Ports"):
        //   load 0   0–10   port  0–10         read 0  10–22   port 10–20
        //   load 1  10–20   port 20–30         read 1  30–42   port 30–40
        //   load 2  22–32   port 40–50         read 2  50–62   port 50–60 …
        let (nest, model) = try tenTiles(banks: 1, ports: 1)
        var starts: [Command.Unit: [Int]] = [:]
        let timing = try TimingModel.expandedTime(nest, on: model) { command, start, _ in
            starts[command.unit, default: []].append(start)
        }
        #expect(starts[.vector] == (0..<10).map { 10 + 20 * $0 })
        #expect(starts[.dma]?.prefix(4) == [0, 10, 22, 42])
        #expect(timing.cycles == 202)
        #expect(timing.portCycles == [MemoryPort(.activation, .shared): 200])
        // The vector unit waits 10 cycles for the first tile to arrive and 8 before each other one for the port.
        #expect(timing.stallCycles[.vector] == [.dram: 10, .sram: 72])
        #expect(try TimingModel.time(nest, on: model) == timing)
    }

    @Test(arguments: [(2, 1), (1, 2), (8, 2)])
    func widePortsOrSeparateOnesDelayNobody(banks: Int, ports: Int) throws {
        let (nest, model) = try tenTiles(banks: banks, ports: ports)
        let timing = try TimingModel.time(nest, on: model)
        #expect(timing.cycles == 10 + 10 * 12)
        #expect(timing.stallCycles[.vector] == [.dram: 10])
    }

    @Test func noPortServesMoreCyclesThanThereAre() throws {
        try Timings.forRandomSchedules(120, seed: 41) { scheduled in
            for nest in scheduled.nests {
                let timing = try TimingModel.time(nest, on: scheduled.model)
                var expected: [MemoryPort: Int] = [:]
                nest.forEachCommand { command, _ in
                    for use in scheduled.model.portUses(command) {
                        expected[scheduled.model.ports[use.port], default: 0] += use.cycles
                    }
                }
                for port in scheduled.model.ports {
                    #expect(timing.portCycles[port] == expected[port, default: 0])
                    #expect(timing.portCycles[port, default: 0] <= timing.cycles)
                }
            }
        }
    }

    @Test func widerWordsAndMorePortsNeverCostTime() throws {
        var random = SplitMix(state: 42)
        var fitting = 0
        for _ in 0..<60 {
            let step = Fixture.randomStep(&random)
            let narrow = RandomMachine(&random)
            guard let scheduled = try? Lowering.schedule(step, on: narrow.machine()) else { continue }
            fitting += 1
            var wide = narrow
            for memory in narrow.memories.keys {
                wide.memories[memory]!.wordBits *= 4
                wide.memories[memory]!.ports = 2
            }
            let model = MachineModel(try wide.machine())
            for nest in scheduled.nests {
                let before = try TimingModel.time(nest, on: scheduled.model).cycles
                #expect(try TimingModel.time(nest, on: model).cycles <= before)
            }
        }
        #expect(fitting > 30)
    }

    @Test func busyStalledAndIdleCyclesAreAllThereAre() throws {
        try Timings.forRandomSchedules(120, seed: 43) { scheduled in
            let timing = try TimingModel.time(scheduled)
            func check(
                _ cycles: Int, _ busy: [Command.Unit: Int], _ stalls: [Command.Unit: [StallCause: Int]],
                _ idle: [Command.Unit: Int]
            ) {
                for unit in Command.Unit.allCases {
                    let waiting = stalls[unit, default: [:]].values.reduce(0, +)
                    #expect(busy[unit, default: 0] + waiting + idle[unit, default: 0] == cycles)
                }
            }
            check(timing.cycles, timing.busyCycles, timing.stallCycles, timing.idleCycles)
            for nest in timing.nests { check(nest.cycles, nest.busyCycles, nest.stallCycles, nest.idleCycles) }
        }
    }
}
