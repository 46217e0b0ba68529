import ArgumentParser
import Costs
import FineTuning
import Foundation
import Hardware
import Kernels
import Reports

/// `zeroth finetune`: the main job.
struct FineTuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finetune",
        abstract:
            "Fine-tune a network with QuZO, ZOQO, MeZO or first-order training on an emulated accelerator; print accuracy and each step's cost.",
        discussion: """
            Without flags it tunes the embedded network on the embedded film opinions.

            Examples:
              zeroth finetune
              zeroth finetune --method zoqo --hardware edge-int4 --weights int4
              zeroth finetune --method qat:int8,adam
              zeroth finetune --network MODEL_DIR --data sms.tsv --seed 1 --output runs/sms-1
              zeroth finetune --resume runs/sms-1
            """)

    @OptionGroup(title: "Run") var options: FineTuneOptions

    @OptionGroup(title: "Emulation") var emulation: EmulationOptions

    @Option(help: ArgumentHelp("Folder to write; runs/NAME-N if left out.", valueName: "dir"))
    var output: String?

    @Flag(help: "Replace a run that stands at --output.")
    var overwrite = false

    @Option(
        help: ArgumentHelp(
            "Go on with the run in this folder, to the same bits as if it had not stopped.", valueName: "dir"))
    var resume: String?

    @Flag(help: "Say memory, time and cost per step, and stop before the first.")
    var dryRun = false

    @Flag(help: "Print one JSON object on standard output; progress goes to standard error.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        if resume != nil {
            if let name = options.firstGiven {
                throw ValidationError("--\(name) cannot be given with --resume: the run goes on with its own settings")
            }
            if output != nil || overwrite || dryRun {
                throw ValidationError("--output, --overwrite and --dry-run cannot be given with --resume")
            }
        }
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let threads = threads.count
        let run: FineTuneRun
        if let resume {
            run = try FineTuneRun(
                resuming: RunFolder(path: resume), emulation: emulation, kernels: kernels, threads: threads, json: json)
        } else {
            run = try FineTuneRun(
                settings: options.settings, isOnGrid: options.method?.isOnGrid ?? true,
                hardware: options.hardware ?? "edge-int8", overrides: options.overrides,
                output: output, overwrite: overwrite, emulation: emulation, kernels: kernels, threads: threads,
                json: json)
        }
        if dryRun {
            try run.describe()
        } else {
            try run.run()
        }
    }
}
