import Hardware
import Programs
import Testing
import Timing

@testable import Costs

/// Roofs over a step's time, and where the time goes.
@Suite struct RooflineTests {
    private func counted(macs: Int, read: Int, adds: Int = 0, perturbed: Int = 0) -> ActionCounts {
        var counts = ActionCounts()
        counts.macs = [.int8: macs]
        counts.dramRead.useful = read
        counts.vectorOperations = [.add: adds]
        counts.perturbedWeights = perturbed
        return counts
    }

    /// edge-int8: 1024 INT8 MACs, 32 bytes, 32 additions, 32 perturbations a cycle at 600 MHz; its ridge lies at 32 MACs a byte.
    @Test func theBindingRoofIsTheOneUnderWhichWorkTakesLongest() throws {
        let machine = try edge()
        let wide = Roofline.Point(counted(macs: 1_024_000, read: 3200), cycles: 2000, on: machine)
        #expect(wide.binding == .array)
        #expect(wide.roofCycles == [.array: 1000, .dram: 100, .vector: 0, .perturbation: 0])
        #expect(wide.macsPerByte == 320)
        #expect(wide.peakGigaMacsPerSecond == 614.4)
        #expect(wide.bandwidthGigaMacsPerSecond == 6144)
        #expect(wide.attainedGigaMacsPerSecond == 307.2)
        #expect(wide.share == 0.5)

        let narrow = Roofline.Point(counted(macs: 1024, read: 3200), cycles: 100, on: machine)
        #expect(narrow.binding == .dram && narrow.share == 1)
        let slow = Roofline.Point(counted(macs: 1024, read: 32, adds: 640), cycles: 40, on: machine)
        #expect(slow.binding == .vector && slow.share == 0.5)
        let drawn = Roofline.Point(counted(macs: 0, read: 0, perturbed: 320), cycles: 10, on: machine)
        #expect(drawn.binding == .perturbation && drawn.macsPerByte == nil && drawn.peakGigaMacsPerSecond == nil)
        let nothing = Roofline.Point(ActionCounts(), cycles: 0, on: machine)
        #expect(nothing.binding == nil && nothing.share == 0)
    }

    @Test func noKindIsFasterThanItsRoofsAndKindsAddUp() throws {
        for method in [StepDescription.Method.quzo(residualBits: 8), .mezo, .zoqo, .qat] {
            for overrides in [
                [], ["organisation.perturbationUnit.sharedFetch=true"],
                ["organisation.perturbationUnit.placement=in-place"], ["organisation.array.dataflow=output-stationary"],
                ["organisation.dma.bytesPerCycle=4"],
            ] {
                let machine = try Machine.load("edge-int8", overrides: overrides, from: library)
                let scheduled = try Lowering.schedule(
                    StepDescription(
                        shape: EncoderShape(
                            layers: 2, hidden: 96, heads: 4, intermediate: 200, vocabulary: 1000, positions: 128,
                            types: 2, classes: 3), batch: 3, sequence: 40, trainable: .all, hasNewHead: true,
                        method: method), on: machine)
                let timing = try TimingModel.time(scheduled)
                let roofline = try Roofline(scheduled, timing: timing)
                for point in Array(roofline.kinds.values) + [roofline.step] {
                    #expect(point.share > 0 && point.share <= 1)
                    for cycles in point.roofCycles.values { #expect(cycles <= Double(point.cycles)) }
                }
                #expect(roofline.kinds.values.reduce(0) { $0 + $1.cycles } == timing.cycles)
                #expect(roofline.kinds.values.reduce(0) { $0 + $1.macs } == roofline.step.macs)
                #expect(roofline.kinds.values.reduce(0) { $0 + $1.dramBytes } == roofline.step.dramBytes)
                let cost = try StepCost(
                    scheduled, timing: timing, prices: EnergyTable.load(for: machine, from: library))
                #expect(cost.roofline == roofline)
                for unit in Command.Unit.allCases {
                    let time = try #require(cost.unitTimes?[unit])
                    let waits = time.stallCycles.values.reduce(0, +)
                    #expect(time.busyCycles + waits + time.idleCycles == cost.cycles)
                }
            }
        }
    }
}
