import Foundation
import Testing

/// The program as its users run it.
struct CommandLineTests {
    /// What one run of the program gave.
    struct Output {
        let status: Int32
        let out: String
        let err: String
    }

    /// The program that was built with these tests.
    static let program: String = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates =
            [bundle.appendingPathComponent("zeroth")]
            + (Bundle.allBundles.map {
                $0.bundleURL.deletingLastPathComponent().appendingPathComponent("zeroth")
            })
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }?.path ?? candidates[0].path
    }()

    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-cli-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (Process, Pipe, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, out, err)
    }

    @discardableResult
    private func run(
        _ arguments: String..., arguments more: [String] = [], environment: [String: String] = [:]
    ) throws -> Output {
        let (process, out, err) = try start(arguments + more, environment: environment)
        // Drained at the same time, so that neither pipe fills up.
        let drained = Drained(err.fileHandleForReading)
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Output(status: process.terminationStatus, out: text, err: drained.text)
    }

    /// Reads a pipe to its end in a thread of its own.
    private final class Drained: @unchecked Sendable {
        private var data = Data()
        private let done = DispatchSemaphore(value: 0)

        init(_ handle: FileHandle) {
            Thread.detachNewThread { [self] in
                data = handle.readDataToEndOfFile()
                done.signal()
            }
        }

        var text: String {
            done.wait()
            return String(decoding: data, as: UTF8.self)
        }
    }

    private func write(_ text: String, _ name: String) throws -> String {
        let path = folder + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? [] }

    /// One line on standard error that holds all of `parts`, status 1, and nothing written.
    private func expectError(
        _ output: Output, _ parts: String..., leaves: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(output.status == 1, sourceLocation: sourceLocation)
        let lines = output.err.split(separator: "\n")
        #expect(lines.count == 1, "\(output.err)", sourceLocation: sourceLocation)
        #expect(output.err.hasPrefix("error: "), sourceLocation: sourceLocation)
        for part in parts {
            #expect(output.err.contains(part), "\(output.err) should name \(part)", sourceLocation: sourceLocation)
        }
        #expect(contents == leaves.sorted(), sourceLocation: sourceLocation)
    }

    private func json(_ output: Output) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
    }

    // MARK: What it does

    @Test(arguments: ["qat:int8,adam", "full,sgd", "mezo", "zo-signsgd"])
    func otherMethodsRunAndPredict(_ method: String) throws {
        let output = try run("finetune", "--method", method, "--steps", "4", "--output", "run")
        #expect(output.status == 0, "\(output.err)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/run").sorted()
                == ["checkpoint.safetensors", "cost.json", "metrics.csv", "run.json"])
        for word in ["per step on edge-int8", "multiply-accumulates", "after 4 steps"] {
            #expect(output.out.contains(word), "\(word)")
        }
        let prediction = try run("predict", "--run", "run", "--text", "a dull film", "--json")
        #expect(prediction.status == 0, "\(prediction.err)")
        #expect(try run("export", "--run", "run", "--output", "tuned").status == 0)
    }

    @Test func whatAMachineDoesNotMultiplyRunsWithoutACost() throws {
        let output = try run("finetune", "--method", "mezo:fp32", "--steps", "2", "--output", "run")
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.contains("not costed: the run's products are of fp32, edge-int8 makes them of bf16"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/run").sorted()
                == ["checkpoint.safetensors", "metrics.csv", "run.json"])
    }

    @Test func flagsThatAMethodDoesNotReadAreRefused() throws {
        for (flags, word) in [
            (["--method", "warp"], "warp"), (["--method", "mezo:int8"], "mezo:int8"),
            (["--method", "mezo", "--estimator", "q-rge1"], "--estimator"),
            (["--method", "qat", "--queries", "2"], "--queries"),
            (["--method", "mezo", "--weights", "int4"], "--weights"),
            (["--method", "qat:int8", "--activations", "int4"], "--activations"),
            (["--method", "full,sgd", "--perturbation-size", "epsilon:1"], "--perturbation-size"),
        ] {
            let output = try run("finetune", arguments: flags)
            #expect(output.status == 64)
            #expect(output.err.contains(word), "\(output.err)")
        }
        expectError(
            try run("finetune", "--method", "mezo", "--perturbation-size", "steps:1"), "--perturbation-size", "epsilon")
        expectError(try run("finetune", "--method", "quantized:int8,sgd"), "costed, but not executed")
        expectError(try run("finetune", "--method", "mezo", "--emulation", "tiles"), "mezo", "layers")
        expectError(try run("finetune", "--method", "mezo", "--accumulators"), "--accumulators")
    }

    @Test func aShortRunWritesItsFolderAndPredicts() throws {
        let output = try run("finetune", "--steps", "20", "--output", "run")
        #expect(output.status == 0, "\(output.err)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/run").sorted()
                == ["checkpoint.safetensors", "cost.json", "metrics.csv", "run.json"])
        for word in ["latency", "energy", "DRAM", "QuZO", "QAT", "accuracy", "peak"] {
            #expect(output.out.contains(word), "\(word)")
        }
        let recount = Process()
        recount.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        recount.arguments = [
            "python3",
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("CostsTests/recompute_cost.py").path,
            folder + "/run/cost.json",
        ]
        recount.standardOutput = FileHandle.nullDevice
        try recount.run()
        recount.waitUntilExit()
        if recount.terminationStatus == 127 {
            #expect(ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] != "1", "python3 is missing")
        } else {
            #expect(recount.terminationStatus == 0, "an independent recount of cost.json differs")
        }
        let prediction = try run("predict", "--run", "run", "--text", "a dull film", "--json")
        #expect(prediction.status == 0, "\(prediction.err)")
        let after = try #require(try json(prediction)["after"] as? [String: Any])
        let probabilities = try #require(after["probabilities"] as? [Double])
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
    }

    @Test func tilesAndRegistersWriteTheRunOfWholeLayers() throws {
        let small = [
            "--steps", "2", "--batch", "3", "--sequence", "8", "--accumulators", "--hardware", "gemmini-like", "--set",
            "organisation.array.rows=8", "--set", "organisation.array.columns=8",
        ]
        for (name, flags) in [
            ("layers", []), ("tiles", ["--emulation", "tiles"]), ("fast", ["--emulation", "tiles", "--unchecked"]),
            ("registers", ["--emulation", "registers"]),
        ] {
            let (process, out, err) = try start(["finetune", "--output", name] + small + flags)
            let drained = Drained(err.fileHandleForReading)
            let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(drained.text)")
            #expect(text.contains("narrowest width") && text.contains("layer.1.scores"))
            for file in ["checkpoint.safetensors", "metrics.csv", "accumulators.csv"] {
                let found = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\(file)"))
                let expected = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/layers/\(file)"))
                #expect(found == expected, "\(name)/\(file)")
            }
        }
        let wrong = try run("finetune", "--unchecked", "--output", "run")
        #expect(wrong.status != 0 && wrong.err.contains("--emulation tiles"))
    }

    @Test func weightsPerturbedInPlaceGiveTheSameRunOrSayWhichRowHasNoRoom() throws {
        let machine = ["--set", "organisation.perturbationUnit.placement=in-place"]
        let small = ["finetune", "--steps", "3", "--batch", "3", "--sequence", "8"] + machine
        for (name, flags) in [
            ("layers", []), ("tiles", ["--emulation", "tiles"]), ("fast", ["--emulation", "tiles", "--unchecked"]),
        ] {
            let output = try ProgramRun.zeroth(small + ["--output", name] + flags, in: folder)
            #expect(output.status == 0 && output.out.contains("room for 32 codes a row"), "\(output.err)")
            for file in ["checkpoint.safetensors", "metrics.csv"] {
                let found = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\(file)"))
                let expected = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/layers/\(file)"))
                #expect(found == expected, "\(name)/\(file)")
            }
        }
        let full = try ProgramRun.zeroth(
            small + ["--output", "full", "--emulation", "tiles", "--perturbation-size", "steps:400"], in: folder)
        #expect(full.status == 1 && full.err.contains(".perturb, command 1 (perturb), layer.0."), "\(full.err)")
        #expect(full.err.contains(".weight: row ") && full.err.contains("room for 40; try a smaller"))
    }

    @Test func jsonGoesToStandardOutputAlone() throws {
        let output = try run("finetune", "--steps", "5", "--output", "run", "--json")
        #expect(output.status == 0)
        let result = try json(output)
        #expect(result["steps"] as? Int == 5)
        #expect(result["before"] != nil && result["after"] != nil && result["cost"] != nil)
    }

    @Test func aDryRunWritesNothing() throws {
        let output = try run("finetune", "--dry-run", "--output", "run")
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.contains("memory") && output.out.contains("kernels"))
        #expect(contents.isEmpty)
    }

    /// A run on any shipped machine whose arithmetic the emulator has.
    @Test(arguments: ["gemmini-like", "tpu-like", "edge-int4", "datacentre-fp8"])
    func aDryRunTakesAnyEmulatedMachine(name: String) throws {
        let output = try run("finetune", "--dry-run", "--hardware", name)
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.contains("dry run: nothing was written"))
    }

    @Test func aMachineThatIsNotEmulatedIsRefusedAtTheStart() throws {
        let (name, format) = ("datacentre-fp8", "fp16")
        let output = try run(
            "finetune", "--dry-run", "--hardware", name, "--set", "arithmetic.attention=\(format)", "--set",
            "organisation.array.macs={e4m3: 32, bf16: 16, fp16: 16}")
        #expect(output.status != 0 && output.out.isEmpty)
        #expect(
            output.err.contains(
                "embedded:hwmodels/\(name).json5: arithmetic.attention: is \"\(format)\", which Zeroth does not implement; "
                    + "implemented: int8, int4, e4m3, e5m2, bf16, fp32"))
    }

    @Test(arguments: [SIGINT, SIGKILL])
    func aStoppedRunResumesToTheSameBits(signal: Int32) throws {
        let flags = ["--steps", "400", "--batch", "16", "--seed", "5"]
        let whole = try start(["finetune", "--output", "whole"] + flags)
        whole.0.waitUntilExit()
        #expect(whole.0.terminationStatus == 0)
        let stopped = try start(["finetune", "--output", "stopped"] + flags)
        // Stop it some time after its first checkpoint; where it has ended before that, resuming is refused below.
        while !FileManager.default.fileExists(atPath: folder + "/stopped/checkpoint.safetensors"), stopped.0.isRunning {
            usleep(2000)
        }
        usleep(60_000)
        kill(stopped.0.processIdentifier, signal)
        stopped.0.waitUntilExit()
        try #require(
            !FileManager.default.fileExists(atPath: folder + "/stopped/cost.json"), "the run ended before the signal")
        if signal == SIGINT {
            #expect(stopped.0.terminationStatus == 130)
            let text = String(decoding: stopped.2.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(text.contains("--resume stopped"))
        }
        let resumed = try run("finetune", "--resume", "stopped")
        #expect(resumed.status == 0, "\(resumed.err)")
        for file in ["checkpoint.safetensors", "metrics.csv", "cost.json"] {
            let a = try Data(contentsOf: URL(fileURLWithPath: folder + "/whole/" + file))
            let b = try Data(contentsOf: URL(fileURLWithPath: folder + "/stopped/" + file))
            #expect(a == b, "\(file)")
        }
    }

    @Test func everyCommandHasHelpWithAnExample() throws {
        for command in [[], ["finetune"], ["predict"]] {
            let (process, out, _) = try start(command + ["--help"])
            let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(text.contains("Example"))
        }
    }

    /// Methods and formats reach the run, its record and its report.
    @Test func methodsAndFormatsAreChosenByFlags() throws {
        for (name, flags, found) in [
            (
                "zoqo", ["--method", "zoqo", "--queries", "2", "--weights", "int4"],
                ["ZOQO, 2 queries", "INT4 weights, INT8"]
            ),
            (
                "quzo", ["--hardware", "edge-int4", "--estimator", "q-rge1"],
                ["QuZO with q-rge1, 1 query", "INT4 weights and"]
            ),
        ] {
            let output = try run("finetune", "--steps", "2", "--batch", "4", "--output", name, arguments: flags)
            #expect(output.status == 0, "\(output.err)")
            for text in found { #expect(output.out.contains(text), "\(output.out)") }
            let record = try String(contentsOfFile: folder + "/\(name)/run.json", encoding: .utf8)
            #expect(record.contains("\"method\" : \"\(name)\"") && record.contains("\"weights\" : \"int4\""))
            let predicted = try run("predict", "--run", name, "--text", "a fine film")
            #expect(predicted.status == 0, "\(predicted.err)")
        }
    }

    // MARK: What it refuses

    @Test func flagsThatTheMethodDoesNotReadAreRefused() throws {
        for (flags, named) in [
            (["--method", "zoqo", "--update-rounding", "nearest"], "--update-rounding"),
            (["--method", "zoqo", "--perturbation-bits", "4"], "--perturbation-bits"),
            (["--method", "zoqo", "--estimator", "q-rge1"], "--estimator"),
            (["--method", "adam"], "quzo"), (["--queries", "0"], "1 … 64"), (["--queries", "65"], "1 … 64"),
            (["--weights", "bf16"], "arithmetic."), (["--weights", "fp16"], "int8"),
            (["--weights", "e4m3"], "both have to be integers"),
            (["--seed", "-1"], "from 0 to 18446744073709551615"),
            (["--trainable", "last:9"], "from 1 to"),
            (["--weights", "int4", "--activations", "int4"], "macsPerCyclePerElement"),
        ] {
            let output = try run("finetune", "--output", "run", arguments: flags)
            #expect(output.status != 0 && output.err.contains(named), "\(flags): \(output.err)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
        }
    }

    @Test func aMissingNetworkIsNamed() throws {
        let data = try write("good\ta\nbad\tb\n", "data.tsv")
        expectError(
            try run("finetune", "--network", "nowhere", "--data", data, "--output", "run"), "nowhere",
            leaves: ["data.tsv"])
    }

    @Test func aMissingDataFileIsNamed() throws {
        expectError(try run("finetune", "--data", "nowhere.tsv", "--output", "run"), "nowhere.tsv")
    }

    @Test func aLineWithoutALabelIsNamed() throws {
        let data = try write("positive\tfine\nno label here\n", "data.tsv")
        expectError(try run("finetune", "--data", data, "--output", "run"), "data.tsv", "2", leaves: ["data.tsv"])
    }

    @Test func anUnknownLabelIsNamed() throws {
        let data = try write("positive\tfine\nlukewarm\tso so\n", "data.tsv")
        expectError(
            try run("finetune", "--data", data, "--output", "run"), "data.tsv", "lukewarm", "negative",
            leaves: ["data.tsv"])
    }

    @Test func aTruncatedNetworkIsNamed() throws {
        try FileManager.default.createDirectory(atPath: folder + "/network", withIntermediateDirectories: true)
        _ = try write("{\"model_type\": \"bert\"", "network/config.json")
        _ = try write("short", "network/model.safetensors")
        _ = try write("[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "network/vocab.txt")
        let data = try write("good\ta\nbad\tb\n", "data.tsv")
        expectError(
            try run("finetune", "--network", "network", "--data", data, "--output", "run"), "config.json",
            leaves: ["data.tsv", "network"])
    }

    @Test func aMachineFileWithAMissingOrNegativeEntryIsNamed() throws {
        let missing = try write("{name: 'm', summary: 's', arithmetic: {}, organisation: {}}", "missing.json5")
        expectError(
            try run("finetune", "--hardware", missing, "--output", "run"), "missing.json5", "arithmetic",
            leaves: ["missing.json5"])
        expectError(
            try run("finetune", "--set", "organisation.array.rows=-1", "--output", "run"), "organisation.array.rows",
            "-1",
            leaves: ["missing.json5"])
    }

    @Test func anUnknownMachineIsNamed() throws {
        expectError(try run("finetune", "--hardware", "nowhere", "--output", "run"), "nowhere", "edge-int8")
    }

    @Test func aSequenceBeyondTheNetworksPositionsIsNamed() throws {
        expectError(try run("finetune", "--sequence", "4096", "--output", "run"), "--sequence is 4096")
    }

    @Test func anOccupiedFolderIsRefused() throws {
        try FileManager.default.createDirectory(atPath: folder + "/run", withIntermediateDirectories: true)
        expectError(try run("finetune", "--steps", "1", "--output", "run"), "run", "--overwrite", leaves: ["run"])
    }

    @Test func aSettingOutOfRangeIsNamed() throws {
        expectError(try run("finetune", "--steps", "0", "--output", "run"), "--steps is 0")
        expectError(try run("finetune", "--perturbation-bits", "3", "--output", "run"), "--perturbation-bits is 3")
        expectError(try run("finetune", "--perturbation-size", "steps:1e9", "--output", "run"), "too large")
    }

    @Test func anUnknownKernelLevelIsNamed() throws {
        expectError(
            try run("finetune", "--steps", "1", "--output", "run", environment: ["ZEROTH_KERNELS": "mmx"]), "mmx",
            "avx512")
    }

    @Test func predictingFromNowhereIsNamed() throws {
        expectError(try run("predict", "--run", "nowhere", "--text", "x"), "nowhere")
    }

    @Test func anUnknownFlagIsRefused() throws {
        let output = try run("finetune", "--step", "3")
        #expect(output.status != 0)
        #expect(output.err.contains("--step"))
        #expect(contents.isEmpty)
    }
}
