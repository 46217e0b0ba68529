import ArgumentParser
import Exploration
import Reports

/// `zeroth explore`: which machine, which method, which sizes.
struct ExploreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explore",
        abstract: "Cost a step at every point of a space of machines and settings; find the points that nothing beats.",
        discussion: """
            A space is a JSON5 file: a machine, a network and a method, and which fields of the machine and settings of the step vary. \
            Each point is costed as `zeroth cost` would, and is a line of results.csv and results.jsonl as soon as it is known; a run \
            that was stopped goes on with --resume. docs/exploration.md describes the file and the columns.

            Examples:
              zeroth explore space.json5 --output results
              zeroth explore space.json5 --output results --resume
              zeroth explore space.json5 --output part-2 --shard 2/8 --threads 4
              zeroth explore merge part-1 part-2 --output results
              zeroth explore pareto results --objectives energy,latency,memory
            """,
        subcommands: [ExploreRunCommand.self, ExploreMergeCommand.self, ExploreParetoCommand.self],
        defaultSubcommand: ExploreRunCommand.self)
}

/// What a command does with a results folder that exists.
struct ResultsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The results folder to write.", valueName: "folder"))
    var output: String

    @Flag(help: "Replace the results folder if it exists.")
    var overwrite = false

    var folder: ResultsFolder { ResultsFolder(path: output) }
}

/// `zeroth explore SPACE`.
struct ExploreRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Cost the points of a space (the default).",
        discussion: """
            Example:
              zeroth explore space.json5 --output results
            """)

    @Argument(help: ArgumentHelp("The space, a JSON5 file.", valueName: "space"))
    var space: String

    @OptionGroup var results: ResultsOptions

    @Flag(help: "Go on in a folder that holds results of this space; begin where there is none.")
    var resume = false

    @Option(help: ArgumentHelp("Cost every n-th point alone, from the i-th on.", valueName: "i/n"))
    var shard: String?

    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Say how many points there are, and end.")
    var dryRun = false

    @Flag(help: "Print one JSON object at the end.")
    var json = false

    func validate() throws {
        if resume && results.overwrite {
            throw ValidationError("--resume and --overwrite exclude each other: go on, or begin anew")
        }
    }

    mutating func run() throws {
        let job = try ExploreJob(
            space: space, folder: results.folder, mode: results.overwrite ? .overwrite : resume ? .resume : .new,
            shard: shard.map { try Shard(parsing: $0) })
        if dryRun { return try job.showSize(json: json) }
        try job.run(threads: threads.count, json: json)
    }
}

/// `zeroth explore merge`.
struct ExploreMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Join results folders of one space, such as shards, rows by point.",
        discussion: """
            Example:
              zeroth explore merge part-1 part-2 --output results
            """)

    @Argument(help: ArgumentHelp("Results folders.", valueName: "folder"))
    var folders: [String]

    @OptionGroup var results: ResultsOptions

    mutating func run() throws {
        let merge = try ResultsMerge(folders.map { ResultsFolder(path: $0) })
        try merge.write(to: results.folder, results.overwrite ? .overwrite : .new)
        let missing = merge.total.map { $0 - merge.rows.count } ?? 0
        Terminal.print("\(results.output): \(merge.rows.count) points of space '\(merge.space.name)'")
        if missing > 0 {
            Terminal.error(
                "\(missing) points are missing; cost them with: zeroth explore \(results.output)/space.json5 --output "
                    + "\(results.output) --resume")
        }
    }
}

/// `zeroth explore pareto`.
struct ExploreParetoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pareto",
        abstract: "Print the points that no other beats in all objectives, the knee among them, and what moves what.",
        discussion: """
            Objectives: energy, latency, edp, dram_bytes, peak_memory (or memory), sram_bytes, mac_count, sram_area (or area), \
            where less is better; energy_ratio, latency_ratio, edp_ratio, dram_bytes_ratio, peak_memory_ratio, the baseline's \
            value over the step's, where more is better.

            Example:
              zeroth explore pareto results --objectives energy,latency,memory
            """)

    @Argument(help: ArgumentHelp("A results folder.", valueName: "folder"))
    var folder: String

    @Option(help: ArgumentHelp("What points are judged by (default: the space's).", valueName: "name,name,…"))
    var objectives: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        let analysis = try FrontAnalysis(
            ResultsFolder(path: folder), objectives: objectives.map { try Objective.list($0) })
        if json { return try Terminal.print(json: ParetoSummary(analysis)) }
        for line in ParetoReport.lines(analysis) { Terminal.print(line) }
    }
}
