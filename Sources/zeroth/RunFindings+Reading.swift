import Costs
import FineTuning
import Foundation
import Hardware
import Kernels
import Programs
import Reports
import Timing

extension RunFindings {
    /// Reads a run's folder and lays its steps out again for what they do over time. What cannot be had any more, such as a network that was
    /// moved, is left out with its reason.
    ///
    /// - Throws: `RunError` where run.json, metrics.csv or cost.json are not what runs write.
    init(reading folder: RunFolder) throws {
        let record = try folder.record()
        self.init(folder: folder.path, record: record, metrics: try folder.metrics())
        cost = try folder.read(RunSummary.self, at: folder.costPath)
        do {
            let machinery = try RunCosts.Machinery(
                hardware: record.machine, overrides: record.machineOverrides, isOnGrid: record.settings.method.isOnGrid)
            machine = machinery.machine
            let task = try FineTuningTask(record.settings)
            for input in task.inputs + machinery.inputs {
                guard let recorded = record.inputs.first(where: { $0.path == input.path }) else { continue }
                guard recorded.sha256 == input.sha256 else {
                    throw RunError.inputChanged(path: input.path, recorded: recorded.sha256, found: input.sha256)
                }
            }
            let tuner = try FineTuner(
                task: task, settings: record.settings, kernels: Kernels(level: try KernelLevel.fromEnvironment()),
                threads: 1)
            try layOut(tuner, machinery)
        } catch {
            stepsReason = "\(error)"
            if cost == nil, costReason == nil { costReason = "\(error)" }
        }
    }

    private mutating func layOut(_ tuner: FineTuner, _ machinery: RunCosts.Machinery) throws {
        let costs = try RunCosts(machinery: machinery, tuner: tuner)
        guard costs.reason == nil else {
            (costReason, stepsReason) = (costs.reason, costs.reason)
            return
        }
        if cost == nil {
            let done = metrics.rows.reduce(into: [Int: Int]()) { $0[$1.sequence, default: 0] += 1 }
            cost = try costs.summary(
                tuner: tuner, stepsBySequence: done.isEmpty ? [record.settings.sequence: 1] : done)
            isCostedNow = true
        }
        let sequence = commonSequence
        let own = tuner.zerothOrderDescription(sequence: sequence)
        let title = StepDescription.Method.title(own.method.word)
        let first = own.baseline(tuner.recipe)
        let cache = StepCache()
        for (name, step) in [
            ("\(title) step", own), ("\(CostReport.title(of: first.recipe?.description)) step", first),
        ] {
            do throws(ScheduleError) {
                let scheduled = try TimingModel.schedule(step, on: machinery.machine, objective: .traffic, cache: cache)
                let timing = try TimingModel.time(scheduled, cache: cache)
                steps.append(.init(name: name, scheduled: scheduled, timing: timing))
            } catch {
                // The comparison says why there is no first-order step.
                if steps.isEmpty || !error.isOfMachine { throw error }
            }
        }
        sequenceTokens = sequence
    }
}
