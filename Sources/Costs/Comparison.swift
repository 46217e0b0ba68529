import Hardware
import Programs

/// A zeroth-order step beside a first-order one on the same machine.
public struct Comparison: Sendable, Hashable, Codable {
    /// First-order over zeroth-order, of one quantity.
    public struct Ratio: Sendable, Hashable, Codable {
        public let quantity: String
        /// Unit of the two amounts.
        public let unit: String
        public let zerothOrder: Double
        public let firstOrder: Double
        /// `firstOrder` / `zerothOrder`; nil where the latter is 0.
        public let ratio: Double?
        /// Bounds where prices have ranges, each price the same on both sides.
        public let lowRatio: Double?
        public let highRatio: Double?
    }

    public let zerothOrder: StepCost
    /// How the first-order side trains (`FirstOrderRecipe`), as text; nil where the caller did not say.
    public let baseline: String?
    /// Nil where the machine cannot run it.
    public let firstOrder: StepCost?
    /// Why there is no first-order side.
    public let reason: String?
    /// Empty where there is no first-order side.
    public let ratios: [Ratio]

    /// Compares two steps.
    ///
    /// - Parameter firstOrder: the baseline's cost, or why the machine cannot run it.
    public init(
        zerothOrder: StepCost, baseline: FirstOrderRecipe? = nil, firstOrder: Result<StepCost, any Error>,
        energyTable: EnergyTable
    ) {
        self.zerothOrder = zerothOrder
        self.baseline = baseline?.description
        switch firstOrder {
        case .success(let cost):
            self.firstOrder = cost
            reason = nil
            ratios = Self.ratios(zerothOrder, cost, energyTable)
        case .failure(let error):
            self.firstOrder = nil
            reason = "\(error)"
            ratios = []
        }
    }

    private static func ratios(_ zeroth: StepCost, _ first: StepCost, _ table: EnergyTable) -> [Ratio] {
        func ratio(_ quantity: String, _ unit: String, _ value: (StepCost) -> Double) -> Ratio {
            let (z, f) = (value(zeroth), value(first))
            return Ratio(
                quantity: quantity, unit: unit, zerothOrder: z, firstOrder: f, ratio: z > 0 ? f / z : nil,
                lowRatio: nil, highRatio: nil)
        }
        let above = RatioInterval.primaries(of: first)
        let below = RatioInterval.primaries(of: zeroth)
        var prices: [String: ClosedRange<Double>] = [:]
        for name in Set(above.keys).union(below.keys) {
            guard let entry = table.entries[name] else { continue }
            prices[name] = entry.lowPicojoules...entry.highPicojoules
        }
        let bounds = RatioInterval.bounds(numerator: above, denominator: below, prices: prices)
        let energy = ratio("energy", "picojoules") { $0.energy.picojoules }
        return [
            ratio("latency", "cycles") { Double($0.cycles) },
            Ratio(
                quantity: energy.quantity, unit: energy.unit, zerothOrder: energy.zerothOrder,
                firstOrder: energy.firstOrder, ratio: energy.ratio, lowRatio: bounds?.lowerBound,
                highRatio: bounds?.upperBound),
            ratio("average power", "milliwatts") { $0.averageMilliwatts },
            ratio("DRAM read", "bytes") { Double($0.dramTraffic.readBytes) },
            ratio("DRAM written", "bytes") { Double($0.dramTraffic.writtenBytes) },
            ratio("DRAM traffic", "bytes") { Double($0.dramTraffic.totalBytes) },
            ratio("peak DRAM memory", "bytes") { Double($0.memory.peakDRAMBytes) },
            ratio("multiply-accumulates", "MACs") { Double($0.macs.values.reduce(0, +)) },
        ]
    }
}
