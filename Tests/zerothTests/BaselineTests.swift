import Foundation
import Testing

/// First-order sides of `zeroth cost` as its users ask for them.
struct BaselineTests {
    private func run(_ flags: String) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(
            ["cost", "--network", "minilm-l6"] + flags.split(separator: " ").map(String.init),
            in: FileManager.default.temporaryDirectory.path)
    }

    private func json(_ flags: String) throws -> Any {
        let output = try run(flags + " --json")
        #expect(output.status == 0, "\(output.err)")
        return try JSONSerialization.jsonObject(with: Data(output.out.utf8))
    }

    private func object(_ flags: String) throws -> [String: Any] { try #require(try json(flags) as? [String: Any]) }

    private func side(_ summary: [String: Any], _ name: String) throws -> [String: Any] {
        try #require(summary[name] as? [String: Any])
    }

    @Test func aBaselineIsTheStepThatTheMethodCostsAlone() throws {
        let recipe = "qat:int8,adam8,checkpoint=layer"
        let summary = try object("--batch 2 --sequence 16 --baseline " + recipe)
        let alone = try object("--batch 2 --sequence 16 --method " + recipe)
        #expect(summary["baseline"] as? String == recipe)
        #expect(try side(summary, "firstOrder")["cycles"] as? Double == alone["cycles"] as? Double)
        let memory = try #require(alone["memory"] as? [String: Any])
        #expect(
            try side(summary, "firstOrder")["peakDRAMBytes"] as? Int == memory["peakDRAMBytes"] as? Int)
    }

    @Test func theReportSaysWhatTheFirstOrderSideIsAndWhereTheTwoBreakEven() throws {
        let text = try run("--batch 2 --sequence 16 --baseline full:bf16,sgd,master=none").out
        #expect(
            text.contains("first-order/QuZO") && text.contains("first-order is full:bf16,sgd,master=none")
                && text.contains("break-even: for each"))
        #expect(try run("--batch 2 --sequence 16").out.contains("QAT is qat,adam"))
    }

    @Test func theFrontOfEachOptimizerHoldsWhatNothingBeats() throws {
        let summary = try object("--batch 4 --sequence 16 --front")
        let front = try #require(summary["front"] as? [String: Any])
        let points = try #require(front["points"] as? [[String: Any]])
        // Six optimizers, three checkpointings, one, two and four micro-batches.
        #expect(points.count == 54 && (front["refusals"] as? [Any])?.isEmpty == true)
        struct Point {
            let optimizer: String, memory: Int, cycles: Int, isOnFront: Bool
        }
        let read = try points.map {
            Point(
                optimizer: try #require($0["optimizer"] as? String), memory: try #require($0["peakDRAMBytes"] as? Int),
                cycles: try #require($0["cycles"] as? Int), isOnFront: try #require($0["isOnFront"] as? Bool))
        }
        for point in read {
            let isBeaten = read.contains {
                $0.optimizer == point.optimizer && $0.memory <= point.memory && $0.cycles <= point.cycles
                    && ($0.memory, $0.cycles) != (point.memory, point.cycles)
            }
            #expect(point.isOnFront == !isBeaten)
        }
        #expect(Set(read.map(\.optimizer)).count == 6)
        let first = try side(summary, "firstOrder")
        let same = points.first { $0["recipe"] as? String == "qat,adam" }
        #expect(same?["peakDRAMBytes"] as? Int == first["peakDRAMBytes"] as? Int)
    }

    @Test func variationsAreTheStepsOfTheirSizes() throws {
        let rows = try #require(
            try json("--vary batch=1,2 --vary sequence=8,16,1000 --trainable head") as? [[String: Any]])
        #expect(rows.map { $0["batch"] as? Int } == [1, 1, 1, 2, 2, 2])
        #expect(rows.map { $0["sequence"] as? Int } == [8, 16, 1000, 8, 16, 1000])
        // MiniLM has 512 positions.
        #expect(rows.map { $0["summary"] != nil } == [true, true, false, true, true, false])
        #expect((rows[2]["reason"] as? String)?.contains("512") == true)
        let one = try object("--batch 2 --sequence 8 --trainable head")
        let summary = try #require(rows[3]["summary"] as? [String: Any])
        #expect(
            try side(summary, "zerothOrder")["cycles"] as? Double == (try side(one, "zerothOrder")["cycles"] as? Double)
        )
        let text = try run("--vary batch=1,2 --sequence 8 --trainable head").out
        #expect(text.contains("1 × 8") && text.contains("2 × 8") && text.contains("ratios are QAT/QuZO"))
    }

    @Test(arguments: [
        ("--baseline adam", "--baseline is adam, should be"), ("--baseline qat,adamw", "\"adamw\""),
        ("--baseline qat,adam8,state=bf16", "given once"), ("--baseline qat,micro=3", "divisor of the batch of 16"),
        ("--baseline qat --method qat", "--method is first-order itself"),
        ("--method qat,checkpoint=all", "none|layer|selective"),
        ("--method sgd", "quzo, mezo, zoqo, or a first-order recipe"), ("--queries 0", "queries is 0"),
        ("--queries 65", "from 1 to 64"),
        ("--trainable last:9", "from 1 to 6, the network's blocks"),
        ("--trainable lora:last=9", "from 1 to 6, the network's blocks"),
        ("--trainable lora:targets=dense", "q_proj"),
        ("--vary batch=0", "whole numbers from 1 on"),
        ("--vary lanes=1", "batch=… or sequence=…"), ("--vary batch=1 --vary batch=2", "given once"),
        ("--vary batch=1 --front", "no meaning beside --vary"), ("--vary batch=1 --method qat", "first-order --method"),
        ("--front --method qat", "beside a zeroth-order --method"),
        ("--batch 4 --method qat,micro=3", "divisor of the batch of 4"),
    ])
    func wrongFlagsAreNamed(flags: String, message: String) throws {
        let output = try run(flags)
        #expect(output.status != 0 && output.out.isEmpty)
        #expect(output.err.contains(message), "\(output.err)")
    }

    @Test func queriesMultiplyTheZerothOrderSideAlone() throws {
        let (one, four) = try (object("--batch 2 --sequence 16"), object("--batch 2 --sequence 16 --queries 4"))
        func macs(_ summary: [String: Any], _ name: String) throws -> Double {
            try #require(try side(summary, name)["macs"] as? Double)
        }
        #expect(try macs(four, "zerothOrder") == 4 * macs(one, "zerothOrder"))
        #expect(try macs(four, "firstOrder") == macs(one, "firstOrder"))
        #expect(four["queries"] as? Int == 4 && one["queries"] as? Int == 1)
    }

    @Test func aMachineThatLacksTheBaselinesFormatSaysSo() throws {
        let text = try run("--hardware quzo-edge --batch 2 --sequence 16").out
        #expect(text.contains("no first-order step beside it") && text.contains("bf16"))
        // Of codes alone it runs every product.
        let table = try run("--hardware quzo-edge --batch 2 --sequence 16 --baseline quantized:int8,lion8").out
        #expect(!table.contains("no first-order step beside it") && table.contains("first-order/QuZO"))
    }
}

/// Memory over time as `zeroth cost --memory` writes it.
struct MemoryFileTests {
    @Test func theFileHasALineForEachOperationAndItsHighestIsThePeak() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let flags = ["cost", "--network", "minilm-l6", "--batch", "2", "--sequence", "16", "--memory", "memory.csv"]
        let output = try ProgramRun.zeroth(flags, in: folder.path)
        #expect(output.status == 0 && output.out.contains("allocated/formula"), "\(output.err)")
        let text = try String(contentsOf: folder.appendingPathComponent("memory.csv"), encoding: .utf8)
        let rows = text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(rows[0].first == "step" && Set(rows.map(\.count)) == [rows[0].count])
        let total = try #require(rows[0].firstIndex(of: "dram_bytes"))
        #expect(Set(rows.dropFirst().map { $0[0] }) == ["QuZO step", "first-order step"])
        for row in rows.dropFirst() {
            let kinds = row[(total + 1)..<(row.count - 1)].compactMap { Int($0) }
            #expect(kinds.reduce(0, +) == Int(row[total]))
        }
        let refused = try ProgramRun.zeroth(
            ["cost", "--gemm", "8,8,8", "--memory", "memory.csv"], in: folder.path)
        #expect(refused.status != 0 && refused.err.contains("--memory has no meaning"))
    }
}
