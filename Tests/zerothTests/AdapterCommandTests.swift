import Foundation
import Testing

/// `zeroth cost --trainable lora:…` as its users ask for it.
struct AdapterCommandTests {
    private func run(_ flags: String) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(
            ["cost", "--network", "stories260k", "--batch", "4", "--sequence", "16"]
                + flags.split(separator: " ").map(String.init), in: FileManager.default.temporaryDirectory.path)
    }

    private func object(_ flags: String) throws -> [String: Any] {
        let output = try run(flags + " --json")
        #expect(output.status == 0, "\(output.err)")
        return try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
    }

    /// Both sides' steps of a comparison.
    private func sides(_ summary: [String: Any]) throws -> [[String: Any]] {
        let lengths = try #require(summary["lengths"] as? [[String: Any]])
        let comparison = try #require(lengths[0]["comparison"] as? [String: Any])
        return try ["zerothOrder", "firstOrder"].map { try #require(comparison[$0] as? [String: Any]) }
    }

    @Test func bothSidesTrainTheSameAdaptersAndSayWhich() throws {
        let set = "lora:rank=4,targets=q+v,alpha=16"
        // Five blocks; queries [64, 64], values [32, 64].
        let count = 5 * 4 * (64 + 64 + 32 + 64)
        for method in ["quzo", "zoqo", "mezo"] {
            for side in try sides(try object("--method \(method) --trainable \(set)")) {
                #expect(side["trainable"] as? String == set)
                #expect(side["adapterParameters"] as? Int == count && side["trainedParameters"] as? Int == count)
                let kinds = try #require(side["energyByKind"] as? [String: Any])
                #expect(kinds["adapterForward"] != nil)
            }
        }
        let text = try run("--trainable \(set)").out
        #expect(text.contains("trained: 4,480 adapter parameters (\(set)); all other weights are frozen"))
        let alone = try run("--method qat --trainable \(set)").out
        #expect(alone.contains("trained: 4,480 adapter parameters"))
        #expect(!(try run("").out.contains("adapter")))
    }

    @Test func aQuantizedBaseTakesItsBytesOnBothSides() throws {
        let flags =
            "--trainable lora:rank=4,targets=all-linear,base=int4 --baseline full --set "
            + "organisation.array.macsPerCyclePerElement={int4:2,int8:1,bf16:0.25}"
        let memory = try sides(try object(flags)).map { side -> Int in
            let memory = try #require(side["memory"] as? [String: Any])
            let kinds = try #require(memory["peakDRAMBytesByKind"] as? [String: Int])
            return try #require(kinds["weights"])
        }
        // Base and head are the same; the first-order side has masters of its adapters besides.
        let base = 5 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 172) / 2
        #expect(memory.allSatisfy { $0 > base } && memory[1] > memory[0] && memory[0] < 2 * base)
    }

    @Test func aFrontHasItsPointsWithTheSameAdapters() throws {
        let summary = try object("--trainable lora:rank=4,targets=o+down --front")
        let front = try #require(summary["front"] as? [String: Any])
        let points = try #require(front["points"] as? [[String: Any]])
        #expect(points.count == 54 && (front["refusals"] as? [Any])?.isEmpty == true)
    }

    @Test func sizesVaryWithTheSameAdapters() throws {
        let output = try run("--trainable lora:rank=4 --vary batch=1,2")
        #expect(output.status == 0 && output.out.contains("1 × 16") && output.out.contains("2 × 16"))
    }

    @Test(arguments: [
        ("--trainable lora:rank=0", "\"rank=0\" is a whole number from 1"),
        ("--trainable lora:rank=33", "from 1 to 32, the shorter side of value"),
        ("--trainable lora:targets=fc1", "targets among q, k, v, o, gate, up, down"),
        ("--trainable lora:targets=q+w", "fc1, gate"), ("--trainable lora:format=nf4", "NF4, are not lowered"),
        ("--trainable lora:format=bf16 --method zoqo", "with ZOQO"),
        ("--trainable lora:base=int4 --baseline qat:int8", "one of the two"),
        ("--trainable lora:format=bf16 --update-rounding residual:8", "--update-rounding"),
        ("--trainable adapters", "lora:rank=N,targets=…"),
    ])
    func wrongSetsAreNamed(flags: String, message: String) throws {
        let output = try run(flags)
        #expect(output.status != 0 && output.out.isEmpty)
        #expect(output.err.contains(message), "\(output.err)")
    }

    @Test(arguments: [
        ("lora:rank=0", "\"rank=0\" is a whole number from 1 to 262144"),
        ("lora:rank=1000000000000000000", "is a whole number from 1 to 262144"),
        ("lora:rank=40", "the shorter side of"), ("lora:targets=gate", "which this network has not"),
        ("lora:targets=q+w", "fc1, gate"), ("lora:last=9", "from 1 to"),
        ("lora:rank=4 --emulation tiles", "adapters run on whole layers alone"),
        ("lora:format=bf16 --method zoqo", "ZOQO, whose noise and steps are on an integer grid"),
    ])
    func fineTuningNamesWhatDoesNotFit(flags: String, message: String) throws {
        let output = try ProgramRun.zeroth(
            ["finetune", "--steps", "1", "--output", "unused", "--trainable"]
                + flags.split(separator: " ").map(String.init),
            in: FileManager.default.temporaryDirectory.path)
        #expect(output.status != 0 && output.err.contains(message), "\(output.err)")
    }

    /// A run, its costs, its going on, its predictions and its export.
    @Test func adaptersAreTunedPredictedAndExported() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let set = "lora:rank=4,targets=q+v,alpha=8"
        let run = try ProgramRun.zeroth(
            ["finetune", "--steps", "3", "--trainable", set, "--output", "run", "--json"], in: folder)
        #expect(run.status == 0, "\(run.err)")
        let result = try #require(try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: Any])
        let cost = try #require(result["cost"] as? [String: Any])
        #expect(cost["zerothOrder"] != nil && cost["firstOrder"] != nil)
        let prediction = try ProgramRun.zeroth(
            ["predict", "--run", "run", "--text", "a good film", "--json"], in: folder)
        #expect(prediction.status == 0 && prediction.out.contains("probabilities"))
        let exported = try ProgramRun.zeroth(["export", "--run", "run", "--output", "merged"], in: folder)
        #expect(exported.status == 0, "\(exported.err)")
        let again = try ProgramRun.zeroth(["finetune", "--resume", "run"], in: folder)
        #expect(again.err.contains("all 3 steps are done"))
    }
}
