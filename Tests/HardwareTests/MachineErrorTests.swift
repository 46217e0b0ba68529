import Foundation
import Testing

@testable import Hardware

/// Every way a machine file can be wrong, with the whole line a user reads.
@Suite struct MachineErrorTests {
    private func at(_ part: String) throws -> String { "bad.json5:\(try line(of: part, in: "edge-int8.json5"))" }

    @Test func unknownKeySuggestsTheNearest() throws {
        #expect(
            try machineMessage(replacing: "setupCycles: 16", with: "setupCycle: 16")
                == "\(at("setupCycles: 16")): organisation.dma.setupCycle: unknown key; did you mean 'setupCycles'? "
                + "keys here: bytesPerCycle, setupCycles")
        #expect(
            try machineMessage(replacing: "setupCycles: 16", with: "setupCycles: 16, zebra: 1")
                == "\(at("setupCycles: 16")): organisation.dma.zebra: unknown key; keys here: bytesPerCycle, setupCycles"
        )
    }

    @Test func duplicateKeyNamesBothLines() throws {
        let first = try line(of: "setupCycles: 16", in: "edge-int8.json5")
        #expect(
            try machineMessage(replacing: "setupCycles: 16,", with: "setupCycles: 16,\n setupCycles: 8,")
                == "bad.json5:\(first + 1): organisation.dma.setupCycles: stands twice, first on line \(first); keep one"
        )
    }

    @Test func missingKeySaysWhatBelongsThere() throws {
        let dma = try line(of: "dma: {", in: "edge-int8.json5")
        #expect(
            try machineMessage(replacing: "setupCycles: 16,", with: "")
                == "bad.json5:\(dma): organisation.dma.setupCycles: missing; expected a whole number from 0 to 1000000, in cycles"
        )
    }

    @Test(arguments: ["-19.2", "0", "1e9", "NaN", "-Infinity"])
    func bandwidthOutOfRange(value: String) throws {
        #expect(
            try machineMessage(
                replacing: "bandwidthGigabytesPerSecond: 19.2", with: "bandwidthGigabytesPerSecond: \(value)")
                == "\(at("bandwidthGigabytesPerSecond")): organisation.dram.bandwidthGigabytesPerSecond: is \(value); "
                + "it must be a number from 0.001 to 100000, in 10^9 bytes per second")
    }

    @Test(arguments: ["0", "-1", "32.5", "1e30", "5000"])
    func rowsOutOfRange(value: String) throws {
        #expect(
            try machineMessage(replacing: "rows: 32,", with: "rows: \(value),")
                == "\(at("rows: 32,")): organisation.array.rows: is \(value); it must be a whole number from 1 to 4096, "
                + "in elements")
    }

    @Test func wrongTypes() throws {
        #expect(
            try machineMessage(replacing: "rows: 32,", with: "rows: \"32\",")
                == "\(at("rows: 32,")): organisation.array.rows: is the string \"32\"; expected a whole number from 1 to "
                + "4096, in elements")
        #expect(
            try machineMessage(replacing: "doubleBuffered: true", with: "doubleBuffered: 1")
                == "\(at("doubleBuffered")): organisation.array.doubleBuffered: is the number 1; expected "
                + "true or false")
        #expect(
            try machineMessage(replacing: "accumulator: { bits: 32, overflow: \"wrap\" }", with: "accumulator: 32")
                == "\(at("accumulator: {")): arithmetic.accumulator: is the number 32; expected an object with bits, "
                + "overflow")
        #expect(
            try machineMessage(replacing: "\"edge-int8\"", with: "null")
                == "\(at("name: \"edge-int8\"")): name: is null; expected a string, the machine's name")
        #expect(
            message { try Machine(json5: Array("[1]".utf8), file: "bad.json5") }
                == "bad.json5:1: (top level): is an array; expected an object with name, summary, arithmetic, "
                + "organisation")
    }

    @Test func valuesTheEmulatorDoesNotImplement() throws {
        #expect(
            try machineMessage(replacing: "weights: \"int8\"", with: "weights: \"int4\"")
                == "\(at("weights: \"int8\"")): arithmetic.weights: is \"int4\", which Zeroth does not implement; "
                + "implemented: int8")
        #expect(
            try machineMessage(replacing: "bits: 32, overflow", with: "bits: 24, overflow")
                == "\(at("bits: 32, overflow")): arithmetic.accumulator.bits: is 24, which Zeroth does not implement; "
                + "implemented: 32")
        #expect(
            try machineMessage(replacing: "overflow: \"wrap\"", with: "overflow: \"saturate\"").hasSuffix(
                "arithmetic.accumulator.overflow: is \"saturate\", which Zeroth does not implement; implemented: wrap"))
        #expect(
            try machineMessage(replacing: "dataflow: \"weight-stationary\"", with: "dataflow: \"os\"").hasSuffix(
                "organisation.array.dataflow: is \"os\", which Zeroth does not implement; implemented: "
                    + "weight-stationary"))
    }

    @Test func contradictions() throws {
        #expect(
            try machineMessage(replacing: "rowBytes: 8192", with: "rowBytes: 8200")
                == "\(at("rowBytes: 8192")): organisation.dram.rowBytes: a row of 8200 bytes is no whole number of bursts; "
                + "give a multiple of burstBytes, 128")
        #expect(
            try machineMessage(replacing: "bytes: 524288, banks: 8", with: "bytes: 524289, banks: 8").hasSuffix(
                "organisation.sram.activation.bytes: 524289 bytes do not divide into 8 banks of 256-bit words; give a "
                    + "multiple of 256 bytes"))
        #expect(
            try machineMessage(replacing: "bf16: 0.25", with: "bf16: 0.3").hasSuffix(
                "organisation.array.macsPerCyclePerElement.bf16: is 0.3; it must be a power of two from 0.015625 to 64, so "
                    + "that cycles stay whole"))
    }

    @Test func syntaxErrorsNameLineAndColumn() {
        func parse(_ text: String) -> String { message { try Machine(json5: Array(text.utf8), file: "bad.json5") } }
        #expect(parse("") == "bad.json5:1:1: the file ends; expected a value")
        #expect(parse("{\n  a 1}") == "bad.json5:2:5: found '1'; expected ':' after 'a'")
        #expect(parse("{a: 1 b: 2}") == "bad.json5:1:7: found 'b'; expected ',' or '}'")
        #expect(parse("{a: wrap}").hasSuffix("the bare word 'wrap'; expected a value; strings stand in quotes"))
        #expect(
            parse("{a: 1.2.3}") == "bad.json5:1:5: '1.2.3' is not a number; expected a number such as 32, 0.25 or 19.2")
        #expect(parse("{a: 'x\n'}").hasSuffix("the string ends in the middle of a line; expected a closing quote"))
        #expect(parse("/* {") == "bad.json5:1:4: the comment opened on line 1 does not end; expected '*/'")
        #expect(parse("{} {}") == "bad.json5:1:4: '{' after the value; expected the end of the file")
        #expect(parse(String(repeating: "[", count: 100_000)).contains("values nested deeper than 32"))
        #expect(
            message { try Machine(json5: [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], file: "b") }.contains("not UTF-8"))
    }

    /// No prefix of a real file and no single corrupted byte traps, and each is refused or read.
    @Test func truncatedAndCorruptedFilesNeverTrap() throws {
        let whole = Array(try text(of: "edge-int8.json5").utf8)
        var refused = 0
        for length in stride(from: 0, to: whole.count - 3, by: 7) {
            if message({ try Machine(json5: Array(whole[..<length]), file: "cut") }) != "no error" { refused += 1 }
        }
        #expect(refused == (whole.count - 3 + 6) / 7)
        var state: UInt64 = 1
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 25)
            }
            #expect(!message { try Machine(json5: bytes, file: "corrupt") }.contains("\n"))
        }
    }
}
