import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// A laid-out step of a small encoder in which faults are planted.
protocol FaultPlanting {
    var encoder: RandomEncoder { get }
    var scheduled: ScheduledProgram { get }
    var batch: EncodedBatch { get }
    var settings: QuZOSettings { get }
    var formats: StepFormats { get }
}

extension FaultPlanting {
    var formats: StepFormats { .w8a8 }

    /// A step on a machine so small that every product has several tiles along m, n and k, and nothing large is resident.
    static func smallStep(
        _ overrides: [String] = [], formats: StepFormats = .w8a8
    ) throws -> (encoder: RandomEncoder, scheduled: ScheduledProgram, batch: EncodedBatch) {
        var random = SplitMix(state: 0)
        var sizes = RandomEncoder.Sizes()
        sizes.areEven = formats != .w8a8
        func draw() throws -> RandomEncoder { try RandomEncoder(&random, sizes: sizes) }
        var encoder = try draw()
        while encoder.parameters().shape.hidden < 30 || encoder.parameters().shape.intermediate < 30
            || !encoder.hasNewHead
        { encoder = try draw() }
        let machine = try TileMachine.load(
            "edge-int8",
            [
                "organisation.array.rows=4", "organisation.array.columns=4",
                "organisation.sram.weight={bytes: 256, banks: 1, wordBits: 64, ports: 1}",
                "organisation.sram.activation={bytes: 4096, banks: 1, wordBits: 64, ports: 1}",
                "organisation.sram.accumulator={bytes: 512, banks: 1, wordBits: 64, ports: 1}",
            ] + TileMachine.overrides(formats) + overrides)
        var step = StepDescription(
            shape: encoder.parameters().shape, batch: 8, sequence: 24, trainable: .all, hasNewHead: true,
            method: .quzo(residualBits: 8))
        step.machineFormats = formats
        return (
            encoder, try Lowering.schedule(step.on(machine), on: machine),
            encoder.batch(count: 8, sequence: 24, &random)
        )
    }

    /// The program with another nest for all operations that share that of `name`, its last one where two have the name and `last` is set.
    func planted(_ name: String, last: Bool = false, _ change: (Nest) -> Nest) throws -> ScheduledProgram {
        let named = scheduled.program.operations.indices.filter { scheduled.program.operations[$0].name == name }
        let operation = try #require(last ? named.last : named.first)
        var nests = scheduled.nests
        let number = scheduled.nestOfOperation[operation]
        nests[number] = change(nests[number])
        #expect(nests[number] != scheduled.nests[number], "nothing was planted in \(name)")
        return program(nests: nests, memory: scheduled.memory)
    }

    func program(nests: [Nest], memory: MemoryPlan) -> ScheduledProgram {
        ScheduledProgram(
            program: scheduled.program, machine: scheduled.machine, model: scheduled.model, nests: nests,
            nestOfOperation: scheduled.nestOfOperation, countsOfNest: scheduled.countsOfNest, memory: memory)
    }

    func program(addresses: [Int?]) -> ScheduledProgram {
        let m = scheduled.memory
        return program(
            nests: scheduled.nests,
            memory: MemoryPlan(
                addresses: addresses, residentAddresses: m.residentAddresses, lifetimes: m.lifetimes,
                dramExtent: m.dramExtent, peak: m.peak, peakByKind: m.peakByKind, timeline: m.timeline,
                timelineByKind: m.timelineByKind, peakSRAM: m.peakSRAM, residentBytes: m.residentBytes))
    }

    /// Replaces the first node for which `change` gives others.
    func editing(_ nest: Nest, _ change: @escaping (NestNode) -> [NestNode]?) -> Nest {
        var isDone = false
        func edit(_ nodes: [NestNode]) -> [NestNode] {
            nodes.flatMap { node -> [NestNode] in
                if isDone { return [node] }
                if case .loop(let count, let body) = node { return [.loop(count: count, body: edit(body))] }
                guard let other = change(node) else { return [node] }
                isDone = true
                return other
            }
        }
        return Nest(buffers: nest.buffers, body: edit(nest.body), usefulBytes: nest.usefulBytes)
    }

    /// Replaces the first command for which `change` gives others.
    func editingCommand(_ nest: Nest, _ change: @escaping (Command) -> [Command]?) -> Nest {
        editing(nest) { node in
            guard case .command(let command) = node else { return nil }
            return change(command)?.map { .command($0) }
        }
    }

    func with(
        _ command: Command, work: Command.Work? = nil, acquires: [Int]? = nil, reads: [Int]? = nil,
        part: Command.Part? = nil
    ) -> Command {
        Command(
            work: work ?? command.work, acquires: acquires ?? command.acquires, reads: reads ?? command.reads,
            writes: command.writes, accesses: command.accesses, part: part ?? command.part)
    }

    func changing(_ nest: Nest, buffer name: String, _ change: (TileBuffer) -> TileBuffer) -> Nest {
        Nest(
            buffers: nest.buffers.map { $0.name == name ? change($0) : $0 }, body: nest.body,
            usefulBytes: nest.usefulBytes)
    }

    /// The error of a step.
    func found(_ planted: ScheduledProgram, _ batch: EncodedBatch? = nil, threads: Int = 1) throws -> TileError {
        let parameters = encoder.parameters(residualBits: 8, formats: formats)
        let emulator = TileEmulator(
            parameters: parameters, kernels: Kernels(level: .highestAvailable), threads: threads)
        let error = #expect(throws: EmulatorError.self) {
            _ = try emulator.step(planted, batch ?? self.batch, settings: settings, step: 0, learningRate: 1)
        }
        guard case .tile(let found) = try #require(error) else { throw try #require(error) }
        return found
    }

    static func isLoad(_ command: Command) -> Transfer? {
        if case .load(let transfer) = command.work { transfer } else { nil }
    }
    static func isStore(_ command: Command) -> Transfer? {
        if case .store(let transfer) = command.work { transfer } else { nil }
    }
    static func isMatmul(_ command: Command) -> FoldBlock? {
        if case .matmul(let block) = command.work { block } else { nil }
    }
}

extension TileBuffer {
    func resized(bytes: Int, slots: Int) -> TileBuffer {
        TileBuffer(name: name, memory: memory, address: address, bytes: bytes, slots: slots)
    }
}
