import Hardware
import Networks
import ProgramFixtures
import Programs
import Testing

/// Steps of decoders, in every method, format and placement.
@Suite struct TransformerLowerings {
    private func step(
        _ network: TransformerConfiguration, _ method: StepDescription.Method, batch: Int = 2, sequence: Int = 16,
        trainable: TrainableSet = .all, placement: PerturbationPlacement = .onLoad, tokens: LossTokens = .all
    ) -> StepDescription {
        StepDescription(
            network: network, batch: batch, sequence: sequence, trainable: trainable, hasNewHead: false,
            method: method, placement: placement, lossTokens: tokens)
    }

    /// Multiply-accumulates of one forward, from the network's matrices alone.
    private func forwardMACs(_ network: TransformerConfiguration, rows: Int, sequence: Int, headRows: Int) -> Int {
        let blocks = network.blockLinears.reduce(0) { $0 + $1.weightCount } * rows
        let attention = 2 * rows * sequence * network.queryWidth
        return network.layers * (blocks + attention) + network.headLinears.last!.weightCount * headRows
    }

    @Test(arguments: [
        BuiltInNetwork.llama2Of7B, .llama3Of8B, .mistralOf7B, .optOf1300M, .smolLM2Of135M, .storiesOf260K,
    ])
    func aForwardDoesTheNetworksMultiplications(name: BuiltInNetwork) {
        let network = name.configuration
        for (tokens, headRows) in [(LossTokens.all, 32), (.last, 2)] {
            let program = Lowering.program(for: step(network, .inference(.quantized), tokens: tokens))
            let macs = forwardMACs(network, rows: 32, sequence: 16, headRows: headRows)
            #expect(program.macs == macs)
            let quzo = Lowering.program(for: step(network, .quzo(residualBits: 8), tokens: tokens))
            #expect(quzo.macs == 2 * macs)
            let both = Lowering.program(
                for: step(network, .quzo(residualBits: 8), placement: .onLoadShared, tokens: tokens))
            #expect(both.macs == quzo.macs)
        }
    }

    /// The backward pass multiplies twice as much as the forward, less the gradients that nothing needs.
    @Test func aDecodersBackwardIsTwiceItsForward() {
        let network = BuiltInNetwork.storiesOf260K.configuration
        let qat = Lowering.program(for: step(network, .qat))
        func macs(_ pass: Pass) -> Int {
            qat.operations.filter { $0.pass == pass }.reduce(0) { $0 + $1.macs }
        }
        let forward = forwardMACs(network, rows: 32, sequence: 16, headRows: 32)
        #expect(macs(.forward) == forward)
        // The first block's input has no gradient, and a head that is the embedding table none of its own.
        let first = network.blockLinears[..<3].reduce(0) { $0 + $1.weightCount } * 32
        let head = network.headLinears.last!.weightCount * 32
        #expect(macs(.backward) == 2 * forward - first - head)
    }

    /// Every tensor that is read was written before, or is a parameter; every one that is written is read, or is a result.
    @Test func tensorsAreWrittenBeforeTheyAreRead() {
        var random = SplitMix(state: 41)
        for _ in 0..<300 {
            var step = Fixture.randomStep(&random)
            step.placement = [.onLoad, .onLoadShared, .inPlace].randomElement(using: &random)!
            let program = Lowering.program(for: step)
            var written: Set<TensorID> = []
            var read: Set<TensorID> = []
            for operation in program.operations {
                for id in operation.reads {
                    #expect(program[id].isPersistent || written.contains(id), "\(operation.name) \(program[id].name)")
                    read.insert(id)
                }
                written.formUnion(operation.writes)
            }
            for id in written where !read.contains(id) && !program[id].isPersistent {
                let name = program[id].name
                #expect(["logits", "head.output", "loss"].contains { name.hasSuffix($0) }, "\(name) in \(step)")
            }
        }
    }

    @Test func sharedFetchReadsTrainedWeightsOnceAndDrawsOnce() throws {
        let network = TransformerConfiguration.gatedDecoder(
            family: .llama, layers: 2, hidden: 64, heads: 4, keyValueHeads: 2, intermediate: 96, vocabulary: 50,
            tiesHead: false)
        func run(_ shared: Bool) throws -> ScheduledProgram {
            let machine = try Fixture.machine(["organisation.perturbationUnit.sharedFetch=\(shared)"])
            return try Lowering.schedule(step(network, .quzo(residualBits: 0)), on: machine)
        }
        let (one, both) = try (run(false), run(true))
        func weights(_ scheduled: ScheduledProgram) throws -> (loaded: Int, drawn: Int, perturbed: Int) {
            var result = (loaded: 0, drawn: 0, perturbed: 0)
            for (number, operation) in scheduled.program.operations.enumerated() {
                guard case .product(let product) = operation.action, product.sign != .none else { continue }
                let place = operation.reads.firstIndex { scheduled.program[$0].kind == .weights }!
                let counts = scheduled.counts(of: number)
                result.loaded += scheduled.nest(of: number).usefulBytes[place]
                result.drawn += counts.randomBits[.perturbation]!
                result.perturbed += counts.perturbedWeights
                #expect(counts.dramRead.refetch == 0)
            }
            return result
        }
        let (single, double) = try (weights(one), weights(both))
        #expect(single.loaded == 2 * double.loaded && single.drawn == 2 * double.drawn)
        #expect(single.perturbed == double.perturbed)
        // Both passes' activations are alive at once.
        #expect(both.program.tensors.contains { $0.name == "layer.1.gate.output" })
        func elements(_ scheduled: ScheduledProgram, _ name: String) -> [Int] {
            scheduled.program.tensors.filter { $0.name == name }.map { $0.elements(batch: 2) }
        }
        let alone = elements(one, "layer.1.gate.output")
        #expect(alone.count == 2 && elements(both, "layer.1.gate.output") == [2 * alone[0]])
        // What comes before the first perturbed weight is done once.
        #expect(elements(both, "layer.0.input-norm.output") == [elements(one, "layer.0.input-norm.output")[0]])
    }

    @Test func inPlaceChangesTheStoredWeightsThreeTimes() throws {
        let network = BuiltInNetwork.storiesOf260K.configuration
        let machine = try Fixture.machine(["organisation.perturbationUnit.placement=in-place"])
        let scheduled = try Lowering.schedule(step(network, .quzo(residualBits: 0)), on: machine)
        let trained = network.blockLinears.reduce(0) { $0 + $1.weightCount } * network.layers
        var (moved, restored, updated) = (0, 0, 0)
        for (number, operation) in scheduled.program.operations.enumerated() {
            let counts = scheduled.counts(of: number)
            switch operation.action {
            case .product: #expect(counts.perturbedWeights == 0)
            case .perturbInPlace: moved += counts.perturbedWeights
            case .update:
                restored += counts.perturbedWeights
                updated += counts.updatedWeights
            default: break
            }
        }
        #expect(moved == 2 * trained && restored == trained && updated == trained)
        // Each row's list has room for 32 codes, one more for every 8 of it, and no more than the row has.
        for number in scheduled.program.step.trained {
            let name = network.linearName(number) + ".saturated"
            let list = try #require(scheduled.program.tensors.first { $0.name == name })
            let linear = network.linear(number)
            let room = min(linear.inputs, 32 + (linear.inputs + 7) / 8)
            #expect(list.kind == .perturbations && list.elements(batch: 2) == linear.outputs * room)
        }
        #expect([1, 36, 38, 64, 384, 4096].map { InPlaceList.bytes(columns: $0) } == [1, 36, 37, 40, 80, 544])
        #expect(scheduled.program.assumptions == [InPlaceList.assumption])
        #expect(
            try Lowering.schedule(step(network, .quzo(residualBits: 0)), on: Fixture.machine()).program.assumptions
                == [])
        // Floating-point weights are kept whole.
        let mezo = try Lowering.schedule(step(network, .mezo), on: machine)
        #expect(mezo.program.assumptions == [])
        let kept = mezo.program.tensors.filter { $0.kind == .perturbations }
        #expect(kept.reduce(0) { $0 + $1.elements(batch: 2) } == trained && kept.allSatisfy { $0.format == .bf16 })
    }

    @Test func methodsDrawWhatTheyNeed() throws {
        let network = BuiltInNetwork.storiesOf260K.configuration
        let machine = try Fixture.machine()
        func bits(_ method: StepDescription.Method) throws -> [RandomPurpose: Int] {
            try Lowering.schedule(step(network, method), on: machine).totalCounts().randomBits
        }
        #expect(try Set(bits(.quzo(residualBits: 0)).keys) == Set(RandomPurpose.allCases))
        #expect(try Set(bits(.mezo).keys) == [.perturbation] && Set(bits(.zoqo).keys) == [.perturbation])
        #expect(try bits(.qat).isEmpty)
        let mezo = Lowering.program(for: step(network, .mezo))
        #expect(!mezo.tensors.contains { $0.format == .int8 || $0.kind == .scales })
    }

    @Test func aTiedHeadIsOneTensorWhereFormatsAgree() throws {
        let network = BuiltInNetwork.smolLM2Of135M.configuration
        var inBF16 = step(network, .mezo)
        inBF16.machineFormats = StepFormats(all: .bf16)
        inBF16.machineFormats.embedding = .bf16
        #expect(!Lowering.program(for: inBF16).tensors.contains { $0.name == "head.weight" })
        #expect(
            Lowering.program(for: step(network, .quzo(residualBits: 0))).tensors.contains { $0.name == "head.weight" })
        #expect(throws: ScheduleError.self) { try step(network, .mezo, trainable: .head).checkSizes() }
    }

    @Test func fourBitCodesWantEvenRows() throws {
        var network = BuiltInNetwork.storiesOf260K.configuration
        network.intermediate = 171
        var odd = step(network, .quzo(residualBits: 0))
        odd.machineFormats.weights = .int4
        #expect { try odd.checkSizes() } throws: {
            "\($0)".contains("intermediate size is 171") && "\($0)".contains("even")
        }
    }

    @Test func codesOfHalfTheBitsAreHalfTheBytes() throws {
        let network = BuiltInNetwork.storiesOf260K.configuration
        let rates = "organisation.array.macsPerCyclePerElement={int4: 2, int8: 1, bf16: 0.25}"
        func bytes(_ format: String) throws -> Int {
            let machine = try Fixture.machine([rates, "arithmetic.weights=\(format)"])
            let scheduled = try Lowering.schedule(step(network, .zoqo), on: machine)
            return scheduled.program.tensors.filter { $0.kind == .weights && $0.name != "head.weight" }
                .reduce(0) { $0 + $1.bytes(batch: 2) }
        }
        #expect(try bytes("int8") == 2 * bytes("int4"))
    }

    @Test func productsAloneAreLaidOutFromDRAMToDRAM() throws {
        let machine = try Fixture.machine()
        let scheduled = try Lowering.schedule(GEMMTopology(name: "a", m: 64, n: 256, k: 256), on: machine)
        let counts = try scheduled.totalCounts()
        #expect(counts.macs == [.int8: 64 * 256 * 256])
        #expect(counts.dramRead.useful == 64 * 256 + 256 * 256 + 4 * (64 + 256))
        #expect(counts.dramWritten.useful == 4 * 64 * 256)
        #expect {
            try Lowering.schedule(
                GEMMTopology(name: "a", m: 1 << 20, n: 1 << 16, k: 8), on: machine)
        } throws: { "\($0)".contains("DRAM") }
    }

    /// What a forward writes and the backward reads is saved, and nothing else, in every format.
    @Test func savedActivationsAreThoseThatTheBackwardReads() throws {
        for formats in [
            StepFormats.w8a8, StepFormats(all: .bf16),
            StepFormats(weights: .e4m3, activations: .e4m3, attention: .bf16, head: .bf16, embedding: .fp32),
        ] {
            for name in [BuiltInNetwork.storiesOf260K, .optOf1300M, .miniLM] {
                var first = step(
                    name == .miniLM ? name.configuration.forClassification(classes: 2) : name.configuration, .qat)
                first.machineFormats = formats
                let program = Lowering.program(for: first)
                let read = Set(program.operations.filter { $0.pass == .backward }.flatMap(\.reads))
                let written = Set(program.operations.filter { $0.pass == .forward }.flatMap(\.writes))
                for (index, tensor) in program.tensors.enumerated() where tensor.kind == .savedActivations {
                    #expect(read.contains(TensorID(index: index)) && written.contains(TensorID(index: index)))
                }
                #expect(program.tensors.contains { $0.kind == .savedActivations })
                // Query, key and value are kept whatever their format.
                let kept = program.tensors.filter { $0.kind == .savedActivations }.map(\.name)
                for part in ["query", "key", "value"] { #expect(kept.contains { $0.contains("layer.1.\(part)") }) }
            }
        }
    }

    @Test func floatingPointWeightsCarryNoResiduals() throws {
        let machine = try Fixture.machine([
            "organisation.array.macsPerCyclePerElement={e4m3: 1, bf16: 1}", "arithmetic.weights=e4m3",
            "arithmetic.activations=e4m3", "arithmetic.attention=bf16", "arithmetic.head=bf16",
        ])
        let network = BuiltInNetwork.storiesOf260K.configuration
        #expect { try Lowering.schedule(step(network, .quzo(residualBits: 8)), on: machine) } throws: {
            "\($0)".contains("--update-rounding")
        }
        _ = try Lowering.schedule(step(network, .quzo(residualBits: 0)), on: machine)
    }

    @Test func countsOfEnormousArraysAreErrors() throws {
        let machine = try Fixture.machine([
            "organisation.array.rows=4096", "organisation.array.columns=4096",
            "organisation.array.macsPerCyclePerElement={int8: 64, bf16: 64}", "organisation.array.doubleBuffered=false",
            "organisation.sram.weight={bytes: 8589934592, banks: 1024, wordBits: 64, ports: 1}",
            "organisation.sram.activation={bytes: 8589934592, banks: 1024, wordBits: 64, ports: 1}",
            "organisation.sram.accumulator={bytes: 8388608, banks: 1, wordBits: 64, ports: 1}",
            "organisation.dram.capacityBytes=1125899906842624",
        ])
        #expect {
            try Lowering.schedule(GEMMTopology(name: "a", m: 1_000_000, n: 1_000_000, k: 4096), on: machine)
        } throws: {
            "\($0)".contains("array slots")
        }
    }
}
