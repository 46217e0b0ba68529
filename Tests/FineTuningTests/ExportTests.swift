import Emulator
import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs
import Testing

/// Exported networks: what another implementation makes of the folder.
@Suite(.enabled(if: Python.hasNumPy || Python.required, "NumPy is missing (ZEROTH_PYTHON names another Python)"))
struct ExportTests {
    private let kernels = Kernels(level: .highestAvailable)

    /// A run of a few steps on a network of odd sizes, exported.
    private func exported(
        newHead: Bool, formats: StepFormats, trainable: String = "all",
        _ body: (_ network: TunedNetwork, _ folder: String) throws -> Void
    ) throws {
        let base = FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: base) }
        _ = try Python.run([Python.folder + "/odd.py", base])
        var settings = RunSettings.defaults(network: true, updateRounding: "residual:8", formats: formats)
        settings.network = base
        settings.data = base + "/data.tsv"
        settings.trainable = trainable
        settings.newHead = newHead
        settings.batch = 8
        settings.sequence = 45
        settings.steps = 5
        let task = try FineTuningTask(settings)
        let tuner = try FineTuner(task: task, settings: settings, kernels: kernels, threads: 1)
        let run = RunFolder(path: base + "/run")
        let record = RunRecord(tuner: tuner, zeroth: "test", machine: "none", machineOverrides: [], inputs: [])
        try run.begin(record, overwrite: false)
        for _ in 0..<5 { try tuner.advance() }
        try run.save(tuner)
        let network = try TunedNetwork(folder: run, kernels: kernels, threads: 1)
        try body(network, base + "/exported")
    }

    private static let narrow = StepFormats(all: .int4)

    @Test(arguments: [false, true], [StepFormats.w8a8, narrow])
    func logitsOfTheFolderAreThoseOfTheNetwork(newHead: Bool, formats: StepFormats) throws {
        try exported(newHead: newHead, formats: formats) { network, folder in
            try network.export(to: folder, overwrite: false)
            // The folder opens as any other network, head included, and holds the numbers that the codes stand for.
            let checkpoint = try EncoderCheckpoint(folder: folder)
            #expect(checkpoint.head?.labels == network.record.network.labels)
            #expect(checkpoint.tokenizer.encode("w1 w2 .") == network.checkpoint.tokenizer.encode("w1 w2 ."))
            let parameters = EncoderParameters(
                checkpoint: checkpoint, classes: network.record.network.labels.count, precision: .fp32,
                kernels: kernels, threads: 1)
            for (exported, tuned) in zip(parameters.linears, network.parameters.linears) {
                for element in 0..<tuned.count {
                    let value = Float(tuned.codes[element]) * tuned.scales[element / tuned.columns]
                    #expect(exported.values[element].bitPattern == value.bitPattern)
                }
            }
            try expectLogits(checkpoint, parameters, folder)
        }
    }

    /// The merged weights are those of layer and adapter, and their products what these add up to.
    @Test(arguments: ["lora:rank=3,alpha=5,targets=q+o+fc2", "lora:rank=2,base=int4,targets=all-linear"])
    func adaptersAreMergedIntoTheirLayers(trainable: String) throws {
        try exported(newHead: true, formats: .w8a8, trainable: trainable) { network, folder in
            try network.export(to: folder, overwrite: false)
            let checkpoint = try EncoderCheckpoint(folder: folder)
            let exported = EncoderParameters(
                checkpoint: checkpoint, classes: network.record.network.labels.count, precision: .fp32,
                kernels: kernels, threads: 1)
            let tuned = network.parameters
            let rank = tuned.layout.adapters!.rank
            let factor = tuned.layout.adapters!.alpha / Double(rank)
            var moved = 0
            for (number, layer) in tuned.linears.enumerated() {
                func number64(_ matrix: EncoderParameters.Linear, _ row: Int, _ column: Int) -> Double {
                    Double(matrix.codes[row * matrix.columns + column]) * Double(matrix.scales[row])
                }
                let places = tuned.layout.adapterNumbers(number)
                for row in 0..<layer.rows {
                    for column in 0..<layer.columns {
                        var sum = number64(layer, row, column)
                        if tuned.layout.isAdapted(number) {
                            let (a, b) = (tuned.matrix(places.a), tuned.matrix(places.b))
                            var added = 0.0
                            for k in 0..<rank { added += number64(b, row, k) * number64(a, k, column) }
                            sum += factor * added
                            if added != 0 { moved += 1 }
                        }
                        let found = Double(exported.linears[number].values[row * layer.columns + column])
                        #expect(abs(found - sum) <= 1e-6 * max(0.01, abs(sum)))
                    }
                }
            }
            #expect(moved > 0)
            try expectLogits(checkpoint, exported, folder)
        }
    }

    /// The folder's logits in FP32 are those that NumPy computes of it in binary64.
    private func expectLogits(
        _ checkpoint: EncoderCheckpoint, _ parameters: EncoderParameters, _ folder: String
    ) throws {
        let examples: [[Int32]] = [[2, 9, 3], [2, 8, 30, 14, 5, 22, 3], [2] + (7..<47).map { Int32($0) } + [3]]
        let batch = EncodedBatch(
            examples: examples, labels: [0, 0, 0], sequence: 42, padding: checkpoint.tokenizer.vocabulary.padding)
        let result = try EncoderEmulator(parameters: parameters, kernels: kernels, threads: 1).infer(
            Lowering.program(
                for: StepDescription(
                    shape: parameters.shape, batch: 3, sequence: 42, trainable: .head, hasNewHead: false,
                    method: .inference(.fp32))), batch)
        let printed = try Python.run(
            [Python.folder + "/exported.py", folder]
                + examples.map { $0.map(String.init).joined(separator: ",") })
        let expected = printed.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        #expect(expected.count == result.logits.count)
        for (found, expected) in zip(result.logits, expected) {
            #expect(abs(Double(found) - expected) <= 1e-4 * max(1, abs(expected)))
        }
    }

    @Test func aFolderIsReplacedOnlyWhereItIsANetwork() throws {
        try exported(newHead: false, formats: .w8a8) { network, folder in
            try network.export(to: folder, overwrite: false)
            #expect(throws: RunError.outputExists(path: folder, overwrites: false)) {
                try network.export(to: folder, overwrite: false)
            }
            try network.export(to: folder, overwrite: true)
            try FileManager.default.removeItem(atPath: folder + "/config.json")
            #expect(throws: RunError.outputExists(path: folder, overwrites: true)) {
                try network.export(to: folder, overwrite: true)
            }
        }
    }
}
