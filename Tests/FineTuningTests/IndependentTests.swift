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
    @Test(arguments: Case.embedded)
    func theStepsOfTheEmbeddedNetworkAreThoseOfTheSemantics(_ example: Case) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let network = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CEmbedded/opinions"
        var settings = example.settings
        settings.sequence = 16
        try expectAgreement(example, settings, network: network, data: network + "/films-train.tsv")
    }

    /// Sizes that are multiples of nothing, more than 16 tokens, three classes, degenerate weight rows.
    @Test(arguments: Case.odd)
    func theStepsOfANetworkOfOddSizesAreThoseOfTheSemantics(_ example: Case) throws {
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

    private func expectAgreement(_ example: Case, _ settings: RunSettings, network: String, data: String) throws {
        let tuner = try FineTuner(
            task: FineTuningTask(settings), settings: settings, kernels: Kernels(level: .highestAvailable), threads: 1)
        for _ in 0..<example.advance { try tuner.advance() }
        let rows = tuner.metrics.rows.map {
            "step \($0.step) L+ \(hexadecimal($0.plusLoss.bitPattern)) L- \(hexadecimal($0.minusLoss.bitPattern))"
                + " slope \(hexadecimal($0.projectedGradient.bitPattern))"
        }
        #expect(try rows + ["sha256 \(hash(tuner))"] == Python.step(example, network: network, data: data))
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

/// One run.
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
    /// Share of the data held out; nil for none.
    var validationFraction: Double?

    private static let roundings = ["stochastic", "nearest", "residual:8", "residual:16"]

    static let embedded: [Case] = {
        var cases: [Case] = []
        // Every pair of rounding, bits and trainable set, with either head.
        for (i, rounding) in roundings.enumerated() {
            for (j, bits) in [2, 4, 8].enumerated() {
                for newHead in [false, true] {
                    let trainable = ["all", "last:1", "head"][(i + j) % 3]
                    cases.append(Case(rounding: rounding, bits: bits, trainable: trainable, newHead: newHead))
                }
            }
        }
        for rounding in roundings {
            // The size in weight units: a multiplier a row.
            cases.append(Case(rounding: rounding, size: "epsilon:0.002", rate: 0.02, newHead: true))
            // A seed above 2^32, update multipliers at their limit, and steps enough to clamp codes.
            cases.append(
                Case(
                    rounding: rounding, size: "steps:3.7", rate: 5e4, schedule: .constant, seed: 0xFEDC_BA98_7654_3210,
                    advance: 12))
        }
        // Losses so far apart that their difference is rounded.
        cases.append(Case(size: "steps:40.0", rate: 500, batch: 1, seed: 3, advance: 6))
        // The third batch ends in the second epoch.
        cases.append(Case(batch: 1700))
        return cases
    }()

    /// 71 examples: batches reach over epochs.
    static let odd: [Case] =
        roundings.flatMap { rounding in
            [
                Case(rounding: rounding, rate: 60, advance: 12),
                Case(rounding: rounding, bits: 4, rate: 200, trainable: "last:1", newHead: true, advance: 6),
            ]
        } + [
            Case(rounding: "residual:8", size: "epsilon:0.003", rate: 0.005, newHead: true, advance: 6),
            Case(rounding: "residual:16", rate: 60, batch: 200),
            Case(rate: 60, advance: 8, validationFraction: 0.3),
        ]

    var settings: RunSettings {
        var settings = RunSettings.defaults(network: false, updateRounding: rounding)
        settings.updateRounding = rounding
        settings.trainable = trainable
        settings.steps = total
        settings.batch = batch
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
        "\(rounding), \(bits) bits, \(size), \(trainable), \(newHead ? "new" : "own") head, batch \(batch), seed \(seed), "
            + "held out \(validationFraction ?? 0)"
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

    /// The lines that step.py prints, without the gradients in grid steps, which FineTuner keeps to itself.
    static func step(_ example: Case, network: String, data: String) throws -> [String] {
        var arguments = [
            folder + "/step.py", network, data,
            "--steps", "\(example.advance)", "--batch", "\(example.batch)", "--seed", "\(example.seed)",
            "--bits", "\(example.bits)", "--size", example.size.replacing("steps:", with: ""),
            "--rate", "\(example.rate)", "--schedule", example.schedule.rawValue, "--total-steps", "\(example.total)",
            "--rounding", example.rounding, "--trainable", example.trainable,
        ]
        if example.newHead { arguments.append("--new-head") }
        if let fraction = example.validationFraction { arguments += ["--validation-fraction", "\(fraction)"] }
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
            let command = process.arguments!.joined(separator: " ")
            throw Failure(description: "\(command): status \(process.terminationStatus)\n\(said)")
        }
        return printed
    }
}
