import Foundation
import Hardware
import Networks
import Programs
import Testing

@testable import Costs

/// docs/costs.md, "Where perturbations happen": its rows are recomputed.
@Suite struct PlacementTableTests {
    private static let placements = [
        ("on load", ["placement=on-load", "sharedFetch=false"]),
        ("on load, shared fetch", ["placement=on-load", "sharedFetch=true"]),
        ("in place", ["placement=in-place", "sharedFetch=false"]),
    ]

    /// A QuZO step of LLaMA2-7B on `quzo-edge` with 64 GiB.
    private func row(batch: Int, sequence: Int, _ name: String, _ fields: [String]) throws -> String {
        let machine = try Machine.load(
            "quzo-edge",
            overrides: fields.map { "organisation.perturbationUnit.\($0)" } + [
                "organisation.dram.capacityBytes=68719476736"
            ], from: library)
        let step = StepDescription(
            network: BuiltInNetwork.llama2Of7B.configuration, batch: batch, sequence: sequence, trainable: .all,
            hasNewHead: false, method: .quzo(residualBits: 8))
        let cost = try StepCost(step, on: machine, prices: EnergyTable.load(for: machine, from: library))
        func places(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        return [
            "\(batch) × \(sequence)", name, places(cost.latencyMilliseconds / 1000, 2),
            places(Double(cost.dramTraffic.readBytes) / 1e9, 1), places(Double(cost.dramTraffic.writtenBytes) / 1e9, 1),
            places(cost.energy(of: .perturbationUnit).picojoules / 1e12, 3), places(cost.energy.picojoules / 1e12, 2),
            places(Double(cost.memory.peakDRAMBytes) / 1e9, 2),
            places(Double(cost.memory.ownPeakDRAMBytesByKind[.liveActivations] ?? 0) / 1e6, 1),
        ].joined(separator: " | ")
    }

    @Test func theRowsAreThoseOfThePage() throws {
        let page = try String(contentsOfFile: hwmodels + "/../docs/costs.md", encoding: .utf8)
        for (batch, sequence) in [(1, 32), (1, 512), (16, 128)] {
            for (name, fields) in Self.placements {
                let row = try row(batch: batch, sequence: sequence, name, fields)
                let isThere = page.contains("| \(row) |")
                #expect(isThere, "should be | \(row) |")
            }
        }
    }
}
