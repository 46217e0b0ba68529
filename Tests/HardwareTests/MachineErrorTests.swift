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
            try machineMessage(
                replacing: "integerAccumulator: { bits: 32, overflow: \"wrap\" }", with: "integerAccumulator: 32")
                == "\(at("integerAccumulator: {")): arithmetic.integerAccumulator: is the number 32; expected an object with bits, "
                + "overflow")
        #expect(
            try machineMessage(replacing: "\"edge-int8\"", with: "null")
                == "\(at("name: \"edge-int8\"")): name: is null; expected a string, the machine's name")
        #expect(
            message { try Machine(json5: Array("[1]".utf8), file: "bad.json5") }
                == "bad.json5:1: (top level): is an array; expected an object with name, summary, arithmetic, "
                + "organisation")
    }

    @Test func wordsThatNameNothing() throws {
        #expect(
            try machineMessage(replacing: "weights: \"int8\"", with: "weights: \"int3\"")
                == "\(at("weights: \"int8\"")): arithmetic.weights: is \"int3\", which Zeroth does not implement; "
                + "implemented: int8, int4, e4m3, e5m2, bf16, fp16, fp32")
        #expect(
            try machineMessage(replacing: "embedding: \"fp32\"", with: "embedding: \"int8\"").hasSuffix(
                "arithmetic.embedding: is \"int8\", which Zeroth does not implement; implemented: fp32, bf16, fp16"))
        #expect(
            try machineMessage(replacing: "overflow: \"wrap\"", with: "overflow: \"trap\"").hasSuffix(
                "arithmetic.integerAccumulator.overflow: is \"trap\", which Zeroth does not implement; implemented: wrap, "
                    + "saturate"))
        #expect(
            try machineMessage(replacing: "dataflow: \"weight-stationary\"", with: "dataflow: \"os\"").hasSuffix(
                "organisation.array.dataflow: is \"os\", which Zeroth does not implement; implemented: "
                    + "weight-stationary, output-stationary, input-stationary"))
        #expect(
            try machineMessage(replacing: "placement: \"on-load\"", with: "placement: \"nowhere\"").hasSuffix(
                "organisation.perturbationUnit.placement: is \"nowhere\", which Zeroth does not implement; implemented: "
                    + "on-load, in-place"))
        #expect(
            try machineMessage(replacing: "\"fp32-sequential\"", with: "\"32-wrap\"").hasSuffix(
                "arithmetic.floatAccumulator: is \"32-wrap\", which Zeroth does not implement; implemented: "
                    + "fp32-sequential, grouped:G, aligned:G,F,fp32|e8m13, exact or none"))
        #expect(
            try machineMessage(replacing: "\"re-entry\"", with: "\"blocks\"").hasSuffix(
                "arithmetic.accumulate: is \"blocks\", which Zeroth does not implement; implemented: re-entry or blocked:B"
            ))
        #expect(
            try machineMessage(replacing: "\"philox4x32-10\"", with: "\"mt19937\"").hasSuffix(
                "arithmetic.generator: is \"mt19937\", which Zeroth does not implement; implemented: philox4x32-10, "
                    + "lfsr:WIDTH,LANES, xoshiro128++:LANES, xoshiro256++:LANES, xoroshiro128+:LANES, xoroshiro128aox:LANES, "
                    + "pool:WORDS"))
        #expect(
            try machineMessage(replacing: "\"irwin-hall-4\"", with: "\"box-muller\"").hasSuffix(
                "arithmetic.gaussian: is \"box-muller\", which Zeroth does not implement; implemented: irwin-hall-4, "
                    + "gaussian-table, uniform, rademacher or grid:M"))
    }

    @Test func parametersOutOfRange() throws {
        #expect(
            try machineMessage(replacing: "bits: 32, overflow", with: "bits: 7, overflow")
                == "\(at("bits: 32, overflow")): arithmetic.integerAccumulator.bits: is 7; it must be a whole number from 8 "
                + "to 32, in bits")
        #expect(
            try machineMessage(replacing: "\"fp32-sequential\"", with: "\"grouped:0\"").hasSuffix(
                "arithmetic.floatAccumulator: is \"grouped:0\"; it must be an accumulator that can be built, not groups of 0 "
                    + "products; 1 to 1024 are possible"))
        #expect(
            try machineMessage(replacing: "\"re-entry\"", with: "\"blocked:0\"").hasSuffix(
                "arithmetic.accumulate: is \"blocked:0\"; it must be blocks of 1 to 1048576 products"))
        #expect(
            try machineMessage(replacing: "\"philox4x32-10\"", with: "\"lfsr:33,4\"").contains(
                "arithmetic.generator: is \"lfsr:33,4\"; it must be a source whose parameters are in range: the LFSR's width "
                    + "is 33 and no mask is given"))
        #expect(
            try machineMessage(replacing: "\"irwin-hall-4\"", with: "\"grid:40000\"").hasSuffix(
                "arithmetic.gaussian: is \"grid:40000\"; it must be grid:M with M from 1 to 32767"))
        #expect(
            try machineMessage(
                replacing: "wordBits: 256, ports: 1 }, // 512 KiB", with: "wordBits: 256, ports: 3 }, //"
            )
            .hasSuffix("organisation.sram.activation.ports: is 3; it must be a whole number from 1 to 2, in ports"))
    }

    @Test func arithmeticThatTheArrayCannotDo() throws {
        #expect(
            try machineMessage(replacing: "weights: \"int8\"", with: "weights: \"bf16\"")
                == "\(at("activations: \"int8\"")): arithmetic.activations: int8 with arithmetic.weights bf16; both have to "
                + "be integers, or both floating point")
        #expect(
            try machineMessage(replacing: "attention: \"int8\"", with: "attention: \"e4m3\"")
                == "\(at("attention: \"int8\"")): arithmetic.attention: needs e4m3 products, and "
                + "organisation.array.macsPerCyclePerElement has no rate for them; add 'e4m3' there, or name one of int8, bf16"
        )
        #expect(
            try machineMessage(replacing: "head: \"int8\"", with: "head: \"fp32\"").contains(
                "arithmetic.head: needs fp32 products"))
        #expect(
            try machineMessage(replacing: "\"fp32-sequential\"", with: "\"none\"")
                == "\(at("floatAccumulator")): arithmetic.floatAccumulator: is \"none\", and "
                + "organisation.array.macsPerCyclePerElement.bf16 gives a rate; name an accumulator, such as fp32-sequential, "
                + "or leave that rate out")
    }

    private func refusal(_ overrides: String...) -> String {
        message { try Machine.load("edge-int8", overrides: overrides, from: shipped) }
    }

    /// Where the order of additions shows in the bits, a block is what a fold holds; elsewhere any block will do.
    @Test func blocksAreWhatAFoldHolds() throws {
        let saturate = "arithmetic.integerAccumulator.overflow=saturate"
        #expect(refusal("arithmetic.accumulate=blocked:7") == "no error")
        #expect(refusal(saturate, "arithmetic.accumulate=blocked:32") == "no error")
        #expect(
            refusal(saturate, "arithmetic.accumulate=blocked:64")
                == "--set arithmetic.accumulate=blocked:64: arithmetic.accumulate: blocks of 64, and a fold of "
                + "organisation.array holds 32 int8 codes along k (32 rows x 1); write \"blocked:32\", or \"re-entry\"")
        let twoAnElement = "organisation.array.macsPerCyclePerElement={int8: 2, bf16: 0.25}"
        #expect(refusal(saturate, twoAnElement, "arithmetic.accumulate=blocked:64") == "no error")
        #expect(
            refusal(saturate, twoAnElement, "arithmetic.accumulate=blocked:32").hasSuffix(
                "write \"blocked:64\", or \"re-entry\""))
        // A fold of an output-stationary array is as deep as the stream.
        let outputs = "organisation.array.dataflow=output-stationary"
        #expect(refusal(saturate, outputs, "arithmetic.accumulate=blocked:7") == "no error")
        #expect(
            refusal(saturate, outputs, twoAnElement, "arithmetic.accumulate=blocked:7").hasSuffix(
                "arithmetic.accumulate: blocks of 7 do not divide into the 2 codes that an element takes in a beat "
                    + "(organisation.array.macsPerCyclePerElement.int8); write \"blocked:8\", or another multiple of 2")
        )
    }

    @Test func groupsAreWholeInAnElement() throws {
        let formats = ["weights", "activations", "attention", "head"].map { "arithmetic.\($0)=e4m3" }
        func load(_ overrides: String...) -> String {
            message { try Machine.load("edge-int8", overrides: formats + overrides, from: shipped) }
        }
        #expect(load("arithmetic.float=grouped:4", "organisation.array.macs={e4m3: 4}") == "no error")
        #expect(load("arithmetic.float=aligned:32,13,e8m13", "organisation.array.macs={e4m3: 8}") == "no error")
        #expect(
            load("arithmetic.float=grouped:12", "organisation.array.macs={e4m3: 8}")
                == "--set arithmetic.float=grouped:12: arithmetic.floatAccumulator: adds groups of 12 products, and "
                + "organisation.array.macsPerCyclePerElement.e4m3 is 8; give a group that is a multiple of that rate, such as 8"
        )
        #expect(
            load(
                "arithmetic.float=aligned:32,13,e8m13", "organisation.array.macs={e4m3: 8}",
                "arithmetic.accumulate=blocked:256"
            ).hasSuffix(
                "blocks of 256, and a fold of organisation.array holds 1024 e4m3 codes along k (32 rows x 32); write "
                    + "\"blocked:1024\", or \"re-entry\""))
    }

    @Test func placesAndMemoriesThatContradict() throws {
        #expect(
            refusal(
                "organisation.perturbationUnit.placement=in-place", "organisation.perturbationUnit.sharedFetch=true")
                == "--set organisation.perturbationUnit.sharedFetch=true: organisation.perturbationUnit.sharedFetch: is true, "
                + "and organisation.perturbationUnit.placement is in-place: DRAM holds one direction's weights; write false, or "
                + "placement \"on-load\"")
        #expect(
            refusal("organisation.sram.unified={bytes: 1048576, banks: 16, wordBits: 256, ports: 1}")
                .hasSuffix(
                    "organisation.sram.weight: stands beside organisation.sram.unified; keep unified alone, or weight, "
                        + "activation and accumulator"))
        #expect(
            refusal("organisation.sram={unified: {bytes: 1048576, banks: 16, wordBits: 256}}").contains(
                "organisation.sram.unified.ports: missing"))
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
