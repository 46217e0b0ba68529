import Costs
import Hardware
import Programs
import Synchronization
import Timing

/// Costs the points of a space, each as `zeroth cost` would; safe to use from several threads.
public final class PointEvaluator: Sendable {
    private let space: ExplorationSpace
    private let prices: EnergyTables
    private let steps: StepPricer

    /// - Parameter isSharing: false to lay out everything anew for each point: the same rows, for tests and measurements.
    public init(_ space: ExplorationSpace, isSharing: Bool = true) {
        self.space = space
        prices = EnergyTables()
        steps = StepPricer(isSharing: isSharing)
    }

    /// The row of a point. What keeps the point from working is in it.
    ///
    /// - Throws: what is wrong with a file, and would be with every point.
    public func row(_ point: Int) throws -> ResultRow {
        let choices = space.choices(of: point)
        let request = space.request(choices)
        let head = space.cells(choices)
        let command = ResultCell.string(request.command)
        let known = head.count + 4  // point, status, reason, command
        do {
            return ResultRow(point: point, reason: nil, rest: head + (try figures(request)) + [command])
        } catch let error where error is ScheduleError || error is HardwareError || error is StepRequestError {
            let none = [ResultCell](repeating: .empty, count: space.columns.names.count - known)
            return ResultRow(point: point, reason: "\(error)", rest: head + none + [command])
        }
    }

    private func figures(_ request: StepRequest) throws -> [ResultCell] {
        let machine = try space.machine(request)
        let step = try request.step(of: space.network(request), on: machine)
        let table = try prices.table(for: machine)
        let recipe = try request.baselineRecipe()
        if request.baseline != nil, !step.method.isZerothOrder {
            throw StepRequestError.badSetting(
                name: "baseline", value: request.baseline ?? "",
                allowed: "left out: --method is first-order itself")
        }
        let cost = try steps.figures(step, on: machine, objective: request.objective, prices: table)
        let sram = machine.organisation.sram
        let area = try sram.memories.reduce(0.0) { sum, memory in
            sum + Double(memory.bank.banks) * (try table.macro(for: memory.buffer, of: sram).areaSquareMillimetres)
        }
        var cells: [ResultCell] = [
            .init(cost.energy.picojoules), .init(cost.energy.lowPicojoules), .init(cost.energy.highPicojoules),
            .init(cost.latencyMilliseconds), .init(cost.cycles), .init(cost.energyDelay), .init(cost.dramBytes),
            .init(cost.peakMemoryBytes), .init(sram.bytes), .init(machine.organisation.array.elements), .init(area),
        ]
        guard space.hasRatios else { return cells }
        guard step.method.isZerothOrder else {
            return cells + cost.ratios(to: nil) + [.empty, .string("the method is first-order itself")]
        }
        let baseline = step.baseline(recipe)
        var (reason, figures): (String?, StepFigures?) = (nil, nil)
        do {
            figures = try steps.figures(baseline, on: machine, objective: request.objective, prices: table)
        } catch let error as ScheduleError {
            // As in `Comparison`: a recipe that means nothing here is no limit of the machine.
            if recipe != nil, !error.isOfMachine { throw error }
            reason = "\(error)"
        }
        cells += cost.ratios(to: figures)
        return cells + [.init(baseline.recipe?.description), .init(reason)]
    }
}
