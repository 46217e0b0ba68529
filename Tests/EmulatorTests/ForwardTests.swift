import Emulator
import Kernels
import Networks
import Programs
import Testing

/// What a forward pass's bits depend on, on the embedded network.
struct ForwardTests {
    let checkpoint: EncoderCheckpoint
    let texts: [[Int32]]
    let labels: [Int32]

    init() throws {
        checkpoint = try EncoderCheckpoint.embedded()
        let data = try TextDataset(source: EmbeddedFiles.opinions().validation, labels: checkpoint.head?.labels)
        texts = data.examples.prefix(10).map { [checkpoint] in checkpoint.tokenizer.encode($0.text) }
        labels = data.examples.prefix(10).map { Int32($0.label) }
    }

    private func infer(
        _ places: Range<Int>, sequence: Int, threads: Int = 1, level: KernelLevel = .highestAvailable,
        precision: Precision = .quantized
    ) throws -> EncoderEmulator.ForwardResult {
        let kernels = Kernels(level: level)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: precision, kernels: kernels, threads: threads)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: threads)
        let program = Lowering.program(
            for: StepDescription(
                shape: parameters.shape, batch: places.count, sequence: sequence, trainable: .all,
                hasNewHead: parameters.hasNewHead, method: .inference(precision)))
        let batch = EncodedBatch(
            examples: Array(texts[places]), labels: Array(labels[places]), sequence: sequence,
            padding: checkpoint.tokenizer.vocabulary.padding)
        let result = try emulator.infer(program, batch)
        #expect(result.macs == program.macs)
        return result
    }

    @Test(arguments: [Precision.quantized, .fp32])
    func paddingDecidesNoBit(precision: Precision) throws {
        let longest = texts.map(\.count).max()!
        let tight = try infer(0..<10, sequence: longest, precision: precision)
        let loose = try infer(0..<10, sequence: longest + 7, precision: precision)
        #expect(tight.losses.map(\.bitPattern) == loose.losses.map(\.bitPattern))
        #expect(tight.pooled.map(\.bitPattern) == loose.pooled.map(\.bitPattern))
    }

    @Test(arguments: [Precision.quantized, .fp32])
    func neighboursInTheBatchDecideNoBit(precision: Precision) throws {
        let sequence = texts.map(\.count).max()!
        let together = try infer(0..<10, sequence: sequence, precision: precision)
        for example in 0..<10 {
            let alone = try infer(example..<example + 1, sequence: sequence, precision: precision)
            #expect(alone.losses[0].bitPattern == together.losses[example].bitPattern)
        }
    }

    @Test(arguments: [Precision.quantized, .fp32])
    func levelsAndThreadsDecideNoBit(precision: Precision) throws {
        let sequence = texts.map(\.count).max()!
        let expected = try infer(0..<10, sequence: sequence, level: .reference, precision: precision)
        for level in KernelLevel.available {
            for threads in [1, 2, 3] {
                let result = try infer(
                    0..<10, sequence: sequence, threads: threads, level: level, precision: precision)
                #expect(
                    result.logits.map(\.bitPattern) == expected.logits.map(\.bitPattern), "\(level), \(threads) threads"
                )
                #expect(result.loss.bitPattern == expected.loss.bitPattern, "\(level), \(threads) threads")
            }
        }
    }

    @Test func quantizedLogitsStayNearFP32() throws {
        let sequence = texts.map(\.count).max()!
        let exact = try infer(0..<10, sequence: sequence, precision: .fp32)
        let quantized = try infer(0..<10, sequence: sequence)
        for (a, b) in zip(exact.pooled, quantized.pooled) { #expect(abs(a - b) < 0.25) }
        #expect(exact.pooled != quantized.pooled)
    }

    @Test func aProgramForOtherSizesIsRefused() throws {
        let kernels = Kernels(level: .highestAvailable)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: .quantized, kernels: kernels, threads: 1)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: 1)
        let program = Lowering.program(
            for: StepDescription(
                shape: parameters.shape, batch: 2, sequence: 32, trainable: .all, hasNewHead: false,
                method: .inference(.quantized)))
        let batch = EncodedBatch(examples: [texts[0]], labels: [0], sequence: 32, padding: 0)
        #expect(throws: EmulatorError.self) { _ = try emulator.infer(program, batch) }
    }

    @Test func aFirstOrderProgramIsRefusedByName() throws {
        let kernels = Kernels(level: .highestAvailable)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: .quantized, kernels: kernels, threads: 1)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: 1)
        let program = Lowering.program(
            for: StepDescription(
                shape: parameters.shape, batch: 1, sequence: 32, trainable: .all, hasNewHead: false, method: .qat))
        let batch = EncodedBatch(examples: [texts[0]], labels: [0], sequence: 32, padding: 0)
        #expect(throws: EmulatorError.self) { _ = try emulator.infer(program, batch) }
    }

    @Test func adaptersThatTheParametersHaveNotAreRefusedByName() throws {
        let kernels = Kernels(level: .highestAvailable)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: .quantized, kernels: kernels, threads: 1)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: 1)
        let set = TrainableSet.lora(LowRankAdapters(rank: 4))
        let batch = EncodedBatch(examples: [texts[0]], labels: [0], sequence: 32, padding: 0)
        let quzo = StepDescription(
            shape: parameters.shape, batch: 1, sequence: 32, trainable: set, hasNewHead: false,
            method: .quzo(residualBits: 0))
        var inference = quzo
        inference.method = .inference(.quantized)
        let refusal = EmulatorError.adaptersDiffer(program: "lora:rank=4,targets=q+v", parameters: "all")
        #expect(throws: refusal) { _ = try emulator.infer(Lowering.program(for: inference), batch) }
        let settings = QuZOSettings(seed: 1, bits: .eight, size: .gridSteps(1), rounding: .stochastic)
        #expect(throws: refusal) {
            _ = try emulator.step(Lowering.program(for: quzo), batch, settings: settings, step: 0, learningRate: 1)
        }
        var tiles = quzo
        tiles.sequence = 16
        #expect(throws: EmulatorError.adaptersNotEmulated(trainable: "lora:rank=4,targets=q+v")) {
            try TileEmulator.check(Lowering.schedule(tiles, on: TileMachine.load("edge-int8")))
        }
    }
}
