import Networks
import NumberFormats
import ProgramFixtures
import Programs
import Testing

@Suite struct AdapterSets {
    @Test(arguments: [
        "lora:rank=16,targets=q+v", "lora:rank=8,targets=all-linear,alpha=16", "lora:rank=4,targets=o+gate+up+down",
        "lora:rank=2,targets=fc1+fc2,alpha=0.5,format=bf16,base=int4,last=3",
    ])
    func textGivesASetAndBack(text: String) throws {
        #expect(try TrainableSet(parsing: text).description == text)
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        #expect(try LowRankAdapters("lora") == LowRankAdapters(rank: 8, targets: .roles([.query, .value]), alpha: 8))
        #expect(try LowRankAdapters("lora:rank=4").alpha == 4)
        // PEFT's names say the same.
        let all = "q_proj+k_proj+v_proj+o_proj+gate_proj+up_proj+down_proj"
        #expect(
            try LowRankAdapters("lora:targets=" + all).targets
                == .roles([.query, .key, .value, .attentionOutput, .gate, .up, .down]))
        #expect(try LowRankAdapters("lora:targets=q_proj+v_proj") == LowRankAdapters("lora:targets=query+value"))
        #expect(
            try LowRankAdapters("lora:targets=c_attn+out_proj+c_fc").targets
                == .roles([.query, .key, .value, .attentionOutput, .intermediate]))
        // Roles' own names do, too.
        #expect(try LowRankAdapters("lora:targets=attention-output").targets == .roles([.attentionOutput]))
    }

    @Test(arguments: [
        ("lora:", "rank=N"), ("lora:rank", "rank=N"), ("lora:rank=0", "from 1"), ("lora:rank=x", "from 1"),
        ("lora:rank=4,rank=4", "once"), ("lora:targets=", "all-linear"), ("lora:targets=q+w", "fc1, gate"),
        ("lora:targets=q+query", "each named once"), ("lora:targets=q+c_attn", "each named once"),
        ("lora:alpha=0", "positive"), ("lora:alpha=inf", "positive"),
        ("lora:format=nf4", "NF4, are not lowered"), ("lora:base=nf4", "NF4, are not lowered"),
        ("lora:last=0", "from 1"), ("lora:dropout=0.1", "rank=N"), ("lorax", "all, last:N"), ("last:0", "all, last:N"),
        ("lora:rank=9223372036854775808", "from 1"),
    ])
    func wrongPartsAreNamedWithWhatMayStandThere(text: String, allowed: String) {
        #expect {
            try TrainableSet(parsing: text)
        } throws: { "\($0)".contains(allowed) }
    }

    /// The released QuZO scripts' adapters of LLaMA 3 8B: rank 8 beside queries and values, 3,407,872 trained parameters in its log.
    @Test func publishedSetsHaveTheirPublishedCounts() {
        let step = AdapterFixture.step(
            BuiltInNetwork.llama3Of8B.configuration, LowRankAdapters(rank: 8, alpha: 16), .quzo(residualBits: 0))
        #expect(step.adapterCount == 3_407_872 && step.trainedCount == 3_407_872)
    }
}

enum AdapterFixture {
    static func step(
        _ network: TransformerConfiguration, _ adapters: LowRankAdapters, _ method: StepDescription.Method,
        batch: Int = 2, sequence: Int = 16, hasNewHead: Bool = false
    ) -> StepDescription {
        StepDescription(
            network: network, batch: batch, sequence: sequence, trainable: .lora(adapters), hasNewHead: hasNewHead,
            method: method)
    }

    /// Two blocks of 8 channels, two heads of 4, 12 in the feed-forward layer, ten words.
    static let small = TransformerConfiguration.gatedDecoder(
        family: .llama, layers: 2, hidden: 8, heads: 2, keyValueHeads: 2, intermediate: 12, vocabulary: 10,
        tiesHead: false)
    static let queryAndDown = LowRankAdapters(rank: 2, targets: .roles([.query, .down]))

    static func macs(_ program: Program, _ pass: Pass) -> Int {
        program.operations.reduce(0) { $0 + ($1.pass == pass ? $1.macs : 0) }
    }

    static func bytes(_ program: Program, _ kind: MemoryKind) -> Int {
        program.tensors.reduce(0) { $0 + ($1.kind == kind ? $1.bytes(batch: program.step.batch) : 0) }
    }
}

/// `AdapterFixture.small` with adapters of rank 2 beside queries and the feed-forward layer's last matrix, two examples of four tokens (eight
/// rows), counted by hand. An adapter of queries is A [2, 8] and B [8, 2], one of the last matrix A [2, 12] and B [8, 2].
@Suite struct AdaptersCountedByHand {
    private func program(_ method: StepDescription.Method) -> Program {
        Lowering.program(
            for: AdapterFixture.step(
                AdapterFixture.small, AdapterFixture.queryAndDown, method, batch: 2, sequence: 4))
    }

    @Test func aBlockHas72AdapterParameters() {
        let step = program(.quzo(residualBits: 8)).step
        #expect(step.adapterCount == 2 * (2 * 8 + 8 * 2 + 2 * 12 + 8 * 2))
        #expect(step.trainedCount == 144)
    }

    @Test func aQuZOStepMultipliesTwiceAndHoldsCodesScalesAndResiduals() throws {
        let quzo = program(.quzo(residualBits: 8))
        // A token of a block: four matrices 8 × 8, three 8 × 12, the adapters' 72; of attention two products of 4 tokens by 8 channels.
        let block = 8 * (4 * 64 + 3 * 96 + 72) + 2 * 8 * 4 * 8
        #expect(quzo.macs == 2 * (2 * block + 8 * 80))
        // Base, head, adapters. Channels of a block: 4 × 8, 2 × 12, 8; of its adapters 2 + 8 twice.
        #expect(AdapterFixture.bytes(quzo, .weights) == 2 * (256 + 288) + 80 + 144)
        #expect(AdapterFixture.bytes(quzo, .scales) == 4 * (2 * 64 + 10 + 2 * 20))
        #expect(AdapterFixture.bytes(quzo, .residuals) == 144)
        let counts = try Lowering.schedule(quzo, on: Fixture.machine()).totalCounts()
        #expect(counts.perturbedWeights == 2 * 144 && counts.updatedWeights == 144)
    }

    @Test func theBackwardEndsAtTheLowestAdapterAndMakesNoGradientOfAFrozenWeight() {
        let qat = program(.qat)
        // Down: dX of W; of the adapter d(Ax), dB, dX, dA. The upper block's queries the same, the lower one's without any dX.
        let down = 8 * 96 + 8 * (16 + 16 + 24 + 24)
        let upper = down + 8 * (2 * 96 + 64) + 4 * 256 + 3 * 8 * 64 + 8 * 4 * 16
        // Below, of attention's four products only the gradients of probabilities and queries.
        let lower = down + 8 * (2 * 96 + 64) + 2 * 256 + 8 * 3 * 16
        #expect(AdapterFixture.macs(qat, .backward) == upper + lower + 8 * 80)
        #expect(AdapterFixture.macs(qat, .backward) == 11520)
        #expect(
            !qat.operations.contains { operation in
                guard case .product(let product) = operation.action, case .weightGradient = product.role else {
                    return false
                }
                return true
            })
        #expect(AdapterFixture.bytes(qat, .optimizerState) == 8 * 144)
    }

    @Test func savedIsWhatTheBackwardReads() {
        // Codes with a scale a row of 8 channels (a), of 2 (h), of 12 (g); BF16 sums (s) and results of gate and up (w).
        let (a, h, g, s, w) = (8 * 8 + 32, 8 * 2 + 32, 8 * 12 + 32, 8 * 8 * 2, 8 * 12 * 2)
        // Heads' codes with a scale a head and token, or a channel; BF16 probabilities, and their codes with a scale a row.
        let (heads, p, codes) = (64 + 64, 2 * 2 * 16 * 2, 2 * 2 * 16 + 64)
        // Inputs of A and B, both norms' sums, queries, keys, values, probabilities twice, gate and up.
        let upper = (a + h) + (g + h) + 2 * s + 3 * heads + p + codes + 2 * w
        // Neither the first norm's sum, nor queries (keys have no gradient), nor probabilities' codes (values have none).
        let lower = (a + h) + (g + h) + s + 2 * heads + p + 2 * w
        // The last norm's sum; a frozen head's input is not read again.
        let saved = AdapterFixture.bytes(program(.qat), .savedActivations)
        #expect(saved == upper + lower + s)
        #expect(saved == 2944)
    }

    @Test func theFactorIsAnOperationForEachValueOfAx() throws {
        let qat = program(.qat)
        let withFactor = qat.operations.compactMap { operation -> String? in
            guard case .product(let product) = operation.action, product.hasFactor else { return nil }
            return operation.name
        }
        // Forward A·x, backward d(A·x), once for each of four adapters.
        #expect(withFactor.filter { $0.hasSuffix(".lora-a") }.count == 4)
        #expect(withFactor.filter { $0.hasSuffix(".lora-b.input-gradient") }.count == 4 && withFactor.count == 8)
    }
}

@Suite struct AdapterPrograms {
    private let encoder = BuiltInNetwork.miniLM.configuration.forClassification(classes: 2)

    @Test func aClassifierIsTrainedBesideAdaptersAndAWordHeadIsNot() {
        let adapters = LowRankAdapters(rank: 4)
        let step = AdapterFixture.step(encoder, adapters, .qat, hasNewHead: true)
        // Queries and values of six blocks, the head's weights and its bias.
        #expect(step.adapterCount == 6 * 2 * 4 * (384 + 384) && step.trainedCount == step.adapterCount + 2 * 384 + 2)
        let updated = Lowering.program(for: step).operations.filter { $0.pass == .update }.map(\.name)
        #expect(updated.count == 24 + 2 && updated.contains("head.adam") && updated.contains("head.bias.adam"))
        let decoder = AdapterFixture.step(AdapterFixture.small, LowRankAdapters(rank: 4), .qat)
        #expect(Lowering.program(for: decoder).operations.allSatisfy { $0.pass != .update || $0.name.contains("lora") })
    }

    @Test func blocksBelowTheFirstAdapterAreDoneOnceAndNotDifferentiated() {
        var adapters = LowRankAdapters(rank: 4, targets: .allLinear)
        adapters.last = 2
        let rows = 2 * 16
        let block = rows * (4 * 384 * 384 + 2 * 384 * 1536) + 2 * rows * 16 * 384
        let own = rows * 4 * (4 * (384 + 384) + 2 * (384 + 1536))
        let quzo = Lowering.program(for: AdapterFixture.step(encoder, adapters, .quzo(residualBits: 0)))
        #expect(AdapterFixture.macs(quzo, .shared) == 4 * block)
        #expect(quzo.macs == 4 * block + 2 * (2 * (block + own) + 2 * 384 * 2))
        let qat = Lowering.program(for: AdapterFixture.step(encoder, adapters, .qat))
        for operation in qat.operations where [.backward, .update].contains(operation.pass) {
            #expect(!(0..<4).contains { operation.name.hasPrefix("layer.\($0).") }, "\(operation.name)")
        }
    }

    @Test(arguments: [
        LinearLayer.Role.query, .key, .value, .attentionOutput, .gate, .up, .down,
    ])
    func theBackwardReachesTheLowestAdapterAndNoFurther(role: LinearLayer.Role) {
        // With one block nothing lies below it.
        var network = AdapterFixture.small
        network.layers = 1
        let adapters = LowRankAdapters(rank: 2, targets: .roles([role]))
        let program = Lowering.program(for: AdapterFixture.step(network, adapters, .qat, batch: 1, sequence: 4))
        let made = Set(
            program.operations.filter { $0.pass == .backward }.compactMap { operation -> String? in
                guard operation.name.hasSuffix(".input-gradient"), !operation.name.contains("lora") else { return nil }
                return String(operation.name.dropLast(15)).replacing("layer.0.", with: "")
            })
        let expected: Set<String> =
            switch role {
            case .down: []
            case .gate, .up: ["down"]
            case .attentionOutput: ["down", "gate", "up"]
            default: ["down", "gate", "up", "attention-output"]
            }
        #expect(made == expected.union(["head"]))
        let products = Set(
            program.operations.compactMap { operation -> Product.Role? in
                guard case .product(let product) = operation.action else { return nil }
                switch product.role {
                case .probabilityGradient, .valueGradient, .queryGradient, .keyGradient: return product.role
                default: return nil
                }
            })
        let attention: Set<Product.Role> =
            switch role {
            case .query: [.probabilityGradient, .queryGradient]
            case .key: [.probabilityGradient, .keyGradient]
            case .value: [.valueGradient]
            default: []
            }
        #expect(products == attention)
    }

    @Test func aSharedFetchDoesOnceWhatIsTheSameInBothPasses() throws {
        let adapters = LowRankAdapters(rank: 2, targets: .roles([.key, .up]))
        var step = AdapterFixture.step(AdapterFixture.small, adapters, .quzo(residualBits: 0))
        step.placement = .onLoadShared
        let program = Lowering.program(for: step)
        func operations(_ name: String) -> [Operation] { program.operations.filter { $0.name == name } }
        for part in ["query", "key", "value"] {
            // The frozen products of the first block are both passes'; those of the second are not.
            #expect(operations("layer.0.\(part)").map(\.pass) == [.shared])
            #expect(operations("layer.1.\(part)").map(\.pass) == [.both])
        }
        #expect(operations("layer.0.key.lora-a").map(\.pass) == [.both])
        // Queries and values stand beside keys of both passes.
        #expect(program.operations.count { $0.action.isBroadcast } == 4)
        #expect(program.operations.allSatisfy { !$0.action.isBroadcast || $0.name.hasPrefix("layer.0.") })
        let machine = try Fixture.machine(["organisation.perturbationUnit.sharedFetch=true"])
        let counts = try Lowering.schedule(program, on: machine).totalCounts()
        // Both signs of each value, drawn once, and once more for the update.
        #expect(counts.perturbedWeights == 2 * step.adapterCount)
        #expect(counts.randomBits[.perturbation] == 2 * 32 * step.adapterCount)
    }

    @Test func inPlaceMovesAdaptersAlone() throws {
        let machine = try Fixture.machine(["organisation.perturbationUnit.placement=in-place"])
        let step = AdapterFixture.step(
            BuiltInNetwork.storiesOf260K.configuration, LowRankAdapters(rank: 4), .quzo(residualBits: 8))
        let scheduled = try Lowering.schedule(step, on: machine)
        let moved = scheduled.program.operations.filter { $0.pass == .perturb }
        #expect(moved.count == 2 * 2 * 2 * step.network.layers && moved.allSatisfy { $0.name.contains(".lora-") })
        let counts = try scheduled.totalCounts()
        #expect(counts.perturbedWeights == 3 * step.adapterCount && counts.updatedWeights == step.adapterCount)
    }

    @Test func aFrozenBaseInIntegersIsDequantizedBesideFloatingPoint() throws {
        let machine = try Fixture.machine([
            "organisation.array.macsPerCyclePerElement={int4: 2, int8: 1, bf16: 0.25}"
        ])
        let network = BuiltInNetwork.storiesOf260K.configuration
        var adapters = LowRankAdapters(rank: 4, targets: .allLinear)
        func run(_ base: ElementFormat?, _ method: StepDescription.Method) throws -> ScheduledProgram {
            adapters.base = base
            return try Lowering.schedule(AdapterFixture.step(network, adapters, method), on: machine)
        }
        let blocks = network.layers * network.blockLinears.reduce(0) { $0 + $1.weightCount }
        for method in [StepDescription.Method.mezo, .firstOrder(FirstOrderRecipe(.full))] {
            let (lora, qlora) = try (run(nil, method), run(.int4, method))
            func base(_ scheduled: ScheduledProgram) -> Int {
                scheduled.program.tensors.reduce(0) {
                    guard $1.kind == .weights, $1.isPersistent, $1.name.hasPrefix("layer."), !$1.name.contains("lora")
                    else { return $0 }
                    return $0 + $1.bytes(batch: 2)
                }
            }
            #expect(base(lora) == 2 * blocks && base(qlora) == blocks / 2)
            // All products in BF16 on both, as many; what QLoRA has more is vector work.
            let (one, other) = try (lora.totalCounts(), qlora.totalCounts())
            #expect(one.macs == other.macs && Set(one.macs.keys) == [.bf16])
        }
        // With integer activations the base's products are of codes.
        let quzo = try run(.int4, .quzo(residualBits: 0)).totalCounts()
        #expect(Set(quzo.macs.keys) == [.int8])
    }

    @Test func theBaselineTrainsTheSameAdapters() {
        let step = AdapterFixture.step(AdapterFixture.small, AdapterFixture.queryAndDown, .quzo(residualBits: 8))
        let baseline = step.baseline()
        #expect(baseline.trainable == step.trainable && baseline.trainedCount == step.trainedCount)
        func trained(_ step: StepDescription) -> Set<String> {
            Set(
                Lowering.program(for: step).operations.filter { $0.pass == .update && $0.name.contains("lora") }.map {
                    String($0.name.prefix { $0 != "-" }) + $0.name.split(separator: "-")[1].prefix(1)
                })
        }
        #expect(trained(step) == trained(baseline) && trained(step).count == 8)
    }

    @Test func codesOfAdaptersAreMadeAgainWithTheirBlock() throws {
        let recipe = try FirstOrderRecipe("qat,checkpoint=layer,micro=2")
        let step = AdapterFixture.step(AdapterFixture.small, AdapterFixture.queryAndDown, .firstOrder(recipe))
        let program = Lowering.program(for: step)
        let made = program.operations.filter { $0.name.hasSuffix(".quantize") && $0.name.contains("lora") }.filter {
            if case .firstOrder(.quantizeWeights) = $0.action { true } else { false }
        }
        // Eight matrices, twice in each of two micro-batches.
        #expect(made.count == 32)
        // What the recomputed block makes of its last adapter is A·x alone.
        let recomputed = Set(program.operations.filter { $0.pass == .recompute }.map(\.name))
        #expect(recomputed.contains("layer.1.down.lora-a") && !recomputed.contains("layer.1.down"))
        #expect(!recomputed.contains("layer.1.down.lora-b"))
    }
}

extension Action {
    fileprivate var isBroadcast: Bool { if case .broadcast = self { true } else { false } }
}

@Suite struct AdapterRefusals {
    private let network = BuiltInNetwork.storiesOf260K.configuration

    private func refusal(
        _ adapters: LowRankAdapters, _ method: StepDescription.Method = .quzo(residualBits: 0),
        _ formats: StepFormats = .w8a8
    ) -> String {
        var step = AdapterFixture.step(network, adapters, method)
        step.machineFormats = formats
        do {
            try step.checkSizes()
            return ""
        } catch { return "\(error)" }
    }

    @Test func targetsThatTheNetworkHasNotAreNamedWithThoseItHas() {
        let text = refusal(LowRankAdapters(rank: 2, targets: .roles([.intermediate, .query])))
        #expect(text.contains("adapters of fc1") && text.contains("q, k, v, o, gate, up, down"))
        #expect(refusal(LowRankAdapters(rank: 2, targets: .roles([]))).contains("without targets"))
    }

    @Test func ranksThatALayerHasNotAreNamed() {
        // Keys are [32, 64] here.
        #expect(refusal(LowRankAdapters(rank: 33, targets: .roles([.query]))).isEmpty)
        #expect(refusal(LowRankAdapters(rank: 33, targets: .roles([.key]))).contains("from 1 to 32"))
        #expect(refusal(LowRankAdapters(rank: 0)).contains("rank of the adapters is 0"))
        #expect(refusal(LowRankAdapters(rank: 3, format: .int4)).contains("even for 4-bit codes"))
    }

    @Test func formatsThatDoNotGoTogetherAreNamed() throws {
        let fp8 = StepFormats(weights: .e4m3, activations: .e4m3, attention: .bf16, head: .bf16, embedding: .fp32)
        #expect(refusal(LowRankAdapters(base: .bf16)).contains("a frozen base in bf16"))
        #expect(refusal(LowRankAdapters(base: .int8), .quzo(residualBits: 0), fp8).contains("a frozen base in int8"))
        #expect(refusal(LowRankAdapters(format: .int8), .quzo(residualBits: 0), fp8).contains("adapters in int8"))
        #expect(refusal(LowRankAdapters(format: .bf16), .zoqo).contains("with ZOQO"))
        #expect(refusal(LowRankAdapters(), .zoqo, fp8).contains("with ZOQO"))
        #expect(refusal(LowRankAdapters(format: .bf16), .quzo(residualBits: 8)).contains("--update-rounding"))
        let recipe = StepDescription.Method.firstOrder(try FirstOrderRecipe("qat:int8"))
        #expect(refusal(LowRankAdapters(base: .int4), recipe).contains("one of the two"))
        // Floating-point methods turn codes of adapters into values.
        #expect(refusal(LowRankAdapters(format: .int8, base: .int8), .mezo).isEmpty)
        #expect(refusal(LowRankAdapters(format: .bf16)).isEmpty && refusal(LowRankAdapters(), .zoqo).isEmpty)
    }
}
