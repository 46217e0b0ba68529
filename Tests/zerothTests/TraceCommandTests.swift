import Foundation
import Testing

/// `zeroth trace` and `zeroth compare` as their users run them.
@Suite struct TraceCommandTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-trace-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let output = try zeroth(
            ["finetune", "--steps", "3", "--batch", "2", "--output", "run"] + Self.machine)
        #expect(output.status == 0, "\(output.err)")
    }

    private static let machine = [
        "--set", "organisation.array.rows=4", "--set", "organisation.array.columns=4",
    ]

    private func zeroth(_ arguments: [String]) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(arguments, in: folder)
    }

    private func trace(_ flags: String...) throws -> ProgramRun.Output {
        try zeroth(["trace", "--run", "run"] + flags)
    }

    private func compare(_ flags: String...) throws -> ProgramRun.Output { try zeroth(["compare"] + flags) }

    private func contents(_ name: String = "") -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + name).sorted()) ?? []
    }

    private func manifest(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/manifest.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func aStepIsTracedToThePredictedSizeAndMadeAgainToTheSameBits() throws {
        let dry = try trace("--step", "1", "--dry-run", "--json")
        #expect(dry.status == 0, "\(dry.err)")
        let predicted = try #require(
            try JSONSerialization.jsonObject(with: Data(dry.out.utf8)) as? [String: Any])
        #expect(contents() == ["run"])
        for name in ["first", "second"] {
            let output = try trace("--step", "1", "--output", name)
            #expect(output.status == 0, "\(output.err)")
            #expect(contents(name) == ["manifest.json", "trace.log"])
        }
        let size = try FileManager.default.attributesOfItem(atPath: folder + "/first/trace.log")[.size] as? Int
        #expect(size == predicted["predictedBytes"] as? Int)
        let first = try manifest("first")
        #expect(first["events"] as? Int == predicted["events"] as? Int)
        let files = try #require(first["files"] as? [[String: Any]])
        #expect(files.count == 1 && files[0]["bytes"] as? Int == size)
        let equal = try compare("first/trace.log", "second/trace.log")
        #expect(equal.status == 0 && equal.out.hasSuffix("equal\n"), "\(equal.out)\(equal.err)")
        // The losses are the run's own.
        let rows = try String(contentsOfFile: folder + "/run/metrics.csv", encoding: .utf8).split(separator: "\n")
        let loss = try #require((first["loss"] as? [NSNumber])?.first).floatValue
        #expect(rows.contains { $0.hasPrefix("1,") && $0.split(separator: ",").contains { Float($0) == loss } })
    }

    @Test func stepsBeforeAndBehindTheCheckpointAreMade() throws {
        for step in ["0", "2"] {
            let output = try trace("--step", step, "--unit", "array", "--layer", "0", "--output", "step-\(step)")
            #expect(output.status == 0, "\(output.err)")
        }
        let other = try compare("step-0/trace.log", "step-2/trace.log")
        #expect(other.status == 2 && other.err.contains("not of the same program"), "\(other.err)")
        for (step, reason) in [("3", "0 to 2"), ("-1", "0 to 2")] {
            let output = try zeroth(["trace", "--run", "run", "--step=\(step)", "--output", "none"])
            #expect(output.status == 1 && output.err.contains(reason), "\(output.err)")
        }
        #expect(contents() == ["run", "step-0", "step-2"])
    }

    @Test func aPlantedBitGivesStatusOneAndItsPlace() throws {
        #expect(try trace("--step", "0", "--layer", "1", "--output", "t").status == 0)
        let path = folder + "/t/trace.log"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let place = try #require(lines.firstIndex { $0.contains(" array matmul ") })
        // The last digit of the last sum stands before the flags.
        let byte = lines[...place].reduce(0) { $0 + $1.utf8.count + 1 } - 5
        bytes[byte] = bytes[byte] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        // Without a checksum.
        bytes.replaceSubrange((bytes.count - 9)..<(bytes.count - 1), with: Array("--------".utf8))
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/rtl.log"))
        let output = try compare("t/trace.log", "rtl.log")
        #expect(output.status == 1)
        for word in ["first divergence: operation", "layer.1.", ", lane ", "o:acc", "from [", "1 of ", "array"] {
            #expect(output.out.contains(word), "\(output.out) should have \(word)")
        }
        let json = try compare("t/trace.log", "rtl.log", "--json", "--ignore-order-between-units")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
        let first = try #require(object["first"] as? [String: Any])
        #expect(json.status == 1 && first["field"] as? String == "acc" && first["unit"] as? String == "array")
        #expect(object["isEqual"] as? Bool == false)
    }

    @Test func unreadableLogsGiveStatusTwo() throws {
        for arguments in [["run/run.json", "run/run.json"], ["none", "none"], ["run", "run"]] {
            let output = try zeroth(["compare"] + arguments)
            #expect(output.status == 2 && output.err.hasPrefix("error: ") && output.out.isEmpty, "\(output.err)")
        }
        let extra = try compare("a", "b", "--allow-extra", "loads")
        #expect(extra.status == 64 && extra.err.contains("load, store"))
    }

    @Test func badFlagsAreNamedAndLeaveNothing() throws {
        for (flags, words) in [
            (["--step", "0"], ["--output is nothing"]),
            (["--step", "0", "--unit", "mac", "--output", "t"], ["--unit is mac", "dma"]),
            (["--step", "0", "--cycles", "5..1", "--output", "t"], ["--cycles is 5..1", "A..B"]),
            (["--step", "0", "--format", "log,wav", "--output", "t"], ["--format is log,wav", "vcd"]),
            (["--step", "0", "--layer", "9", "--output", "t"], ["layer=9", "no such events"]),
            (["--step", "0", "--output", "run"], ["--output is run", "does not exist yet"]),
        ] {
            let output = try zeroth(["trace", "--run", "run"] + flags)
            #expect(output.status == 1 && words.allSatisfy(output.err.contains), "\(output.err)")
            #expect(contents() == ["run"])
        }
        let missing = try zeroth(["trace", "--run", "nowhere", "--step", "0", "--output", "t"])
        #expect(missing.status == 1 && missing.err.contains("nowhere"))
    }

    /// A file beyond the user's limit is as a full disk.
    @Test func aFullDiskLeavesNothing() throws {
        for format in ["log", "log --compress", "dram"] {
            let output = try ProgramRun.execute(
                "/bin/sh",
                [
                    "-c",
                    "ulimit -f 8; exec \(CommandLineTests.program) trace --run run --step 0 --format \(format) --output t",
                ],
                in: folder)
            #expect(output.status == 1 && output.err.hasPrefix("error: "), "\(format): \(output.err)")
            #expect(contents() == ["run"], "\(format)")
        }
    }

    @Test func packedLogsCompare() throws {
        #expect(try trace("--step", "0", "--output", "plain").status == 0)
        let output = try trace("--step", "0", "--compress", "--format", "log,dram", "--output", "packed")
        #expect(output.status == 0, "\(output.err)")
        #expect(contents("packed") == ["dram.trace", "manifest.json", "trace.log.gz"])
        #expect(try compare("plain/trace.log", "packed/trace.log.gz").status == 0)
    }

    /// Requests of Ramulator 2's load/store traces: two words a line; as many bytes as DRAM moves.
    @Test func requestsToDRAMAreBursts() throws {
        #expect(try trace("--step", "0", "--format", "dram", "--output", "t").status == 0)
        let lines = try String(contentsOfFile: folder + "/t/dram.trace", encoding: .utf8).split(separator: "\n")
        let requests = try lines.map { line in
            let words = line.split(separator: " ")
            #expect(words.count == 2 && ["LD", "ST"].contains(words[0]) && words[1].hasPrefix("0x"))
            return (isStore: words[0] == "ST", address: try #require(Int(words[1].dropFirst(2), radix: 16)))
        }
        let burst = 64
        #expect(requests.allSatisfy { $0.address % burst == 0 })
        #expect(requests.contains { $0.isStore } && requests.count { !$0.isStore } > requests.count { $0.isStore })
    }

    // MARK: Tools of others

    private static func hasModule(_ name: String) -> Bool {
        ProgramRun.isRequired
            || (try? ProgramRun.execute(
                "/usr/bin/env", [ProgramRun.python, "-c", "import \(name)"], in: NSTemporaryDirectory()))?.status == 0
    }

    @Test(.enabled(if: hasModule("vcd"), "no pyvcd in ZEROTH_PYTHON")) func pyvcdReadsTheWaves() throws {
        let traced = try trace("--step", "0", "--layer", "0", "--format", "vcd", "--output", "t")
        #expect(traced.status == 0, "\(traced.err)")
        let output = try ProgramRun.python("traces/waves.py", ["t/array.vcd"], in: folder)
        #expect(output.status == 0, "\(output.err)")
        let words = output.out.split(separator: "\n")
        #expect(words.contains("array_tile.systolic_array.row[3].column[3].pe.accumulating 32"))
        #expect(words.contains("array_tile.systolic_array.row[0].column[2].sum 32"))
        #expect(words.last?.hasPrefix("beats ") ?? false)
    }

    private static let hasVCD2FST =
        ProgramRun.isRequired || FileManager.default.isExecutableFile(atPath: "/usr/bin/vcd2fst")

    @Test(.enabled(if: hasVCD2FST, "no vcd2fst, which Debian's gtkwave has")) func wavesBecomeFST() throws {
        #expect(try trace("--step", "0", "--layer", "0", "--format", "vcd", "--output", "t").status == 0)
        let output = try ProgramRun.execute("/usr/bin/vcd2fst", ["t/array.vcd", "t/array.fst"], in: folder)
        #expect(output.status == 0, "\(output.err)")
        let size = try FileManager.default.attributesOfItem(atPath: folder + "/t/array.fst")[.size] as? Int
        #expect((size ?? 0) > 0)
    }

    /// NumPy reads a product's tiles, and their product is the sums.
    @Test(.enabled(if: ProgramRun.hasNumPy, "no NumPy in ZEROTH_PYTHON")) func arraysMultiplyInNumPy() throws {
        let traced = try trace(
            "--step", "0", "--layer", "0", "--unit", "array", "--format", "npy", "--output", "t")
        #expect(traced.status == 0, "\(traced.err)")
        let output = try ProgramRun.python("traces/tiles.py", ["t"], in: folder)
        #expect(output.status == 0 && (Int(output.out.split(separator: " ").first ?? "") ?? 0) > 0, "\(output.err)")
    }
}
