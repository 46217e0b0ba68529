import Costs
import Hardware

/// What a row says of a step's cost.
struct StepFigures: Sendable {
    let energy: Energy
    let latencyMilliseconds: Double
    let cycles: Int
    let dramBytes: Int
    let peakMemoryBytes: Int

    init(_ cost: StepCost) {
        energy = cost.energy
        latencyMilliseconds = cost.latencyMilliseconds
        cycles = cost.cycles
        dramBytes = cost.dramTraffic.totalBytes
        peakMemoryBytes = cost.memory.peakDRAMBytes
    }

    /// In picojoule milliseconds.
    var energyDelay: Double { energy.picojoules * latencyMilliseconds }

    /// The ratio objectives against a baseline, in their order; nothing where there is no baseline or a divisor is 0.
    func ratios(to baseline: StepFigures?) -> [ResultCell] {
        func ratio(_ value: (StepFigures) -> Double) -> ResultCell {
            guard let baseline, value(self) > 0 else { return .empty }
            return .init(value(baseline) / value(self))
        }
        return Objective.allCases.compactMap { objective in
            switch objective {
            case .energyRatio: ratio { $0.energy.picojoules }
            case .latencyRatio: ratio { Double($0.cycles) }
            case .edpRatio: ratio(\.energyDelay)
            case .dramBytesRatio: ratio { Double($0.dramBytes) }
            case .peakMemoryRatio: ratio { Double($0.peakMemoryBytes) }
            default: nil
            }
        }
    }
}
