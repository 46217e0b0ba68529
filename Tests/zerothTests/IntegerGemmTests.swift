import Foundation
import Networks
import Testing

/// `zeroth gemm` on integers as its users run it.
@Suite struct IntegerGemmTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-gemm-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func gemm(_ flags: String...) throws -> (status: Int32, out: String, err: String) {
        try ProgramRun.execute(CommandLineTests.program, ["gemm", "a.npy", "b.npy", "c.npy"] + flags, in: folder)
    }

    private func save<Element: NpyElement>(_ elements: [Element], _ shape: [Int], _ name: String) throws {
        try NpyWriter.write(elements, shape: shape, to: "\(folder)/\(name)")
    }

    @Test func packedWeightsAreReadLowHalfFirst() throws {
        try save([1, 10, 100] as [Int8], [1, 3], "a.npy")
        // 1, −2, 3 and −8, 7, −1; the last half byte of a row counts for nothing.
        try save([0xE1, 0x53, 0x78, 0x0F] as [UInt8], [2, 2], "b.npy")
        let output = try gemm("--a-format", "int8", "--b-format", "int4", "--b-packed")
        #expect(output.status == 0, "\(output.err)")
        #expect(try NpyFile(path: folder + "/c.npy").array(of: Int32.self) == [281, -38])
    }

    @Test func twoPackedOperandsTakeTheDepthGiven() throws {
        try save([0x21, 0x73] as [UInt8], [1, 2], "a.npy")
        try save([0x11, 0x11] as [UInt8], [1, 2], "b.npy")
        #expect(try gemm("--format", "int4", "--a-packed", "--b-packed").status == 0)
        #expect(try NpyFile(path: folder + "/c.npy").array(of: Int32.self) == [13])
        #expect(try gemm("--format", "int4", "--a-packed", "--b-packed", "--depth", "3").status == 0)
        #expect(try NpyFile(path: folder + "/c.npy").array(of: Int32.self) == [6])
    }

    @Test func packedOperandsThatDoNotFitAreErrors() throws {
        try save([1, 2, 3, 4, 5] as [Int8], [1, 5], "a.npy")
        try save([1, 2] as [UInt8], [1, 2], "b.npy")
        let narrow = try gemm("--a-format", "int8", "--b-format", "int4", "--b-packed")
        #expect(narrow.status == 1 && narrow.err.contains("b.npy") && narrow.err.contains("[N, 3], as a.npy has K = 5"))
        try save([1, 2, 3] as [Int8], [1, 3], "b.npy")
        let signed = try gemm("--a-format", "int8", "--b-format", "int4", "--b-packed")
        #expect(signed.status == 1 && signed.err.contains("uint8 for packed int4"), "\(signed.err)")
        try save([1, 2] as [UInt8], [1, 2], "a.npy")
        try save([1, 2] as [UInt8], [1, 2], "b.npy")
        let deep = try gemm("--format", "int4", "--a-packed", "--b-packed", "--depth", "5")
        #expect(deep.status == 1 && deep.err.contains("[M, 3], as --depth is 5"), "\(deep.err)")
        try save([1, 2] as [UInt8], [2], "b.npy")
        let flat = try gemm("--format", "int4", "--a-packed", "--b-packed")
        #expect(flat.status == 1 && flat.err.contains("[N, K/2]"), "\(flat.err)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/c.npy"))
    }

    @Test func packingFlagsThatMakeNoSenseAreRefused() throws {
        for flags in [
            ["--format", "int8", "--b-packed"], ["--a-format", "int8", "--b-format", "int4", "--a-packed"],
            ["--format", "int4", "--b-packed", "--depth", "4"],
            ["--format", "int4", "--a-packed", "--b-packed", "--depth", "0"],
            ["--format", "e2m1", "--b-packed"],
        ] {
            let output = try ProgramRun.execute(
                CommandLineTests.program, ["gemm", "a.npy", "b.npy", "c.npy"] + flags, in: folder)
            #expect(output.status == 64 && output.err.contains("Error: --"), "\(flags) \(output.err)")
        }
    }

    /// gemm/integers.py: numpy's int64, all formats, with the statistics.
    @Test(.enabled(if: ProgramRun.hasNumPy, "needs Python with numpy (ZEROTH_PYTHON)"))
    func numPyGivesTheSameSumsAndStatistics() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/gemm/integers.py"
        let output = try ProgramRun.execute(
            "/usr/bin/env", [ProgramRun.python, script, CommandLineTests.program], in: folder)
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out == "8158 sums equal\n", "\(output.out)")
    }
}
