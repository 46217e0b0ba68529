import Emulator
import Hardware
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// Emulation tile by tile against whole layers: the same bits, whatever the machine.
@Suite struct TileEmulatorTests {
    private static let kernels = Kernels(level: .highestAvailable)

    /// Calls `body` with random steps on random machines; those that do not fit are passed over.
    private func forRandomCases(
        _ count: Int, seed: UInt64, steps: Int, formats: StepFormats? = nil,
        machine: (inout SplitMix, StepFormats) throws -> Machine, _ body: (TileCase, ScheduledProgram) throws -> Void
    ) throws {
        var random = SplitMix(state: seed)
        var ran = 0
        for _ in 0..<count {
            let example = try TileCase(&random, steps: steps, formats: formats)
            let machine = try machine(&random, example.formats)
            let objective = ScheduleObjective.allCases.randomElement(using: &random)!
            do {
                let scheduled = try Lowering.schedule(
                    example.description.on(machine), on: machine, objective: objective)
                try body(example, scheduled)
                ran += 1
            } catch let error as ScheduleError {
                guard case .tileDoesNotFit = error else { throw error }
            } catch EmulatorError.tile(let error) {
                // Many INT4 codes stand at the end of their range, and a list may be too short for a row.
                guard case .listOverflow = error.fault else { throw EmulatorError.tile(error) }
            }
        }
        #expect(ran > count / 2)
    }

    @Test(arguments: 0..<8)
    func stepsOfRandomEncodersOnRandomMachinesHaveTheBitsOfWholeLayers(seed: UInt64) throws {
        try forRandomCases(15, seed: 100 + seed, steps: 3, machine: TileMachine.random) { example, scheduled in
            let (tiles, whole) = (try example.tiles(scheduled), try example.wholeLayers())
            #expect(tiles == whole, "\(example.words)")
        }
    }

    @Test(arguments: TileMachine.shipped.indices)
    func stepsOnShippedMachinesHaveTheBitsOfWholeLayers(index: Int) throws {
        let (name, overrides) = TileMachine.shipped[index]
        let machine = try TileMachine.load(name, overrides)
        func shipped(_ random: inout SplitMix, _ formats: StepFormats) -> Machine { machine }
        try forRandomCases(
            6, seed: UInt64(index), steps: 3, formats: StepFormats(machine.arithmetic), machine: shipped
        ) { example, scheduled in
            let (tiles, whole) = (try example.tiles(scheduled), try example.wholeLayers())
            #expect(tiles == whole, "\(example.words)")
            let unchecked = try example.tiles(scheduled, options: TileOptions(checks: false), threads: 3)
            #expect(unchecked == whole, "\(example.words)")
        }
    }

    @Test func neitherChecksNorThreadsNorLevelsDecideABit() throws {
        try forRandomCases(20, seed: 3, steps: 2, machine: TileMachine.random) { example, scheduled in
            let expected = try example.wholeLayers()
            for threads in [1, 2, 3] {
                let unchecked = try example.tiles(scheduled, options: TileOptions(checks: false), threads: threads)
                #expect(unchecked == expected, "\(threads) threads, \(example.words)")
            }
            for level in KernelLevel.available {
                let tiles = try example.tiles(scheduled, threads: 2, level: level)
                #expect(tiles == expected, "\(level)")
            }
        }
    }

    @Test(arguments: [ScheduleObjective.traffic, .latency])
    func inferenceHasTheBitsOfWholeLayers(objective: ScheduleObjective) throws {
        var random = SplitMix(state: 17)
        for _ in 0..<20 {
            let formats = TileCase.formats(&random)
            var sizes = RandomEncoder.Sizes()
            sizes.areEven = formats != .w8a8
            let encoder = try RandomEncoder(&random, sizes: sizes)
            let (count, sequence) = (
                Int.random(in: 1...5, using: &random), sizes.rounded(Int.random(in: 1...24, using: &random))
            )
            let batch = encoder.batch(count: count, sequence: sequence, &random)
            let parameters = encoder.parameters(formats: formats)
            var description = StepDescription(
                shape: parameters.shape, batch: count, sequence: sequence, trainable: .all,
                hasNewHead: encoder.hasNewHead, method: .inference(.quantized))
            description.machineFormats = formats
            let machine = try TileMachine.random(&random, formats)
            guard let scheduled = try? Lowering.schedule(description, on: machine, objective: objective) else {
                continue
            }
            let whole = try EncoderEmulator(parameters: parameters, kernels: Self.kernels, threads: 1).infer(
                Lowering.program(for: description), batch)
            let tiles = try TileEmulator(parameters: parameters, kernels: Self.kernels, threads: 1).infer(
                scheduled, batch)
            #expect(tiles.loss.bitPattern == whole.loss.bitPattern)
            #expect(tiles.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
            #expect(tiles.logits.map(\.bitPattern) == whole.logits.map(\.bitPattern))
            #expect(tiles.pooled.map(\.bitPattern) == whole.pooled.map(\.bitPattern))
            #expect(tiles.macs == whole.macs)
        }
    }

    /// What accumulators held is the same whether a sum was formed at once or tile by tile along k.
    @Test func tilesCountTheAccumulatorsOfWholeLayers() throws {
        try forRandomCases(12, seed: 23, steps: 1, machine: TileMachine.random) { example, scheduled in
            let (whole, tiled) = (example.parameters, example.parameters)
            let layers = EncoderEmulator(parameters: whole, kernels: Self.kernels, threads: 2)
            layers.countsAccumulators = true
            _ = try layers.step(
                Lowering.program(for: example.description), example.batches[0], settings: example.settings, step: 0,
                learningRate: example.rate)
            let tiles = TileEmulator(parameters: tiled, kernels: Self.kernels, threads: 1)
            tiles.countsAccumulators = true
            _ = try tiles.step(
                scheduled, example.batches[0], settings: example.settings, step: 0, learningRate: example.rate)
            #expect(
                tiles.accumulators.rows.sorted { $0.name < $1.name }
                    == layers.accumulators.rows.sorted { $0.name < $1.name })
            #expect(layers.accumulators.rows.map { $0.sums * $0.depth }.reduce(0, +) == scheduled.program.macs)
            for row in layers.accumulators.rows {
                #expect(row.statistics.overflows == 0 && row.statistics.narrowestWidth <= 32)
                #expect(row.statistics.largestMagnitude <= UInt64(127 * 127 * row.depth))
            }
        }
    }

    /// Small arrays, every dataflow: each matmul command in the register-level array, whose cycles are held against the timing model's as it runs.
    @Test(arguments: MatrixArray.Dataflow.allCases)
    func theRegisterLevelArrayHasTheBitsAndTheCyclesOfTheModel(dataflow: MatrixArray.Dataflow) throws {
        func machine(_ random: inout SplitMix, _ formats: StepFormats) throws -> Machine {
            func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
            return try TileMachine.load(
                "edge-int8",
                TileMachine.overrides(formats, int4Rate: pick([1, 2, 4]), int8Rate: pick([1, 2])) + [
                    "organisation.array.dataflow=\(dataflow.rawValue)", "organisation.array.rows=\(pick([3, 4, 7]))",
                    "organisation.array.columns=\(pick([2, 4, 5]))",
                    "organisation.array.doubleBuffered=\(Bool.random(using: &random))",
                    "organisation.sram.weight={bytes: \(pick([512, 4096])), banks: 4, wordBits: 64, ports: 2}",
                ] + (Bool.random(using: &random) ? TileMachine.inPlace : []))
        }
        try forRandomCases(10, seed: 40, steps: 1, machine: machine) { example, scheduled in
            let expected = try example.wholeLayers()
            let registers = try example.tiles(scheduled, options: TileOptions(array: .registers))
            #expect(registers == expected)
        }
    }
}
