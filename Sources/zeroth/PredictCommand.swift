import ArgumentParser
import FineTuning
import Foundation
import Kernels
import Reports

/// `zeroth predict`: label and probability of a text, before and after tuning.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Print a text's label and probability by a run's network, before and after tuning.",
        discussion: """
            Example:
              zeroth predict --run runs/opinions-1 --text "the plot is anything but dull"
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("The text to classify.", valueName: "text"))
    var text: String

    @Flag(help: "Print one JSON object.")
    var json = false

    /// What `--json` prints.
    private struct Output: Encodable {
        var text: String
        var steps: Int
        var labels: [String]
        var before: Predictor.Prediction
        var after: Predictor.Prediction
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let predictor = try Predictor(folder: RunFolder(path: folder), kernels: kernels, threads: 1)
        let (before, after) = try predictor.predict(text)
        if json {
            let output = Output(
                text: text, steps: predictor.steps, labels: predictor.labels, before: before, after: after)
            try Terminal.print(json: output)
            return
        }
        var table = TextTable()
        table.append(["", "label", "probability"])
        table.rule()
        table.append(["before tuning", before.label, Quantity.percent(before.probability)])
        table.append(["after \(predictor.steps) steps", after.label, Quantity.percent(after.probability)])
        for line in table.lines() { Terminal.print(line) }
    }
}
