import ArgumentParser
import Exploration

/// `zeroth report`: a run or a sweep as a page to look at.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a run or a sweep as one HTML page that needs nothing else: no network, no other file.",
        discussion: """
            Of a run: loss and accuracy, the cost of a step beside its baseline, the timeline, memory over time, the roofline. Of a sweep: the \
            front, all fields and objectives at once, what moves what, the knee in detail, why points cannot work. The page can be read \
            without scripts and printed; with them, tables sort and points say what they are.

            Examples:
              zeroth report runs/opinions-1
              zeroth report runs/opinions-1 --output opinions.html --overwrite
              zeroth report results --objectives energy,latency --output front.html
            """)

    @Argument(help: ArgumentHelp("A run's folder, or a results folder of zeroth explore.", valueName: "folder"))
    var folder: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The page to write (default: report.html).", valueName: "file"))
    var output: String = "report.html"

    @Option(
        help: ArgumentHelp("What a sweep's points are judged by (default: the space's).", valueName: "name,name,…"))
    var objectives: String?

    @Flag(help: "Replace the page if it exists.")
    var overwrite = false

    @Flag(help: "Print one JSON object about the page.")
    var json = false

    mutating func run() throws {
        let job = try ReportJob(
            folder: folder, objectives: objectives.map { try Objective.list($0) }, output: output, overwrite: overwrite)
        try job.write(json: json)
    }
}
