import NumberFormats
import Testing

@testable import Hardware

/// What the emulator is asked to run, and where it says no.
@Suite struct EmulatedMachineTests {
    private func refusal(_ overrides: String...) throws -> String {
        let machine = try Machine.load("edge-int8", overrides: overrides, from: shipped)
        return message { try machine.requireEmulated() }
    }

    @Test func integersThatWrapAreEmulatedInAnyOrder() throws {
        #expect(try refusal() == "no error")
        #expect(try refusal("arithmetic.accumulate=blocked:100") == "no error")
        #expect(try refusal("arithmetic.weights=int4") == "no error")
        let fp8 = try Machine.load("datacentre-fp8", overrides: [], from: shipped)
        #expect(message { try fp8.requireEmulated() } == "no error")
        let fp16 = try Machine.load(
            "datacentre-fp8",
            overrides: ["arithmetic.attention=fp16", "organisation.array.macs={e4m3: 32, bf16: 16, fp16: 16}"],
            from: shipped)
        #expect(message { try fp16.requireEmulated() }.contains("arithmetic.attention: is \"fp16\""))
        #expect(message { try fp16.requireEmulated() }.contains("int8, int4, e4m3, e5m2, bf16, fp32"))
        #expect(try refusal("organisation.array.dataflow=output-stationary") == "no error")
    }

    @Test(arguments: [
        ("attention=bf16", "attention: is \"bf16\"", "int8, int4"), ("head=bf16", "head: is \"bf16\"", "int8, int4"),
        ("embedding=bf16", "embedding: is \"bf16\"", "fp32"),
        ("integerAccumulator.bits=24", "integerAccumulator.bits: is 24", "32"),
        ("integerAccumulator.overflow=saturate", "integerAccumulator.overflow: is \"saturate\"", "wrap"),
        ("generator=lfsr:32,64", "generator: is \"lfsr:32,64\"", "philox4x32-10"),
        ("gaussian=gaussian-table", "gaussian: is \"gaussian-table\"", "irwin-hall-4"),
        ("roundingBits=8", "roundingBits: is 8", "16"),
    ])
    func whatIsNotEmulatedIsNamed(override: String, found: String, implemented: String) throws {
        #expect(
            try refusal("arithmetic.\(override)", "organisation.array.macs={int4: 2, int8: 1, bf16: 0.25}")
                == "\(hwmodels)/edge-int8.json5: arithmetic.\(found), which Zeroth does not implement; implemented: "
                + implemented)
    }

    @Test func sourcesAreNamedAndMade() throws {
        for name in [
            "philox4x32-10", "lfsr:16,64", "xoshiro128++:8", "xoshiro256++:1", "xoroshiro128+:2", "xoroshiro128aox:3",
            "pool:4096",
        ] {
            let generator = try #require(try Generator(name: name))
            #expect(generator.name == name)
            let source = try generator.makeSource()
            let stream = RandomStream(seed: 1, step: 0, query: 0, purpose: .perturbation, tensor: 0)
            #expect(Set(source.words(of: stream, elements: 0..<64)).count > 32)
        }
        for name in ["", "philox", "lfsr", "lfsr:32", "lfsr:a,1", "pool:", "pool:1,2", "xoshiro128++:x", "mt:1"] {
            #expect(try Generator(name: name) == nil)
        }
        for name in ["lfsr:31,1", "lfsr:32,0", "pool:1", "xoshiro128++:70000"] {
            #expect(throws: RandomSourceError.self) { try Generator(name: name) }
        }
    }

    @Test func aProductRunsAtTheWiderFormatsRate() throws {
        let machine = try Machine.load(
            "edge-int8", overrides: ["organisation.array.macs={int4: 2, int8: 1, e4m3: 4, e5m2: 1, bf16: 0.25}"],
            from: shipped)
        #expect(machine.multiplierFormat(.int4, .int8) == .int8)
        #expect(machine.multiplierFormat(.int8, .int4) == .int8)
        #expect(machine.multiplierFormat(.int4, .int4) == .int4)
        #expect(machine.multiplierFormat(.e4m3, .e5m2) == .e5m2)
        #expect(machine.multiplierFormat(.e4m3, .bf16) == .bf16)
        #expect(machine.multiplierFormat(.bf16, .fp16) == .fp16)  // no rate: the error will name it
        #expect(try machine.codesPerElement(.int4) == 2)
        #expect(try machine.codesPerElement(.bf16) == 1)
    }

    @Test func memoriesHavePortsAndMayBeShared() throws {
        let machine = try Machine.load(
            "edge-int8",
            overrides: ["organisation.sram={unified: {bytes: 1048576, banks: 16, wordBits: 256, ports: 2}}"],
            from: shipped)
        let sram = machine.organisation.sram
        #expect(sram.isUnified && sram.bytes == 1 << 20 && sram.memories.count == 1)
        #expect(sram.weight == sram.accumulator && sram[.activation] == sram.weight)
        #expect(sram.field(.weight) == "organisation.sram.unified")
        #expect(sram.weight.readBytesPerCycle == 512 && sram.weight.bytesPerCycle == 1024)
        #expect(sram.weight.cycles(read: 512, written: 512) == 1)
        #expect(sram.weight.cycles(read: 513, written: 0) == 2)
        let edge = try Machine.load("edge-int8", from: shipped).organisation.sram
        #expect(!edge.isUnified && edge.memories.count == 3 && edge.weight.bytesPerCycle == 64)
        #expect(edge.weight.cycles(read: 64, written: 64) == 2 && edge.weight.cycles(read: 0, written: 0) == 0)
        #expect(edge.field(.weight) == "organisation.sram.weight")
    }
}
