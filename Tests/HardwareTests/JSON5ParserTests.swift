import Foundation
import Testing

@testable import Hardware

@Suite struct JSON5ParserTests {
    /// Numbers in every spelling of JSON5, read as Foundation reads them.
    @Test(arguments: ["0", "-0.5", "+7", ".25", "5.", "1e3", "1E-3", "-1.5e+2", "0xFF", "19.2", "4294967296"])
    func numbersAgreeWithFoundation(text: String) throws {
        guard case .number(let ours, let kept) = try JSON5Parser.parse(Array(text.utf8), file: "t").value else {
            Issue.record("\(text) is no number")
            return
        }
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        #expect(kept == text)
        #expect(ours == (try decoder.decode(Double.self, from: Data(text.utf8))))
    }

    @Test(arguments: [("0xFF", 255.0), ("-0x10", -16), ("+0Xa", 10), ("0xFFFFFFFFFFFFFFFF", 0x1p64)])
    func hexadecimalNumbers(text: String, value: Double) throws {
        guard case .number(let ours, _) = try JSON5Parser.parse(Array(text.utf8), file: "t").value else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(ours == value)
    }

    @Test(arguments: ["01", "1e", "0x", "1..2", "--1", "+", ".", "1e5.5", "0xG", "1_000", "١"])
    func whatIsNoNumberIsRefused(text: String) {
        #expect(throws: HardwareError.self) { try JSON5Parser.parse(Array(text.utf8), file: "t") }
    }

    @Test func stringsKeysAndCommentsInEverySpelling() throws {
        let text = #"""
            // a comment
            { 'single': "d\"o\"uble", /* inside */ $bare_1: 'it''s'.length, }
            """#.replacingOccurrences(of: "'it''s'.length", with: #"'it\'s\u0021\n'"#)
        guard case .object(let members) = try JSON5Parser.parse(Array(text.utf8), file: "t").value else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.key) == ["single", "$bare_1"])
        #expect(members.map(\.line) == [2, 2])
        guard case .string(let first) = members[0].node.value, case .string(let second) = members[1].node.value else {
            Issue.record("no strings")
            return
        }
        #expect(first == "d\"o\"uble")
        #expect(second == "it's!\n")
    }

    @Test func equalKeysInDifferentObjectsAreFine() throws {
        _ = try JSON5Parser.parse(Array("{a: {x: 1}, b: {x: 1}}".utf8), file: "t")
        #expect(
            message { try JSON5Parser.parse(Array("{a: {x: 1,\n\"x\": 2}}".utf8), file: "t") }
                == "t:2: a.x: stands twice, first on line 1; keep one")
        #expect(
            message { try JSON5Parser.parse(Array("[{x: 1, 'x': 2}]".utf8), file: "t") }
                == "t:1: [0].x: stands twice, first on line 1; keep one")
    }

    @Test func truncatedAndCorruptedTablesNeverTrap() throws {
        let whole = Array(try text(of: "energy/cmos45.json5").utf8)
        var state: UInt64 = 9
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<4 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 25)
            }
            #expect(!message { try EnergyTable(json5: bytes, file: "corrupt") }.contains("\n"))
        }
    }
}
