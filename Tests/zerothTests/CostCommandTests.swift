import Foundation
import Testing

/// `zeroth cost` as its users run it.
struct CostCommandTests {
    private func run(_ flags: String) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(
            ["cost"] + flags.split(separator: " ").map(String.init), in: FileManager.default.temporaryDirectory.path)
    }

    private func json(_ flags: String) throws -> [String: Any] {
        let output = try run(flags + " --json")
        #expect(output.status == 0, "\(output.err)")
        return try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
    }

    @Test func columnsAreThoseOfScaleSim() throws {
        // A run of SCALE-Sim 3.0.0: TimingTests has more.
        let answer = try json("--gemm 60,40,30 --array 16x8 --dataflow os --oracle scale-sim --sram-kib 2,1,1")
        let expected: [String: Double] = [
            "array_rows": 16, "array_cols": 8, "M": 60, "K": 40, "N": 30, "folds": 16, "fold_cycles": 62,
            "compute_cycles": 992, "stall_cycles": 0, "total_cycles_reported": 991, "total_cycles_incl_prefetch": 1124,
            "util_pct": 56.7608, "mapping_eff_pct": 87.8906, "compute_util_pct": 56.7036, "sram_ifmap_reads": 9600,
            "sram_filter_reads": 4800, "sram_ofmap_writes": 2184, "dram_ifmap_reads": 9600, "dram_filter_reads": 1740,
            "dram_ofmap_writes": 1807, "ifmap_sram_kb": 2, "filter_sram_kb": 1, "ofmap_sram_kb": 1,
        ]
        for (column, value) in expected { #expect(answer[column] as? Double == value, "\(column)") }
        #expect(answer["dataflow"] as? String == "os" && answer["oracle"] as? String == "scale-sim")
        #expect(answer.count == expected.count + 2)
    }

    @Test func reservationsOfAnInPlaceMachineAreSaid() throws {
        let flags = "--network minilm-l6 --hardware edge-int8 --batch 2 --sequence 16"
        let inPlace = flags + " --set organisation.perturbationUnit.placement=in-place"
        let note = "restored from lists with room for 32 codes a row and one for every 8 of its codes"
        #expect(try run(inPlace).out.contains(note) && !run(flags).out.contains(note))
        #expect(try json(flags)["assumptions"] as? [String] == [])
        let said = try #require(try json(inPlace)["assumptions"] as? [String])
        #expect(said.count == 1 && said[0].contains(note))
    }

    @Test func withoutBuffersNothingIsSaidOfDRAM() throws {
        let flags = "--gemm 64,768,768 --array 32x32 --dataflow weight-stationary --oracle scale-sim"
        let answer = try json(flags)
        #expect(answer["compute_cycles"] as? Int == 91_008 && answer["total_cycles_reported"] as? Int == 91_007)
        #expect(!answer.keys.contains { $0.contains("dram") || $0.contains("prefetch") })
        let text = try run(flags).out
        #expect(text.contains("91,008") && text.contains("40.5068 %") && text.contains("1,179,648 words"))
        #expect(!text.contains("DRAM"))
    }

    @Test func cyclesAreGivenToTheDigit() throws {
        // More than a Double holds.
        let flags = "--gemm 9007199254740993,1,1 --array 1x1 --dataflow os --oracle scale-sim"
        #expect(try json(flags)["compute_cycles"] as? Int == 9_007_199_254_740_993)
        #expect(try run(flags).out.contains("9,007,199,254,740,993"))
    }

    @Test(arguments: [
        ("--array 4x4 --dataflow ws --oracle scale-sim", "--gemm is left out, should be M,K,N, such as"),
        ("--gemm 4,4 --array 4x4 --dataflow ws --oracle scale-sim", "--gemm is 4,4, should be M,K,N: 3 whole numbers"),
        ("--gemm 4,0,4 --array 4x4 --dataflow ws --oracle scale-sim", "where K is a whole number from 1"),
        ("--gemm 4,4,x --array 4x4 --dataflow ws --oracle scale-sim", "where N is a whole number from 1"),
        ("--gemm 9223372036854775808,1,1 --array 4x4 --dataflow ws --oracle scale-sim", "where M is"),
        ("--gemm 4,4,4 --dataflow ws --oracle scale-sim", "--array is left out"),
        ("--gemm 4,4,4 --array 4 --dataflow ws --oracle scale-sim", "--array is 4, should be rowsxcolumns"),
        ("--gemm 4,4,4 --array 0x4 --dataflow ws --oracle scale-sim", "where rows is a whole number from 1 to 1048576"),
        ("--gemm 4,4,4 --array 4x9999999 --dataflow ws --oracle scale-sim", "where columns is"),
        ("--gemm 4,4,4 --array 4x4 --oracle scale-sim", "--dataflow is left out, should be one of ws, os, is"),
        ("--gemm 4,4,4 --array 4x4 --dataflow sw --oracle scale-sim", "--dataflow is sw"),
        ("--gemm 4,4,4 --array 4x4 --dataflow ws --oracle gem5", "--oracle is gem5, should be scale-sim"),
        (
            "--gemm 4,4,4 --array 4x4 --dataflow ws --oracle scale-sim --sram-kib 64,0,64",
            "--sram-kib is 64,0,64, should be ifmap,filter,ofmap, where filter is"
        ),
        (
            "--gemm 4,4,4 --array 4x9000 --dataflow ws --oracle scale-sim --sram-kib 64,64,1",
            "the ofmap buffer has 1 KiB, should have at least 18"
        ),
        (
            "--gemm 4,4,4 --array 4x9000 --dataflow ws --oracle scale-sim --sram-kib 64,1,64",
            "the filter buffer has 1 KiB, should have at least 18"
        ),
        (
            "--gemm 4294967296,4294967296,1 --array 4x4 --dataflow os --oracle scale-sim",
            "multiply-accumulates = M·K·N exceeds 64 bits"
        ),
    ])
    func badInputIsOneLineThatNamesTheFlag(flags: String, part: String) throws {
        let output = try run(flags)
        #expect(output.status == 1 && output.out.isEmpty)
        #expect(output.err.hasPrefix("error: ") && output.err.split(separator: "\n").count == 1, "\(output.err)")
        #expect(output.err.contains(part), "\(output.err) should name \(part)")
    }

    /// A step of a run and the same step costed alone are one step: every number of cost.json, for everything that runs.
    @Test(arguments: [
        ("", ""), ("--method zoqo", ""), ("--queries 3", ""), ("--method zoqo --queries 2 --hardware quzo-edge", ""),
        ("--method mezo", ""),
        // Which rounding the update takes draws no other number of bits.
        ("", "--estimator q-rge1"), ("--hardware edge-int4 --queries 2", "--estimator q-rge1"),
        ("--hardware edge-int4", ""), ("--hardware edge-int4 --activations int8", ""),
        ("--hardware edge-int4 --method zoqo", ""), ("--hardware edge-int4 --weights int8 --activations int8", ""),
        ("--trainable last:1", ""), ("--trainable head --update-rounding residual:16", ""),
        ("--method zoqo --trainable last:2", ""), ("--hardware quzo-edge --update-rounding stochastic", ""),
        ("--hardware gemmini-like --update-rounding nearest", ""), ("--hardware tpu-like", ""),
        ("--set organisation.perturbationUnit.placement=in-place", ""),
    ])
    func aStepCostsWhatARunReports(flags: String, runFlags: String) throws {
        func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-cost-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tuned = try ProgramRun.zeroth(
            ["finetune", "--new-head", "--steps", "1", "--batch", "7", "--output", folder] + words(flags)
                + words(runFlags), in: NSTemporaryDirectory())
        #expect(tuned.status == 0, "\(tuned.err)")
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cost.json"))
        let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let lengths = try #require(report["lengths"] as? [[String: Any]])
        let tokens = try #require(lengths.first?["sequenceTokens"] as? Int)
        let alone = try json("--network opinions --batch 7 --sequence \(tokens) " + flags)
        let costed = try #require((alone["lengths"] as? [[String: Any]])?.first?["comparison"] as? NSDictionary)
        #expect(costed == lengths.first?["comparison"] as? NSDictionary)
        for key in ["machine", "method", "batch", "zerothOrder", "firstOrder"] {
            #expect(alone[key] as? NSObject == report[key] as? NSObject, "\(key)")
        }
    }

    /// A first-order run's cost.json has a QuZO step beside its own.
    @Test(arguments: ["qat:int8,adam", "full:bf16,sgd,checkpoint=layer"])
    func aFirstOrderStepCostsWhatARunReports(recipe: String) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-cost-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tuned = try ProgramRun.zeroth(
            ["finetune", "--new-head", "--steps", "1", "--batch", "8", "--method", recipe, "--output", folder],
            in: NSTemporaryDirectory())
        #expect(tuned.status == 0, "\(tuned.err)")
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cost.json"))
        let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let length = try #require((report["lengths"] as? [[String: Any]])?.first)
        let tokens = try #require(length["sequenceTokens"] as? Int)
        let run = try #require((length["comparison"] as? [String: Any])?["firstOrder"] as? NSDictionary)
        let alone = try json("--network opinions --batch 8 --sequence \(tokens) --method \(recipe)")
        #expect(alone as NSDictionary == run)
    }

    @Test func aComparisonIsATable() throws {
        let text = try run("--network opinions --batch 7 --sequence 16").out
        #expect(text.contains("peak DRAM memory") && text.contains("QAT/QuZO"))
    }

    @Test func theDataflowAndTheMemoryChangeTimeAndNotWork() throws {
        func step(_ flags: String) throws -> (cycles: Double, macs: Double) {
            let answer = try json("--network minilm-l6 --batch 2 --sequence 32 " + flags)
            let step = try #require(answer["zerothOrder"] as? [String: Any])
            return (try #require(step["cycles"] as? Double), try #require(step["macs"] as? Double))
        }
        let steps = try ["weight", "output", "input"].map {
            try step("--set organisation.array.dataflow=\($0)-stationary")
        }
        let shared = try step("--set organisation.sram={unified:{bytes:1048576,banks:16,wordBits:256,ports:1}}")
        #expect(Set(steps.map(\.macs) + [shared.macs]).count == 1)
        #expect(Set(steps.map(\.cycles) + [shared.cycles]).count > 1)
    }

    @Test func tilesAreChosenForTrafficOrForLatency() throws {
        func step(_ flags: String) throws -> (cycles: Double, bytes: Double) {
            let answer = try json("--network minilm-l6 --batch 2 --sequence 32 --hardware quzo-edge " + flags)
            let step = try #require(answer["zerothOrder"] as? [String: Any])
            let (read, written) = (step["dramReadBytes"] as? Double, step["dramWrittenBytes"] as? Double)
            return (try #require(step["cycles"] as? Double), try #require(read) + #require(written))
        }
        let (plain, traffic) = (try step(""), try step("--objective traffic"))
        let latency = try step("--objective latency")
        #expect(plain == traffic)
        #expect(latency.cycles < traffic.cycles)
    }

    @Test func waitsAndRoofsArePrintedWhenAskedFor() throws {
        let flags = "--network minilm-l6 --batch 2 --sequence 32"
        let (plain, timed) = (try run(flags).out, try run(flags + " --timing").out)
        #expect(timed.hasSuffix(plain) && timed.count > plain.count)
        for part in ["QuZO step, % of cycles", "waits for DRAM", "binding roof", "first-order step"] {
            #expect(timed.contains(part) && !plain.contains(part), "\(part)")
        }
    }

    @Test(.enabled(if: ProgramRun.hasPython))
    func aTimelineIsWrittenBesideTheAnswer() throws {
        let file = FileManager.default.temporaryDirectory.path + "/zeroth-timeline-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let flags = "--network minilm-l6 --batch 2 --sequence 32 --json"
        let output = try run(flags + " --timeline \(file) --timeline-operation layer.0.query")
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out == (try run(flags).out))
        // Python's reader: events, and the end of the last operation of each step.
        let script = """
            import json, sys
            events = json.load(open(sys.argv[1]))["traceEvents"]
            ends = [max(e["args"]["startCycle"] + e["args"]["cycles"] for e in events
                        if e["ph"] == "X" and e["pid"] == p and e["tid"] == 1) for p in (1, 2)]
            print(len(events), *ends)
            """
        let check = try ProgramRun.execute(
            "/usr/bin/env", [ProgramRun.python, "-c", script, file], in: NSTemporaryDirectory())
        #expect(check.status == 0, "\(check.err)")
        let numbers = check.out.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        let answer = try json(flags)
        let cycles = try ["zerothOrder", "firstOrder"].map { side in
            let step = try #require(answer[side] as? [String: Any])
            return Int(try #require(step["cycles"] as? Double))
        }
        try #require(numbers.count == 3)
        #expect(Array(numbers.dropFirst()) == cycles)
        let said = output.err.replacingOccurrences(of: ",", with: "")
        #expect(said.hasPrefix("timeline: \(numbers[0]) events"), "\(output.err)")
    }

    @Test(arguments: [
        ("--network llama2-7b", "bytes of DRAM; machine edge-int8 has 4294967296"),
        ("--network minilm", "minilm-l6"),
        ("--network minilm-l6 --sequence 513", "--sequence is 513, should be at most 512"),
        ("--network minilm-l6 --batch 0", "--batch is 0, should be 1 or more"),
        (
            "--network minilm-l6 --timeline step.json --timeline-operation query",
            "--timeline-operation is query, should be the name of an operation, such as"
        ),
        ("--network minilm-l6 --objective speed", "--objective is speed, should be traffic or latency"),
        ("--network minilm-l6 --timeline step.json --timeline-commands 0", "--timeline-commands is 0, should be 1"),
        ("--network minilm-l6 --timeline /nowhere/step.json", "/nowhere/step.json"),
        ("--network minilm-l6 --trainable some", "--trainable is some, should be all, last:N"),
        ("--network minilm-l6 --update-rounding up", "--update-rounding is up, should be stochastic, nearest"),
        ("--network minilm-l6 --hardware edge", "edge-int8"),
        ("--network minilm-l6 --weights e4m3", "arithmetic.activations"),
        ("--network minilm-l6 --weights int3", "arithmetic.weights"),
        ("--network minilm-l6 --method adam", "--method is adam, should be quzo, mezo, zoqo, or a first-order recipe"),
        ("--network minilm-l6 --head classifier:0", "--head is classifier:0, should be classifier:N"),
        ("--network minilm-l6 --head language-model", "--head is language-model, should be classifier:N"),
        ("--network smollm2-135m --loss-tokens first", "--loss-tokens is first, should be all or last"),
        ("--network smollm2-135m --trainable head", "a head alone that is the embedding table"),
        ("--network minilm-l6 --method zoqo --update-rounding nearest", "only quzo rounds its update"),
        ("--network minilm-l6 --loss-tokens last", "has a classifier here"),
        ("--gemm 4,4", "--gemm is 4,4, should be M,K,N"),
        ("--gemm 2147483647,2147483647,2147483647", "M·K·N at most"),
        ("--topology /nowhere.csv", "/nowhere.csv"),
        ("--network minilm-l6 --set organisation.sram.weight.bytes=64", "organisation.sram.weight.bytes"),
        ("--network roberta-large --batch 9223372036854775807", "memory of the step exceeds 64 bits"),
    ])
    func badStepsAreOneLineThatNamesTheField(flags: String, part: String) throws {
        let output = try run(flags)
        #expect(output.status == 1 && output.out.isEmpty)
        #expect(output.err.hasPrefix("error: ") && output.err.split(separator: "\n").count == 1, "\(output.err)")
        #expect(output.err.contains(part), "\(output.err) should name \(part)")
    }

    /// Every shipped machine runs a decoder and an encoder; more weights in one fetch are fewer bytes.
    @Test func everyMachineCostsADecodersStep() throws {
        for machine in ["edge-int8", "edge-int4", "quzo-edge", "gemmini-like", "tpu-like", "datacentre-fp8"] {
            for method in ["quzo", "zoqo"] {
                let answer = try json(
                    "--network stories260k --batch 2 --sequence 32 --hardware \(machine) --method \(method)")
                let step = try #require(answer["zerothOrder"] as? [String: Any])
                #expect(try #require(step["cycles"] as? Double) > 0 && answer["method"] as? String == method)
            }
        }
        let alone = try json("--network stories260k --batch 2 --sequence 32 --method qat")
        #expect(try #require(alone["cycles"] as? Int) > 0 && alone["machine"] as? String == "edge-int8")
    }

    /// The embedded network has positions for 16 tokens.
    @Test func theSequenceIsNoLongerThanTheNetworks() throws {
        let answer = try json("--network opinions")
        #expect((answer["lengths"] as? [[String: Any]])?.first?["sequenceTokens"] as? Int == 16)
    }

    @Test func aProductIsCostedOnAMachine() throws {
        let answer = try json("--gemm 64,256,256")
        let total = try #require(answer["total"] as? [String: Any])
        #expect((total["macs"] as? [String: Int])?["int8"] == 64 * 256 * 256)
        let file = FileManager.default.temporaryDirectory.path + "/zeroth-\(UUID().uuidString).csv"
        try "Layer, M, N, K,\na, 64, 256, 256,\nb, 64, 128, 256,\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let layers = try #require(try json("--topology \(file)")["layers"] as? [[String: Any]])
        #expect(layers.map { $0["name"] as? String } == ["a", "b"])
        // Alone or among others, a product takes the same time.
        #expect(layers[0]["cycles"] as? Int == total["cycles"] as? Int)
        #expect(try run("--topology \(file)").out.contains("2 products"))
    }

    @Test func flagsOfTheOtherQuestionAreRefused() throws {
        for flags in [
            "", "--network minilm-l6 --gemm 1,2,3",
            "--gemm 1,2,3 --array 4x4 --dataflow ws --oracle scale-sim --batch 4", "--gemm 1,2,3 --batch 4",
            "--topology a.csv --method quzo",
        ] {
            let output = try run(flags)
            #expect(output.status == 64 && output.err.contains("--"), "\(flags): \(output.err)")
        }
    }
}
