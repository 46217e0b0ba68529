import Foundation
import Testing

/// `zeroth random` as its users run it, against a second implementation of every source.
struct RandomCommandTests {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-random-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func run(_ arguments: [String]) throws -> (status: Int32, out: String, err: String) {
        try ProgramRun.execute(CommandLineTests.program, ["random"] + arguments, in: folder)
    }

    private var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

    static let address = "--seed 81985529216486895 --step 3735928559 --query 4660 --tensor 43981"

    @Test(
        .enabled(if: ProgramRun.hasPython, "skipped: no Python"),
        arguments: [
            "--distribution bits --start 2", "--distribution bits16 --start 5", "--start 1125899906",
            "--distribution gaussian-table --decode", "--distribution grid:7", "--distribution uniform --decode",
            "--distribution rademacher --start 31", "--decode", "--distribution grid:32767 --decode",
            "--source lfsr --distribution bits", "--source lfsr --lanes 7 --distribution bits16 --start 1000",
            "--source lfsr --mask 0x80000EA6 --steps-per-draw 1 --complement --distribution bits16",
            "--source lfsr --width 8 --bits-per-draw 5 --steps-per-draw 3 --lanes 3 --distribution bits --start 77",
            "--source lfsr --width 64 --distribution grid:3", "--source lfsr --width 24 --distribution gaussian",
            "--source xoshiro128++ --distribution bits --start 3",
            "--source xoshiro128++ --distribution bits16 --lanes 3",
            "--source xoshiro256++ --distribution bits16 --start 1001", "--source xoshiro256++ --lanes 5",
            "--source xoroshiro128+ --distribution bits", "--source xoroshiro128aox --distribution uniform --lanes 2",
            "--source xoroshiro128aox --distribution gaussian-table",
            "--source pool --pool-words 63 --distribution bits --start 17",
            "--source pool --pool-words 256 --distribution bits16", "--source pool --distribution rademacher",
        ])
    func theFileIsWhatASecondImplementationGives(flags: String) throws {
        let purpose = flags.contains("bits16") ? "--purpose update" : "--purpose perturbation"
        let arguments = "out.npy --count 777 \(Self.address) \(purpose) \(flags)".split(separator: " ").map(String.init)
        let output = try run(arguments)
        #expect(output.status == 0, "\(output.err)")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("random_sources.py").path
        let check = try ProgramRun.execute("/usr/bin/env", [ProgramRun.python, script] + arguments, in: folder)
        #expect(check.status == 0, "\(check.err)")
    }

    @Test func piecesJoinWithoutASeam() throws {
        // More elements than are drawn at a time, and the same in two files.
        let count = 300_001
        for flags in [
            ["--distribution", "rademacher"], ["--source", "lfsr", "--lanes", "12"],
            ["--source", "pool", "--pool-words", "1000"],
        ] {
            #expect(try run(["all.npy", "--count", "\(count)"] + flags).status == 0)
            #expect(try run(["head.npy", "--count", "262140"] + flags).status == 0)
            #expect(try run(["tail.npy", "--start", "262140", "--count", "\(count - 262140)"] + flags).status == 0)
            func data(_ name: String) throws -> Data {
                try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)).dropFirst(128)
            }
            #expect(try data("all.npy") == data("head.npy") + data("tail.npy"))
        }
    }

    @Test func jsonNamesWhatWasWrittenAndWhatTheGeneratorCosts() throws {
        let output = try run(["u.npy", "--count", "1000", "--source", "lfsr", "--lanes", "4", "--json"])
        let json = try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
        #expect(json["dtype"] as? String == "int16")
        #expect(json["count"] as? Int == 1000)
        #expect(json["variance"] as? Double == 21845)
        let hardware = try #require(json["hardware"] as? [String: Any])
        #expect(hardware["stateBits"] as? Int == 128)
        #expect(contents == ["u.npy"])
    }

    @Test(arguments: [
        ("--count 0", "--count is 0"), ("--count=-3", "--count is -3"),
        ("--count 281474976710657", "--count is 281474976710657"),
        ("--count 281474976710656", "are free"),
        ("--count 2 --start 281474976710655", "1…1 from element 281474976710655"),
        ("--count 1 --start=-1", "--start is -1"), ("--count 1 --start 281474976710656", "--start is"),
        ("--count 1 --query 65536", "--query is 65536, should be 0…65535"),
        ("--count 1 --tensor 65536", "--tensor is 65536"), ("--count 1 --step 4294967296", "--step is 4294967296"),
        ("--count 1 --purpose sleep", "first-rounding"), ("--count 1 --source dice", "xoroshiro128aox"),
        ("--count 1 --distribution cauchy", "gaussian-table"), ("--count 1 --distribution grid:0", "1…32767"),
        ("--count 1 --distribution grid:32768", "32768"), ("--count 1 --distribution bits --decode", "--decode"),
        ("--count 1 --source lfsr --width 1", "2…64"), ("--count 1 --source lfsr --mask 0", "mask is 0"),
        ("--count 1 --source lfsr --mask 0x1FFFFFFFFFFFFFFFF", "--mask is"),
        ("--count 1 --source lfsr --width 16 --mask 0x10000", "below 2^16"),
        ("--count 1 --source lfsr --mask 0x3", "bit 31"), ("--count 1 --source lfsr --width 33", "no mask"),
        ("--count 1 --source lfsr --bits-per-draw 33", "1…32"), ("--count 1 --source lfsr --steps-per-draw 0", "1…256"),
        ("--count 1 --source lfsr --lanes 0", "1…65536"), ("--count 1 --source pool --pool-words 1", "2…1048576"),
        ("--count 1 --lanes 2", "--lanes is 2, should be left out"),
        ("--count 1 --source pool --width 8", "belongs to lfsr"),
        ("--count 1 --source xoshiro256++ --pool-words 8", "belongs to pool"),
    ])
    func badInputIsOneLineAndNoFile(flags: String, part: String) throws {
        let output = try run(["out.npy"] + flags.split(separator: " ").map(String.init))
        #expect(output.status == 1)
        #expect(output.err.hasPrefix("error: ") && output.err.split(separator: "\n").count == 1, "\(output.err)")
        #expect(output.err.contains(part), "\(output.err) should name \(part)")
        #expect(contents.isEmpty)
    }

    @Test func aFolderThatDoesNotExistIsNamed() throws {
        let output = try run(["nowhere/out.npy", "--count", "5"])
        #expect(output.status == 1 && output.err.contains("nowhere/out.npy"))
    }
}
