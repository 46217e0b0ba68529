import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Testing

/// FineTuner beside independent/step.py, which was written from docs/semantics.md alone: the same losses, gradients and
/// parameters, bit for bit.
@Suite(.enabled(if: Python.hasNumPy || Python.required, "NumPy is missing (ZEROTH_PYTHON names another Python)"))
struct IndependentTests {
    @Test(arguments: IndependentCase.embedded)
    func theStepsOfTheEmbeddedNetworkAreThoseOfTheSemantics(_ example: IndependentCase) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let network = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CEmbedded/opinions"
        var settings = example.settings
        settings.sequence = 16
        try expectAgreement(example, settings, network: network, data: network + "/films-train.tsv")
    }

    /// Sizes that are multiples of nothing, more than 16 tokens, three classes, degenerate weight rows.
    @Test(arguments: IndependentCase.odd)
    func theStepsOfANetworkOfOddSizesAreThoseOfTheSemantics(_ example: IndependentCase) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try Python.run([Python.folder + "/odd.py", folder])
        var settings = example.settings
        settings.network = folder
        settings.data = folder + "/data.tsv"
        if let fraction = example.validationFraction {
            settings.validationFraction = fraction
        } else {
            settings.validation = settings.data
        }
        settings.sequence = 45
        try expectAgreement(example, settings, network: folder, data: folder + "/data.tsv")
    }

    private func expectAgreement(_ example: IndependentCase, _ settings: RunSettings, network: String, data: String)
        throws
    {
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 1)
        for _ in 0..<example.advance { try tuner.advance() }
        let rows = tuner.metrics.rows.map {
            "step \($0.step) L+ \(hexadecimal($0.plusLoss.bitPattern)) L- \(hexadecimal(($0.minusLoss ?? .nan).bitPattern))"
                + " slope \(hexadecimal(($0.projectedGradient ?? .nan).bitPattern))"
        }
        let expected = try Python.step(example, network: network, data: data)
        #expect(rows + ["sha256 \(hash(tuner))"] == expected)
    }

    /// SHA-256 of every linear layer's codes, residuals and bias, and of the adapters' codes and residuals.
    private func hash(_ tuner: FineTuner) -> String {
        var hash = SHA256()
        for (number, matrix) in tuner.parameters.matrices.enumerated() {
            guard let matrix else { continue }
            hash.update(matrix.codes.bytes)
            if let residuals = matrix.residuals8 { hash.update(residuals.bytes) }
            if let residuals = matrix.residuals16 { hash.update(residuals.bytes) }
            if number < tuner.parameters.linears.count { hash.update(matrix.bias.bytes) }
        }
        return hash.hexadecimal
    }

    private func hexadecimal(_ bits: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: bits.bitWidth / 4 - digits.count) + digits
    }
}

/// The Python that runs step.py: ZEROTH_PYTHON, or python3.
enum Python {
    static let environment = ProcessInfo.processInfo.environment
    /// Whether its absence fails the tests instead of skipping them.
    static let required = environment["ZEROTH_REQUIRE_TOOLS"] == "1"
    static let hasNumPy = (try? run(["-c", "import numpy"])) != nil

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/independent"

    /// The lines that step.py prints.
    static func step(_ example: IndependentCase, network: String, data: String) throws -> [String] {
        var arguments = [
            folder + "/step.py", network, data,
            "--steps", "\(example.advance)", "--batch", "\(example.batch)", "--seed", "\(example.seed)",
            "--bits", "\(example.bits)", "--size", example.size.replacing("steps:", with: ""),
            "--rate", "\(example.rate)", "--schedule", example.schedule.rawValue, "--total-steps", "\(example.total)",
            "--rounding", example.rounding, "--trainable", example.trainable,
            "--method", example.method.rawValue, "--queries", "\(example.queries)",
            "--estimator", example.estimator.rawValue,
            "--weights", example.formats.weights.rawValue, "--activations", example.formats.activations.rawValue,
            "--attention", example.formats.attention.rawValue, "--head", example.formats.head.rawValue,
        ]
        if example.newHead { arguments.append("--new-head") }
        if let fraction = example.validationFraction { arguments += ["--validation-fraction", "\(fraction)"] }
        return try run(arguments).split(separator: "\n").map(String.init)
    }

    /// What the Python prints.
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [environment["ZEROTH_PYTHON"] ?? "python3"] + arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let command = process.arguments!.joined(separator: " ")
            throw Failure(description: "\(command): status \(process.terminationStatus)\n\(said)")
        }
        return printed
    }
}
