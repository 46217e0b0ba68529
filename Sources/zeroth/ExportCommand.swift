import ArgumentParser
import FineTuning
import Kernels
import Reports

/// `zeroth export`: a run's tuned network as a Hugging Face folder.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a run's tuned network as a Hugging Face folder that PyTorch loads.",
        discussion: """
            Linear weights become the FP32 numbers that their codes stand for. BertModel reads the encoder; classifier.weight and
            classifier.bias belong on the mean of the tokens' states. Rounding residuals are not part of the network, and where a row's
            largest code has shrunk, quantizing the folder again gives the row a finer scale.

            Example:
              zeroth export --run runs/opinions-1 --output opinions-tuned
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Flag(help: "Replace a network that stands at --output.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    /// What `--json` prints.
    private struct Output: Encodable {
        var folder: String
        var steps: Int
        var labels: [String]
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let network = try TunedNetwork(folder: RunFolder(path: folder), kernels: kernels, threads: threads.count)
        try network.export(to: output, overwrite: overwrite)
        if json {
            try Terminal.print(
                json: Output(folder: output, steps: network.steps, labels: network.record.network.labels))
            return
        }
        Terminal.print(
            "written to \(output): config.json, model.safetensors, vocab.txt; weights after \(network.steps) of "
                + "\(network.record.settings.steps) steps")
        Terminal.print(
            "try: zeroth finetune --network \(output) --data FILE --sequence \(network.record.settings.sequence) --dry-run"
        )
    }
}
