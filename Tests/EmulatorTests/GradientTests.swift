import Foundation
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

@testable import Emulator

/// Gradients of first-order steps beside PyTorch's autograd (training/gradients.py).
@Suite struct GradientTests {
    struct File: Decodable {
        struct Gradient: Decodable {
            let norm: Double
            let stride: Int
            let samples: [Double]
        }
        struct Case: Decodable, CustomTestStringConvertible {
            let name: String
            let recipe: String
            let tokens: [[Int32]]
            let lengths: [Int]
            let labels: [Int32]
            let loss: Double
            let gradients: [String: Gradient]
            var testDescription: String { name }
        }
        let torch: String
        let cases: [Case]
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("training")

    static func read(_ path: String) throws -> File {
        try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static let known = (try? read(folder.appendingPathComponent("gradients.json").path))?.cases ?? []

    /// Largest relative error in norm that a case may have. In FP32 it is rounding alone. Where both sides round to BF16 or to codes, they agree
    /// far below a step of either (2⁻⁹) unless a value falls to the other side of a rounding, as one does in `qat-int8-bf16`.
    static func tolerance(_ name: String) -> Double {
        switch name {
        case "bf16", "qat-int4-bf16": 1e-8
        case "qat-int8-bf16": 2e-4
        default: 1e-5
        }
    }

    /// Loss and gradients of one case as the emulator has them.
    static func run(
        _ known: File.Case, recipe: String? = nil, level: KernelLevel? = nil, threads: Int = 2
    ) throws -> (loss: Float, gradients: [String: [Float]]) {
        let checkpoint = try EncoderCheckpoint.embedded()
        let kernels = Kernels(level: level ?? .highestAvailable)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: .fp32, kernels: kernels, threads: threads)
        let batch = EncodedBatch(
            examples: zip(known.tokens, known.lengths).map { Array($0.prefix($1)) }, labels: known.labels,
            sequence: known.tokens[0].count, padding: 0)
        var step = StepDescription(
            shape: parameters.shape, batch: batch.count, sequence: batch.sequence, trainable: .all, hasNewHead: false,
            method: .firstOrder(try FirstOrderRecipe(recipe ?? known.recipe)))
        // A recipe's formats are those of linear layers; attention and head follow the machine.
        if step.recipe?.weights == .fp32 { step.machineFormats = StepFormats(all: .fp32) }
        let emulator = TrainingEmulator(parameters: parameters, kernels: kernels, threads: threads)
        var gradients: [String: [Float]] = [:]
        emulator.observer = { name, values in gradients[String(name.prefix { $0 != "," })] = Array(values) }
        let result = try emulator.step(
            Lowering.program(for: step), batch, settings: OptimizerSettings(.sgd), step: 0, learningRate: 0)
        return (
            result.loss,
            Dictionary(
                uniqueKeysWithValues: gradients.map { name, values in
                    (name.split(separator: ".").dropLast().joined(separator: "."), values)
                })
        )
    }

    static func compare(_ known: File.Case) throws {
        let found = try run(known)
        let tolerance = tolerance(known.name)
        #expect(abs(Double(found.loss) - known.loss) <= max(tolerance, 1e-6) * known.loss)
        #expect(Set(found.gradients.keys) == Set(known.gradients.keys))
        for (name, expected) in known.gradients {
            let values = try #require(found.gradients[name]).map(Double.init)
            let samples = stride(from: 0, to: values.count, by: expected.stride).map { values[$0] }
            try #require(samples.count == expected.samples.count)
            let norm = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            let error = norm(zip(samples, expected.samples).map { $0 - $1 }) / norm(expected.samples)
            #expect(error <= tolerance, "\(known.name) \(name): relative error \(error)")
            #expect(abs(norm(values) - expected.norm) <= tolerance * expected.norm)
        }
    }

    @Test(arguments: known) func gradientsAreThoseOfAutograd(_ known: File.Case) throws {
        try Self.compare(known)
    }

    @Test func theKnownCasesAreThere() { #expect(Self.known.count == 5) }

    static let hasTorch: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3", "-c", "import torch"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(.enabled(if: hasTorch, "PyTorch is not installed")) func everyGradientIsThatOfAutograd() throws {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("gradients-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: output) }
        let model = Self.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/CEmbedded/opinions/model.safetensors")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3",
            Self.folder.appendingPathComponent("gradients.py").path, model.path, output.path,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let file = try Self.read(output.path)
        #expect(file.cases.count == 5)
        for known in file.cases { try Self.compare(known) }
    }

    @Test(arguments: [
        ("layer", "full:fp32,sgd,backward=fp32,checkpoint=layer", "fp32"),
        ("selective", "full:fp32,sgd,backward=fp32,checkpoint=selective", "fp32"),
        ("at the end", "full:fp32,sgd,backward=fp32,update=end", "fp32"),
        ("selective, BF16", "full:bf16,sgd,checkpoint=selective", "bf16"),
        ("layer, BF16", "full:bf16,sgd,checkpoint=layer", "bf16"),
    ]) func whatIsRecomputedChangesNoBit(_ name: String, _ recipe: String, _ base: String) throws {
        let known = try #require(Self.known.first { $0.name == base })
        let (plain, again) = (try Self.run(known), try Self.run(known, recipe: recipe))
        #expect(plain.loss.bitPattern == again.loss.bitPattern)
        for (tensor, values) in plain.gradients {
            #expect(again.gradients[tensor]?.map(\.bitPattern) == values.map(\.bitPattern), "\(tensor)")
        }
    }

    @Test(arguments: known) func neitherThreadsNorKernelsChangeABit(_ known: File.Case) throws {
        let plain = try Self.run(known, threads: 1)
        for (level, threads) in [(KernelLevel.reference, 2), (.scalar, 3), (nil, 2)] as [(KernelLevel?, Int)] {
            let other = try Self.run(known, level: level, threads: threads)
            #expect(plain.loss.bitPattern == other.loss.bitPattern)
            for (tensor, values) in plain.gradients {
                #expect(other.gradients[tensor]?.map(\.bitPattern) == values.map(\.bitPattern), "\(tensor)")
            }
        }
    }

    /// Rows in memory, in place and not, beside the references, at every length around the sixteen partial sums.
    @Test func rowsAreThoseOfTheReferences() {
        var random = SplitMix(state: 13)
        for count in Array(1...50) + [384, 1000] {
            func row(_ range: ClosedRange<Float>) -> [Float] {
                (0..<count).map { _ in .random(in: range, using: &random) }
            }
            let (gradient, x, gamma) = (row(-2...2), row(-3...3), row(-1...1))
            let probabilities = VectorFunctions.softmax(x, valid: max(1, count - 3), factor: 0.25)
            var (softmax, norm) = (gradient, [Float](repeating: 0, count: count))
            softmax.withUnsafeMutableBufferPointer {
                GradientRows.softmax(
                    $0.baseAddress!, probabilities: probabilities, count: count, factor: 0.25, out: $0.baseAddress!)
            }
            GradientRows.layerNorm(gradient, x: x, gamma: gamma, epsilon: 1e-12, count: count, out: &norm)
            let references = [
                VectorFunctions.softmaxGradient(gradient, probabilities: probabilities, factor: 0.25),
                VectorFunctions.layerNormGradient(gradient, x: x, gamma: gamma, epsilon: 1e-12),
            ]
            #expect(
                [softmax, norm].map { $0.map(\.bitPattern) } == references.map { $0.map(\.bitPattern) }, "\(count)")
        }
    }

    @Test func microBatchesAddUpToTheBatch() throws {
        let known = try #require(Self.known.first { $0.name == "fp32" })
        let (whole, parts) = (
            try Self.run(known), try Self.run(known, recipe: "full:fp32,sgd,backward=fp32,micro=3")
        )
        #expect(abs(whole.loss - parts.loss) < 1e-6)
        for (tensor, values) in whole.gradients {
            let other = try #require(parts.gradients[tensor])
            let error = zip(values, other).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
            let norm = values.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
            #expect(error < 1e-5 * norm, "\(tensor)")
        }
    }
}
