import Costs
import FineTuning
import Hardware
import Networks
import NumberFormats
import Programs
import Reports

/// One fine-tuning step of a network on a machine beside a first-order one, from the flags of `zeroth cost --network` to what is printed.
struct StepCostJob {
    let machine: Machine
    /// The two steps, by the names of their timelines.
    let steps: [(name: String, step: StepDescription)]
    private let summary: RunSummary

    /// Lowers both steps, lays them out, times and prices them.
    ///
    /// - Throws: `InputError`, `HardwareError`, `ScheduleError`, or `RunError.badSetting` naming the flag.
    init(
        network: String, hardware: String, overrides: [String], batch: Int, sequence: Int, trainable: String,
        updateRounding: String
    ) throws {
        let configuration = try TransformerConfiguration(network: network)
        guard let shape = EncoderShape(configuration, classes: configuration.classes ?? 2) else {
            throw RunError.badSetting(
                name: "network", value: network,
                allowed: "an encoder of BERT's form, such as minilm-l6 or roberta-large; other networks are not lowered"
            )
        }
        for (name, value) in [("batch", batch), ("sequence", sequence)] where value < 1 {
            throw RunError.badSetting(name: name, value: "\(value)", allowed: "1 or more")
        }
        if let longest = configuration.longestSequence, sequence > longest {
            throw RunError.badSetting(
                name: "sequence", value: "\(sequence)", allowed: "at most \(longest), the positions of \(network)")
        }
        guard let set = TrainableSet(trainable) else {
            throw RunError.badSetting(
                name: "trainable", value: trainable, allowed: "all, last:N (N at least 1) or head")
        }
        guard let rounding = UpdateRounding(word: updateRounding) else {
            throw RunError.badSetting(
                name: "update-rounding", value: updateRounding,
                allowed: "stochastic, nearest, residual:8 or residual:16")
        }
        machine = try Machine.load(hardware, overrides: overrides)
        // Steps are lowered in the emulator's formats.
        try machine.requireEmulated()
        let step = StepDescription(
            shape: shape, batch: batch, sequence: sequence, trainable: set, hasNewHead: true,
            method: .quzo(residualBits: rounding.residualBits))
        var firstOrder = step
        firstOrder.method = .qat
        steps = [("QuZO step", step), ("first-order step", firstOrder)]
        let comparison = try Comparison(step, on: machine, prices: EnergyTable.load(for: machine))
        summary = RunSummary(
            machine: machine, batch: batch, lengths: [.init(sequenceTokens: sequence, steps: 1, comparison: comparison)]
        )
    }

    /// Prints the answer; with `timing`, tables of waits and roofs go before it.
    func show(json: Bool, timing: Bool = false) throws {
        guard !json else { return try Terminal.print(json: summary) }
        if timing {
            for comparison in summary.lengths.map(\.comparison) {
                let costs = [(steps[0].name, comparison.zerothOrder), (steps[1].name, comparison.firstOrder)]
                for (name, cost) in costs {
                    if let cost { for line in TimingReport.lines(cost, name: name) { Terminal.print(line) } }
                }
            }
        }
        for line in CostReport.lines(summary) { Terminal.print(line) }
    }
}
