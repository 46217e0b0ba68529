import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// FineTuner in floating point and first-order beside independent/training.py, which was written from docs/semantics.md, section 13, alone: the
/// same losses, slopes, weights and moments, bit for bit.
@Suite(.enabled(if: Python.hasNumPy || Python.required, "NumPy is missing (ZEROTH_PYTHON names another Python)"))
struct IndependentTrainingTests {
    /// One run of both.
    struct Case: Sendable, CustomTestStringConvertible {
        let method: RunSettings.Method
        /// Flags of training.py.
        let flags: [String]
        var recipe: String?
        var formats = StepFormats.w8a8
        var queries = 1
        var rate = 0.001
        var trainable = "all"
        var newHead = false
        var testDescription: String { "\(flags.joined(separator: " ")) \(trainable)\(newHead ? " new head" : "")" }
    }

    static let narrow: StepFormats = {
        var formats = StepFormats(all: .int8)
        (formats.weights, formats.activations) = (.int4, .int4)
        return formats
    }()

    static let cases: [Case] =
        [
            Case(method: .mezo, flags: ["--format", "bf16"]),
            Case(
                method: .mezo, flags: ["--format", "fp32"], formats: StepFormats(all: .fp32), trainable: "last:1",
                newHead: true),
            Case(method: .mezo, flags: ["--format", "bf16", "--queries", "3"], queries: 3, rate: 0.01, newHead: true),
            Case(method: .zoSignSGD, flags: ["--format", "bf16"], trainable: "head"),
            Case(
                method: .zoSignSGD, flags: ["--format", "fp32", "--queries", "2"], formats: StepFormats(all: .fp32),
                queries: 2, newHead: true),
            Case(
                method: .firstOrder, flags: ["--scheme", "full", "--format", "fp32", "--optimizer", "adam"],
                recipe: "full:fp32,adam,backward=fp32", formats: StepFormats(all: .fp32)),
            Case(
                method: .firstOrder, flags: ["--scheme", "full", "--format", "bf16", "--optimizer", "adam"],
                recipe: "full,adam",
                newHead: true),
            Case(
                method: .firstOrder,
                flags: [
                    "--scheme", "full", "--format", "bf16", "--optimizer", "momentum", "--master", "none", "--state",
                    "bf16",
                ],
                recipe: "full,momentum,master=none,state=bf16", rate: 0.05, trainable: "last:1"),
            Case(
                method: .firstOrder,
                flags: ["--scheme", "full", "--format", "bf16", "--optimizer", "sgd", "--gradient", "fp32"],
                recipe: "full,sgd,gradient=fp32", rate: 0.1),
            Case(method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "adam"], recipe: "qat,adam"),
            Case(
                method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "adam", "--backward", "fp32"],
                recipe: "qat,adam,backward=fp32", trainable: "last:1", newHead: true),
            Case(
                method: .firstOrder,
                flags: ["--scheme", "qat", "--optimizer", "lion", "--weights", "int4", "--activations", "int4"],
                recipe: "qat,lion", formats: narrow),
            Case(
                method: .firstOrder,
                flags: ["--scheme", "qat", "--optimizer", "sgd", "--gradient", "int8", "--master", "bf16"],
                recipe: "qat,sgd,gradient=int8,master=bf16", rate: 0.1, newHead: true),
            Case(
                method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "momentum", "--state", "bf16"],
                recipe: "qat,momentum,state=bf16", rate: 0.05, trainable: "head"),
        ] + adapters

    /// LoRA, on bases and with adapters in other formats, and over blocks that are run again.
    static let adapters: [Case] = [
        Case(method: .mezo, flags: ["--format", "bf16"], trainable: "lora:rank=4,alpha=8,targets=q+v+fc1"),
        Case(
            method: .mezo, flags: ["--format", "bf16", "--queries", "2"], queries: 2,
            trainable: "lora:rank=3,targets=all-linear,format=fp32,base=int4", newHead: true),
        Case(
            method: .mezo, flags: ["--format", "fp32"], formats: StepFormats(all: .fp32),
            trainable: "lora:rank=4,targets=k+o,base=int8,last=1"),
        Case(method: .zoSignSGD, flags: ["--format", "bf16"], trainable: "lora:rank=2,alpha=3"),
        Case(
            method: .firstOrder, flags: ["--scheme", "full", "--format", "fp32", "--optimizer", "adam"],
            recipe: "full:fp32,adam,backward=fp32", formats: StepFormats(all: .fp32),
            trainable: "lora:rank=4,alpha=6,targets=all-linear"),
        Case(
            method: .firstOrder, flags: ["--scheme", "full", "--format", "bf16", "--optimizer", "adam"],
            recipe: "full,adam", trainable: "lora:rank=4,base=int4", newHead: true),
        Case(
            method: .firstOrder,
            flags: [
                "--scheme", "full", "--format", "bf16", "--optimizer", "momentum", "--master", "none", "--state",
                "bf16",
            ],
            recipe: "full,momentum,master=none,state=bf16", rate: 0.05, trainable: "lora:rank=3,targets=v+fc2,last=1"),
        Case(
            method: .firstOrder, flags: ["--scheme", "full", "--format", "bf16", "--optimizer", "sgd"],
            recipe: "full,sgd", rate: 0.1, trainable: "lora:rank=4,targets=o+fc1,format=fp32"),
        Case(
            method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "adam"], recipe: "qat,adam",
            trainable: "lora:rank=4,alpha=8,targets=all-linear", newHead: true),
        Case(
            method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "adam"],
            recipe: "qat,adam,checkpoint=selective", trainable: "lora:rank=4,alpha=5,targets=q+o+fc2"),
        Case(
            method: .firstOrder, flags: ["--scheme", "qat", "--optimizer", "lion", "--weights", "int4"],
            recipe: "qat,lion",
            formats: StepFormats(
                weights: .int4, activations: .int8, attention: .int8, head: .int8, embedding: .fp32),
            trainable: "lora:rank=4,targets=k+fc1,format=bf16,last=1"),
        Case(
            method: .firstOrder,
            flags: ["--scheme", "qat", "--optimizer", "sgd", "--backward", "fp32", "--gradient", "int8"],
            recipe: "qat,sgd,backward=fp32,gradient=int8", rate: 0.1,
            trainable: "lora:rank=2,format=int4,base=int4,targets=q+fc2"),
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
        var settings = RunSettings.defaults(
            network: false, updateRounding: nil, method: example.method, formats: example.formats)
        settings.recipe = example.recipe
        settings.queries = example.queries
        settings.learningRate = example.rate
        settings.trainable = example.trainable
        settings.newHead = example.newHead
        settings.batch = 8
        settings.seed = 7
        settings.steps = 100
        settings.schedule = .linear
        if example.method != .firstOrder { settings.perturbationSize = "epsilon:0.01" }
        settings.evaluateEvery = 0
        return settings
    }

    private func expectAgreement(_ example: Case, _ settings: RunSettings, network: String, data: String) throws {
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 2)
        for _ in 0..<3 { try tuner.advance() }
        var lines = tuner.metrics.rows.map { row in
            if let minus = row.minusLoss, let slope = row.projectedGradient {
                return "step \(row.step) L+ \(hexadecimal(row.plusLoss.bitPattern)) L- \(hexadecimal(minus.bitPattern))"
                    + " slope \(hexadecimal(slope.bitPattern))"
            }
            return "step \(row.step) loss \(hexadecimal(row.plusLoss.bitPattern))"
        }
        lines.append("sha256 \(hash(tuner))")
        var arguments = [
            Python.folder + "/training.py", network, data, "--steps", "3", "--batch", "8", "--seed", "7", "--rate",
            "\(settings.learningRate)", "--schedule", "linear", "--total-steps", "100", "--trainable",
            settings.trainable, "--method", settings.method.rawValue,
        ]
        if settings.method != .firstOrder { arguments += ["--size", settings.perturbationSize] }
        if settings.newHead { arguments.append("--new-head") }
        let expected = try Python.run(arguments + example.flags).split(separator: "\n").map(String.init)
        #expect(lines == expected)
    }

    /// SHA-256 of every linear layer's values and bias, of the adapters' values, and of the moments.
    private func hash(_ tuner: FineTuner) -> String {
        var hash = SHA256()
        for (number, matrix) in tuner.parameters.matrices.enumerated() {
            guard let matrix else { continue }
            hash.update(matrix.values.bytes)
            if number < tuner.parameters.linears.count { hash.update(matrix.bias.bytes) }
        }
        let moments = tuner.moments
        let layout = tuner.parameters.layout
        let names = layout.trainedMatrices.map(layout.matrixName) + ["head.bias"]
        for name in names {
            for part in [".first-moment", ".second-moment"] {
                if let values = moments[name + part] { hash.update(values.bytes) }
            }
        }
        return hash.hexadecimal
    }

    private func hexadecimal(_ bits: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: bits.bitWidth / 4 - digits.count) + digits
    }
}
