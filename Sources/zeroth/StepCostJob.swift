import Costs
import FineTuning
import Foundation
import Hardware
import Networks
import NumberFormats
import Programs
import Reports
import Timing

/// One fine-tuning step of a network on a machine, from the flags of `zeroth cost --network` to what is printed.
struct StepCostJob {
    let machine: Machine
    let objective: ScheduleObjective
    /// The steps, by the names of their timelines.
    let steps: [(name: String, step: StepDescription)]

    /// What the steps share, and, between several jobs, those of all.
    let cache: StepCache

    private enum Result {
        case comparison(RunSummary)
        case alone(StepCost, title: String)
    }
    private let result: Result

    /// Lowers the step, lays it out, times and prices it; a zeroth-order one beside first-order training.
    ///
    /// - Parameter cache: where jobs share what is laid out and timed alike; results do not depend on it.
    /// - Throws: `InputError`, `HardwareError`, `ScheduleError`, `StepRequestError` or `RunError.badSetting` naming the flag.
    init(_ settings: StepRequest, wantsFront: Bool = false, cache: StepCache = StepCache()) throws {
        self.cache = cache
        machine = try settings.machine()
        objective = settings.objective
        let step = try settings.step(on: machine)
        let prices = try EnergyTable.load(for: machine)
        let title = step.recipe.map(\.description) ?? StepDescription.Method.title(step.method.word)
        guard step.method.isZerothOrder else {
            if let baseline = settings.baseline {
                throw RunError.badSetting(
                    name: "baseline", value: baseline, allowed: "left out: --method is first-order itself")
            }
            guard !wantsFront else {
                throw RunError.badSetting(
                    name: "front", value: "given", allowed: "left out, or beside a zeroth-order --method")
            }
            steps = [("\(title) step", step)]
            result = .alone(
                try StepCost(step, on: machine, objective: objective, prices: prices, cache: cache), title: title)
            return
        }
        let recipe = try settings.baselineRecipe()
        let firstOrder = step.baseline(recipe)
        steps = [("\(title) step", step), ("first-order step", firstOrder)]
        let comparison = try Comparison(
            step, beside: recipe, on: machine, objective: objective, prices: prices, cache: cache)
        var summary = RunSummary(
            machine: machine, method: step.method, batch: step.batch, queries: step.queries,
            lengths: [.init(sequenceTokens: step.sequence, steps: 1, comparison: comparison)])
        if wantsFront {
            summary.front = try FirstOrderFront(
                beside: step, comparison.zerothOrder, around: firstOrder.recipe ?? .qat, on: machine,
                objective: objective, prices: prices, cache: cache,
                threads: ProcessInfo.processInfo.activeProcessorCount)
        }
        result = .comparison(summary)
    }

    /// The steps for files that show what they do over time; one that the machine cannot run is left out, with a line that says so.
    func timedSteps() throws -> [TimedStep] {
        var timed: [TimedStep] = []
        for (number, (name, step)) in steps.enumerated() {
            do {
                let scheduled = try TimingModel.schedule(step, on: machine, objective: objective, cache: cache)
                timed.append(
                    .init(name: name, scheduled: scheduled, timing: try TimingModel.time(scheduled, cache: cache)))
            } catch {
                // The answer beside the files says so, too.
                guard number > 0 else { throw error }
                Terminal.error("files: without the \(name): \(error)")
            }
        }
        return timed
    }

    /// What is printed of a comparison, for tables of several.
    ///
    /// - Throws: `RunError.badSetting` where the method is first-order itself.
    func summary() throws -> RunSummary {
        guard case .comparison(let summary) = result else {
            throw RunError.badSetting(
                name: "vary", value: "given", allowed: "left out beside a first-order --method: it varies a comparison")
        }
        return summary
    }

    private func show(_ lines: [String]) {
        for line in lines { Terminal.print(line) }
    }

    /// Prints the answer; with `timing`, tables of waits and roofs go before it.
    func show(json: Bool, timing: Bool = false) throws {
        switch result {
        case .comparison(let summary):
            guard !json else { return try Terminal.print(json: summary) }
            if timing {
                for comparison in summary.lengths.map(\.comparison) {
                    for (step, cost) in zip(steps, [comparison.zerothOrder, comparison.firstOrder]) {
                        if let cost { show(TimingReport.lines(cost, name: step.name)) }
                    }
                }
            }
            show(CostReport.lines(summary, details: "--json"))
            if let front = summary.front { show([""] + FrontReport.lines(front, method: summary.method)) }
        case .alone(let cost, let title):
            guard !json else { return try Terminal.print(json: cost) }
            if timing { show(TimingReport.lines(cost, name: steps[0].name)) }
            for line in StepReport.lines(cost, title: title) { Terminal.print(line) }
        }
    }
}
