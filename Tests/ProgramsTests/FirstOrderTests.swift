import Networks
import NumberFormats
import ProgramFixtures
import Programs
import Testing

@Suite struct FirstOrderRecipes {
    @Test(arguments: [
        "qat,adam", "qat:int8,adam", "qat:int4/int8,adam8,checkpoint=layer",
        "quantized:int8,lion8,gradient=int8,update=end",
        "full:bf16,sgd,master=none", "full,momentum,state=bf16,micro=4",
        "qat,adam,backward=fp32,gradient=bf16,master=bf16",
        "quantized,sgd,checkpoint=selective",
    ])
    func textGivesARecipeAndBack(text: String) throws {
        #expect(try FirstOrderRecipe(text).description == text)
    }

    @Test func textWithoutAnOptimizerMeansAdam() throws {
        #expect(try FirstOrderRecipe("qat") == .qat)
        #expect(try FirstOrderRecipe("qat:int8").weights == .int8)
        #expect(try FirstOrderRecipe("qat,adam8").states == .int8)
    }

    @Test(arguments: [
        ("", "qat, quantized or full"), ("sgd", "qat, quantized or full"), ("qat:int9", "format"), ("qat:", "format"),
        ("qat:int8/int8/int8", "format"), ("qat,adamw", "sgd, momentum"), ("qat,sgd8", "no moments"),
        ("qat,adam,lion", "once"), ("qat,checkpoint=all", "none|layer|selective"), ("qat,micro=0", "from 1"),
        ("qat,micro=x", "from 1"), ("qat,depth=3", "checkpoint=…"), ("qat,", "checkpoint=…"),
        ("qat,backward=int8", "bf16|fp32"), ("qat,master=none", "quantized"), ("quantized,master=fp32", "left out"),
        ("quantized:bf16", "codes"), ("full:int8", "qat and quantized"), ("qat,gradient=int8,micro=2", "added"),
        ("qat:bf16", "full is for"),
        ("qat,sgd,state=int8", "keeps no moments"), ("qat,state=bf16,adam8", "once"),
    ])
    func wrongPartsAreNamedWithWhatMayStandThere(text: String, allowed: String) {
        #expect {
            try FirstOrderRecipe(text)
        } throws: { "\($0)".contains(allowed) }
    }
}

@Suite struct FirstOrderPrograms {
    let shape = Fixture.miniLM
    let batch = 16
    let sequence = 64
    var rows: Int { batch * sequence }

    private func program(_ text: String, _ trainable: TrainableSet = .all) throws -> Program {
        Lowering.program(for: Fixture.step(.firstOrder(try FirstOrderRecipe(text)), trainable: trainable))
    }

    private func bytes(_ program: Program, _ kind: MemoryKind) -> Int {
        program.tensors.filter { $0.kind == kind }.reduce(0) { $0 + $1.bytes(batch: program.step.batch) }
    }

    private func macs(_ program: Program, _ pass: Pass) -> Int {
        program.operations.reduce(0) { $0 + ($1.pass == pass ? $1.macs : 0) }
    }

    @Test(arguments: [
        ("sgd", 0, 0), ("momentum", 4, 0), ("adam", 8, 0), ("lion", 4, 0), ("lion8", 1, 4), ("adam8", 2, 8),
        ("adam,state=bf16", 4, 0),
    ])
    func momentsTakeTheirBytesAWeightAndAScaleForEachBlock(optimizer: String, aValue: Int, aBlock: Int) throws {
        let trained = shape.linearWeightCount
        // 384 and 1536 columns make blocks of 192 and 256 values; the head's bias is a block of its two.
        let linears = shape.layers * (4 * shape.hidden * shape.hidden + shape.intermediate * shape.hidden)
        let blocks =
            (linears + shape.classes * shape.hidden) / 192 + shape.layers * shape.intermediate * shape.hidden / 256 + 1
        #expect(
            bytes(try program("qat," + optimizer), .optimizerState)
                == aValue * (trained + shape.classes) + aBlock * blocks)
    }

    @Test func aCheckpointOfEachLayerIsItsInputInBF16() throws {
        let whole = try program("qat")
        let layer = try program("qat,checkpoint=layer")
        let selective = try program("qat,checkpoint=selective")
        // Besides, the head's operand: codes and a scale of each example.
        let head = batch * (shape.hidden + 4)
        #expect(bytes(layer, .savedActivations) == shape.layers * rows * shape.hidden * 2 + head)
        // Selective leaves out probabilities in BF16, their codes and scales.
        let probabilities = shape.layers * batch * shape.heads * sequence * (3 * sequence + 4)
        #expect(bytes(selective, .savedActivations) == bytes(whole, .savedActivations) - probabilities)
    }

    @Test func recomputationRunsWhatTheBackwardReads() throws {
        let forward = macs(try program("qat"), .forward)
        let head = batch * shape.hidden * shape.classes
        #expect(macs(try program("qat"), .recompute) == 0)
        // An encoder's block ends with a norm whose input is wanted, so that all its products run again.
        #expect(macs(try program("qat,checkpoint=layer"), .recompute) == forward - head)
        #expect(
            macs(try program("qat,checkpoint=selective"), .recompute)
                == shape.layers * batch * sequence * sequence * shape.hidden)
        for text in ["qat", "qat,checkpoint=layer", "qat,checkpoint=selective"] {
            #expect(macs(try program(text), .backward) == macs(try program("qat"), .backward))
            #expect(macs(try program(text), .forward) == forward)
        }
    }

    @Test func aBlockThatBeginsWithANormIsRecomputedUpToItsLastOperand() throws {
        let network = BuiltInNetwork.storiesOf260K.configuration
        let step = StepDescription(
            network: network, batch: 4, sequence: 32, trainable: .all, hasNewHead: false,
            method: .firstOrder(try FirstOrderRecipe("qat,checkpoint=layer")))
        let program = Lowering.program(for: step)
        let recomputed = program.operations.filter { $0.pass == .recompute }
        #expect(!recomputed.contains { $0.name.hasSuffix("down") })
        for part in ["query", "gate", "up"] { #expect(recomputed.contains { $0.name == "layer.0.\(part)" }) }
        let checkpoints = network.layers * 4 * 32 * network.hidden * 2
        let heads = program.tensors.filter { $0.kind == .savedActivations && !$0.name.hasPrefix("layer.") }
        #expect(
            bytes(program, .savedActivations) == checkpoints + heads.reduce(0) { $0 + $1.bytes(batch: step.batch) })
    }

    @Test func gradientsWaitForTheEndWhereTheUpdateDoes() throws {
        // The head's gradients fit the chip and stay there.
        let blocks = shape.linearWeightCount - shape.classes * shape.hidden
        for (text, aValue) in [("qat,update=end", 2), ("qat,update=end,gradient=fp32", 4)] {
            let step = Fixture.step(.firstOrder(try FirstOrderRecipe(text)))
            let scheduled = try Lowering.schedule(step, on: Fixture.machine())
            #expect(scheduled.memory.peakByKind[.gradients] == aValue * blocks)
            let last = scheduled.program.operations.lastIndex { $0.pass == .backward }!
            let first = scheduled.program.operations.firstIndex { $0.pass == .update }!
            #expect(first > last)
        }
    }

    @Test func waitingCodesTakeAByteAValueAndAScaleARow() throws {
        let program = try program("qat,update=end,gradient=int8")
        let codes = program.tensors.filter { $0.name.hasSuffix(".gradient.codes") }
        let scales = program.tensors.filter { $0.name.hasSuffix(".gradient.scales") }
        #expect(codes.reduce(0) { $0 + $1.bytes(batch: 1) } == shape.linearWeightCount)
        let outputs = shape.layers * (5 * shape.hidden + shape.intermediate) + shape.classes
        #expect(scales.reduce(0) { $0 + $1.bytes(batch: 1) } == 4 * outputs)
    }

    @Test func microBatchesShareWeightsAndAddTheirGradients() throws {
        let whole = try program("qat")
        for count in [2, 4, 16] {
            let parts = try program("qat,micro=\(count)")
            #expect(parts.step.batch == batch / count)
            for pass in [Pass.forward, .backward] { #expect(macs(parts, pass) == macs(whole, pass)) }
            func number(_ suffix: String, in program: Program) -> Int {
                program.operations.count { $0.name.hasSuffix(suffix) }
            }
            #expect(number(".adam", in: parts) == number(".adam", in: whole))
            #expect(number(".weight-gradient", in: parts) == count * number(".weight-gradient", in: whole))
            #expect(number(".gradient.accumulate", in: parts) == (count - 1) * number(".adam", in: whole))
            #expect(number("query.quantize", in: parts) - shape.layers * count == shape.layers)
        }
        let machine = try Fixture.machine()
        func peak(_ text: String) throws -> Int {
            let step = Fixture.step(.firstOrder(try FirstOrderRecipe(text)))
            return try Lowering.schedule(step, on: machine).memory.peakByKind[.savedActivations]!
        }
        // Parts that fit the chip where the whole does not leave DRAM.
        #expect(try peak("qat,micro=4") * 4 <= peak("qat"))
        #expect(bytes(try program("qat,micro=4"), .savedActivations) == bytes(whole, .savedActivations))
    }

    @Test func microBatchesThatDoNotDivideTheBatchAreRefused() throws {
        #expect {
            try Lowering.schedule(
                Fixture.step(.firstOrder(FirstOrderRecipe("qat,micro=3"))), on: Fixture.machine())
        } throws: { "\($0)".contains("divisor of the batch of 16") }
    }

    @Test func quantizedTrainingHoldsCodesAloneAndMultipliesThem() throws {
        let recipe = try FirstOrderRecipe("quantized:int8,lion8,gradient=int8")
        let scheduled = try Lowering.schedule(Fixture.step(.firstOrder(recipe)), on: Fixture.machine())
        let program = scheduled.program
        #expect(!program.tensors.contains { $0.name.hasSuffix(".master") })
        #expect(program.tensors.filter { $0.kind == .weights }.allSatisfy { $0.format == .int8 && $0.isPersistent })
        // Linear layers and attention in INT8, forward and backward.
        let counts = try scheduled.totalCounts()
        #expect(counts.macs == [.int8: program.macs])
        // Sixteen bits decide each weight's rounding; a new head's bias is FP32.
        #expect(counts.randomBits[.update] == 16 * shape.linearWeightCount)
        #expect(counts.randomBits.count == 1)
    }

    /// Attention's gradients in codes are the same products; where its operands are BF16, so are its gradients'.
    @Test func gradientsOfAttentionAreInTheFormatsOfItsProducts() throws {
        let recipe = try FirstOrderRecipe("quantized:int8,lion8")
        let linear = Fixture.step(.firstOrder(recipe))
        let coded = try Lowering.schedule(linear, on: Fixture.machine())
        let floating = try Lowering.schedule(linear, on: Fixture.machine(["arithmetic.attention=bf16"]))
        let attention = shape.layers * 2 * batch * sequence * sequence * shape.hidden
        #expect(try floating.totalCounts().macs[.bf16] == 3 * attention)
        #expect(coded.program.macs == floating.program.macs)
        // A machine with nothing else than INT8 runs it.
        let integers = try Fixture.machine([
            "arithmetic.floatAccumulator=none", "organisation.array.macsPerCyclePerElement={int8: 1}",
        ])
        #expect(try Lowering.schedule(linear, on: integers).totalCounts().macs == [.int8: coded.program.macs])
        // The one that keeps floating-point attention gradients refuses such a machine.
        #expect {
            try Lowering.schedule(Fixture.step(.qat), on: integers)
        } throws: { "\($0)".contains("no rate for bf16") }
        // Four quantizations a layer: dY by rows and by columns, dS by rows and by columns. Each reads the gradient once and writes a code a value.
        let quantized = coded.program.operations.filter {
            $0.name.hasSuffix("context.gradient.quantize") || $0.name.hasSuffix("context.gradient.quantize-columns")
                || $0.name.hasSuffix("scores.gradient.quantize")
                || $0.name.hasSuffix("scores.gradient.quantize-columns")
        }
        #expect(quantized.count == 4 * shape.layers)
        for operation in quantized {
            let program = coded.program
            let values = program[operation.reads[0]].elements(batch: batch)
            #expect(program[operation.writes[0]].format == .int8)
            #expect(program[operation.writes[0]].elements(batch: batch) == values)
        }
    }

    @Test func fp8TrainingMultipliesE4M3AndE5M2() throws {
        let machine = try Fixture.machine([
            "arithmetic.weights=e4m3", "arithmetic.activations=e4m3", "arithmetic.attention=e4m3",
            "arithmetic.head=e4m3", "arithmetic.floatAccumulator=grouped:1",
            "organisation.array.macsPerCyclePerElement={e4m3: 1, e5m2: 1}",
        ])
        let step = Fixture.step(.firstOrder(try FirstOrderRecipe("quantized:e4m3,lion8")))
        let scheduled = try Lowering.schedule(step, on: machine)
        let backward: [Product] = scheduled.program.operations.compactMap {
            if case .product(let product) = $0.action, $0.pass == .backward { product } else { nil }
        }
        #expect(backward.allSatisfy { Set([$0.firstFormat, $0.secondFormat]) == [.e4m3, .e5m2] })
        #expect(backward.allSatisfy { $0.foldedScales != nil })
        #expect(try scheduled.totalCounts().macs.values.reduce(0, +) == scheduled.program.macs)
    }

    /// Saved by a block, for T tokens of width h in H heads and i inner values: codes of what its products read, with their scales, and BF16 of
    /// the norms' inputs and the activation function's.
    @Test func codesOfProbabilitiesAreAllThatIsSavedOfThem() throws {
        let (t, h, heads, i) = (sequence, shape.hidden, shape.heads, shape.intermediate)
        let linears = 3 * (t * h + 4 * t) + (t * i + 4 * t)
        let attention = 2 * (t * h + 4 * t * heads) + (t * h + 4 * h) + (heads * t * t + 4 * heads * t)
        let vectors = 2 * t * (2 * h + i)
        let head = h + 4
        let saved = batch * (shape.layers * (linears + attention + vectors) + head)
        #expect(bytes(try program("quantized:int8,lion8"), .savedActivations) == saved)
        let copies = batch * shape.layers * 2 * heads * t * t
        #expect(bytes(try program("qat:int8,lion8"), .savedActivations) == saved + copies)
        let probabilities = batch * shape.layers * (heads * t * t + 4 * heads * t)
        #expect(
            bytes(try program("quantized:int8,lion8,checkpoint=selective"), .savedActivations)
                == saved - probabilities)
    }

    @Test func floatingPointMachinesRefuseQuantizedTrainingByName() throws {
        var step = Fixture.step(.firstOrder(FirstOrderRecipe(.quantized)))
        step.machineFormats = StepFormats(all: .bf16)
        #expect {
            try step.checkSizes()
        } throws: { "\($0)".contains("quantized:int8") }
    }

    @Test func fullTrainingInOneFormatHasNoMasters() throws {
        let program = try program("full:bf16,sgd,master=none")
        #expect(bytes(program, .weights) == 2 * shape.linearWeightCount)
        #expect(bytes(program, .optimizerState) == 0)
        let mixed = try self.program("full:bf16,adam")
        #expect(bytes(mixed, .weights) == 6 * shape.linearWeightCount)
    }
}

@Suite struct Queries {
    @Test func eachQueryRunsTheTrainedPartTwiceAndItsStepIsAddedToTheOthers() throws {
        let shape = Fixture.miniLM
        func run(_ queries: Int, _ trainable: TrainableSet) throws -> ScheduledProgram {
            var step = Fixture.step(.quzo(residualBits: 8), batch: 2, sequence: 16, trainable: trainable)
            step.queries = queries
            return try Lowering.schedule(step, on: Fixture.machine())
        }
        for trainable in [TrainableSet.all, .last(count: 2)] {
            let (one, four) = try (run(1, trainable), run(4, trainable))
            let shared = one.program.operations.filter { $0.pass == .shared }.reduce(0) { $0 + $1.macs }
            #expect(four.program.macs - shared == 4 * (one.program.macs - shared))
            #expect(trainable == .all || shared > 0)
            let (first, all) = try (one.totalCounts(), four.totalCounts())
            #expect(all.perturbedWeights == 4 * first.perturbedWeights)
            #expect(all.updatedWeights == 4 * first.updatedWeights)
            for (purpose, bits) in first.randomBits { #expect(all.randomBits[purpose] == 4 * bits) }
            // Weights and residuals are still written once.
            func updates(_ scheduled: ScheduledProgram) -> Int {
                scheduled.program.operations.indices.reduce(0) { sum, index in
                    guard case .update = scheduled.program.operations[index].action else { return sum }
                    return sum + scheduled.counts(of: index).dramWritten.useful
                }
            }
            #expect(updates(one) == updates(four) && updates(one) > shape.hidden)
        }
    }

    /// Sizes are bounded by the step's queries, not by the width of its attention queries.
    @Test func largeBatchesHaveSizes() throws {
        for (name, batch, sequence) in [(BuiltInNetwork.llama2Of7B, 128, 128), (.llama2Of13B, 16, 512)] {
            try StepDescription(
                network: name.configuration, batch: batch, sequence: sequence, trainable: .all, hasNewHead: false,
                method: .quzo(residualBits: 8)
            ).checkSizes()
        }
    }

    @Test func queriesThatNoProgramIsMadeForAreRefused() throws {
        var step = Fixture.step(.zoqo)
        step.queries = 0
        #expect { try step.checkSizes() } throws: { "\($0)".contains("queries is 0") }
        step = Fixture.step(.qat)
        step.queries = 2
        #expect { try step.checkSizes() } throws: { "\($0)".contains("only zeroth-order") }
    }

    /// In place, weights go from −d of one query by way of themselves to +d of the next; what is restored last is updated by all.
    @Test func queriesInPlaceWalkOverTheStoredWeights() throws {
        for (method, isList) in [(StepDescription.Method.quzo(residualBits: 8), true), (.mezo, false)] {
            var random = SplitMix(state: 5)
            var scheduled = 0
            for _ in 0..<40 {
                // Layouts with whole rows and with segments of them.
                let machine = try Fixture.randomMachine(&random)
                let queries = Int.random(in: 1...3, using: &random)
                var step = Fixture.step(
                    method,
                    shape: EncoderShape(
                        layers: 1, hidden: 24, heads: 2, intermediate: 700, vocabulary: 50, positions: 16, types: 2,
                        classes: 2), batch: 1, sequence: 4)
                step.queries = queries
                step.machineFormats = .w8a8
                step.placement = .inPlace
                guard let program = try? Lowering.schedule(Lowering.program(for: step), on: machine) else { continue }
                scheduled += 1
                let trained = step.trained.reduce(0) { $0 + step.network.linear($1).weightCount }
                let counts = try program.totalCounts()
                // To +d, to −d, and back, which a copy needs no draws for.
                #expect(counts.perturbedWeights == (isList ? 3 : 2) * queries * trained)
                #expect(counts.updatedWeights == queries * trained)
                let moves = program.program.operations.indices.filter { index in
                    program.program.operations[index].pass == .perturb
                }
                #expect(moves.count == 2 * queries * step.trained.count)
                #expect(program.program.macs == queries * Lowering.program(for: one(step)).macs)
            }
            #expect(scheduled > 10)
        }
    }

    private func one(_ step: StepDescription) -> StepDescription {
        var step = step
        step.queries = 1
        return step
    }
}
