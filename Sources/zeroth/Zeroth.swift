import ArgumentParser
import Foundation

/// The command line: reads files and flags at the edge, prints what the libraries return.
@main
struct Zeroth: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zeroth",
        abstract:
            "Fine-tune a language model with forward passes only on an emulated low-precision accelerator, bit for bit, "
            + "and see what each step costs beside first-order training.",
        discussion: """
            Example:
              zeroth finetune
              zeroth predict --run runs/opinions-1 --text "the plot is anything but dull"
            """,
        version: Version.current,
        subcommands: [
            FineTuneCommand.self, PredictCommand.self, ExportCommand.self, GenerateCommand.self, CastCommand.self,
            QuantizeCommand.self, GemmCommand.self,
            RandomCommand.self, VectorsCommand.self, TraceCommand.self, CompareCommand.self, CostCommand.self,
            ExploreCommand.self, ReproduceCommand.self, HardwareCommand.self, AttackCommand.self,
        ])

    /// Prints one line for whatever went wrong with an input and ends with status 1; flags' own errors stay ArgumentParser's.
    static func main() {
        // A file beyond the user's limit is an error of that write, not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as ExitCode {
            exit(withError: error)
        } catch {
            if error is CleanExit || isFlagError(error) { exit(withError: error) }
            Terminal.error("error: \(message(for: error))")
            Foundation.exit(1)
        }
    }

    /// Whether ArgumentParser should render the error: usage, help, version.
    private static func isFlagError(_ error: any Error) -> Bool {
        let code = exitCode(for: error)
        return code == .validationFailure || code == .success
    }
}

/// Version of this build, as run.json records it.
enum Version {
    static let current = "0.1.0"
}
