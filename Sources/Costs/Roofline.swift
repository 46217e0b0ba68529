import Hardware
import NumberFormats
import Programs
import Timing

/// What bounds a step's time from above, by kind of operation: the roofline model (Williams, Waterman and Patterson, "Roofline: an insightful
/// visual performance model for multicore architectures", CACM 52(4), 2009), with the vector and the perturbation unit as further roofs.
public struct Roofline: Sendable, Hashable, Codable {
    /// What work can't be done faster than.
    public enum Roof: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        /// Every element of the array at work, at each format's own rate.
        case array
        /// DRAM and DMA engine at their peak.
        case dram
        /// Every lane at work.
        case vector
        /// Perturbation unit at its rates.
        case perturbation
    }

    /// Some operations of a step together.
    public struct Point: Sendable, Hashable, Codable {
        public let cycles: Int
        public let macs: Int
        /// Bytes between DRAM and chip, padding and refetches included.
        public let dramBytes: Int
        /// Cycles that the work takes under each roof alone.
        public let roofCycles: [Roof: Double]
        /// Multiply-accumulates a DRAM byte; nil where nothing moves.
        public let macsPerByte: Double?
        /// 10⁹ multiply-accumulates a second: with every element at work (a mix of formats at the mix of their rates), what
        /// DRAM's peak allows at this intensity, and what is attained.
        public let peakGigaMacsPerSecond: Double?
        public let bandwidthGigaMacsPerSecond: Double?
        public let attainedGigaMacsPerSecond: Double
        /// The roof under which the work takes longest; nil where there is no work.
        public let binding: Roof?
        /// Part of that roof's speed that is reached: its cycles over `cycles`, 0 to 1.
        public let share: Double

        /// - Parameters:
        ///   - counts: the operations' actions.
        ///   - cycles: the time that they take.
        public init(_ counts: ActionCounts, cycles: Int, on machine: Machine) {
            let organisation = machine.organisation
            let macs = counts.macs.values.reduce(0, +)
            let bytes = counts.dramRead.transferred + counts.dramWritten.transferred
            var roofs: [Roof: Double] = [:]
            roofs[.array] = counts.macs.sorted { $0.key.rawValue < $1.key.rawValue }.reduce(0) { sum, entry in
                let rate = organisation.array.macsPerCyclePerElement[entry.key] ?? 0
                return rate > 0 ? sum + Double(entry.value) / (Double(organisation.array.elements) * rate) : sum
            }
            let transfer = min(organisation.dramBytesPerCycle, Double(organisation.dma.bytesPerCycle))
            roofs[.dram] = Double(bytes) / transfer
            let unit = organisation.vectorUnit
            let laneCycles = counts.vectorOperations.reduce(0) { $0 + $1.value * unit.cycles($1.key) }
            roofs[.vector] = Double(laneCycles) / Double(unit.lanes)
            let perturbation = organisation.perturbationUnit
            roofs[.perturbation] =
                Double(counts.perturbedWeights) / Double(perturbation.perturbationsPerCycle)
                + Double(counts.updatedWeights) / Double(perturbation.updatesPerCycle)

            self.cycles = cycles
            self.macs = macs
            dramBytes = bytes
            roofCycles = roofs
            macsPerByte = bytes > 0 ? Double(macs) / Double(bytes) : nil
            /// 10⁹ MACs a second where they take so many cycles.
            func speed(_ cycles: Double) -> Double? {
                cycles > 0 ? Double(macs) / cycles * organisation.clockMegahertz / 1000 : nil
            }
            peakGigaMacsPerSecond = speed(roofs[.array]!)
            bandwidthGigaMacsPerSecond = macs > 0 ? speed(roofs[.dram]!) : nil
            attainedGigaMacsPerSecond = speed(Double(cycles)) ?? 0
            let highest = Roof.allCases.max { roofs[$0]! < roofs[$1]! }!
            binding = roofs[highest]! > 0 ? highest : nil
            share = cycles > 0 ? roofs[highest]! / Double(cycles) : 0
        }
    }

    public let step: Point
    /// Kinds of operation that the step has.
    public let kinds: [CostKind: Point]

    /// - Throws: `ScheduleError.tooLarge` where a count exceeds 64 bits.
    public init(_ scheduled: ScheduledProgram, timing: ProgramTiming) throws(ScheduleError) {
        var counts: [CostKind: ActionCounts] = [:]
        var cycles: [CostKind: Int] = [:]
        for (nest, use) in scheduled.nestUses.enumerated() where use.times > 0 {
            let kind = CostKind(scheduled.program.operations[use.first].action)
            counts[kind] = try counts[kind, default: ActionCounts()].adding(
                scheduled.countsOfNest[nest], times: use.times)
            // Its operations take equally long, and all of them no longer than the step.
            cycles[kind, default: 0] += timing.operations[use.first].cycles * use.times
        }
        var kinds: [CostKind: Point] = [:]
        for (kind, sum) in counts { kinds[kind] = Point(sum, cycles: cycles[kind] ?? 0, on: scheduled.machine) }
        self.kinds = kinds
        step = Point(try scheduled.totalCounts(), cycles: timing.cycles, on: scheduled.machine)
    }
}
