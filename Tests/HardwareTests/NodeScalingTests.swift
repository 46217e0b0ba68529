import Foundation
import Testing

@testable import Hardware

@Suite struct NodeScalings {
    private let rule = NodeScaling.stillmakerBaas2017

    /// The polynomials by hand: at 1 V, 45 nm is 1.103 - 0.362 + 0.2767 = 1.0177, and 7 nm 0.1776 - 0.09097 + 0.02447 = 0.1111.
    @Test func factorsAreRatiosOfThePolynomials() throws {
        let up = try #require(rule.energyFactor(from: 7, to: 45, volts: 1))
        #expect(abs(up - 1.0177 / 0.1111) < 1e-9)
        // Between 32 nm (0.6446) and 20 nm (0.25584): 26 nm is half way.
        let half = try #require(rule.energyFactor(from: 26, to: 45, volts: 1))
        #expect(abs(half - 1.0177 / ((0.6446 + 0.25584) / 2)) < 1e-9)
        for node in [7.0, 16, 22, 28, 45, 65, 130] {
            #expect(rule.energyFactor(from: node, to: node, volts: 0.9) == 1)
            let (there, back) = (
                try #require(rule.energyFactor(from: node, to: 45, volts: 0.9)),
                try #require(rule.energyFactor(from: 45, to: node, volts: 0.9))
            )
            #expect(abs(there * back - 1) < 1e-12)
        }
        // Smaller nodes take less.
        let nodes = [130.0, 90, 65, 45, 32, 28, 20, 16, 14, 10, 7]
        let factors = nodes.map { rule.energyFactor(from: 45, to: $0, volts: 0.9)! }
        #expect(factors == factors.sorted(by: >))
    }

    @Test func nodesThatTheRuleDoesNotKnowHaveNoFactor() {
        #expect(rule.energyFactor(from: 5, to: 45, volts: 0.9) == nil)
        #expect(rule.energyFactor(from: 45, to: 180, volts: 0.9) == nil)
        #expect(NodeScaling.none.energyFactor(from: 5, to: 45, volts: 0.9) == 1)
    }

    private var shippedTable: EnergyTable {
        get throws { try EnergyTable(json5: Array(text(of: "energy/cmos45.json5").utf8), file: "cmos45.json5") }
    }

    /// Numbers of other nodes come into a table by a rule that it names, or not at all.
    @Test func anotherNodesNumberHasToNameItsRule() throws {
        let table = try shippedTable
        for entry in table.entries.values where entry.node.hasSuffix(" nm") && entry.node != "45 nm" {
            #expect(entry.scaling != nil, "\(entry.name)")
        }
        #expect(table.entries["register"]?.scaling == NodeScaling.none)
        for (old, new, part) in [
            (
                "node: \"40 nm\", scaling: \"none\",", "node: \"40 nm\",",
                "entry 'register', scaling: missing"
            ),
            ("scaling: \"none\"", "scaling: \"moore\"", "stillmaker-baas-2017"),
            (
                "picojoules: 0.03, node: \"45 nm\",", "picojoules: 0.03, node: \"45 nm\", scaling: \"none\",",
                "there is nothing to scale"
            ),
            (
                "picojoules: 0.56, node: \"7 nm\"", "picojoules: 0.56, node: \"5 nm\"",
                "from 7 to 130 nm for stillmaker-baas-2017"
            ),
            ("process: { nanometres: 45, volts: 0.9 },", "", "process"),
        ] {
            let said = try tableMessage(replacing: old, with: new)
            #expect(said.contains(part), "\(said)")
        }
    }

    /// An FP8 MAC costs no more than a whole element of the chip at its highest; and the one die that has both formats says a ratio that the
    /// prices' ranges hold.
    @Test func pricesOfNarrowFormatsAreHeldAgainstChips() throws {
        let entries = try shippedTable.entries
        func entry(_ name: String) throws -> EnergyEntry { try #require(entries[name]) }
        let element = try entry("chip.fp8.pe28")
        #expect(element.node == "28 nm" && element.scaling == rule && element.status == .derived)
        let factor = try #require(rule.energyFactor(from: 28, to: 45, volts: 0.9))
        #expect(abs(element.picojoules - 1.1 * factor) < 1e-6)
        let e4m3 = try entry("mac.e4m3")
        #expect(abs(e4m3.highPicojoules - element.picojoules) < 2e-6)
        let int4 = try entry("mac.int4")
        let ratio = try entry("chip.fp8.ibm7").picojoules / entry("chip.int4.ibm7").picojoules
        #expect(abs(ratio - 0.56 / 0.118) < 1e-3)
        #expect(e4m3.lowPicojoules / int4.highPicojoules < ratio && ratio < e4m3.highPicojoules / int4.lowPicojoules)
        // A whole chip takes more than its MACs.
        for name in ["chip.fp8.redmule22", "chip.fp8.ibm7"] {
            #expect(try entry(name).picojoules > e4m3.picojoules)
        }
        #expect(try entry("chip.int4.ibm7").picojoules > int4.highPicojoules)
    }
}

@Suite struct MachineAreas {
    @Test func memoriesHaveTheAreaOfTheirBanksAndTheRestIsNamed() throws {
        let machine = try Machine.load("edge-int8", from: shipped)
        let table = try EnergyTable.load(for: machine, from: shipped)
        let area = try MachineArea(machine, prices: table)
        let weight = try #require(area.parts.first)
        let bank = machine.organisation.sram.weight
        #expect(weight.part == "sram.weight")
        let macro = try table.macro(for: .weight, of: machine.organisation.sram)
        #expect(weight.squareMillimetres == Double(bank.banks) * macro.areaSquareMillimetres)
        #expect(weight.source?.contains("CACTI") ?? false)
        let array = try #require(area.parts.first { $0.part == "array" })
        #expect(array.squareMillimetres == nil && array.missing == ["mac.int8", "mac.bf16"])
        #expect(area.squareMillimetres == nil)
    }

    /// Where every circuit has an area, a machine has one: 1024 elements with an INT8 and a BF16 circuit each, and so on.
    @Test func areasOfAllPartsAreSummed() throws {
        let machine = try Machine.load("edge-int8", from: shipped)
        var lines = try text(of: "energy/cmos45.json5").components(separatedBy: "\n")
        let circuits = ["\"mac.", "\"vector.", "\"perturbation\"", "\"update\""].map { "{ name: " + $0 }
        for index in lines.indices where circuits.contains(where: { lines[index].contains($0) }) {
            // The entry's end is the line's last brace.
            let end = try #require(lines[index].range(of: " },", options: .backwards))
            lines[index].replaceSubrange(end, with: ", squareMicrometres: 100, areaSource: \"a test\" },")
        }
        let table = try EnergyTable(json5: Array(lines.joined(separator: "\n").utf8), file: "t.json5")
        let area = try MachineArea(machine, prices: table)
        let (array, vector) = (machine.organisation.array, machine.organisation.vectorUnit)
        let unit = machine.organisation.perturbationUnit
        let count =
            array.elements * 2 + vector.lanes * VectorOperation.allCases.count + unit.perturbationsPerCycle
            + unit.updatesPerCycle
        let memories = area.parts.prefix(3).reduce(0) { $0 + $1.squareMillimetres! }
        let sum = try #require(area.squareMillimetres)
        #expect(abs(sum - memories - Double(count) * 1e-4) < 1e-9)
        #expect(area.parts.last?.source == "a test")
    }
}
