import Foundation
import Networks
import Testing

/// `zeroth quantize` as its users run it.
@Suite struct QuantizeCommandTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-quantize-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func quantize(_ arguments: String...) throws -> (status: Int32, out: String, err: String) {
        try ProgramRun.execute(CommandLineTests.program, ["quantize"] + arguments, in: folder)
    }

    /// One line on standard error, status 1, and no folder "out".
    private func expectError(
        _ arguments: String..., text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let output = try ProgramRun.execute(CommandLineTests.program, ["quantize"] + arguments, in: folder)
        #expect(output.status == 1 && output.out.isEmpty, sourceLocation: sourceLocation)
        #expect(output.err == "error: \(text)\n", sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: folder + "/out"), sourceLocation: sourceLocation)
    }

    private func save<Element: NpyElement>(_ elements: [Element], _ shape: [Int], _ name: String) throws {
        try NpyWriter.write(elements, shape: shape, to: "\(folder)/\(name)")
    }

    private func names(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").sorted()
    }

    @Test func writesCodesScalesAndWhatWasLost() throws {
        try save([7, -3.5, 0.4, 14, 2, -1] as [Float], [2, 3], "x.npy")
        let output = try quantize("x.npy", "out", "--format", "int4", "--packed")
        #expect(output.status == 0, "\(output.err)")
        #expect(try names("out") == ["codes.npy", "quantization.json", "scales.npy"])
        #expect(
            try NpyFile(path: "\(folder)/out/codes.npy").array(of: UInt8.self) == [0xC7, 0x00, 0x17, 0x00])
        #expect(try NpyFile(path: "\(folder)/out/scales.npy").array(of: Float.self) == [1, 2])
        // The codes stand for 7, −4, 0; 14, 2, 0: errors 0.5, 0.4 and 1, Σe² = 1.41 of Σx² = 262.41.
        for words in [
            "int4, symmetric, packed", "2 (channel, absmax)", "nearest-even", "14.667 bits an element",
            "1 (input's unit)", "0.4848 (input's unit)", "22.70 dB", "0 elements (0.000 %)",
        ] { #expect(output.out.contains(words), "\(words)\n\(output.out)") }
    }

    @Test func replacesOnlyWhatAQuantizationWrote() throws {
        try save([1, 2] as [Float], [2], "x.npy")
        #expect(try quantize("x.npy", "out", "--format", "int8", "--asymmetric").status == 0)
        #expect(try names("out").contains("zero-points.npy"))
        let refused = try quantize("x.npy", "out", "--format", "int8")
        #expect(refused.status == 1)
        #expect(refused.err == "error: out: exists already; name another folder, or replace it with --overwrite\n")
        // Also what a killed run left: no manifest.
        try FileManager.default.removeItem(atPath: folder + "/out/quantization.json")
        #expect(try quantize("x.npy", "out", "--format", "int8", "--overwrite").status == 0)
        #expect(try names("out") == ["codes.npy", "quantization.json", "scales.npy"])
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/out/notes.txt"))
        let kept = try quantize("x.npy", "out", "--format", "int8", "--overwrite")
        #expect(kept.status == 1 && kept.err.contains("out: holds notes.txt"))
        #expect(try names("out").count == 4)
        #expect(try quantize("x.npy", "x.npy", "--format", "int8", "--overwrite").err.contains("x.npy: is a file"))
    }

    @Test func helpHasAnExample() throws {
        #expect(try quantize("--help").out.contains("zeroth quantize w.npy w-int4 --format int4"))
    }

    @Test func namesWhatIsWrongWithTheArray() throws {
        try expectError(
            "none.npy", "out", "--format", "int8",
            text: "none.npy: no such file; give the path of a file that exists")
        try save([1, 2, .nan, 4] as [Float], [2, 2], "nan.npy")
        try expectError(
            "nan.npy", "out", "--format", "e5m2",
            text: "nan.npy: element [1, 0]: is nan; a finite number, of which a scale can be made, is needed")
        try save([1, 2] as [Double], [2], "wide.npy")
        try expectError(
            "wide.npy", "out", "--format", "int8",
            text:
                "wide.npy: has dtype float64 (<f8); float32 (<f4), or float16 (<f2), which is widened exactly, is needed"
        )
        try save([-3e38, 0, 3e38] as [Float], [3], "range.npy")
        try expectError(
            "range.npy", "out", "--format", "int8", "--asymmetric",
            text:
                "range.npy: element [2]: is 3e+38; less than 2^128 above its group's least, -3e+38, for an asymmetric scale, is needed"
        )
        try save([] as [Float], [1 << 40, 1 << 10, 0], "empty.npy")
        try expectError(
            "empty.npy", "out", "--format", "int8",
            text:
                "empty.npy: has shape [1099511627776, 1024, 0]; a last extent above 0, or at most 16777216 rows, is needed"
        )
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/nan.npy"))
        try whole.dropLast(3).write(to: URL(fileURLWithPath: folder + "/short.npy"))
        try expectError(
            "short.npy", "out", "--format", "int8",
            text:
                "short.npy: data: the file has 13 bytes of data; 16 are needed for its shape and dtype (is it truncated?)"
        )
    }

    @Test func namesWhatIsWrongWithGivenScales() throws {
        try save([1, 2, 3, 4] as [Float], [2, 2], "x.npy")
        let range = "a finite number from 2^-126 to 2^126"
        for (scale, shown) in [("nan", "nan"), ("inf", "inf"), ("0", "0.0"), ("-1", "-1.0")] {
            try expectError(
                "x.npy", "out", "--format", "int8", "--scale=\(scale)", text: "--scale is \(shown), should be \(range)")
        }
        try save([1, .nan] as [Float], [2], "s.npy")
        try expectError(
            "x.npy", "out", "--format", "int8", "--scales", "s.npy",
            text: "s.npy: element [1]: is nan; a scale, \(range), is needed")
        try save([1] as [Float], [1], "one.npy")
        try expectError(
            "x.npy", "out", "--format", "int8", "--scales", "one.npy",
            text: "one.npy: has shape [1]; one entry for each of the 2 groups is needed")
        try save([1, 2] as [Float], [2], "good.npy")
        try save([0, 8] as [Int8], [2], "z.npy")
        try expectError(
            "x.npy", "out", "--format", "int4", "--asymmetric", "--scales", "good.npy", "--zero-points", "z.npy",
            text: "z.npy: element [1]: is 8; a zero point from -8 to 7 is needed")
        try expectError(
            "x.npy", "out", "--format", "int4", "--asymmetric", "--scale", "1", "--zero-point", "8",
            text: "--zero-point is 8, should be -8 to 7")
        try expectError(
            "x.npy", "out", "--format", "e4m3", "--granularity", "mx", "--scale", "1",
            text: "MX blocks derive their scales; given scales go with tensor, channel or group:N")
    }

    @Test func namesFlagsThatDoNotGoTogether() throws {
        try save([1, 2, 3, 4] as [Float], [2, 2], "x.npy")
        try expectError(
            "x.npy", "out", "--format", "int8", "--granularity", "rows",
            text: "--granularity is rows, should be tensor, channel, group:N with N ≥ 1, or mx")
        try expectError(
            "x.npy", "out", "--format", "int8", "--granularity", "group:0",
            text: "a group size of 0 is out of range; at least 1 is needed")
        try expectError(
            "x.npy", "out", "--format", "e4m3", "--asymmetric",
            text: "format e4m3 has no zero point; asymmetric quantizers take int4, int8 or int16")
        try save([1, 2, 3] as [UInt32], [3], "r.npy")
        try expectError(
            "x.npy", "out", "--format", "int8", "--rounding", "stochastic-a", "--random-bits", "8", "--random", "r.npy",
            text: "r.npy: has 3 elements; 4 are needed, one for each element to round")
        for flags in [
            ["--packed"], ["--seed", "1"], ["--rounding", "stochastic-a", "--seed", "1"],
            ["--rounding", "stochastic-a", "--random-bits", "33", "--seed", "1"], ["--zero-point", "1"],
            ["--scale", "1", "--scale-rule", "mse"], ["--scale", "1", "--asymmetric"], ["--threads", "0"],
        ] {
            let output = try ProgramRun.execute(
                CommandLineTests.program, ["quantize", "x.npy", "out", "--format", "int8"] + flags, in: folder)
            #expect(output.status == 64 && output.err.contains("Error: --"), "\(flags) \(output.err)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
        }
    }

    /// quantize/check.py: numpy makes all codes and errors again.
    @Test(.enabled(if: ProgramRun.hasNumPy, "needs Python with numpy (ZEROTH_PYTHON)"))
    func numPyMakesTheSameCodesAndErrors() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/quantize/check.py"
        let output = try ProgramRun.execute(
            "/usr/bin/env", [ProgramRun.python, script, CommandLineTests.program], in: folder)
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.contains("numpy, codes of int4: 39099 equal"))
    }
}
