import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// QuZO on weights in floating point beside independent/quzo_float.py, which was written from docs/semantics.md alone: the same losses, slopes,
/// counts, codes and biases, bit for bit.
@Suite(.enabled(if: Python.hasNumPy || Python.required, "NumPy is missing (ZEROTH_PYTHON names another Python)"))
struct IndependentFloatTests {
    /// One run of both.
    struct Case: Sendable, CustomTestStringConvertible {
        var formats: StepFormats
        var accumulator: String?
        var rounding = "stochastic"
        var estimator = GradientEstimator.qRGE2
        var bits = 8
        var epsilon = 0.01
        var rate = 0.001
        var queries = 1
        var trainable = "all"
        var newHead = false
        var testDescription: String {
            let operands = [formats.weights, formats.activations, formats.attention, formats.head, formats.embedding]
            return operands.map(\.rawValue).joined(separator: "/")
                + " \(accumulator ?? "") \(rounding) \(bits) \(queries) \(trainable) \(newHead)"
        }
    }

    private static func formats(
        _ weights: ElementFormat, _ activations: ElementFormat, _ attention: ElementFormat, _ head: ElementFormat,
        _ embedding: ElementFormat = .fp32
    ) -> StepFormats {
        StepFormats(
            weights: weights, activations: activations, attention: attention, head: head, embedding: embedding)
    }

    /// Those of the machine `datacentre-fp8`.
    private static let datacentre = formats(.e4m3, .e4m3, .bf16, .bf16, .bf16)

    static let cases: [Case] = [
        Case(formats: formats(.e4m3, .e4m3, .e4m3, .e4m3)),
        Case(formats: datacentre, accumulator: "aligned:32,25,fp32"),
        Case(formats: datacentre, accumulator: "aligned:32,13,e8m13", rate: 0.01, newHead: true),
        Case(formats: formats(.e5m2, .e5m2, .e5m2, .e5m2), epsilon: 0.05, newHead: true),
        Case(formats: formats(.e5m2, .e4m3, .int8, .e4m3), rounding: "nearest", bits: 4, rate: 0.05),
        Case(formats: formats(.e4m3, .bf16, .e5m2, .fp32), estimator: .qRGE1, queries: 2, newHead: true),
        Case(formats: formats(.bf16, .bf16, .bf16, .bf16, .bf16), queries: 3, trainable: "last:1"),
        Case(formats: formats(.bf16, .e4m3, .fp32, .e5m2), bits: 2, trainable: "head"),
        Case(formats: formats(.fp32, .fp32, .int8, .fp32), rounding: "nearest", newHead: true),
        Case(formats: formats(.e4m3, .e4m3, .bf16, .e4m3), epsilon: 0.3, rate: 1, trainable: "last:1", newHead: true),
    ]

    @Test(arguments: cases) func theStepsOfTheEmbeddedNetworkAreThoseOfTheSemantics(_ example: Case) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let network = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CEmbedded/opinions"
        var settings = settings(example)
        settings.sequence = 16
        try expectAgreement(example, settings, network: network, data: network + "/films-train.tsv")
    }

    /// Sizes that are multiples of nothing, more than 16 tokens, three classes, degenerate weight rows.
    @Test(arguments: cases) func theStepsOfANetworkOfOddSizesAreThoseOfTheSemantics(_ example: Case) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try Python.run([Python.folder + "/odd.py", folder])
        var settings = settings(example)
        settings.network = folder
        settings.data = folder + "/data.tsv"
        settings.validation = settings.data
        settings.sequence = 45
        try expectAgreement(example, settings, network: folder, data: folder + "/data.tsv")
    }

    private func settings(_ example: Case) -> RunSettings {
        var settings = RunSettings.defaults(network: false, updateRounding: example.rounding, formats: example.formats)
        settings.floatAccumulator = example.accumulator
        settings.estimator = example.estimator
        settings.perturbationBits = example.bits
        settings.perturbationSize = "epsilon:\(example.epsilon)"
        settings.queries = example.queries
        settings.learningRate = example.rate
        settings.trainable = example.trainable
        settings.newHead = example.newHead
        settings.batch = 8
        settings.seed = 7
        settings.steps = 100
        settings.schedule = .linear
        settings.evaluateEvery = 0
        return settings
    }

    private func expectAgreement(_ example: Case, _ settings: RunSettings, network: String, data: String) throws {
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 2)
        for _ in 0..<3 { try tuner.advance() }
        let weights = Double(
            tuner.parameters.layout.trainedMatrices.reduce(0) { $0 + tuner.parameters.matrix($1).count })
        var lines = tuner.metrics.rows.map { row in
            let perturbed = Int(((row.perturbedFraction ?? 0) * weights * Double(settings.queries)).rounded())
            let moved = Int((row.updatedFraction * weights).rounded())
            return "step \(row.step) L+ \(hexadecimal(row.plusLoss.bitPattern))"
                + " L- \(hexadecimal((row.minusLoss ?? .nan).bitPattern))"
                + " slope \(hexadecimal((row.projectedGradient ?? .nan).bitPattern)) perturbed \(perturbed)"
                + " clamped \(row.perturbationClamps) moved \(moved) limited \(row.updateClamps)"
        }
        var hash = SHA256()
        for linear in tuner.parameters.linears {
            hash.update(linear.codes.count > 0 ? linear.codes.bytes : linear.values.bytes)
            hash.update(linear.bias.bytes)
        }
        lines.append("sha256 \(hash.hexadecimal)")
        var arguments = [
            Python.folder + "/quzo_float.py", network, data, "--total-steps", "100", "--rate",
            "\(settings.learningRate)", "--trainable", settings.trainable, "--size", settings.perturbationSize,
            "--rounding", settings.updateRounding, "--bits", "\(settings.perturbationBits)", "--queries",
            "\(settings.queries)", "--estimator", settings.estimator.rawValue, "--embedding",
            settings.formats.embedding.rawValue,
        ]
        for (flag, format) in [
            ("--weights", settings.formats.weights), ("--activations", settings.formats.activations),
            ("--attention", settings.formats.attention), ("--head", settings.formats.head),
        ] { arguments += [flag, format.rawValue] }
        if let accumulator = settings.floatAccumulator { arguments += ["--accumulator", accumulator] }
        if settings.newHead { arguments.append("--new-head") }
        let expected = try Python.run(arguments).split(separator: "\n").map(String.init)
        #expect(lines == expected)
    }

    private func hexadecimal(_ bits: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: bits.bitWidth / 4 - digits.count) + digits
    }
}
