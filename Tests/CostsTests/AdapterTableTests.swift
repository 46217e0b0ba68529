import Foundation
import Hardware
import Networks
import Programs
import Testing

@testable import Costs

/// docs/costs.md, "Adapters": its rows are recomputed.
@Suite struct AdapterTableTests {
    private static let adapters = "lora:rank=16,targets=q+v"
    private static let steps = [
        ("QuZO, adapters", "quzo", adapters), ("MeZO, adapters on an INT8 base", "mezo", adapters + ",base=int8"),
        ("QAT-LoRA `qat`", "qat", adapters),
        ("QAT-LoRA `qat,adam,checkpoint=layer`", "qat,adam,checkpoint=layer", adapters),
        ("LoRA on an INT8 base `full`", "full", adapters + ",base=int8"), ("LoRA `full`", "full", adapters),
        ("QuZO, all weights", "quzo", "all"), ("QAT, all weights", "qat", "all"),
    ]

    private func row(_ hardware: String, _ name: String, _ method: String, _ set: String) throws -> String {
        let machine = try Machine.load(
            hardware, overrides: ["organisation.dram.capacityBytes=137438953472"], from: library)
        let methods: [String: StepDescription.Method] = ["quzo": .quzo(residualBits: 8), "mezo": .mezo]
        let step = StepDescription(
            network: BuiltInNetwork.llama2Of7B.configuration, batch: 16, sequence: 128,
            trainable: try TrainableSet(parsing: set), hasNewHead: false,
            method: try methods[method] ?? .firstOrder(FirstOrderRecipe(method)))
        let cost = try StepCost(step, on: machine, prices: EnergyTable.load(for: machine, from: library))
        func places(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        func gigabytes(_ kind: MemoryKind) -> String {
            places(Double(cost.memory.ownPeakDRAMBytesByKind[kind] ?? 0) / 1e9, 2)
        }
        return [
            hardware, name, places(cost.latencyMilliseconds / 1000, 2), places(cost.energy.picojoules / 1e12, 2),
            places(Double(cost.dramTraffic.readBytes) / 1e9, 1), places(Double(cost.dramTraffic.writtenBytes) / 1e9, 1),
            places(Double(cost.memory.peakDRAMBytes) / 1e9, 2), gigabytes(.weights), gigabytes(.savedActivations),
            gigabytes(.optimizerState),
        ].joined(separator: " | ")
    }

    @Test func theRowsAreThoseOfThePage() throws {
        let page = try String(contentsOfFile: hwmodels + "/../docs/costs.md", encoding: .utf8)
        for hardware in ["edge-int8", "tpu-like"] {
            for (name, method, set) in Self.steps {
                let row = try row(hardware, name, method, set)
                let isThere = page.contains("| \(row) |")
                #expect(isThere, "should be | \(row) |")
            }
        }
    }
}
