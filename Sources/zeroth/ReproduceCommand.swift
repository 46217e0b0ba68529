import ArgumentParser

/// `zeroth reproduce`: published figures, counted again.
struct ReproduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Count papers' figures again: published, ours, the difference, and every assumption.",
        discussion: """
            A row says whether a figure comes out; which of the assumptions behind ours the paper states, which are \
            inferred and which were chosen because the figure then comes out; what the figure is when one of them is \
            made otherwise; and what our own allocator gives for such a step. docs/reproduction.md holds the table and \
            an example by hand.

            Examples:
              zeroth reproduce list
              zeroth reproduce memory
              zeroth reproduce memory --claim quzo-2.94
              zeroth reproduce memory --json
            """,
        subcommands: [ReproduceListCommand.self, ReproduceMemoryCommand.self])
}

/// `zeroth reproduce list`.
struct ReproduceListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the claims that can be counted again.",
        discussion: """
            Example:
              zeroth reproduce list
            """)

    @Flag(help: "Print one JSON array.")
    var json = false

    mutating func run() throws { try ReproductionJob.list(json: json) }
}

/// `zeroth reproduce memory`.
struct ReproduceMemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Count papers' memory figures again.",
        discussion: """
            Without --claim: a line a figure. With it: every term, assumption and neighbour behind that figure. GB are \
            10⁹ bytes.

            Examples:
              zeroth reproduce memory
              zeroth reproduce memory --claim qzo-llama2-7b-full
              zeroth reproduce memory --claim quzo-5.47 --json
            """)

    @Option(help: ArgumentHelp("One claim alone; zeroth reproduce list names them.", valueName: "name"))
    var claim: String?

    @Flag(help: "Print one JSON array, a row a figure.")
    var json = false

    mutating func run() throws {
        let job = try ReproductionJob(claim: claim)
        try job.show(json: json)
    }
}
