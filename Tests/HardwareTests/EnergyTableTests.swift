import Foundation
import Testing

@testable import Hardware

@Suite struct EnergyTableTests {
    private var table: EnergyTable {
        get throws { try EnergyTable.load(for: Machine.load("edge-int8", from: shipped), from: shipped) }
    }

    @Test func sumsAreWhatTheirPartsCome() throws {
        let entries = try table.entries
        #expect(entries["mac.int8"]!.picojoules == 0.3)
        #expect(entries["mac.bf16"]!.picojoules == 2.0)
        // 20 × 3.1 + 58 × 0.1 + 1920 × 0.009, by hand.
        #expect(entries["random.philox4x32-10.block"]!.picojoules == 85.08)
        #expect(entries["random.philox4x32-10"]!.picojoules == 0.664688)  // ÷ 128 = 0.6646875, to 10⁻⁶
        #expect(entries["random.philox4x32-10.block"]!.highPicojoules == 283.06)  // 20 × 12.68 + 58 × 0.21 + 17.28
        #expect(entries["mac.bf16"]!.lowPicojoules == 1.48)
    }

    @Test func statusIsThatOfTheLeastCertainPart() throws {
        let entries = try table.entries
        #expect(entries["add.fp32"]!.status == .measured)
        #expect(entries["mac.int8"]!.status == .derived)
        #expect(entries["mac.int8"]!.estimatedPicojoules == 0)
        #expect(entries["vector.gelu"]!.status == .estimated)
        let philox = entries["random.philox4x32-10.block"]!
        #expect(philox.status == .estimated)
        #expect(abs(philox.estimatedPicojoules - 1920 * 0.009) < 1e-9)
    }

    @Test func everyVectorKindHasAnEntry() throws {
        for operation in VectorOperation.allCases {
            let entry = try table.entry("vector.\(operation.rawValue)", .operation, for: "a test")
            #expect(entry.picojoules > 0)
        }
    }

    /// Cycles and energy of a vector function rest on one count of its operations.
    @Test(arguments: [VectorOperation.exponential, .gelu, .logarithm])
    func cyclesOfAFunctionAreItsCountedOperations(function: VectorOperation) throws {
        let unit = try Machine.load("edge-int8", from: shipped).organisation.vectorUnit
        let terms = try table.entries["vector.\(function.rawValue)"]!.terms
        let cycles = terms.reduce(0.0) { sum, term in
            sum + term.times * Double(unit.cycles(VectorOperation(rawValue: String(term.entry.dropFirst(7)))!))
        }
        #expect(cycles == Double(unit.cycles(function)))
    }

    /// The shipped SRAM rows are the reference CACTI run, to the digit.
    @Test func sramRowsEqualTheReferences() throws {
        let folder =
            ProcessInfo.processInfo.environment["ZEROTH_REFERENCES"]
            ?? URL(fileURLWithPath: hwmodels).deletingLastPathComponent().deletingLastPathComponent().path
            + "/shared/references"
        guard let csv = try? String(contentsOfFile: folder + "/cacti_sram.csv", encoding: .utf8) else {
            print("skipped: no references")
            return
        }
        let rows = csv.split(whereSeparator: \.isNewline).map { $0.split(separator: ",").map(String.init) }.filter {
            $0[0] == "45"
        }
        let macros = try table.sramMacros.filter { $0.ports == 1 && [64, 256].contains($0.wordBits) }
        #expect(rows.count == 20 && macros.count == 20)
        for row in rows {
            let macro = macros.first { "\($0.kibibytes)" == row[2] && "\($0.wordBits)" == row[3] }
            #expect(macro?.readPicojoules == Double(row[4]))
            #expect(macro?.writePicojoules == Double(row[5]))
            #expect(macro?.accessNanoseconds == Double(row[7]))
            #expect(macro?.leakageMilliwatts == Double(row[8]))
            #expect(macro?.areaSquareMillimetres == Double(row[9]))
        }
        let dram = try String(contentsOfFile: folder + "/dramsim3_energy.csv", encoding: .utf8)
        let lpddr4 = dram.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("LPDDR4_8Gb_x16_2400") }
        let perBit = lpddr4.map { Double($0.split(separator: ",")[7])! }
        let read = try table.entries["dram.LPDDR4-2400.read"]!
        #expect(abs(read.picojoules - 8 * perBit[0]) < 1e-9)
        #expect(abs(read.highPicojoules - 8 * perBit[1]) < 1e-9)
    }

    @Test(arguments: shipped.machineNames)
    func banksOfAShippedMachineHaveRowsAndMeetTheClock(name: String) throws {
        let machine = try Machine.load(name, from: shipped)
        let table = try EnergyTable.load(for: machine, from: shipped)
        for (buffer, _) in machine.organisation.sram.memories {
            let macro = try table.macro(for: buffer, of: machine.organisation.sram)
            #expect(macro.accessNanoseconds < 1000 / machine.organisation.clockMegahertz)
        }
    }

    /// No shipped machine uses an action that its table does not price: products, random bits, DRAM.
    @Test(arguments: shipped.machineNames)
    func actionsOfAShippedMachineHaveEntries(name: String) throws {
        let machine = try Machine.load(name, from: shipped)
        let table = try EnergyTable.load(for: machine, from: shipped)
        for format in machine.organisation.array.formats {
            _ = try table.entry("mac.\(format.rawValue)", .mac, for: name)
        }
        _ = try table.entry(machine.arithmetic.generator.energyEntry, .bit, for: name)
        for action in ["read", "write"] {
            _ = try table.entry("dram.\(machine.organisation.dram.standard).\(action)", .byte, for: name)
        }
        for action in ["perturbation", "update"] { _ = try table.entry(action, .weight, for: name) }
    }

    @Test(arguments: [
        "lfsr:32,8", "xoshiro128++:1", "xoshiro256++:1", "xoroshiro128+:1", "xoroshiro128aox:1", "pool:4096",
    ])
    func everySourceOfRandomBitsHasAnEntryBelowPhiloxs(name: String) throws {
        let generator = try #require(try Generator(name: name))
        let table = try table
        let entry = try table.entry(generator.energyEntry, .bit, for: "a test")
        #expect(entry.picojoules < table.entries["random.philox4x32-10"]!.picojoules)
    }

    @Test func narrowProductsArePricedByTheirRules() throws {
        let entries = try table.entries
        #expect(entries["mac.int4"]!.picojoules == 0.15)  // 0.2 x 1/4 + 0.1
        #expect(entries["mac.e4m3"]!.picojoules == 1.045)  // 1.1 x (4/11)^2 = 0.1455, + 0.9
        #expect(entries["mac.e4m3"]!.lowPicojoules == 0.375 && entries["mac.e4m3"]!.highPicojoules == 2.171346)
        for name in ["mac.int4", "mac.e4m3", "mac.e5m2"] { #expect(entries[name]!.status == .estimated) }
    }

    /// A second port costs energy, leakage, time and area; a machine without a row for its ports is refused.
    @Test func twoPortsCostMoreThanOne() throws {
        let table = try table
        for two in table.sramMacros where two.ports == 2 {
            let one = try #require(
                table.sramMacros.first { $0.ports == 1 && $0.kibibytes == two.kibibytes && $0.wordBits == two.wordBits }
            )
            #expect(two.readPicojoules > one.readPicojoules && two.leakageMilliwatts > one.leakageMilliwatts)
            #expect(
                two.accessNanoseconds > one.accessNanoseconds && two.areaSquareMillimetres > one.areaSquareMillimetres)
            #expect(two.name == one.name + ".2ports")
        }
        let machine = try Machine.load(
            "edge-int8", overrides: ["organisation.sram.weight={bytes: 1048576, banks: 1, wordBits: 64, ports: 2}"],
            from: shipped)
        #expect(
            message { try table.macro(for: .weight, of: machine.organisation.sram) }.contains(
                "a bank of 1048576 bytes and 64 bits with two ports', needed by organisation.sram.weight (with two ports "
                    + "there are 16, 32, 64, 128, 256 KiB with 64, 128, 256, 512 bits"))
    }

    @Test func aBankWithoutARowNamesTheRows() throws {
        let machine = try Machine.load(
            "edge-int8", overrides: ["organisation.sram.weight.bytes=196608"], from: shipped)
        #expect(
            message { try table.macro(for: .weight, of: machine.organisation.sram) }
                == "\(hwmodels)/energy/cmos45.json5: entries: no entry 'sram: a bank of 98304 bytes and 256 bits with one port', "
                + "needed by organisation.sram.weight (with one port there are 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192 KiB with "
                + "64, 128, 256, 512 bits; choose bytes and banks to match); add it with unit and source")
    }

    @Test func missingEntryAndWrongUnitAreNamed() throws {
        let table = try table
        #expect(
            message { try table.entry("mac.fp8", .mac, for: "linear layers") }
                == "\(table.file): entries: no entry 'mac.fp8', needed by linear layers; add it with unit and source")
        #expect(
            message { try table.entry("mac.int8", .byte, for: "DRAM") }
                == "\(table.file): entry 'mac.int8', unit: is \"mac\"; it must be \"byte\" for DRAM")
    }

    @Test func badTablesAreRefusedByPlace() throws {
        let path = "energy/cmos45.json5"
        let add = try line(of: "\"add.int8\", unit", in: path)
        #expect(
            try tableMessage(replacing: "picojoules: 0.03,", with: "picojoules: -0.03,")
                == "bad.json5:\(add): entries[0].picojoules: is -0.03; it must be a number above 0 to 1000000000, in pJ per "
                + "operation")
        #expect(
            try tableMessage(replacing: "picojoules: 0.03,", with: "")
                == "bad.json5:\(add): entries[0].picojoules: missing; expected pJ per operation, or a sum of other entries"
        )
        #expect(
            try tableMessage(replacing: "picojoules: 0.03,", with: "picojoules: 0.03, highPicojoules: 0.02,").hasSuffix(
                "entries[0].highPicojoules: is 0.02; it must be a number from 0.03 to 1000000000, in pJ per operation (at "
                    + "least picojoules)"))
        #expect(
            try tableMessage(replacing: "name: \"add.int8\"", with: "name: \"add.int32\"").hasSuffix(
                "entries[1].name: is \"add.int32\"; it must be a name of its own; entries[0] has this one"))
        #expect(
            try tableMessage(
                replacing: "name: \"mac.fp32\", unit: \"mac\", sum: [{ entry: \"multiply.fp32\"",
                with: "name: \"mac.fp32\", unit: \"mac\", sum: [{ entry: \"multiply.fp31\""
            ).hasSuffix("entry 'mac.fp32', sum: is \"multiply.fp31\"; it must be the name of another entry"))
        #expect(
            try tableMessage(
                replacing: "name: \"mac.fp32\", unit: \"mac\", sum: [{ entry: \"multiply.fp32\"",
                with: "name: \"mac.fp32\", unit: \"mac\", sum: [{ entry: \"mac.fp32\""
            ).hasSuffix("is a sum of itself: mac.fp32 = mac.fp32; give one of them in picojoules"))
        #expect(
            try tableMessage(replacing: "lowFactor: 1,", with: "lowFactor: 0,").hasSuffix(
                "sram.lowFactor: is 0; it must be a number above 0 to 1, in times the given energy"))
        #expect(
            try tableMessage(
                replacing: "status: \"measured\" },\n    { name: \"add.int32\"",
                with: "status: \"guessed\" },\n    { name: \"add.int32\""
            )
            .hasSuffix(
                "entries[0].status: is \"guessed\", which Zeroth does not implement; implemented: measured, derived, "
                    + "estimated"))
    }
}
