import Foundation
import Testing

/// `zeroth vectors` as its users run it.
@Suite struct VectorsCommandTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-vectors-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func vectors(_ flags: String...) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["vectors"] + flags, in: folder)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    @Test func everyUnitOnTheListCanBeWritten() throws {
        let listed = try vectors("--list")
        #expect(listed.status == 0)
        let names = listed.out.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(names.contains("fp32_adder") && names.contains("perturbation_unit") && names.last == "array")
        for name in names where name != "array" && name != "engine" {
            let output = try vectors(name, "--count", "3", "--output", name)
            #expect(output.status == 0, "\(output.err)")
            #expect(try text(name).split(separator: "\n").count == 8)
        }
    }

    @Test func tilesHaveTheirCyclesAndRegisters() throws {
        let output = try vectors(
            "array", "--rows", "2", "--columns", "3", "--count", "6", "--registers", "--output", "tiles")
        #expect(output.status == 0, "\(output.err)")
        let tiles = try text("tiles").split(separator: "\n").filter { $0.hasPrefix("tile ") }
        #expect(tiles.count == 6)
        for tile in tiles {
            let numbers = tile.split(separator: " ").dropFirst(2).compactMap { Int($0) }
            #expect(numbers.count == 13)
            let (isOutputStationary, beats, groups, folds) = (
                numbers[0] == 1, numbers[3], numbers[5], numbers[5] * numbers[4]
            )
            let fold = 2 * 2 + 3 + beats - 2
            #expect(numbers[10] == fold + (folds - 1) * (numbers[1] == 1 ? max(beats, 2) : fold), "\(tile)")
            #expect(numbers[11] == groups * (isOutputStationary ? 2 : beats) && numbers[12] == numbers[10])
        }
    }

    @Test func engineLayersHaveTheirFiles() throws {
        let output = try vectors(
            "engine", "--rows", "4", "--columns", "4", "--count", "2", "--log", "--output", "layers")
        #expect(output.status == 0, "\(output.err)")
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/layers/0001")
        #expect(
            files.sorted() == [
                "commands.memh", "cycles.txt", "dram.memh", "golden.log", "golden.memh", "machine.json5",
                "manifest.json",
            ])
        #expect(try text("layers/0001/commands.memh").split(separator: "\n").allSatisfy { $0.count == 96 })
        // The log is one that `zeroth compare` reads, and equal to itself.
        let log = "\(folder)/layers/0001/golden.log"
        let compared = try ProgramRun.zeroth(["compare", log, log], in: folder)
        #expect(compared.status == 0, "\(compared.out)\(compared.err)")
        // The machine it was drawn on gives a layer of another size, too; a folder that is there is left alone.
        let again = try vectors(
            "engine", "--machine", "\(folder)/layers/0001/machine.json5", "--product", "5x6x16", "--output", "one")
        #expect(again.status == 0, "\(again.err)")
        let second = try vectors("engine", "--count", "1", "--output", "one")
        #expect(second.status == 1 && second.err.contains("one"), "\(second.err)")
    }

    @Test func badSettingsAreNamed() throws {
        let cases: [(flags: [String], status: Int32, message: String)] = [
            (["fp32_addr", "--output", "x"], 64, "there is no unit fp32_addr; units are float_widen, "),
            (["--output", "x"], 64, "name a unit"),
            (["fp32_adder"], 1, "--output is nothing, should be a file to write"),
            (["fp32_adder", "--count", "0", "--output", "x"], 1, "--count is 0, should be 1 to 4294967296"),
            (["fp32_adder", "--rows", "5", "--output", "x"], 64, "--registers are for the unit array"),
            (["array", "--rows", "65", "--output", "x"], 1, "--rows is 65, should be 1 to 64"),
            (["engine", "--columns", "1", "--output", "x"], 1, "--columns is 1, should be 2 to 64"),
            (["engine", "--lanes", "3", "--output", "x"], 1, "--lanes is 3, should be 1, 2, 4 or 8"),
            (["engine", "--machine", "none", "--output", "x"], 1, "--machine is none, should be a machine file"),
            (["engine", "--product", "4x4x4", "--output", "x"], 64, "give --machine"),
            (["engine", "--machine", "m", "--rows", "4", "--output", "x"], 64, "leave them out with --machine"),
            (["engine", "--registers", "--output", "x"], 64, "--registers is for the unit array"),
            (["array", "--perturbed", "--output", "x"], 64, "are for the unit engine"),
            (["array", "--columns", "0", "--output", "x"], 1, "--columns is 0, should be 1 to 64"),
            (["array", "--sums", "float", "--output", "x"], 1, "integer, sequential, grouped, aligned, exact"),
            (["array", "--sums", "sequential", "--lanes", "2", "--output", "x"], 1, "an array with 1 is needed"),
            (["fp32_adder", "--count", "3", "--output", "none/x"], 1, "none/x: can't be written"),
        ]
        for item in cases {
            let output = try ProgramRun.zeroth(["vectors"] + item.flags, in: folder)
            #expect(
                output.status == item.status && output.err.lowercased().hasPrefix("error: "),
                "\(item.flags): \(output.err)")
            #expect(output.err.contains(item.message), "\(item.flags): \(output.err)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
}
