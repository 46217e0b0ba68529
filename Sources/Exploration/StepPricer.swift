import Costs
import Hardware
import NumberFormats
import Programs
import Synchronization
import Timing

/// Lays out, times and prices steps, and keeps what is the same for other points of a space.
///
/// Kept are programs, by step: a lowered program depends on no machine. Nests and their times, as `StepCache` has them. And figures of a step, by
/// step, machine and objective: a machine counts as the same if its name, its arithmetic, its organisation and its prices are.
final class StepPricer: Sendable {
    private struct Key: Hashable {
        let step: StepDescription
        /// Errors name it.
        let machine: String
        let arithmetic: Arithmetic
        let organisation: Organisation
        let table: String
        let objective: ScheduleObjective
    }

    /// Steps whose programs are kept, and figures: a program of 32 blocks has some MiB.
    private static let (mostPrograms, mostFigures) = (16, 20_000)

    private let isSharing: Bool
    /// Nests that machines alike in what decides a layout share (`LayoutCache`).
    private let cache = StepCache(limit: 8192)
    private let programs = Mutex<[StepDescription: Program]>([:])
    private let figures = Mutex<[Key: Result<StepFigures, ScheduleError>]>([:])

    init(isSharing: Bool) { self.isSharing = isSharing }

    /// Figures of a step, which need not be in the machine's formats yet.
    ///
    /// - Throws: as `StepCost.init(_:on:objective:prices:)`.
    func figures(
        _ step: StepDescription, on machine: Machine, objective: ScheduleObjective, prices: EnergyTable
    ) throws -> StepFigures {
        guard isSharing else {
            return StepFigures(try StepCost(step, on: machine, objective: objective, prices: prices))
        }
        let step = step.on(machine)
        let key = Key(
            step: step, machine: machine.name, arithmetic: machine.arithmetic, organisation: machine.organisation,
            table: prices.file,
            objective: objective)
        if let known = figures.withLock({ $0[key] }) { return try known.get() }
        let result: Result<StepFigures, ScheduleError>
        do {
            let scheduled = try TimingModel.schedule(program(step), on: machine, objective: objective, cache: cache)
            let timing = try TimingModel.time(scheduled, cache: cache)
            result = .success(StepFigures(try StepCost(scheduled, timing: timing, prices: prices)))
        } catch let error as ScheduleError {
            result = .failure(error)
        }
        figures.withLock { figures in
            if figures.count >= Self.mostFigures { figures.removeAll(keepingCapacity: true) }
            figures[key] = result
        }
        return try result.get()
    }

    private func program(_ step: StepDescription) throws(ScheduleError) -> Program {
        if let program = programs.withLock({ $0[step] }) { return program }
        try step.checkSizes()
        let program = Lowering.program(for: step)
        programs.withLock { programs in
            if programs.count >= Self.mostPrograms { programs.removeAll(keepingCapacity: true) }
            programs[step] = program
        }
        return program
    }
}
