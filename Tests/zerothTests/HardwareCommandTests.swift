import Foundation
import Testing

/// `zeroth hardware` as its users run it.
struct HardwareCommandTests {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-hardware-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func run(_ arguments: String...) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["hardware"] + arguments, in: folder)
    }

    private func json(_ output: ProgramRun.Output) throws -> [String: Any] {
        #expect(output.status == 0, "\(output.err)")
        return try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
    }

    private func expectError(
        _ output: ProgramRun.Output, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(output.status == 1, sourceLocation: sourceLocation)
        #expect(
            output.err.hasPrefix("error: ") && output.err.split(separator: "\n").count == 1, "\(output.err)",
            sourceLocation: sourceLocation)
        for part in parts {
            #expect(output.err.contains(part), "\(output.err) should name \(part)", sourceLocation: sourceLocation)
        }
    }

    private func contents(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    /// The machines' folder in this checkout.
    static let machines = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("hwmodels").path

    static let names: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: machines)) ?? [])
        .filter { $0.hasSuffix(".json5") }.map { String($0.dropLast(6)) }.sorted()

    @Test func everyShippedMachineIsListedAndPassesTheCheck() throws {
        #expect(Self.names.contains("edge-int8"))
        let lines = try run("list").out.split(separator: "\n")
        #expect(lines.map { String($0.prefix { $0 != " " }) } == Self.names)
        let list = try #require(try json(run("list", "--json"))["machines"] as? [[String: Any]])
        #expect(list.compactMap { $0["name"] as? String } == Self.names)
        #expect(list.allSatisfy { ($0["summary"] as? String)?.isEmpty == false })
        for name in Self.names {
            let output = try run("check", name)
            #expect(output.status == 0, "\(output.err)")
            #expect(output.out.contains(": ok\n") && output.out.contains("GMAC/s") && output.out.contains("MAC/byte"))
        }
    }

    @Test func theCheckSaysWhatTheMachineCanDo() throws {
        // 32 × 32 elements at 600 MHz; 32 bytes a cycle from DRAM.
        let edge = try json(run("check", "edge-int8", "--json"))
        let peaks = try #require(edge["peaks"] as? [[String: Any]])
        let int8 = try #require(peaks.first { $0["format"] as? String == "int8" })
        #expect(int8["gigaMacsPerSecond"] as? Double == 614.4)
        #expect(int8["ridgeMacsPerByte"] as? Double == 32)
        #expect(edge["sramBytes"] as? Int == 1 << 20)
        #expect(edge["dramBytesPerCycle"] as? Double == 32)
        let wide = try json(
            run(
                "check", "edge-int8", "--set", "organisation.array.columns=64", "--set",
                "organisation.dma.bytesPerCycle=8",
                "--json"))
        let peak = try #require((wide["peaks"] as? [[String: Any]])?.first { $0["format"] as? String == "int8" })
        #expect(peak["gigaMacsPerSecond"] as? Double == 1228.8)
        #expect(peak["ridgeMacsPerByte"] as? Double == 256)
        #expect(wide["transferBytesPerCycle"] as? Double == 8)
        #expect((wide["overrides"] as? [String])?.count == 2)
    }

    @Test func showPrintsTheFileAsItIs() throws {
        for name in Self.names {
            let text = try String(contentsOfFile: "\(Self.machines)/\(name).json5", encoding: .utf8)
            #expect(try run("show", name).out == text)
            let decoder = JSONDecoder()
            decoder.allowsJSON5 = true
            let object = try json(run("show", name, "--json"))
            #expect(object["name"] as? String == name)
            #expect(Set(object.keys) == ["name", "summary", "arithmetic", "organisation"])
        }
    }

    @Test func overridesAreWrittenIntoTheTextAndCommentsStay() throws {
        let original = try run("show", "edge-int8").out.split(separator: "\n", omittingEmptySubsequences: false)
        let output = try run(
            "show", "edge-int8", "--set", "organisation.array.columns=64", "--set", "organisation.dram.bandwidth=25.6",
            "--set", "summary=wider", "--set", "organisation.array.macs={int8: 2, bf16: 1} // twice")
        #expect(output.status == 0, "\(output.err)")
        let changed = output.out.split(separator: "\n", omittingEmptySubsequences: false)
        for part in [
            "columns: 64, // elements along n", "bandwidthGigabytesPerSecond: 25.6, // 2400", "summary: \"wider\"",
        ] {
            #expect(changed.contains { $0.contains(part) }, "\(part)")
        }
        let lost = Set(original).subtracting(changed)
        #expect(lost.count == 4, "\(lost)")
        // What is printed is a machine again.
        try output.out.write(toFile: "\(folder)/wide.json5", atomically: true, encoding: .utf8)
        #expect(try run("check", "wide.json5").out.contains("2,457.6 GMAC/s"))
        let object = try json(run("show", "edge-int8", "--set", "organisation.dram.bandwidth=25.6", "--json"))
        let dram = (object["organisation"] as? [String: Any])?["dram"] as? [String: Any]
        #expect(dram?["bandwidthGigabytesPerSecond"] as? Double == 25.6)
    }

    @Test func unusualTextIsChangedInTheRightPlaces() throws {
        let text = try run("show", "edge-int8").out
            .replacingOccurrences(
                of: "name: \"edge-int8\"", with: "/* name: { } */ 'na\\u006De' /* : */ : /*v*/ 'ed\\'ge // }' /*w*/"
            )
            .replacingOccurrences(of: "rows: 32,", with: "\"rows\":32// }\n,")
            .replacingOccurrences(of: "columns: 32,", with: "columns\u{A0}:\u{A0}+32/**/,")
            .replacingOccurrences(of: "\n", with: "\r\n")
        try text.write(toFile: "\(folder)/odd.json5", atomically: true, encoding: .utf8)
        let output = try run(
            "new", "odd.json5", "it \"is\".json5", "--set", "organisation.array.columns=16", "--set",
            "organisation.array.rows=8")
        #expect(output.status == 0, "\(output.err)")
        let expected = text.replacingOccurrences(of: "'ed\\'ge // }'", with: "\"it \\\"is\\\"\"")
            .replacingOccurrences(of: "\"rows\":32// }", with: "\"rows\":8// }")
            .replacingOccurrences(of: "\u{A0}+32/**/", with: "\u{A0}16/**/")
        #expect(try contents("it \"is\".json5") == expected)
    }

    @Test func aFieldThatTheFileLacksIsAdded() throws {
        let rates = "organisation.array.macsPerCyclePerElement"
        let object = try json(
            run("show", "edge-int8", "--set", "\(rates)={int8: 1}", "--set", "\(rates).fp32=0.0625", "--json"))
        let array = (object["organisation"] as? [String: Any])?["array"] as? [String: Any]
        #expect(array?["macsPerCyclePerElement"] as? [String: Double] == ["int8": 1, "fp32": 0.0625])
    }

    @Test func aNewMachineIsACopyWithItsOwnName() throws {
        let output = try run("new", "edge-int8", "mine.json5", "--set", "organisation.array.rows=16")
        #expect(output.status == 0, "\(output.err)")
        let text = try contents("mine.json5")
        #expect(text.contains("name: \"mine\",") && text.contains("rows: 16, // elements along k"))
        #expect(text.contains("// What fixes the bits"))
        let summary = try json(run("check", "mine.json5", "--json"))
        #expect(summary["name"] as? String == "mine" && summary["arrayRows"] as? Int == 16)
        // A copy of the copy, and an existing file.
        #expect(try run("new", "mine.json5", "yours.json5").status == 0)
        expectError(try run("new", "edge-int8", "mine.json5"), "mine.json5: exists already", "--overwrite")
        #expect(try contents("mine.json5") == text)
        #expect(try run("new", "edge-int8", "mine.json5", "--overwrite").status == 0)
        #expect(try contents("mine.json5").contains("rows: 32, // elements along k"))
    }

    @Test func mistakesAreOneLineWithFileLineAndField() throws {
        let text = try run("show", "edge-int8").out
        func write(_ name: String, _ change: (String) -> String) throws {
            try change(text).write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try write("rows.json5") { $0.replacingOccurrences(of: "rows: 32,", with: "rows: 0,") }
        expectError(try run("check", "rows.json5"), "rows.json5:", "organisation.array.rows: is 0", "from 1 to 4096")
        try write("table.json5") { $0.replacingOccurrences(of: "energyTable: \"", with: "energyTable: \"no-") }
        expectError(try run("check", "table.json5"), "no energy table 'no-")
        expectError(try run("new", "table.json5", "copy.json5"), "no energy table 'no-")
        expectError(
            try run("check", "edge-int8", "--set", "organisation.sram.weight.banks=128"), "organisation.sram.weight")
        expectError(try run("check", "edge-int9"), "no machine 'edge-int9'", "edge-int8")
        expectError(try run("show", "nowhere.json5"), "nowhere.json5: cannot be read")
        expectError(try run("show", "edge-int8", "--set", "organisation.array.rows"), "no '='")
        expectError(try run("new", "edge-int8", "mine"), "mine: should be the name of a .json5 file")
        expectError(try run("new", "edge-int8", ".json5"), "should be the name of a .json5 file")
        expectError(try run("new", "edge-int8", "nowhere/mine.json5"), "nowhere/mine.json5")
        expectError(try run("new", "edge-int8", "a.json5", "--set", "name=b", "--set", "name=c"), "already set")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == ["rows.json5", "table.json5"])
    }

    @Test func aBrokenFileInTheFolderDoesNotHideTheOthers() throws {
        let library = "\(folder)/library"
        try FileManager.default.createDirectory(atPath: library, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(Self.machines)/edge-int8.json5", toPath: "\(library)/good.json5")
        try "{ name: 3 }".write(toFile: "\(library)/bad.json5", atomically: true, encoding: .utf8)
        let output = try ProgramRun.execute(
            "/usr/bin/env", ["ZEROTH_HWMODELS=\(library)", CommandLineTests.program, "hardware", "list"], in: folder)
        expectError(output, "bad.json5")
        #expect(output.out.contains("good  32x32") && output.out.contains("bad   cannot be read"))
    }
}
