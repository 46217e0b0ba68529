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
    @Test(arguments: Case.all)
    func theStepsAreThoseOfTheSemantics(_ example: Case) throws {
        let tuner = try FineTuner(
            task: FineTuningTask(example.settings), settings: example.settings,
            kernels: Kernels(level: .highestAvailable), threads: 1)
        for _ in 0..<example.advance { try tuner.advance() }
        let rows = tuner.metrics.rows.map {
            "step \($0.step) L+ \(hexadecimal($0.plusLoss.bitPattern)) L- \(hexadecimal($0.minusLoss.bitPattern))"
                + " slope \(hexadecimal($0.projectedGradient.bitPattern))"
        }
        #expect(try rows + ["sha256 \(hash(tuner))"] == Python.step(example))
    }

    /// SHA-256 of every linear layer's codes, residuals and bias.
    private func hash(_ tuner: FineTuner) -> String {
        var hash = SHA256()
        for linear in tuner.parameters.linears {
            hash.update(linear.codes.bytes)
            if let residuals = linear.residuals8 { hash.update(residuals.bytes) }
            if let residuals = linear.residuals16 { hash.update(residuals.bytes) }
            hash.update(linear.bias.bytes)
        }
        return hash.hexadecimal
    }

    private func hexadecimal(_ bits: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: bits.bitWidth / 4 - digits.count) + digits
    }
}

/// One run on the embedded task.
struct Case: Sendable, CustomTestStringConvertible {
    var rounding = "stochastic"
    var bits = 8
    var size = "steps:1.0"
    var rate = 2000.0
    var schedule = RunSettings.Schedule.linear
    var trainable = "all"
    var newHead = false
    var batch = 16
    var seed: UInt64 = 7
    /// Steps to run, and the run's length, which the schedule needs.
    var advance = 3
    var total = 100

    static let all: [Case] = {
        var cases: [Case] = []
        for rounding in ["stochastic", "nearest", "residual:8", "residual:16"] {
            for bits in [2, 4, 8] {
                for trainable in ["all", "last:1", "head"] {
                    for newHead in [false, true] {
                        cases.append(Case(rounding: rounding, bits: bits, trainable: trainable, newHead: newHead))
                    }
                }
            }
        }
        let roundings = ["stochastic", "nearest", "residual:8", "residual:16"]
        // The size in weight units: a multiplier a row.
        cases += roundings.map { Case(rounding: $0, size: "epsilon:0.002", rate: 0.02, newHead: true) }
        // A seed above 2^32, and enough steps for clamped codes and spent residuals.
        cases += roundings.map {
            Case(
                rounding: $0, size: "steps:3.7", rate: 5e4, schedule: .constant, seed: 0xFEDC_BA98_7654_3210, advance: 12)
        }
        // A third batch that ends in the second epoch.
        cases.append(Case(batch: 1700))
        return cases
    }()

    var settings: RunSettings {
        var settings = RunSettings.defaults(embedded: true, updateRounding: rounding, trainable: trainable)
        settings.steps = total
        settings.batch = batch
        settings.sequence = 16
        settings.seed = seed
        settings.newHead = newHead
        settings.perturbationBits = bits
        settings.perturbationSize = size
        settings.learningRate = rate
        settings.schedule = schedule
        settings.evaluateEvery = 0
        return settings
    }

    var testDescription: String {
        "\(rounding), \(bits) bits, \(size), \(trainable), \(newHead ? "new" : "own") head, batch \(batch), seed \(seed)"
    }
}

/// The Python that runs step.py: ZEROTH_PYTHON, or python3.
private enum Python {
    static let environment = ProcessInfo.processInfo.environment
    /// Whether its absence fails the tests instead of skipping them.
    static let required = environment["ZEROTH_REQUIRE_TOOLS"] == "1"
    static let hasNumPy = (try? run(["-c", "import numpy"])) != nil

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The lines that step.py prints, without the scaled gradients that FineTuner keeps to itself.
    static func step(_ example: Case) throws -> [String] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let network = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CEmbedded/opinions"
        var arguments = [
            tests.path + "/independent/step.py", network, network + "/films-train.tsv",
            "--steps", "\(example.advance)", "--batch", "\(example.batch)", "--seed", "\(example.seed)",
            "--bits", "\(example.bits)", "--size", example.size.replacing("steps:", with: ""),
            "--rate", "\(example.rate)", "--schedule", example.schedule.rawValue, "--total-steps", "\(example.total)",
            "--rounding", example.rounding, "--trainable", example.trainable,
        ]
        if example.newHead { arguments.append("--new-head") }
        return try run(arguments).split(separator: "\n").map { line in
            line.firstRange(of: " gradient ").map { String(line[..<$0.lowerBound]) } ?? String(line)
        }
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
            throw Failure(description: "\(process.arguments!.joined(separator: " ")): status \(process.terminationStatus)\n\(said)")
        }
        return printed
    }
}
