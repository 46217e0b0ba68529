import Foundation
import Hardware
import Programs
import Testing
import Timing

@testable import Costs

/// Costs of whole steps: lowered, laid out, timed, priced.
@Suite struct ScheduledCostTests {
    private let table: EnergyTable
    private let shape = EncoderShape(
        layers: 2, hidden: 64, heads: 4, intermediate: 256, vocabulary: 500, positions: 64, types: 2, classes: 2)

    init() throws { table = try EnergyTable.load(for: edge(), from: library) }

    private func step(
        _ method: StepDescription.Method, batch: Int = 8, sequence: Int = 32, trainable: TrainableSet = .all
    ) -> StepDescription {
        StepDescription(
            shape: shape, batch: batch, sequence: sequence, trainable: trainable, hasNewHead: true, method: method)
    }

    /// What is priced is what the program does: MACs, DRAM bytes, random bits, cycles.
    @Test(arguments: [
        StepDescription.Method.quzo(residualBits: 0), .quzo(residualBits: 16), .qat, .inference(.quantized),
    ])
    func ledgerPricesTheProgramsOwnCounts(method: StepDescription.Method) throws {
        let machine = try edge()
        let scheduled = try Lowering.schedule(step(method), on: machine)
        let timing = try TimingModel.time(scheduled)
        let cost = try StepCost(scheduled, timing: timing, prices: table)
        let total = try scheduled.totalCounts()
        #expect(cost.cycles == timing.cycles)
        #expect(cost.macs.values.reduce(0, +) == scheduled.program.macs)
        #expect(cost.macs.values.reduce(0, +) + cost.idleArraySlots == cost.arraySlots)
        func priced(_ prefix: String) -> Double {
            cost.lines.reduce(0) { $0 + ($1.entry.hasPrefix(prefix) ? $1.count : 0) }
        }
        #expect(priced("mac.") == Double(scheduled.program.macs))
        #expect(priced("dram.") == Double(cost.dramTraffic.totalBytes))
        #expect(cost.dramTraffic.readBytes == total.dramRead.transferred)
        #expect(priced("random.") == Double(total.randomBits.values.reduce(0, +)))
        #expect(priced("vector.") == Double(total.vectorOperations.values.reduce(0, +)))
        let isQuZO: Bool
        let residual: Int
        switch method {
        case .quzo(let bits): (isQuZO, residual) = (true, bits)
        default: (isQuZO, residual) = (false, 0)
        }
        #expect((priced("random.") > 0) == isQuZO)
        #expect(priced("update.residual") == (residual > 0 ? Double(total.updatedWeights) : 0))
        #expect(cost.memory.peakLiveDRAMBytes <= cost.memory.peakDRAMBytes)
        #expect(cost.peakMilliwatts! >= cost.averageMilliwatts)
        for buffer in SRAM.Buffer.allCases {
            #expect(cost.memory.peakSRAMBytes[buffer]! <= machine.organisation.sram[buffer].bytes)
        }
    }

    @Test func quzoStandsBesideQATWithRatios() throws {
        let comparison = try Comparison(step(.quzo(residualBits: 0)), on: edge(), prices: table)
        #expect(comparison.reason == nil)
        let ratios = Dictionary(uniqueKeysWithValues: comparison.ratios.map { ($0.quantity, $0) })
        // First-order training keeps activations, gradients, master weights and moments: it can't need less memory.
        #expect(ratios["peak DRAM memory"]!.ratio! > 1)
        let energy = ratios["energy"]!
        #expect(energy.lowRatio! < energy.ratio! && energy.ratio! < energy.highRatio!)
        #expect(
            comparison.firstOrder!.memory.peakDRAMBytesByKind[.optimizerState]! == 2 * 4
                * comparison.zerothOrder.weightCount(shape))
        #expect(comparison.zerothOrder.memory.peakDRAMBytesByKind[.gradients] == nil)
    }

    @Test func withoutBF16TheBaselineGivesItsReason() throws {
        let machine = try edge("organisation.array.macsPerCyclePerElement={int8: 1}")
        let comparison = try Comparison(step(.quzo(residualBits: 0)), on: machine, prices: table)
        #expect(comparison.firstOrder == nil && comparison.ratios.isEmpty)
        #expect(comparison.reason!.contains("machine edge-int8: its array has no rate for bf16 products"))
        #expect(comparison.zerothOrder.energy.picojoules > 0)
    }

    @Test func aPriceThatOnlyTheBaselineNeedsIsStillAnError() throws {
        let text = try String(contentsOfFile: hwmodels + "/energy/cmos45.json5", encoding: .utf8)
        let bare = try EnergyTable(
            json5: Array(text.replacingOccurrences(of: "name: \"mac.bf16\"", with: "name: \"mac.bf17\"").utf8),
            file: "bare.json5")
        #expect(
            message { try Comparison(step(.quzo(residualBits: 0)), on: edge(), prices: bare) }
                == "bare.json5: entries: no entry 'mac.bf16', needed by linear layers, backward on the array; add it with "
                + "unit and source")
    }

    /// More work costs more, on every axis; a smaller trainable set never costs more.
    @Test func costGrowsWithWork() throws {
        let machine = try edge()
        for method in [StepDescription.Method.quzo(residualBits: 0), .qat] {
            let base = try StepCost(step(method), on: machine, prices: table)
            for larger in [step(method, batch: 16), step(method, sequence: 64)] {
                let cost = try StepCost(larger, on: machine, prices: table)
                #expect(cost.cycles > base.cycles)
                #expect(cost.energy.picojoules > base.energy.picojoules)
                #expect(cost.memory.peakDRAMBytes >= base.memory.peakDRAMBytes)
            }
            let head = try StepCost(step(method, trainable: .head), on: machine, prices: table)
            #expect(head.energy.picojoules < base.energy.picojoules)
            #expect(head.cycles < base.cycles)
        }
    }

    /// The same laid-out step in more time: leakage grows, no action does.
    @Test func timeAddsLeakageAndNothingElse() throws {
        let scheduled = try Lowering.schedule(step(.quzo(residualBits: 0)), on: edge())
        let cost = try StepCost(scheduled, timing: TimingModel.time(scheduled), prices: table)
        let halfClock = try Lowering.schedule(
            step(.quzo(residualBits: 0)), on: edge("organisation.clockMegahertz=300", "organisation.dram.bandwidth=9.6")
        )
        let slow = try StepCost(halfClock, timing: TimingModel.time(halfClock), prices: table)
        // Half of both rates: the same cycles but for the DRAM's latencies, so the same schedule.
        #expect(slow.latencyMilliseconds > 1.5 * cost.latencyMilliseconds)
        #expect(slow.energy(of: .leakage).picojoules > 1.5 * cost.energy(of: .leakage).picojoules)
        #expect(slow.macs == cost.macs)
        #expect(slow.averageMilliwatts < cost.averageMilliwatts)
    }
}

extension StepCost {
    /// Trained values of the suite's step: linear weights and the new head's bias.
    fileprivate func weightCount(_ shape: EncoderShape) -> Int { shape.linearWeightCount + shape.classes }
}
