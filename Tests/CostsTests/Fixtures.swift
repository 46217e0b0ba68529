import Foundation
import Hardware
import Programs

@testable import Costs

/// The machine and table that the package carries, whatever ZEROTH_HWMODELS says.
let library = HardwareLibrary(folder: nil)

func edge(_ overrides: String...) throws -> Machine {
    try Machine.load("edge-int8", overrides: overrides, from: library)
}

/// The folder of the source tree that the package embeds.
let hwmodels = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("hwmodels").path

/// Counts of a small operation that touches every unit.
func sampleCounts() -> ActionCounts {
    var counts = ActionCounts()
    counts.macs = [.int8: 1_000_003, .bf16: 77]
    counts.idleSlots = 1234
    counts.slots = 1_000_003 + 77 + 1234
    counts.registerBits = 40_000_120
    counts.sramRead = [.weight: 4096, .activation: 65_537, .accumulator: 12]
    counts.sramWritten = [.weight: 4096, .activation: 999, .accumulator: 16]
    counts.dramRead = .init(useful: 10_000, padding: 112, refetch: 640)
    counts.dramWritten = .init(useful: 1000, padding: 24)
    counts.vectorOperations = [.add: 101, .divide: 3, .gelu: 7]
    counts.perturbedWeights = 4096
    counts.updatedWeights = 4096
    counts.randomBits = [.perturbation: 131_072, .firstRounding: 65_536, .gridRounding: 65_536, .update: 65_536]
    return counts
}

/// The cost of `counts`, spent on linear layers in `cycles`.
func cost(
    _ counts: ActionCounts, kind: CostKind = .linearForward, cycles: Int = 100_000, on machine: Machine
) throws -> StepCost {
    var ledger = EnergyLedger(table: try EnergyTable.load(for: machine, from: library))
    try ledger.add(counts, residualUpdates: counts.updatedWeights, for: kind, on: machine)
    return try StepCost(
        machine: machine, ledger: ledger, cycles: cycles, busyCycles: ["array": cycles / 2],
        counts: counts,
        memory: .init(
            peakDRAMBytes: 5000, peakDRAMBytesByKind: [.weights: 4096], ownPeakDRAMBytesByKind: [.weights: 4096],
            peakSRAMBytes: [.weight: 4096]))
}

func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}
