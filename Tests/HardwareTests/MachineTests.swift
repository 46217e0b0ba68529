import Foundation
import NumberFormats
import Testing

@testable import Hardware

@Suite struct MachineTests {
    @Test func edgeMachineIsWhatTheIssueAsksFor() throws {
        let machine = try Machine.load("edge-int8", from: shipped)
        let organisation = machine.organisation
        #expect(organisation.array.rows == 32 && organisation.array.columns == 32)
        #expect(try machine.macsPerCyclePerElement(.int8) == 1)
        #expect(try machine.macsPerCyclePerElement(.bf16) == 0.25)
        #expect(organisation.sram.bytes == 1 << 20)
        #expect(machine.arithmetic.accumulatorBits == 32 && machine.arithmetic.roundingBits == 16)
        #expect(organisation.dramBytesPerCycle == 32)
        #expect(organisation.dramLatencyCycles == 60)
        #expect(organisation.dramRowMissCycles == 22)
        #expect(organisation.milliseconds(cycles: 600_000) == 1)
    }

    /// Each machine is what its section in docs/machines.md calls it.
    @Test func shippedMachinesAreTheKindsThatDesignersAskFor() throws {
        func load(_ name: String) throws -> Machine { try Machine.load(name, from: shipped) }
        let int4 = try load("edge-int4")
        #expect(try int4.macsPerCyclePerElement(.int4) == 2 * int4.macsPerCyclePerElement(.int8))
        let fp8 = try load("datacentre-fp8")
        #expect(fp8.arithmetic.weights == .e4m3 && fp8.organisation.dram.standard == "HBM2-2000")
        #expect(fp8.arithmetic.floatAccumulator == .aligned(group: 32, fractionBits: 25, output: .fp32))
        #expect(try fp8.codesPerElement(.e4m3) == 32 && fp8.codesPerElement(.bf16) == 32)
        let tpu = try load("tpu-like").organisation
        #expect(tpu.array.rows == 128 && tpu.array.columns == 128 && tpu.sram.bytes == 16 << 20)
        let gemmini = try load("gemmini-like").organisation
        #expect(gemmini.array.elements == 256 && gemmini.sram.accumulator.bytes == 64 << 10)
        #expect(gemmini.sram.weight.bytes + gemmini.sram.activation.bytes == 256 << 10)
        #expect(gemmini.sram.accumulator.ports == 2)
        let quzo = try load("quzo-edge")
        #expect(
            quzo.organisation.perturbationUnit.sharedFetch && quzo.organisation.perturbationUnit.placement == .onLoad)
        #expect(quzo.arithmetic.floatAccumulator == nil)
        let emulated = try shipped.machineNames.filter { name in
            message { try load(name).requireEmulated() } == "no error"
        }
        #expect(emulated == ["datacentre-fp8", "edge-int4", "edge-int8", "gemmini-like", "quzo-edge", "tpu-like"])
    }

    /// DMA moves no more than DRAM gives, give or take a cycle's rounding, and DRAM's rows are its channels' pages.
    @Test(arguments: shipped.machineNames)
    func shippedOrganisationsAreConsistent(name: String) throws {
        let organisation = try Machine.load(name, from: shipped).organisation
        #expect(organisation.dramBytesPerCycle >= Double(organisation.dma.bytesPerCycle) * 0.9)
        #expect(organisation.sram.weight.writeBytesPerCycle >= organisation.dma.bytesPerCycle)
        #expect(organisation.array.formats.allSatisfy { organisation.array.macsPerCyclePerElement[$0]! > 0 })
    }

    @Test func perturbationUnitKeepsUpWithDMAAndArray() throws {
        let organisation = try Machine.load("edge-int8", from: shipped).organisation
        #expect(organisation.perturbationUnit.perturbationsPerCycle >= organisation.dma.bytesPerCycle)
        #expect(organisation.perturbationUnit.perturbationsPerCycle >= organisation.array.columns)
    }

    /// The parser agrees with Foundation's on the shipped files: an independent reader of the same text.
    @Test(arguments: shipped.machineNames.map { $0 + ".json5" } + ["energy/cmos45.json5"])
    func parserAgreesWithFoundation(path: String) throws {
        let data = Data(try text(of: path).utf8)
        let ours = try JSON5Parser.parse(Array(data), file: path)
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        #expect(Plain(ours) == (try decoder.decode(Plain.self, from: data)))
    }

    /// A JSON value without places.
    private enum Plain: Equatable, Decodable {
        case object([String: Plain])
        case array([Plain])
        case string(String)
        case number(Double)
        case boolean(Bool)

        init(_ node: JSON5Node) {
            switch node.value {
            case .object(let members):
                self = .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, Plain($0.node)) }))
            case .array(let elements): self = .array(elements.map(Plain.init))
            case .string(let text): self = .string(text)
            case .number(let value, _): self = .number(value)
            case .boolean(let flag): self = .boolean(flag)
            case .null: self = .string("null")
            }
        }

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let object = try? value.decode([String: Plain].self) {
                self = .object(object)
            } else if let array = try? value.decode([Plain].self) {
                self = .array(array)
            } else if let string = try? value.decode(String.self) {
                self = .string(string)
            } else if let flag = try? value.decode(Bool.self) {
                self = .boolean(flag)
            } else {
                self = .number(try value.decode(Double.self))
            }
        }
    }

    /// docs/machines.md has every field that a file may have.
    @Test func everyFieldIsDocumented() throws {
        let page = try String(contentsOfFile: hwmodels + "/../docs/machines.md", encoding: .utf8)
        let keys =
            Machine.keys + Arithmetic.keys + Organisation.keys + MatrixArray.keys + VectorUnit.keys
            + PerturbationUnit.keys + SRAM.keys + SRAM.Bank.keys + DMA.keys + DRAM.keys
            + VectorOperation.allCases.map(\.rawValue) + MatrixArray.multipliable.map(\.rawValue)
        for key in keys {
            #expect(page.contains(key), "docs/machines.md says nothing of \(key)")
        }
    }

    @Test func unsupportedFormatNamesTheFieldToAdd() throws {
        let machine = try Machine.load(
            "edge-int8", overrides: ["organisation.array.macsPerCyclePerElement={int8: 1}"], from: shipped)
        #expect(
            message { try machine.macsPerCyclePerElement(.bf16) }
                == "machine edge-int8: its array has no rate for bf16 products "
                + "(organisation.array.macsPerCyclePerElement has int8); add 'bf16' there to run them")
    }

    @Test func unknownNameListsTheMachines() {
        #expect(
            message { try Machine.load("egde", from: shipped) }
                == "no machine 'egde' in \(hwmodels)/; name one of: datacentre-fp8, edge-int4, edge-int8, gemmini-like, quzo-edge, tpu-like, or give a path to a .json5 file"
        )
        #expect(
            message { try Machine.load("/nowhere/m.json5", from: shipped) }
                == "/nowhere/m.json5: cannot be read: no such file; give the path of a .json5 file")
        #expect(
            message { try Machine.load(hwmodels + "/", from: shipped) }
                == "\(hwmodels)/: cannot be read: it is a folder; give the path of a .json5 file in it")
        #expect(message { try Machine.load("/dev/zero", from: shipped) }.contains("larger than 4 MiB"))
    }

    /// The binary carries the files as they stand in the source tree, and needs no folder.
    @Test func embeddedFilesAreTheShippedOnes() throws {
        let embedded = HardwareLibrary(folder: nil)
        #expect(embedded.machineNames == shipped.machineNames)
        #expect(embedded.energyTableNames == shipped.energyTableNames)
        for name in embedded.machineNames {
            let machine = try Machine.load(name, from: embedded)
            #expect(machine.file == "embedded:hwmodels/\(name).json5")
            #expect(machine.organisation == (try Machine.load(name, from: shipped)).organisation)
            #expect(
                try EnergyTable.load(for: machine, from: embedded).entries
                    == EnergyTable.load(for: machine, from: shipped).entries)
        }
        #expect(
            message { try Machine.load("tpu", from: embedded) }
                == "no machine 'tpu' in the built-in hwmodels/; name one of: datacentre-fp8, edge-int4, edge-int8, gemmini-like, quzo-edge, tpu-like, or give a path to a .json5 file"
        )
    }

    @Test func machineIsReadByPath() throws {
        let byName = try Machine.load("edge-int8", from: shipped)
        let byPath = try Machine.load(hwmodels + "/edge-int8.json5", from: HardwareLibrary(folder: "/nowhere"))
        #expect(byName == byPath)
        // The table beside the file is found without a library.
        #expect(try EnergyTable.load(for: byPath, from: HardwareLibrary(folder: "/nowhere")).name == "cmos45")
    }
}
