import Hardware
import Kernels
import Programs
import Synchronization
import Timing

/// First-order training of one network, batch and machine at many recipes: what a zeroth-order step is fairly compared with is not one of
/// them but, for each optimizer, the front of those that nothing beats in both memory and time.
public struct FirstOrderFront: Sendable, Hashable, Codable {
    /// One recipe's step.
    public struct Point: Sendable, Hashable, Codable {
        /// As text (`FirstOrderRecipe`).
        public let recipe: String
        public let cycles: Int
        public let milliseconds: Double
        public let picojoules: Double
        public let peakDRAMBytes: Int
        /// The optimizer's word, with 8 behind it where its moments are INT8.
        public let optimizer: String
        /// No other point of the same optimizer is as good in both peak memory and latency, and better in one. Optimizers do
        /// not stand in for each other: they need different numbers of steps.
        public let isOnFront: Bool
        /// Over the zeroth-order step's.
        public let latencyRatio: Double
        public let energyRatio: Double
        public let memoryRatio: Double

        init(_ recipe: FirstOrderRecipe, _ first: StepCost, isOnFront: Bool, beside zeroth: StepCost) {
            self.recipe = recipe.description
            optimizer = recipe.optimizerWord
            cycles = first.cycles
            milliseconds = first.latencyMilliseconds
            picojoules = first.energy.picojoules
            peakDRAMBytes = first.memory.peakDRAMBytes
            self.isOnFront = isOnFront
            latencyRatio = Double(first.cycles) / Double(zeroth.cycles)
            energyRatio = first.energy.picojoules / zeroth.energy.picojoules
            memoryRatio = Double(first.memory.peakDRAMBytes) / Double(zeroth.memory.peakDRAMBytes)
        }
    }

    /// A recipe that has no point, and why.
    public struct Refusal: Sendable, Hashable, Codable {
        public let recipe: String
        public let reason: String
    }

    /// By optimizer; within one ascending by peak memory, then latency, then recipe.
    public let points: [Point]
    public let refusals: [Refusal]

    /// Optimizers, checkpointings and micro-batches (powers of two up to 16 that divide `batch`) around `recipe`.
    public static func candidates(around recipe: FirstOrderRecipe, batch: Int) -> [FirstOrderRecipe] {
        let optimizers: [(FirstOrderRecipe.Optimizer, isCoded: Bool)] = [
            (.sgd, false), (.momentum, false), (.adam, false), (.adam, true), (.lion, false), (.lion, true),
        ]
        var parts = [1]
        while let last = parts.last, last < 16, batch.isMultiple(of: 2 * last) { parts.append(2 * last) }
        var result: [FirstOrderRecipe] = []
        for (optimizer, isCoded) in optimizers {
            for checkpointing in FirstOrderRecipe.Checkpointing.allCases {
                for count in parts where count == 1 || recipe.gradients != .int8 {
                    var candidate = recipe
                    candidate.optimizer = optimizer
                    candidate.states = isCoded ? .int8 : recipe.states == .int8 ? .fp32 : recipe.states
                    candidate.checkpointing = checkpointing
                    candidate.microBatches = count
                    result.append(candidate)
                }
            }
        }
        return result
    }

    /// Costs each candidate beside a zeroth-order step.
    ///
    /// - Parameters:
    ///   - step: the zeroth-order step.
    ///   - cost: what it costs.
    ///   - cache: where steps share what is laid out and timed alike; results do not depend on it.
    ///   - threads: ceiling on the threads that cost candidates, at least 1.
    /// - Throws: what is not about a candidate alone, such as a price that the table lacks.
    public init(
        beside step: StepDescription, _ cost: StepCost, around recipe: FirstOrderRecipe, on machine: Machine,
        objective: ScheduleObjective, prices: EnergyTable, cache: StepCache? = StepCache(),
        threads: Int = 1
    ) throws {
        let candidates = Self.candidates(around: recipe, batch: step.batch)
        let results = Mutex([Result<StepCost, any Error>?](repeating: nil, count: candidates.count))
        parallelFor(candidates.count, threads: threads) { index in
            let result = Result {
                try StepCost(
                    step.baseline(candidates[index]), on: machine, objective: objective, prices: prices, cache: cache)
            }
            results.withLock { $0[index] = result }
        }
        var costs: [(recipe: FirstOrderRecipe, cost: StepCost)] = []
        var refusals: [Refusal] = []
        for (candidate, result) in zip(candidates, results.withLock { $0 }) {
            do {
                if let cost = try result?.get() { costs.append((candidate, cost)) }
            } catch let error as ScheduleError {
                refusals.append(Refusal(recipe: candidate.description, reason: "\(error)"))
            }
        }
        var points: [Point] = []
        var optimizers: [String] = []
        for cost in costs where !optimizers.contains(cost.recipe.optimizerWord) {
            optimizers.append(cost.recipe.optimizerWord)
        }
        for optimizer in optimizers {
            let own = costs.filter { $0.recipe.optimizerWord == optimizer }
            let isOnFront = Self.front(own.map { ($0.cost.memory.peakDRAMBytes, $0.cost.cycles) })
            let unsorted = own.indices.map { index in
                Point(own[index].recipe, own[index].cost, isOnFront: isOnFront[index], beside: cost)
            }
            points += unsorted.sorted { a, b in
                (a.peakDRAMBytes, a.cycles, a.recipe) < (b.peakDRAMBytes, b.cycles, b.recipe)
            }
        }
        self.points = points
        self.refusals = refusals
    }

    /// Which points no other is as good as in both sizes and better in one.
    static func front(_ sizes: [(memory: Int, cycles: Int)]) -> [Bool] {
        sizes.map { a in
            !sizes.contains { b in
                b.memory <= a.memory && b.cycles <= a.cycles && (b.memory < a.memory || b.cycles < a.cycles)
            }
        }
    }
}
