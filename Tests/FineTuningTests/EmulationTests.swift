import Emulator
import FineTuning
import Foundation
import Hardware
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// Runs of the embedded network on tiles are those on whole layers: weights, residuals, metrics, accumulators.
struct EmulationTests {
    private func machine(_ overrides: [String] = [], name: String = "gemmini-like") throws -> Machine {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("hwmodels/\(name).json5")
        return try Machine(
            json5: Array(Data(contentsOf: file)), file: file.path,
            overrides: overrides.map { try MachineOverride(parsing: $0) })
    }

    private func tuner(
        _ emulation: Emulation, trainable: TrainableSet = .all, _ change: (inout RunSettings) -> Void = { _ in }
    ) throws -> FineTuner {
        var settings = RunSettings.defaults(network: false, updateRounding: "residual:8")
        settings.steps = 5
        settings.batch = 6
        settings.sequence = 16
        settings.trainable = trainable.description
        settings.newHead = true
        change(&settings)
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 2)
        tuner.emulation = emulation
        return tuner
    }

    /// SHA-256 of what a run changes.
    private func hash(_ tuner: FineTuner) -> String {
        var hash = SHA256()
        for linear in tuner.parameters.linears {
            hash.update(linear.codes.bytes)
            if let residuals = linear.residuals8 { hash.update(residuals.bytes) }
            hash.update(linear.bias.bytes)
        }
        return hash.hexadecimal
    }

    private static let inPlace = "organisation.perturbationUnit.placement=in-place"

    @Test(arguments: [TrainableSet.all, .last(count: 1), .head], [[], [inPlace]])
    func tilesGiveTheRunOfWholeLayers(trainable: TrainableSet, overrides: [String]) throws {
        let layers = try tuner(.layers, trainable: trainable)
        let tiles = try tuner(.tiles(machine(overrides), TileOptions()), trainable: trainable)
        for step in 0..<5 {
            for run in [layers, tiles] {
                run.countsAccumulators = step == 4
                if step == 2 { try run.evaluate() }
                try run.advance()
            }
        }
        #expect(hash(tiles) == hash(layers))
        #expect(tiles.metrics.csv == layers.metrics.csv)
        #expect(tiles.accumulators == layers.accumulators)
        #expect(layers.accumulators.rows.count == 17)
        #expect(layers.accumulators.csv.split(separator: "\n").count == 18)
    }

    /// Every method, its estimators and several queries, on the machine whose linear layers are in INT4.
    @Test(arguments: [TrainableSet.all, .head], [[], [inPlace], ["organisation.perturbationUnit.sharedFetch=true"]])
    func everyMethodInInt4GivesTheRunOfWholeLayers(trainable: TrainableSet, overrides: [String]) throws {
        for (method, queries, estimator) in [
            (RunSettings.Method.quzo, 4, GradientEstimator.qRGE2), (.quzo, 1, .qRGE1), (.zoqo, 2, .qRGE2),
        ] {
            let machine = try machine(overrides, name: "edge-int4")
            func change(_ settings: inout RunSettings) {
                settings.method = method
                settings.queries = queries
                settings.estimator = estimator
                settings.formats = StepFormats(machine.arithmetic)
                if method == .zoqo { settings.updateRounding = "stochastic" }
                // Small against the 15 codes, so that lists in place have room.
                settings.perturbationSize = PerturbationSize.gridSteps(0.5).word
                settings.learningRate = method == .zoqo ? 1 : 20
            }
            let layers = try tuner(.layers, trainable: trainable, change)
            let tiles = try tuner(.tiles(machine, TileOptions()), trainable: trainable, change)
            try tiles.checkEmulation()
            for step in 0..<3 {
                for run in [layers, tiles] {
                    run.countsAccumulators = step == 2
                    try run.advance()
                }
            }
            #expect(hash(tiles) == hash(layers))
            #expect(tiles.metrics.csv == layers.metrics.csv)
            #expect(tiles.accumulators == layers.accumulators)
        }
    }

    @Test(arguments: [[], [inPlace]])
    func aStepOnRegistersIsTheStepOfWholeLayers(overrides: [String]) throws {
        let small = try machine(["organisation.array.rows=8", "organisation.array.columns=8"] + overrides)
        let layers = try tuner(.layers)
        let registers = try tuner(.tiles(small, TileOptions(array: .registers)))
        try layers.advance()
        try registers.advance()
        #expect(hash(registers) == hash(layers))
    }

    @Test func aMachineThatCannotHoldATileIsNamed() throws {
        let tiles = try tuner(
            .tiles(
                machine(["organisation.sram.weight={bytes: 64, banks: 1, wordBits: 64, ports: 1}"]),
                TileOptions()))
        #expect(throws: EmulatorError.self) { try tiles.advance() }
        do { try tiles.advance() } catch { #expect("\(error)".contains("gemmini-like") && "\(error)".contains("64")) }
        #expect(tiles.step == 0)
    }

    /// Rows of 64 FP32 values and their norm's weights, in a tile half of 256 bytes; rows of 64 codes and their lists, in a weight buffer of 128.
    @Test(arguments: [[], [inPlace]])
    func tilesOfRowsThatDoNotFitGiveTheRunOfWholeLayers(overrides: [String]) throws {
        let weight = overrides.isEmpty ? 4096 : 128
        let small = try machine(
            [
                "organisation.array.rows=8", "organisation.array.columns=8",
                "organisation.sram.activation={bytes: 1024, banks: 2, wordBits: 128, ports: 1}",
                "organisation.sram.weight={bytes: \(weight), banks: 1, wordBits: 64, ports: 1}",
            ] + overrides)
        let layers = try tuner(.layers)
        let tiles = try tuner(.tiles(small, TileOptions()))
        try tiles.checkEmulation()
        for step in 0..<3 {
            for run in [layers, tiles] {
                run.countsAccumulators = step == 2
                try run.advance()
            }
        }
        #expect(hash(tiles) == hash(layers))
        #expect(tiles.metrics.csv == layers.metrics.csv)
        #expect(tiles.accumulators == layers.accumulators)
        let description = StepDescription(
            shape: tiles.parameters.shape, batch: 6, sequence: 16, trainable: .all, hasNewHead: true,
            method: .quzo(residualBits: 8))
        let scheduled = try Lowering.schedule(description.on(small), on: small)
        let cut = scheduled.program.operations.indices.filter { scheduled.nest(of: $0).cutsRows }
        let names = Set(cut.map { scheduled.program.operations[$0].name })
        #expect(names.isSuperset(of: ["embeddings", "layer.0.output-norm"]), "\(names.sorted())")
        #expect(names.contains("layer.0.output.update") == !overrides.isEmpty)
    }
}
