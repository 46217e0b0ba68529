import ArgumentParser
import Hardware
import Reports

/// `zeroth hardware`: the machines there are, and files that describe new ones.
struct HardwareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hardware",
        abstract: "List, show and check machine files, and start new ones.",
        discussion: """
            A machine is a JSON5 file: arithmetic, which fixes the bits, and organisation, which fixes time and energy; docs/machines.md \
            describes every field. A name is one of the machines that ship (or of the folder in ZEROTH_HWMODELS); anything with a \
            slash or ending in .json5 is a file.

            Example:
              zeroth hardware new edge-int8 wide.json5 --set organisation.array.columns=64
              zeroth hardware check wide.json5
              zeroth finetune --hardware wide.json5
            """,
        subcommands: [
            HardwareListCommand.self, HardwareShowCommand.self, HardwareCheckCommand.self, HardwareEnergyCommand.self,
            HardwareNewCommand.self,
        ])
}

/// What a command says of one machine to which fields may be overridden.
struct MachineOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A name, or a file.", valueName: "machine"))
    var machine: String

    @Option(help: ArgumentHelp("Override a field of the machine; may be repeated.", valueName: "path=value"))
    var set: [String] = []
}

/// `zeroth hardware list`.
struct HardwareListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the machines that can be named.",
        discussion: """
            Example:
              zeroth hardware list --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        try HardwareList().show(json: json)
    }
}

/// `zeroth hardware show`.
struct HardwareShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a machine file, overrides written into it.",
        discussion: """
            Examples:
              zeroth hardware show edge-int8
              zeroth hardware show edge-int8 --set organisation.dram.bandwidth=25.6 --json
            """)

    @OptionGroup var options: MachineOptions

    @Flag(help: "Print plain JSON, without comments.")
    var json = false

    mutating func run() throws {
        let file = try MachineFile(options.machine, overrides: options.set)
        if json {
            try Terminal.print(json: try file.json())
        } else {
            var text = String(decoding: file.text.bytes, as: UTF8.self)
            if text.last == "\n" { text.removeLast() }
            Terminal.print(text)
        }
    }
}

/// `zeroth hardware check`.
struct HardwareCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a machine file and its energy table strictly, and say what the machine can do.",
        discussion: """
            Reads as every command does that takes a machine: each field has to be there, known and in range, and each SRAM bank needs \
            a row of the energy table. A mistake is one line with file, line, field and what would be right; the exit status is 1.

            Example:
              zeroth hardware check mine.json5
            """)

    @OptionGroup var options: MachineOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        try HardwareCheck(options.machine, overrides: options.set).show(json: json)
    }
}

/// `zeroth hardware energy`.
struct HardwareEnergyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "energy", abstract: "Print the prices of a machine's energy table.",
        discussion: """
            One line an entry: picojoules an action, their range, the node and the status of the number. An entry of another process node \
            than the table's says by which rule it came there (docs/costs.md, Nodes); --json has the sources, too.

            Example:
              zeroth hardware energy edge-int8
            """)

    @OptionGroup var options: MachineOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        let prices = try EnergyTable.load(for: Machine.load(options.machine, overrides: options.set))
        if json { return try Terminal.print(json: PriceList(prices)) }
        for line in PriceList(prices).lines { Terminal.print(line) }
    }
}

/// `zeroth hardware new`.
struct HardwareNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Copy a machine file to start a new one.",
        discussion: """
            The copy keeps comments and order; its name becomes that of the file, and overrides are written into it.

            Example:
              zeroth hardware new edge-int8 mine.json5
            """)

    @Argument(help: ArgumentHelp("The machine to copy: a name, or a file.", valueName: "from"))
    var source: String

    @Argument(help: ArgumentHelp("The .json5 file to write.", valueName: "to"))
    var target: String

    @Option(help: ArgumentHelp("Override a field of the machine; may be repeated.", valueName: "path=value"))
    var set: [String] = []

    @Flag(help: "Replace the file if it exists.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        try NewMachine(from: source, to: target, overrides: set).write(overwrites: overwrite)
        if json {
            try Terminal.print(json: ["file": target])
        } else {
            Terminal.print("\(target): a copy of \(source) to change; zeroth hardware check \(target) reads it")
        }
    }
}
