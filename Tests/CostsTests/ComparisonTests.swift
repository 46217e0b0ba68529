import Foundation
import Hardware
import Programs
import Testing

@testable import Costs

@Suite struct ComparisonTests {
    private func counts(int8: Int, bf16: Int, dramBytes: Int) -> ActionCounts {
        var counts = ActionCounts()
        counts.macs = [.int8: int8, .bf16: bf16]
        counts.dramRead.useful = dramBytes
        return counts
    }

    @Test func ratiosAreFirstOverZerothOrder() throws {
        let machine = try edge()
        let table = try EnergyTable.load(for: machine, from: library)
        let zeroth = try cost(counts(int8: 1000, bf16: 0, dramBytes: 1000), cycles: 1000, on: machine)
        let first = try cost(counts(int8: 500, bf16: 1000, dramBytes: 4000), cycles: 3000, on: machine)
        let comparison = Comparison(zerothOrder: zeroth, firstOrder: .success(first), energyTable: table)
        let ratios = Dictionary(uniqueKeysWithValues: comparison.ratios.map { ($0.quantity, $0) })
        #expect(ratios["latency"]!.ratio == 3)
        #expect(ratios["DRAM traffic"]!.ratio == 4)
        #expect(ratios["multiply-accumulates"]!.ratio == 1.5)
        #expect(ratios["DRAM written"]!.ratio == nil)
        let energy = ratios["energy"]!
        #expect(energy.ratio == first.energy.picojoules / zeroth.energy.picojoules)
        #expect(energy.lowRatio! <= energy.ratio! && energy.ratio! <= energy.highRatio!)
        #expect(comparison.reason == nil)
    }

    @Test func aMachineWithoutTheFormatGivesTheReason() throws {
        let machine = try edge("organisation.array.macsPerCyclePerElement={int8: 1}")
        let table = try EnergyTable.load(for: machine, from: library)
        let zeroth = try cost(counts(int8: 1000, bf16: 0, dramBytes: 1000), on: machine)
        let first: Result<StepCost, any Error>
        do throws(HardwareError) {
            _ = try machine.macsPerCyclePerElement(.bf16)
            Issue.record("the machine has no BF16 rate")
            return
        } catch {
            first = .failure(error)
        }
        let comparison = Comparison(zerothOrder: zeroth, firstOrder: first, energyTable: table)
        #expect(comparison.ratios.isEmpty && comparison.firstOrder == nil)
        #expect(
            comparison.reason
                == "machine edge-int8: its array has no rate for bf16 products "
                + "(organisation.array.macsPerCyclePerElement has int8); add 'bf16' there to run them")
    }

    @Test func aStepBesideItselfHasRatioOneWithoutDoubt() throws {
        let machine = try edge()
        let cost = try cost(sampleCounts(), on: machine)
        let comparison = Comparison(
            zerothOrder: cost, firstOrder: .success(cost),
            energyTable: try EnergyTable.load(for: machine, from: library))
        let energy = comparison.ratios.first { $0.quantity == "energy" }!
        #expect(energy.ratio == 1)
        #expect(abs(energy.lowRatio! - 1) < 1e-12 && abs(energy.highRatio! - 1) < 1e-12)
    }

    /// The bounds equal the extremes over all corners of the box of prices.
    @Test func ratioBoundsAreTheCornersExtremes() {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<200 {
            let names = (0..<6).map { "p\($0)" }
            func draw() -> [String: Double] {
                Dictionary(
                    uniqueKeysWithValues: names.map { ($0, Double(UInt64.random(in: 0...20, using: &generator))) })
            }
            let (a, b) = (draw(), draw())
            guard b.values.contains(where: { $0 > 0 }) else { continue }
            let prices = Dictionary(
                uniqueKeysWithValues: names.map { name -> (String, ClosedRange<Double>) in
                    let low = Double(UInt64.random(in: 1...9, using: &generator))
                    return (name, low...(low * Double(UInt64.random(in: 1...4, using: &generator))))
                })
            var (low, high) = (Double.infinity, 0.0)
            for corner in 0..<(1 << names.count) {
                var (above, below) = (0.0, 0.0)
                for (bit, name) in names.enumerated() {
                    let price = corner >> bit & 1 == 0 ? prices[name]!.lowerBound : prices[name]!.upperBound
                    above += a[name]! * price
                    below += b[name]! * price
                }
                low = min(low, above / below)
                high = max(high, above / below)
            }
            let bounds = RatioInterval.bounds(numerator: a, denominator: b, prices: prices)!
            #expect(abs(bounds.lowerBound - low) <= 1e-9 * high && abs(bounds.upperBound - high) <= 1e-9 * high)
        }
    }
}

/// A fixed sequence of random numbers (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
