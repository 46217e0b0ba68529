import ArgumentParser
import Foundation

/// The flag that says how many threads work. No bit depends on it.
struct ThreadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads; decides no bit.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 || threads > 1024 {
            throw ValidationError("--threads is \(threads), should be 1 … 1024")
        }
    }

    /// The threads asked for, or as many as there are processors.
    var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}
