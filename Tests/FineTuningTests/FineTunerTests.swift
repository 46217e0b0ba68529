import Emulator
import FineTuning
import Foundation
import Hardware
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// The invariants of a run: same seed, same bits; nothing is lost.
struct FineTunerTests {
    private func settings(
        steps: Int = 20, rounding: UpdateRounding = .residual(.eight), seed: UInt64 = 7
    ) -> RunSettings {
        var settings = RunSettings.defaults(network: false, updateRounding: rounding.word)
        settings.steps = steps
        settings.seed = seed
        settings.batch = 16
        settings.evaluateEvery = 0
        return settings
    }

    private func tuner(
        _ settings: RunSettings, level: KernelLevel = .highestAvailable, threads: Int = 1
    ) throws -> FineTuner {
        try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: level), threads: threads)
    }

    private func temporaryFolder() -> RunFolder {
        RunFolder(path: FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)")
    }

    /// SHA-256 of every trained code, residual and bias.
    private func hash(_ tuner: FineTuner) -> String {
        var hash = SHA256()
        for linear in tuner.parameters.matrices.compactMap(\.self) {
            hash.update(linear.codes.bytes)
            if let residuals = linear.residuals8 { hash.update(residuals.bytes) }
            if let residuals = linear.residuals16 { hash.update(residuals.bytes) }
            hash.update(linear.bias.bytes)
        }
        return hash.hexadecimal
    }

    @Test(arguments: [UpdateRounding.stochastic, .nearest, .residual(.eight), .residual(.sixteen)])
    func twentyStepsGiveTheSameBitsAtEveryLevelAndOnAnyThreads(rounding: UpdateRounding) throws {
        var hashes: Set<String> = []
        var tried: [String] = []
        for level in KernelLevel.available {
            for threads in [1, 2] {
                let tuner = try tuner(settings(rounding: rounding), level: level, threads: threads)
                for _ in 0..<20 { try tuner.advance() }
                hashes.insert(hash(tuner))
                tried.append("\(level) × \(threads)")
            }
        }
        #expect(hashes.count == 1, "\(tried)")
    }

    /// Methods beside QuZO with one query, on INT8 and INT4.
    static let variants: [(method: RunSettings.Method, queries: Int, formats: StepFormats)] = {
        let narrow = StepFormats(weights: .int4, activations: .int4, attention: .int8, head: .int8, embedding: .fp32)
        return [
            (.zoqo, 1, .w8a8), (.zoqo, 3, narrow), (.quzo, 3, .w8a8), (.quzo, 1, narrow),
            (.quzo, 2, StepFormats(all: .int4)),
        ]
    }()

    @Test(arguments: variants, ["all", "last:1", "head", "lora:rank=4,alpha=8,targets=q+v+fc2"])
    func everyMethodGivesTheSameBitsAtEveryLevelAndCountsItsProgramsWork(
        variant: (method: RunSettings.Method, queries: Int, formats: StepFormats), trainable: String
    ) throws {
        var settings = settings(rounding: variant.method == .zoqo ? .stochastic : .residual(.eight))
        settings.method = variant.method
        settings.queries = variant.queries
        settings.formats = variant.formats
        settings.trainable = trainable
        settings.newHead = trainable == "head"
        settings.perturbationSize = "steps:1.0"
        settings.learningRate = 1
        var hashes: Set<String> = []
        for level in [KernelLevel.reference, .highestAvailable] {
            for threads in [1, 2] {
                let tuner = try tuner(settings, level: level, threads: threads)
                for _ in 0..<4 {
                    let row = try tuner.advance()
                    // What was executed and what was kept make up the program.
                    let program = tuner.program(tuner.stepDescription(sequence: row.sequence))
                    #expect(row.macs == program.macs)
                    #expect((row.perturbedFraction ?? 0) > 0)
                }
                hashes.insert(hash(tuner))
                let limit = variant.formats.weights == .int4 ? 7 : 127
                for linear in tuner.parameters.linears.dropLast()
                    + tuner.parameters.matrices.dropFirst(
                        tuner.parameters.linears.count
                    ).compactMap(\.self)
                {
                    #expect(linear.codes.elements.allSatisfy { abs(Int($0)) <= limit })
                }
            }
        }
        #expect(hashes.count == 1)
    }

    @Test(arguments: variants, ["all", "lora:rank=4,targets=all-linear"])
    func everyMethodGoesOnToTheSameBits(
        variant: (method: RunSettings.Method, queries: Int, formats: StepFormats), trainable: String
    ) throws {
        var settings = settings(rounding: variant.method == .zoqo ? .stochastic : .residual(.sixteen))
        settings.method = variant.method
        settings.queries = variant.queries
        settings.formats = variant.formats
        settings.newHead = true
        settings.trainable = trainable
        let whole = try tuner(settings)
        for _ in 0..<6 { try whole.advance() }
        let stopped = try tuner(settings)
        for _ in 0..<3 { try stopped.advance() }
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try folder.save(stopped)
        let resumed = try tuner(settings)
        try folder.restore(resumed)
        for _ in 0..<3 { try resumed.advance() }
        #expect(hash(resumed) == hash(whole))
        #expect(resumed.metrics.csv == whole.metrics.csv)
    }

    /// B is zero at first, so an untuned run with adapters classifies as the network does.
    @Test func newAdaptersChangeNoLogit() throws {
        let plain = try tuner(settings())
        for text in ["lora:rank=4,targets=all-linear", "lora:rank=2,alpha=100"] {
            var settings = settings()
            settings.trainable = text
            let adapted = try tuner(settings)
            let examples = EncodedExamples(
                tokens: Array(plain.task.validation.tokens.prefix(40)),
                labels: Array(plain.task.validation.labels.prefix(40)), cut: 0)
            let (expected, found) = (try plain.infer(examples), try adapted.infer(examples))
            for (a, b) in zip(expected, found) { #expect(a.logits.map(\.bitPattern) == b.logits.map(\.bitPattern)) }
            for _ in 0..<3 { try adapted.advance() }
            let moved = try adapted.infer(examples)
            #expect(zip(expected, moved).contains { $0.logits != $1.logits })
            // The base is as it was; adapters and head are what moves.
            for (number, linear) in adapted.parameters.linears.enumerated() {
                let isSame = linear.codes.elements.elementsEqual(plain.parameters.linears[number].codes.elements)
                #expect(isSame == (number != adapted.parameters.shape.headNumber))
            }
        }
    }

    @Test func anotherSeedGivesOtherBits() throws {
        let a = try tuner(settings(seed: 1))
        let b = try tuner(settings(seed: 2))
        for _ in 0..<3 {
            try a.advance()
            try b.advance()
        }
        #expect(hash(a) != hash(b))
    }

    @Test func aStepExecutesTheMACsThatItsProgramCounts() throws {
        let tuner = try tuner(settings())
        let row = try tuner.advance()
        #expect(row.macs == tuner.program(tuner.stepDescription(sequence: row.sequence)).macs)
    }

    @Test(arguments: [UpdateRounding.stochastic, .residual(.eight), .residual(.sixteen)])
    func resumingGivesTheSameBitsAsNotStopping(rounding: UpdateRounding) throws {
        let settings = settings(rounding: rounding)
        let whole = try tuner(settings)
        for _ in 0..<20 { try whole.advance() }
        let first = try tuner(settings)
        for _ in 0..<11 { try first.advance() }
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try folder.begin(
            RunRecord(tuner: first, zeroth: "test", machine: "none", machineOverrides: [], inputs: []), overwrite: false
        )
        try folder.save(first)
        let second = try tuner(folder.record().settings)
        try folder.restore(second)
        #expect(second.step == 11)
        while second.step < 20 { try second.advance() }
        #expect(hash(second) == hash(whole))
        #expect(second.metrics.csv == whole.metrics.csv)
    }

    @Test func evaluatingChangesNoBit() throws {
        let plain = try tuner(settings())
        let watched = try tuner(settings())
        for _ in 0..<3 {
            try plain.advance()
            try watched.evaluate()
            try watched.advance()
        }
        #expect(hash(plain) == hash(watched))
    }

    @Test func metricsSurviveTheirFile() throws {
        let tuner = try tuner(settings())
        try tuner.evaluate()
        for _ in 0..<4 { try tuner.advance() }
        try tuner.evaluate()
        let read = try Metrics(csv: tuner.metrics.csv, path: "metrics.csv")
        #expect(read == tuner.metrics)
        #expect(read.truncated(to: 2).rows.count == 2)
    }

    @Test func aDamagedMetricsFileIsNamed() {
        #expect(throws: RunError.self) { _ = try Metrics(csv: "steps,loss\n", path: "m.csv") }
        #expect(throws: RunError.self) { _ = try Metrics(csv: Metrics().csv + "1,2,3\n", path: "m.csv") }
    }

    @Test func settingsOutOfRangeAreNamed() {
        func expectRefused(_ change: (inout RunSettings) -> Void, _ name: String) {
            var settings = settings()
            change(&settings)
            #expect(throws: RunError.self) { _ = try settings.validated() }
            do { _ = try settings.validated() } catch { #expect("\(error)".hasPrefix("--\(name) is ")) }
        }
        expectRefused({ $0.steps = 0 }, "steps")
        expectRefused({ $0.batch = 0 }, "batch")
        expectRefused({ $0.sequence = 2 }, "sequence")
        expectRefused({ $0.trainable = "last:0" }, "trainable")
        expectRefused({ $0.perturbationBits = 3 }, "perturbation-bits")
        expectRefused({ $0.perturbationSize = "steps:-1" }, "perturbation-size")
        expectRefused({ $0.perturbationSize = "2" }, "perturbation-size")
        expectRefused({ $0.updateRounding = "residual:4" }, "update-rounding")
        expectRefused({ $0.learningRate = .nan }, "learning-rate")
        expectRefused({ $0.validationFraction = 1 }, "validation-fraction")
    }

    @Test func anOccupiedFolderIsRefusedAndLeftAlone() throws {
        let folder = temporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        #expect(throws: RunError.folderExists(path: folder.path)) { try folder.checkVacant(overwrite: false) }
        #expect(throws: RunError.self) { try folder.checkVacant(overwrite: true) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// A folder whose weights file is 309 GB of holes.
    @Test func aNetworkTooLargeForMemoryIsRefusedBeforeItIsRead() throws {
        let folder = temporaryFolder().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]
        try writeAtomically(tokens.joined(separator: "\n") + "\n", to: folder + "/vocab.txt")
        try writeAtomically(
            """
            {"model_type": "bert", "hidden_act": "gelu", "vocab_size": \(tokens.count), "hidden_size": 16384,
             "num_hidden_layers": 24, "num_attention_heads": 128, "intermediate_size": 65536,
             "max_position_embeddings": 64, "type_vocab_size": 2, "layer_norm_eps": 1e-12}
            """, to: folder + "/config.json")
        let configuration = try EncoderConfiguration(source: MappedFile(path: folder + "/config.json"))
        var entries: [String] = []
        var offset = 0
        for parameter in EncoderParameter.all(in: configuration) {
            let shape = parameter.shape(in: configuration)
            let end = offset + 4 * shape.reduce(1, *)
            entries.append(
                "\"\(parameter.name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Array("{\(entries.joined(separator: ","))}".utf8)
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        let weights = folder + "/model.safetensors"
        try writeAtomically(length + header, to: weights)
        let handle = try #require(FileHandle(forWritingAtPath: weights))
        try handle.truncate(atOffset: UInt64(8 + header.count + offset))
        try handle.close()
        var settings = RunSettings.defaults(network: true, updateRounding: nil)
        settings.network = folder
        settings.data = folder + "/vocab.txt"
        do {
            _ = try FineTuningTask(settings)
            Issue.record("a network of \(offset) bytes was accepted")
        } catch let error as RunError {
            guard case .tooLarge(let needed, let available) = error else { throw error }
            #expect(needed > available)
            #expect("\(error)".contains("MiB"))
        }
    }
}
