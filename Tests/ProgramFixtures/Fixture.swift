import Foundation
import Hardware
import Networks
import NumberFormats
import Programs

/// Machines and networks that the tests share.
package enum Fixture {
    /// Folder of machine files in this checkout.
    package static let machineFile: URL = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("hwmodels/edge-int8.json5")

    package static func machine(_ overrides: [String] = []) throws -> Machine {
        try Machine(
            json5: Array(Data(contentsOf: machineFile)), file: "edge-int8.json5",
            overrides: overrides.map { try MachineOverride(parsing: $0) })
    }

    package static let miniLM = EncoderShape(
        layers: 6, hidden: 384, heads: 12, intermediate: 1536, vocabulary: 30522, positions: 512, types: 2, classes: 2)

    package static func step(
        _ method: StepDescription.Method, shape: EncoderShape = miniLM, batch: Int = 16, sequence: Int = 64,
        trainable: TrainableSet = .all, hasNewHead: Bool = true
    ) -> StepDescription {
        StepDescription(
            shape: shape, batch: batch, sequence: sequence, trainable: trainable, hasNewHead: hasNewHead, method: method
        )
    }
}

/// A small generator of repeatable random choices.
package struct SplitMix: RandomNumberGenerator {
    package var state: UInt64
    package init(state: UInt64) { self.state = state }
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Fixture {
    /// A small network with sizes that divide nothing, but for those that 4-bit codes want even.
    package static func randomStep(_ random: inout SplitMix) -> StepDescription {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let batch = pick(1...5)
        let methods: [StepDescription.Method] = [
            .inference(.quantized), .quzo(residualBits: 0), .quzo(residualBits: 8), .quzo(residualBits: 16), .mezo,
            .zoqo,
            .qat, .firstOrder(randomRecipe(batch: batch, &random)),
        ]
        let sets: [TrainableSet] = [.all, .last(count: 1), .head]
        let isEven = Bool.random(using: &random)
        let set = sets.randomElement(using: &random)!
        let network =
            pick(0...1) == 0 ? randomEncoder(isEven, &random) : randomDecoder(isEven, trains: set, &random)
        var step = StepDescription(
            network: network, batch: batch, sequence: size(1...20, isEven, &random), trainable: set,
            hasNewHead: Bool.random(using: &random), method: methods.randomElement(using: &random)!,
            lossTokens: LossTokens.allCases.randomElement(using: &random)!)
        // ZOQO refuses adapters in floating point, and the machine is not known here.
        if pick(0...3) == 0, step.method != .zoqo {
            step.trainable = .lora(randomAdapters(of: step, isEven, &random))
            // No other head than a classifier is trained beside adapters.
            if network.classes == nil { step.hasNewHead = false }
        }
        return step
    }

    /// Adapters of any layers, in formats that go with the step's and that every random array has rates for.
    package static func randomAdapters(
        of step: StepDescription, _ isEven: Bool, _ random: inout SplitMix
    ) -> LowRankAdapters {
        let layers = step.network.blockLinears
        let chosen = layers.filter { _ in Int.random(in: 0...2, using: &random) == 0 }
        let targets = chosen.isEmpty ? [layers.randomElement(using: &random)!] : chosen
        let most = targets.map { min($0.outputs, $0.inputs) }.min()!
        var adapters = LowRankAdapters(
            rank: Int.random(in: 1...most, using: &random), targets: .roles(Set(targets.map(\.role))),
            last: [nil, nil, 1].randomElement(using: &random)!)
        if isEven, most > 1 { adapters.rank = max(2, adapters.rank / 2 * 2) }
        if targets.count == layers.count { adapters.targets = .allLinear }
        switch step.method {
        case .quzo(residualBits: 0): adapters.format = [nil, .bf16].randomElement(using: &random)!
        case .mezo: adapters.base = [nil, .int8].randomElement(using: &random)!
        case .firstOrder(let recipe) where recipe.scheme == .full:
            adapters.base = [nil, .int8].randomElement(using: &random)!
        case .firstOrder(let recipe) where recipe.scheme == .qat:
            adapters.format = [nil, .bf16].randomElement(using: &random)!
        default: break
        }
        return adapters
    }

    /// Any scheme with any options that go together, in formats that every random array has rates for.
    package static func randomRecipe(batch: Int, _ random: inout SplitMix) -> FirstOrderRecipe {
        var recipe = FirstOrderRecipe(FirstOrderRecipe.Scheme.allCases.randomElement(using: &random)!)
        if recipe.scheme == .quantized {
            recipe.weights = [.int4, .int8].randomElement(using: &random)!
            recipe.activations = .int8
        } else {
            recipe.master = [.fp32, .bf16].randomElement(using: &random)!
            if recipe.scheme == .full, Bool.random(using: &random) { recipe.master = nil }
        }
        recipe.optimizer = FirstOrderRecipe.Optimizer.allCases.randomElement(using: &random)!
        recipe.states = [.fp32, .bf16, .int8].randomElement(using: &random)!
        recipe.checkpointing = FirstOrderRecipe.Checkpointing.allCases.randomElement(using: &random)!
        recipe.update = FirstOrderRecipe.Update.allCases.randomElement(using: &random)!
        recipe.microBatches = (1...batch).filter { batch.isMultiple(of: $0) }.randomElement(using: &random)!
        let waiting: [ElementFormat?] = recipe.microBatches > 1 ? [nil, .fp32, .bf16] : [nil, .fp32, .int8]
        recipe.gradients = waiting.randomElement(using: &random)!
        return recipe
    }

    private static func size(_ range: ClosedRange<Int>, _ isEven: Bool, _ random: inout SplitMix) -> Int {
        let size = Int.random(in: range, using: &random)
        return isEven ? (size + 1) / 2 * 2 : size
    }

    private static func randomEncoder(_ isEven: Bool, _ random: inout SplitMix) -> TransformerConfiguration {
        let heads = Int.random(in: 1...4, using: &random)
        return TransformerConfiguration(
            EncoderShape(
                layers: Int.random(in: 1...2, using: &random), hidden: heads * size(1...20, isEven, &random),
                heads: heads,
                intermediate: size(1...150, isEven, &random), vocabulary: 50, positions: 32, types: 2,
                classes: Int.random(in: 2...5, using: &random)))
    }

    /// Grouped heads or not, gated or not, rotary or not, norms before their parts or behind them.
    private static func randomDecoder(
        _ isEven: Bool, trains set: TrainableSet, _ random: inout SplitMix
    ) -> TransformerConfiguration {
        let keyHeads = Int.random(in: 1...2, using: &random)
        let heads = keyHeads * Int.random(in: 1...3, using: &random)
        let depth = 2 * Int.random(in: 1...8, using: &random)
        let layers = Int.random(in: 1...2, using: &random)
        let intermediate = size(1...100, isEven, &random)
        let heading: TransformerHead =
            Bool.random(using: &random)
            ? .languageModel : .classifier(classes: 3, hasBias: Bool.random(using: &random))
        let ties = Bool.random(using: &random) && set != .head
        // Rows of logits that small memories hold, or do not.
        let vocabulary = [37, 900].randomElement(using: &random)!
        switch Int.random(in: 0...2, using: &random) {
        case 0:
            return .gatedDecoder(
                family: .llama, layers: layers, hidden: size(2...60, isEven, &random), heads: heads,
                keyValueHeads: keyHeads,
                headDimension: depth, intermediate: intermediate, vocabulary: vocabulary, head: heading, tiesHead: ties)
        case 1:
            return .opt(
                layers: layers, hidden: heads * depth, heads: heads, intermediate: intermediate, vocabulary: vocabulary,
                sequence: 32, normPlacement: Bool.random(using: &random) ? .pre : .post, head: heading,
                tiesHead: ties)
        default:
            return .gpt2(
                layers: layers, hidden: heads * depth, heads: heads, intermediate: intermediate, vocabulary: vocabulary,
                positions: 32, head: heading, tiesHead: ties)
        }
    }

    /// Formats by kind of layer that every random array has rates for.
    package static func randomFormats(_ random: inout SplitMix) -> [String] {
        let kinds = [
            // weights, activations, attention, head
            ["int8", "int8", "int8", "int8"], ["int8", "int8", "int8", "int8"], ["int4", "int8", "int8", "int8"],
            ["int4", "int4", "int8", "int4"], ["e4m3", "e4m3", "bf16", "bf16"], ["e4m3", "e5m2", "e4m3", "bf16"],
            ["bf16", "bf16", "bf16", "bf16"], ["int8", "int8", "bf16", "int8"],
        ]
        let kind = kinds.randomElement(using: &random)!
        return
            zip(["weights", "activations", "attention", "head"], kind).map { "arithmetic.\($0)=\($1)" } + [
                "arithmetic.embedding=\(["fp32", "bf16"].randomElement(using: &random)!)",
                "organisation.array.macsPerCyclePerElement={int4: 2, int8: 1, e4m3: 1, e5m2: 1, bf16: 0.25}",
            ]
    }

    /// A machine with sizes that force tiles and refetches.
    package static func randomMachine(_ random: inout SplitMix) throws -> Machine {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        let banks = 4
        let formats = randomFormats(&random)
        let places = [
            "placement: 'on-load', sharedFetch: false", "placement: 'on-load', sharedFetch: true",
            "placement: 'in-place', sharedFetch: false",
        ]
        let perturbation =
            "organisation.perturbationUnit={\(places.randomElement(using: &random)!), "
            + "perturbationsPerCycle: \(pick([1, 5, 32])), updatesPerCycle: \(pick([1, 8]))}"
        let dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!
        if pick([0, 1, 2]) == 0 {
            // One memory for everything.
            return try machine(
                formats + [
                    perturbation,
                    "organisation.array.rows=\(pick([3, 4, 8, 16]))",
                    "organisation.array.columns=\(pick([2, 4, 8, 16]))",
                    "organisation.array.dataflow=\(dataflow.rawValue)",
                    "organisation.sram={unified: {bytes: \(pick([4096, 16384, 65536, 262144])), banks: 4, wordBits: 64, "
                        + "ports: \(pick([1, 2]))}}",
                ])
        }
        return try machine(
            formats + [
                perturbation,
                "organisation.array.dataflow=\(dataflow.rawValue)",
                "organisation.array.rows=\(pick([3, 4, 8, 16]))", "organisation.array.columns=\(pick([2, 4, 8, 16]))",
                "organisation.array.doubleBuffered=\(Bool.random(using: &random))",
                "organisation.vectorUnit.lanes=\(pick([1, 4, 7, 32]))",
                "organisation.sram.weight.banks=\(banks)", "organisation.sram.weight.wordBits=64",
                "organisation.sram.weight.bytes=\(pick([2048, 4096, 65536]))",
                "organisation.sram.activation.banks=\(banks)", "organisation.sram.activation.wordBits=64",
                "organisation.sram.activation.bytes=\(pick([1024, 2048, 4096, 16384, 32768, 262144]))",
                "organisation.sram.accumulator.banks=\(banks)", "organisation.sram.accumulator.wordBits=64",
                "organisation.sram.accumulator.bytes=\(pick([1024, 4096, 65536]))",
                "organisation.dram.burstBytes=\(pick([16, 32, 128]))",
                "organisation.dram.bandwidthGigabytesPerSecond=\(pick([1, 5, 19]))",
            ])
    }
}
