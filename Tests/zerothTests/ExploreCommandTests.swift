import Foundation
import Testing

/// `zeroth explore` as its users run it.
struct ExploreCommandTests {
    private static let space = """
        {
          name: "arrays", machine: "edge-int8", network: "minilm-l6", sequence: 16, batch: 2,
          vary: [
            { fields: ["organisation.array.rows", "organisation.array.columns"], values: [8, 16, 32] },
            { field: "organisation.array.dataflow", values: ["weight-stationary", "output-stationary"] },
            { field: "organisation.sram.weight.bytes", values: [256, 65536] },
            { field: "organisation.dram.bandwidthGigabytesPerSecond", range: { from: 10, to: 30, step: 5 } },
          ],
          objectives: ["energy", "latency", "peak_memory", "latency_ratio"],
        }
        """

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-explore-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.space.write(toFile: folder + "/space.json5", atomically: true, encoding: .utf8)
        try body(folder)
    }

    private func run(_ flags: String, in folder: String) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["explore"] + flags.split(separator: " ").map(String.init), in: folder)
    }

    private func rows(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func lines(_ path: String) throws -> [Substring] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").sorted()
    }

    @Test func rowsAreWhatTheirCommandsPrint() throws {
        try withFolder { folder in
            #expect(try run("space.json5 --output out --threads 2", in: folder).status == 0)
            let rows = try rows(folder + "/out/results.jsonl")
            #expect(rows.count == 60)
            let works = rows.filter { $0["status"] as? String == "ok" }.sorted { a, b in
                (a["point"] as? Int ?? 0) < (b["point"] as? Int ?? 0)
            }
            #expect(works.count == 30)
            // One that has a baseline beside it and one that has not, among them.
            let alone = try #require(works.first { $0["latency_ratio"] is NSNull })
            for row in [works[3], works[22], alone] {
                let command = try #require(row["command"] as? String).split(separator: " ").map(String.init)
                #expect(command[0] == "zeroth")
                let said = try ProgramRun.zeroth(Array(command.dropFirst()), in: folder)
                #expect(said.status == 0)
                let summary = try #require(
                    try JSONSerialization.jsonObject(with: Data(said.out.utf8)) as? [String: Any])
                let lengths = try #require(summary["lengths"] as? [[String: Any]])
                let comparison = try #require(lengths[0]["comparison"] as? [String: Any])
                let cost = try #require(comparison["zerothOrder"] as? [String: Any])
                let energy = try #require(cost["energy"] as? [String: Any])
                #expect(energy["picojoules"] as? Double == row["energy_pj"] as? Double)
                #expect(energy["lowPicojoules"] as? Double == row["energy_low_pj"] as? Double)
                #expect(cost["latencyMilliseconds"] as? Double == row["latency_ms"] as? Double)
                #expect(cost["cycles"] as? Int == row["cycles"] as? Int)
                let memory = try #require(cost["memory"] as? [String: Any])
                #expect(memory["peakDRAMBytes"] as? Int == row["peak_memory_bytes"] as? Int)
                let ratios = try #require(comparison["ratios"] as? [[String: Any]])
                let latency = ratios.first { $0["quantity"] as? String == "latency" }
                #expect(latency?["ratio"] as? Double == row["latency_ratio"] as? Double)
                #expect(comparison["reason"] as? String == row["baseline_reason"] as? String)
                #expect((latency == nil) != (comparison["reason"] as? String == nil))
            }
            // A point that cannot work fails with its row's reason.
            let impossible = try #require(rows.first { $0["status"] as? String == "impossible" })
            let command = try #require(impossible["command"] as? String).split(separator: " ").map(String.init)
            let said = try ProgramRun.zeroth(Array(command.dropFirst()), in: folder)
            let reason = try #require(impossible["reason"] as? String)
            #expect(said.status == 1 && said.err == "error: \(reason)\n")
        }
    }

    @Test func aFrontIsPrinted() throws {
        try withFolder { folder in
            #expect(try run("space.json5 --output out", in: folder).status == 0)
            let text = try run("pareto out --objectives energy,latency,memory", in: folder)
            #expect(text.status == 0 && text.out.contains("space 'arrays': 30 points that work, 30 that cannot"))
            #expect(text.out.contains("recompute it: zeroth cost --network minilm-l6"))
            let said = try run("pareto out --objectives energy,latency,memory --json", in: folder)
            let answer = try #require(try JSONSerialization.jsonObject(with: Data(said.out.utf8)) as? [String: Any])
            let front = try #require(answer["front"] as? [[String: Any]])
            // Brute force over the file.
            let rows = try rows(folder + "/out/results.jsonl").filter { $0["status"] as? String == "ok" }
            let columns = ["energy_pj", "latency_ms", "peak_memory_bytes"]
            let values = try rows.map { row in try columns.map { try #require(row[$0] as? Double) } }
            let best = rows.indices.filter { a in
                !rows.indices.contains { b in
                    zip(values[b], values[a]).allSatisfy { $0 <= $1 } && values[a] != values[b]
                }
            }
            #expect(Set(front.compactMap { $0["point"] as? Int }) == Set(best.compactMap { rows[$0]["point"] as? Int }))
            #expect(best.contains { rows[$0]["point"] as? Int == answer["knee"] as? Int })
            let effects = try #require(answer["sensitivity"] as? [[String: Any]])
            #expect(effects.count == 12)
            #expect(try run("pareto out --objectives speed", in: folder).err.contains("'speed' is none"))
            #expect(try run("pareto nothing", in: folder).err.contains("nothing: not a results folder"))
        }
    }

    @Test func shardsMergedAreOneRun() throws {
        try withFolder { folder in
            #expect(try run("space.json5 --output whole", in: folder).status == 0)
            for part in 1...3 {
                #expect(try run("space.json5 --output part-\(part) --shard \(part)/3", in: folder).status == 0)
            }
            #expect(try run("merge part-1 part-2 part-3 --output merged", in: folder).status == 0)
            for name in ["results.csv", "results.jsonl"] {
                #expect(try lines("\(folder)/merged/\(name)") == lines("\(folder)/whole/\(name)"))
            }
            let two = try run("merge part-1 part-3 --output two", in: folder)
            #expect(two.status == 0 && two.err.contains("20 points are missing"))
            #expect(try run("two/space.json5 --output two --resume", in: folder).status == 0)
            #expect(try lines("\(folder)/two/results.csv") == lines("\(folder)/whole/results.csv"))
        }
    }

    @Test func killedAtAnyMomentARunGoesOn() throws {
        try withFolder { folder in
            #expect(try run("space.json5 --output whole --threads 1", in: folder).status == 0)
            let expected = try lines(folder + "/whole/results.jsonl")
            var cutShort = 0
            var microseconds: UInt32 = 4_000
            for round in 0..<20 {
                let out = "out-\(round)"
                // Killed again and again, a little later each time, until it ends by itself.
                var tries = 0
                while true {
                    let process = Process()
                    process.executableURL = URL(fileURLWithPath: CommandLineTests.program)
                    process.arguments = ["explore", "space.json5", "--output", out, "--resume", "--threads", "2"]
                    process.currentDirectoryURL = URL(fileURLWithPath: folder)
                    process.standardOutput = FileHandle.nullDevice
                    process.standardError = FileHandle.nullDevice
                    try process.run()
                    if tries < 4 {
                        // Half of the kills wait for a first new row, so that a slow computer does not end all runs before it.
                        let path = "\(folder)/\(out)/results.jsonl"
                        let size = (try? Data(contentsOf: URL(fileURLWithPath: path)).count) ?? 0
                        while tries % 2 == 1, process.isRunning,
                            (try? Data(contentsOf: URL(fileURLWithPath: path)).count) ?? 0 <= size
                        { usleep(500) }
                        usleep(microseconds)
                        microseconds = 4_000 + (microseconds * 1_103 + UInt32(round) * 7_919) % 60_000
                        kill(process.processIdentifier, SIGKILL)
                    }
                    process.waitUntilExit()
                    tries += 1
                    if process.terminationReason == .exit, process.terminationStatus == 0 { break }
                    let rows = (try? lines("\(folder)/\(out)/results.jsonl").count) ?? 0
                    if (1..<60).contains(rows) { cutShort += 1 }
                    #expect(tries < 10)
                }
                #expect(try lines("\(folder)/\(out)/results.jsonl") == expected)
                #expect(try lines("\(folder)/\(out)/results.csv") == lines(folder + "/whole/results.csv"))
            }
            // The moments did fall into the middle of runs.
            #expect(cutShort >= 10, "\(cutShort)")
        }
    }

    @Test func mistakesEndBeforeAnyWork() throws {
        try withFolder { folder in
            func refuse(_ old: String, _ new: String, _ message: String) throws {
                let text = Self.space.replacing(old, with: new)
                try text.write(toFile: folder + "/bad.json5", atomically: true, encoding: .utf8)
                let said = try run("bad.json5 --output bad", in: folder)
                #expect(said.status == 1 && said.err.contains(message), "\(said.err)")
                #expect(said.err.split(separator: "\n").count == 1)
                #expect(!FileManager.default.fileExists(atPath: folder + "/bad"))
            }
            try refuse("organisation.array.rows", "organisation.array.rowz", "rowz: unknown key; did you mean 'rows'?")
            try refuse("values: [256, 65536]", "values: []", "bad.json5:6: vary[2].values: is empty")
            try refuse(
                "objectives:", "constraints: [\"batch > 2\"], objectives:", "no point of the space meets 'batch > 2'")
            try refuse("name: \"arrays\"", "name: \"arrays\", name: 1", "stands twice")
            try refuse("minilm-l6", "minilm-l7", "minilm-l7")
            #expect(try run("space.json5 --output out --shard 3/2", in: folder).err.contains("--shard is 3/2"))
            #expect(try run("space.json5 --output out", in: folder).status == 0)
            #expect(
                try run("space.json5 --output out", in: folder).err.contains("out: exists already; go on with --resume")
            )
            try Self.space.replacing("batch: 2", with: "batch: 3").write(
                toFile: folder + "/other.json5", atomically: true, encoding: .utf8)
            #expect(
                try run("other.json5 --output out --resume", in: folder).err.contains(
                    "out: holds results of space 'arrays'"))
        }
    }
}
