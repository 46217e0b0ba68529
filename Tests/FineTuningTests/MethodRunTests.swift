import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

@testable import Emulator

/// Runs of methods in floating point and of first-order training.
struct MethodRunTests {
    struct Choice: CustomTestStringConvertible, Sendable {
        let method: RunSettings.Method
        var format: ElementFormat = .int8
        var recipe: String?
        var trainable = "all"
        var newHead = false
        var queries = 1
        var testDescription: String {
            "\(recipe ?? method.rawValue), \(format.rawValue), \(trainable), \(newHead), \(queries)"
        }

        func settings(steps: Int = 6) throws -> RunSettings {
            var settings = RunSettings.defaults(
                network: false, updateRounding: nil, method: method, formats: StepFormats(all: format))
            settings.recipe = recipe
            settings.trainable = trainable
            settings.newHead = newHead
            settings.queries = queries
            settings.steps = steps
            settings.batch = 12
            settings.seed = 5
            settings.evaluateEvery = 0
            return settings
        }
    }

    static let choices = [
        Choice(method: .mezo), Choice(method: .mezo, format: .fp32), Choice(method: .mezo, queries: 3),
        Choice(method: .mezo, trainable: "last:1", newHead: true), Choice(method: .mezo, trainable: "head"),
        Choice(method: .zoSignSGD), Choice(method: .zoSignSGD, format: .fp32, newHead: true, queries: 2),
        Choice(method: .firstOrder, recipe: "full,sgd"), Choice(method: .firstOrder, recipe: "full,adam,master=none"),
        Choice(method: .firstOrder, format: .fp32, recipe: "full:fp32,adam,backward=fp32"),
        Choice(method: .firstOrder, recipe: "qat:int8,adam"), Choice(method: .firstOrder, recipe: "qat:int4/int8,lion"),
        Choice(method: .firstOrder, recipe: "qat:int8,momentum,state=bf16,micro=3,update=end,checkpoint=layer"),
        Choice(method: .firstOrder, recipe: "qat:int8,adam,gradient=int8", trainable: "last:1", newHead: true),
        Choice(method: .firstOrder, recipe: "qat:int8,sgd,master=bf16", trainable: "head"),
        Choice(method: .quzo, format: .e4m3), Choice(method: .quzo, format: .e5m2, newHead: true, queries: 2),
        Choice(method: .quzo, format: .bf16, trainable: "last:1"), Choice(method: .quzo, format: .fp32, newHead: true),
        Choice(method: .quzo, format: .e4m3, trainable: "lora:rank=4,targets=q+fc2"),
        Choice(method: .quzo, format: .bf16, trainable: "lora:rank=4,alpha=8,base=int8"),
        Choice(method: .firstOrder, recipe: "qat:e4m3,adam"),
        Choice(method: .firstOrder, format: .bf16, recipe: "qat:e4m3/e5m2,sgd,checkpoint=layer", trainable: "last:1"),
        Choice(method: .mezo, trainable: "lora:rank=4,targets=all-linear", queries: 2),
        Choice(method: .mezo, trainable: "lora:rank=4,base=int4,format=fp32", newHead: true),
        Choice(method: .zoSignSGD, trainable: "lora:rank=2,alpha=4,last=1"),
        Choice(method: .firstOrder, recipe: "full,adam", trainable: "lora:rank=4,base=int4"),
        Choice(
            method: .firstOrder, recipe: "qat:int8,adam,micro=3,update=end,checkpoint=layer",
            trainable: "lora:rank=4,alpha=8,targets=q+o+fc1", newHead: true),
        Choice(method: .firstOrder, recipe: "qat:int8,adam,checkpoint=selective", trainable: "lora:format=bf16,last=1"),
    ]

    private func tuner(
        _ settings: RunSettings, level: KernelLevel = .highestAvailable, threads: Int = 1
    ) throws -> FineTuner {
        try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: level), threads: threads)
    }

    private func temporaryFolder() -> RunFolder {
        RunFolder(path: FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)")
    }

    private func values(_ tuner: FineTuner) -> [[UInt32]] {
        tuner.parameters.matrices.map { matrix in
            (matrix?.numbers.map(\.bitPattern) ?? []) + (matrix?.bias.elements.map(\.bitPattern) ?? [])
        }
    }

    @Test(arguments: choices) func aResumedRunGivesTheBitsOfOneThatWasNotStopped(_ choice: Choice) throws {
        let settings = try choice.settings()
        let whole = try tuner(settings)
        for _ in 0..<6 { try whole.advance() }
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let first = try tuner(settings)
        try folder.begin(
            RunRecord(tuner: first, zeroth: "test", machine: "none", machineOverrides: [], inputs: []), overwrite: false
        )
        for _ in 0..<3 { try first.advance() }
        try folder.save(first)
        let record = try folder.record()
        #expect(record.settings == settings)
        let second = try tuner(record.settings)
        try folder.restore(second)
        for _ in 0..<3 { try second.advance() }
        #expect(second.metrics == whole.metrics)
        #expect(values(second) == values(whole))
        // Trained weights moved, and no others.
        let untrained = EncoderParameters(
            checkpoint: whole.task.checkpoint, classes: 2, precision: whole.parameters.precision,
            formats: settings.formats, trainable: whole.trainable, seed: settings.seed,
            kernels: Kernels(level: .scalar), threads: 1)
        let layout = whole.parameters.layout
        let trained = Set(layout.trainedMatrices)
        for (number, matrix) in untrained.matrices.enumerated() {
            guard let matrix else { continue }
            let isSame = matrix.numbers == whole.parameters.matrix(number).numbers
            #expect(isSame != trained.contains(number), "\(layout.matrixName(number))")
        }
    }

    @Test(arguments: choices) func neitherThreadsNorKernelsChangeABit(_ choice: Choice) throws {
        let settings = try choice.settings()
        let plain = try tuner(settings)
        for _ in 0..<3 { try plain.advance() }
        for (level, threads) in [(KernelLevel.scalar, 2), (.highestAvailable, 3)] {
            let other = try tuner(settings, level: level, threads: threads)
            for _ in 0..<3 { try other.advance() }
            #expect(other.metrics == plain.metrics)
            #expect(values(other) == values(plain))
        }
    }

    @Test(arguments: choices) func whatIsMultipliedIsWhatIsCosted(_ choice: Choice) throws {
        let tuner = try tuner(choice.settings())
        let row = try tuner.advance()
        let step = tuner.stepDescription(sequence: row.sequence)
        #expect(row.macs == Lowering.program(for: step).macs)
    }

    @Test(arguments: choices) func evaluationsAndPredictionsAgree(_ choice: Choice) throws {
        let tuner = try tuner(choice.settings())
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try folder.begin(
            RunRecord(tuner: tuner, zeroth: "test", machine: "none", machineOverrides: [], inputs: []), overwrite: false
        )
        for _ in 0..<2 { try tuner.advance() }
        try folder.save(tuner)
        let text = "a good film"
        let predictor = try Predictor(folder: folder, kernels: Kernels(level: .highestAvailable), threads: 1)
        let found = try predictor.predict(text).after
        let tokens = tuner.task.checkpoint.tokenizer.encode(text, maximumLength: tuner.settings.sequence)
        let expected = try tuner.infer(EncodedExamples(tokens: [tokens], labels: [0], cut: 0))[0]
        let odds = exp(Double(expected.logits[1]) - Double(expected.logits[0]))
        #expect(abs(found.probabilities[1] - odds / (1 + odds)) < 1e-12)
        #expect(predictor.labels[expected.prediction] == found.label)
    }

    @Test(arguments: ["full:fp32,adam,backward=fp32", "full,adam", "qat:int8,adam", "qat:int4/int8,adam"])
    func firstOrderTrainingLearns(_ recipe: String) throws {
        let format: ElementFormat = recipe.hasPrefix("full:fp32") ? .fp32 : .int8
        var settings = try Choice(method: .firstOrder, format: format, recipe: recipe).settings(steps: 60)
        settings.batch = 64
        let tuner = try tuner(settings, threads: 2)
        let before = try tuner.evaluate()
        for _ in 0..<60 { try tuner.advance() }
        let after = try tuner.evaluate()
        #expect(before.accuracy < 0.7)
        #expect(after.accuracy > 0.9, "\(recipe): \(after.accuracy)")
    }

    /// 600 steps of the embedded task gain more than ten points.
    @Test(arguments: [ElementFormat.e4m3, .e5m2, .bf16]) func quzoInFloatingPointLearns(_ format: ElementFormat) throws
    {
        var settings = try Choice(method: .quzo, format: format).settings(steps: 600)
        settings.batch = 64
        let tuner = try tuner(settings, threads: 2)
        let before = try tuner.evaluate()
        for _ in 0..<600 { try tuner.advance() }
        let after = try tuner.evaluate()
        #expect(after.accuracy > before.accuracy + 0.1, "\(format): \(before.accuracy) to \(after.accuracy)")
    }

    @Test func aPaddingTokenDecidesNoBit() throws {
        let settings = try Choice(method: .firstOrder, recipe: "qat:int8,sgd").settings()
        var rows: [[[UInt32]]] = []
        for sequence in [10, 16] {
            let tuner = try tuner(settings)
            let examples = (0..<12).map { Array(tuner.task.training.tokens[$0].prefix(10)) }
            let batch = EncodedBatch(
                examples: examples, labels: (0..<12).map { tuner.task.training.labels[$0] }, sequence: sequence,
                padding: 0)
            let emulator = TrainingEmulator(
                parameters: tuner.parameters, kernels: Kernels(level: .highestAvailable), threads: 1)
            _ = try emulator.step(
                Lowering.program(for: tuner.stepDescription(sequence: sequence)), batch,
                settings: OptimizerSettings(.sgd), step: 0, learningRate: 0.1)
            rows.append(values(tuner))
        }
        #expect(rows[0] == rows[1])
    }

    @Test func whatCannotRunIsNamed() throws {
        func message(_ choice: Choice, _ change: (inout RunSettings) -> Void = { _ in }) -> String {
            do {
                var settings = try choice.settings()
                change(&settings)
                let tuner = try tuner(settings)
                try tuner.advance()
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(
            message(Choice(method: .mezo)) { $0.perturbationSize = "steps:1" }.hasPrefix(
                "--perturbation-size is steps:1"))
        #expect(message(Choice(method: .firstOrder, recipe: "qat:int8,sgd,micro=5")).contains("divide the batch of 12"))
        #expect(message(Choice(method: .firstOrder, recipe: "qat,warp")).contains("\"warp\""))
        #expect(message(Choice(method: .firstOrder, recipe: "qat,sgd", queries: 2)).hasPrefix("--queries is 2"))
        #expect(message(Choice(method: .firstOrder, recipe: "quantized:int8,sgd")).contains("costed, but not executed"))
        let fp8 = Choice(method: .quzo, format: .e4m3)
        #expect(message(fp8) { $0.perturbationSize = "steps:1" }.contains("have no one grid step"))
        #expect(message(fp8) { $0.perturbationSize = "epsilon:1e-60" }.contains("a size that FP32 holds"))
        #expect(message(fp8) { $0.updateRounding = "residual:8" }.contains("residuals are parts of a grid step"))
        #expect(message(fp8) { $0.formats.head = .int8 }.contains("e4m3 and int8 are trained beside"))
        #expect(message(fp8) { $0.formats.attention = .fp16 }.hasPrefix("--formats.attention is fp16"))
        #expect(message(Choice(method: .quzo)) { $0.formats.activations = .bf16 }.contains("int8 are trained beside"))
        #expect(message(Choice(method: .zoqo, format: .e4m3)).hasPrefix("--formats.weights is e4m3"))
        #expect(message(Choice(method: .firstOrder, recipe: "qat:int8,adam8")).contains("costed, but not executed"))
        #expect(
            message(Choice(method: .mezo)) { $0.floatAccumulator = "32-wrap" }.hasPrefix(
                "--floatAccumulator is 32-wrap"))
        #expect(message(Choice(method: .zoqo, format: .bf16)).hasPrefix("--formats.weights is bf16"))
        #expect(
            message(Choice(method: .mezo, trainable: "lora:targets=gate")).contains("gate, which this network has not"))
        #expect(message(Choice(method: .mezo, trainable: "lora:rank=1000")).contains("the shorter side of"))
        #expect(
            message(Choice(method: .mezo, trainable: "lora:rank=1000000000000000000")).contains(
                "\"rank=1000000000000000000\" is a whole number from 1 to 262144"))
        #expect(message(Choice(method: .zoqo, trainable: "lora:format=bf16")).contains("ZOQO, whose noise"))
    }

    @Test func aCheckpointWhoseMomentsAreOthersIsNamed() throws {
        let settings = try Choice(method: .firstOrder, recipe: "qat:int8,adam", trainable: "head").settings()
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let tuner = try tuner(settings)
        try folder.begin(
            RunRecord(tuner: tuner, zeroth: "test", machine: "none", machineOverrides: [], inputs: []), overwrite: false
        )
        for _ in 0..<2 { try tuner.advance() }
        try folder.save(tuner)
        let whole = try SafetensorsFile(path: folder.checkpointPath)
        func damaged(_ name: (String) -> String?, cut: Bool = false) throws -> String {
            var writer = SafetensorsWriter(metadata: whole.metadata)
            for tensor in whole.tensors {
                let values = try whole.float32(tensor.name, shape: tensor.shape)
                if tensor.name.hasPrefix("moment.") {
                    guard let other = name(tensor.name) else { continue }
                    writer.add(other, shape: [cut ? 1 : values.count], Array(cut ? values.prefix(1) : values[...]))
                } else {
                    writer.add(tensor.name, shape: tensor.shape, Array(values))
                }
            }
            try writer.write(to: folder.checkpointPath)
            do {
                try folder.restore(try self.tuner(settings))
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(try damaged({ $0 }, cut: true).contains("moment.head.first-moment"))
        #expect(try damaged({ _ in nil }).contains("moment.head.first-moment"))
        #expect(try damaged({ $0 + ".old" }).contains("moment.head.first-moment.old"))
        #expect(try damaged({ $0 }) == "no error")
    }

    /// Adam, momentum and Lion on a number each, beside their definitions in binary64.
    @Test func optimizersFollowTheirDefinitions() {
        for optimizer in FirstOrderRecipe.Optimizer.allCases {
            let settings = OptimizerSettings(optimizer)
            var (w, m, v) = (Float(0.7), Float(0), Float(0))
            var (x, first, second) = (0.7, 0.0, 0.0)
            for step in 0..<50 {
                let gradient = 0.3 * sin(Double(step)) + x - 0.2
                OptimizerScalars(optimizer, settings, step: step, learningRate: 0.01).update(
                    &w, Float(gradient), &m, &v)
                switch optimizer {
                case .sgd: x -= 0.01 * gradient
                case .momentum:
                    first = 0.9 * first + gradient
                    x -= 0.01 * first
                case .adam:
                    first = 0.9 * first + 0.1 * gradient
                    second = 0.999 * second + 0.001 * gradient * gradient
                    let t = Double(step + 1)
                    x -= 0.01 * (first / (1 - pow(0.9, t))) / ((second / (1 - pow(0.999, t))).squareRoot() + 1e-8)
                case .lion:
                    let c = 0.9 * first + 0.1 * gradient
                    x -= 0.01 * (c > 0 ? 1 : c < 0 ? -1 : 0)
                    first = 0.99 * first + 0.01 * gradient
                }
            }
            #expect(abs(Double(w) - x) < 2e-5, "\(optimizer): \(w), \(x)")
        }
    }
}
