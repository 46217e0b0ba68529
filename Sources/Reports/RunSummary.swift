import Costs
import Hardware
import Programs

/// What the steps of a run cost: cost.json.
public struct RunSummary: Sendable, Hashable, Codable {
    /// The steps whose batches were padded to one length.
    public struct Length: Sendable, Hashable, Codable {
        public let sequenceTokens: Int
        public let steps: Int
        public let comparison: Comparison

        public init(sequenceTokens: Int, steps: Int, comparison: Comparison) {
            self.sequenceTokens = sequenceTokens
            self.steps = steps
            self.comparison = comparison
        }
    }

    /// One method's step: means over the run's steps; memory at its highest.
    public struct MeanStep: Sendable, Hashable, Codable {
        public let cycles: Double
        public let milliseconds: Double
        public let picojoules: Double
        public let lowPicojoules: Double
        public let highPicojoules: Double
        /// Part of the energy that rests on estimated prices.
        public let estimatedPicojoules: Double
        public let picojoulesByUnit: [CostUnit: Double]
        public let dramReadBytes: Double
        public let dramWrittenBytes: Double
        public let macs: Double
        public let peakDRAMBytes: Int
        /// At the instant of the peak.
        public let peakDRAMBytesByKind: [MemoryKind: Int]

        init(_ costs: [(steps: Int, cost: StepCost)]) {
            let steps = Double(max(1, costs.reduce(0) { $0 + $1.steps }))
            func mean(_ value: (StepCost) -> Double) -> Double {
                costs.reduce(0) { $0 + Double($1.steps) * value($1.cost) } / steps
            }
            cycles = mean { Double($0.cycles) }
            milliseconds = mean { $0.latencyMilliseconds }
            picojoules = mean { $0.energy.picojoules }
            lowPicojoules = mean { $0.energy.lowPicojoules }
            highPicojoules = mean { $0.energy.highPicojoules }
            estimatedPicojoules = mean { $0.energy.estimatedPicojoules }
            picojoulesByUnit = Dictionary(
                uniqueKeysWithValues: CostUnit.allCases.map { unit in
                    (unit, mean { $0.energy(of: unit).picojoules })
                })
            dramReadBytes = mean { Double($0.dramTraffic.readBytes) }
            dramWrittenBytes = mean { Double($0.dramTraffic.writtenBytes) }
            macs = mean { Double($0.macs.values.reduce(0, +)) }
            let largest = costs.map(\.cost).max { $0.memory.peakDRAMBytes < $1.memory.peakDRAMBytes }
            peakDRAMBytes = largest?.memory.peakDRAMBytes ?? 0
            peakDRAMBytesByKind = largest?.memory.peakDRAMBytesByKind ?? [:]
        }
    }

    public let machine: String
    /// The zeroth-order method: quzo, mezo, zoqo.
    public let method: String
    /// How the first-order side trains, as text (`FirstOrderRecipe`).
    public let baseline: String?
    public let batch: Int
    /// Perturbations that a zeroth-order step compares.
    public let queries: Int
    /// Ascending lengths.
    public let lengths: [Length]
    public let zerothOrder: MeanStep
    /// Nil where the machine cannot run the first-order step.
    public let firstOrder: MeanStep?
    /// Why there is no first-order step.
    public let reason: String?
    /// The first-order side at other recipes, where it was asked for.
    public var front: FirstOrderFront?
    /// What any of the steps rests on beyond the machine's file.
    public let assumptions: [String]

    public init(machine: Machine, method: StepDescription.Method, batch: Int, queries: Int = 1, lengths: [Length]) {
        self.machine = machine.name
        self.method = method.word
        baseline = lengths.first?.comparison.baseline
        self.batch = batch
        self.queries = queries
        self.lengths = lengths
        zerothOrder = MeanStep(lengths.map { ($0.steps, $0.comparison.zerothOrder) })
        let first = lengths.compactMap { length in length.comparison.firstOrder.map { (length.steps, $0) } }
        firstOrder = first.count == lengths.count && !first.isEmpty ? MeanStep(first) : nil
        reason = lengths.compactMap(\.comparison.reason).first
        let costs = lengths.flatMap { [$0.comparison.zerothOrder, $0.comparison.firstOrder].compactMap(\.self) }
        assumptions = Set(costs.flatMap(\.assumptions)).sorted()
    }
}
