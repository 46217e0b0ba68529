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
    /// The flags' values, defaults filled in.
    struct Settings {
        var network: String
        var hardware: String
        var overrides: [String]
        var method = "quzo"
        /// How the first-order side trains; nil for what goes with the method.
        var baseline: String?
        var batch = 16
        var queries = 1
        /// Nil for 128 tokens, or as many as the network has positions for.
        var sequence: Int?
        var trainable = "all"
        /// Nil for residual:8 where all trained weights are integers, and stochastic where they are not.
        var updateRounding: String?
        var weights: String?
        var activations: String?
        var head: String?
        var lossTokens: String?
        var objective = ScheduleObjective.traffic
        /// The first-order side's front is wanted.
        var wantsFront = false
    }

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
    /// - Throws: `InputError`, `HardwareError`, `ScheduleError`, or `RunError.badSetting` naming the flag.
    init(_ settings: Settings, cache: StepCache = StepCache()) throws {
        self.cache = cache
        machine = try Self.machine(settings)
        objective = settings.objective
        let step = try Self.step(settings, on: machine)
        let prices = try EnergyTable.load(for: machine)
        let title = step.recipe.map(\.description) ?? StepDescription.Method.title(step.method.word)
        guard step.method.isZerothOrder else {
            if let baseline = settings.baseline {
                throw RunError.badSetting(
                    name: "baseline", value: baseline, allowed: "left out: --method is first-order itself")
            }
            guard !settings.wantsFront else {
                throw RunError.badSetting(
                    name: "front", value: "given", allowed: "left out, or beside a zeroth-order --method")
            }
            steps = [("\(title) step", step)]
            result = .alone(
                try StepCost(step, on: machine, objective: objective, prices: prices, cache: cache), title: title)
            return
        }
        let recipe = try settings.baseline.map { try Self.recipe($0, "baseline") }
        let firstOrder = step.baseline(recipe)
        steps = [("\(title) step", step), ("first-order step", firstOrder)]
        let comparison = try Comparison(
            step, beside: recipe, on: machine, objective: objective, prices: prices, cache: cache)
        var summary = RunSummary(
            machine: machine, method: step.method, batch: step.batch, queries: step.queries,
            lengths: [.init(sequenceTokens: step.sequence, steps: 1, comparison: comparison)])
        if settings.wantsFront {
            summary.front = try FirstOrderFront(
                beside: step, comparison.zerothOrder, around: firstOrder.recipe ?? .qat, on: machine,
                objective: objective, prices: prices, cache: cache,
                threads: ProcessInfo.processInfo.activeProcessorCount)
        }
        result = .comparison(summary)
    }

    /// The machine with the formats that the flags name.
    static func machine(_ settings: Settings) throws -> Machine {
        var overrides = settings.overrides
        for (flag, format) in [("weights", settings.weights), ("activations", settings.activations)] {
            if let format { overrides.append("arithmetic.\(flag)=\(format)") }
        }
        return try Machine.load(settings.hardware, overrides: overrides)
    }

    /// The step that the flags describe, not yet in a machine's formats.
    static func step(_ settings: Settings, on machine: Machine) throws -> StepDescription {
        let (network, isNew) = try network(settings)
        let sequence = settings.sequence ?? min(128, network.longestSequence ?? 128)
        for (name, value) in [("batch", settings.batch), ("sequence", sequence)] where value < 1 {
            throw RunError.badSetting(name: name, value: "\(value)", allowed: "1 or more")
        }
        if let longest = network.longestSequence, sequence > longest {
            throw RunError.badSetting(
                name: "sequence", value: "\(sequence)",
                allowed: "at most \(longest), the positions of \(settings.network)")
        }
        let set: TrainableSet
        do { set = try TrainableSet(parsing: settings.trainable) } catch {
            throw RunError.badSetting(
                name: "trainable", value: settings.trainable,
                allowed: error.part == settings.trainable
                    ? error.allowed : "a set whose part \"\(error.part)\" is \(error.allowed)")
        }
        if let word = settings.lossTokens, network.classes != nil {
            throw RunError.badSetting(
                name: "loss-tokens", value: word, allowed: "left out: \(settings.network) has a classifier here")
        }
        guard let lossTokens = LossTokens(rawValue: settings.lossTokens ?? LossTokens.all.rawValue) else {
            throw RunError.badSetting(name: "loss-tokens", value: settings.lossTokens ?? "", allowed: "all or last")
        }
        var step = StepDescription(
            network: network, batch: settings.batch, sequence: sequence, trainable: set, hasNewHead: isNew,
            method: .quzo(residualBits: 0), lossTokens: lossTokens)
        step.method = try method(settings, hasGrids: step.on(machine).hasIntegerWeights)
        step.queries = settings.queries
        return step
    }

    private static func method(
        _ settings: Settings, hasGrids: Bool
    ) throws -> StepDescription.Method {
        let word = settings.updateRounding ?? (hasGrids ? "residual:8" : "stochastic")
        guard let rounding = UpdateRounding(word: word) else {
            throw RunError.badSetting(
                name: "update-rounding", value: word, allowed: "stochastic, nearest, residual:8 or residual:16")
        }
        if settings.updateRounding != nil, settings.method != "quzo" {
            throw RunError.badSetting(
                name: "update-rounding", value: word, allowed: "left out: only quzo rounds its update to a grid")
        }
        switch settings.method {
        case "quzo": return .quzo(residualBits: rounding.residualBits)
        case "mezo": return .mezo
        case "zoqo": return .zoqo
        default:
            let scheme = settings.method.prefix { $0 != ":" && $0 != "," }
            guard FirstOrderRecipe.Scheme(rawValue: String(scheme)) != nil else {
                throw RunError.badSetting(
                    name: "method", value: settings.method,
                    allowed:
                        "quzo, mezo, zoqo, or a first-order recipe such as qat, quantized:int8,lion8 or full:bf16,sgd")
            }
            return .firstOrder(try recipe(settings.method, "method"))
        }
    }

    /// Reads a first-order recipe.
    static func recipe(_ text: String, _ flag: String) throws -> FirstOrderRecipe {
        do { return try FirstOrderRecipe(text) } catch {
            throw RunError.badSetting(
                name: flag, value: text, allowed: "a recipe whose part \"\(error.part)\" is \(error.allowed)")
        }
    }

    /// The network with the head that is trained, and whether that is a new one: a classifier where an encoder has another, or where
    /// the flag asks for one.
    private static func network(_ settings: Settings) throws -> (TransformerConfiguration, isNew: Bool) {
        let network = try TransformerConfiguration(network: settings.network)
        switch settings.head {
        case nil:
            return network.isCausal
                ? (network.head == .none ? network.withHead(.languageModel) : network, false)
                : (network.forClassification(classes: network.classes ?? 2), true)
        case "language-model" where network.isCausal:
            return (network.withHead(.languageModel), false)
        case let text?:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "classifier", let classes = Int(parts[1]),
                TransformerLimits.classes.contains(classes)
            else {
                throw RunError.badSetting(
                    name: "head", value: text,
                    allowed: "classifier:N with N from 1 to \(TransformerLimits.classes.upperBound)"
                        + (network.isCausal ? ", or language-model" : ""))
            }
            return (network.forClassification(classes: classes), true)
        }
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
