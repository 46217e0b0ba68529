import ArgumentParser
import Emulator
import FineTuning
import Networks
import Traces

/// `zeroth vectors`: stimulus and expected bits for a hardware unit's bench.
struct VectorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vectors",
        abstract: "Write test vectors of a hardware unit: stimulus, and the bits the emulator's references give.",
        discussion: """
            A text file that $readmemh reads: comments name the unit and its ports, then a line a vector, ports in that order, \
            each in hex digits of its own, joined by _. Expected bits that do not matter are x. hwmodels/rtl/README.md describes \
            units and pins; hwmodels/rtl/check runs the vectors through the project's SystemVerilog.

            The unit array is a systolic array: the file holds tiles, each with its command, operands, results, cycles and, \
            with --registers, what stands in every register at the end of every cycle.

            The unit engine is the tile engine: a folder with a folder for each of --count random layers on random machines (0000, 0001, …), each \
            with the engine's command image, DRAM before and after, the timing model's cycles and a manifest; --log adds the golden log \
            of docs/traces.md. With --machine and --product it is one layer of this size on this machine.

            An existing file is replaced, whole or not at all; an existing folder is left alone.

            Examples:
              zeroth vectors --list
              zeroth vectors fp32_adder --count 1000000 --output fp32_adder.hex
              zeroth vectors engine --rows 4 --columns 4 --count 100 --output layers
              zeroth vectors engine --machine layers/0000/machine.json5 --product 24x40x96 --log --output layer
              zeroth vectors array --rows 5 --columns 3 --sums grouped --lanes 4 --count 1000 --registers --output tiles.hex
            """)

    @Argument(help: ArgumentHelp("The unit, as --list names it.", valueName: "unit"))
    var unit: String?

    @Flag(help: "Print the units.")
    var list = false

    @Option(
        help: ArgumentHelp(
            "Vectors; of an array, tiles (default: 10000); of the engine, layers (default: 100).", valueName: "n"))
    var count: Int?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Seed of the stimulus.", valueName: "n"), transform: Seed.parse)
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("The file to write; for the engine, the folder.", valueName: "file"))
    var output: String?

    @OptionGroup(title: "Arrays") var array: ArrayOptions

    @OptionGroup(title: "The tile engine") var engine: EngineOptions

    /// What an array is built with.
    struct ArrayOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Rows of elements, 1 to 64 (default: 4).", valueName: "n"))
        var rows: Int?

        @Option(help: ArgumentHelp("Columns of elements, 1 to 64 (default: 4).", valueName: "n"))
        var columns: Int?

        @Option(help: ArgumentHelp("Bytes of codes that an element takes in a cycle (default: 1).", valueName: "n"))
        var lanes: Int?

        @Option(
            help: ArgumentHelp("integer, sequential, grouped, aligned or exact (default: integer).", valueName: "kind"))
        var sums: String?

        @Flag(help: "Write all registers at the end of every cycle, too.")
        var registers = false

        /// Whether any is given.
        var areGiven: Bool { rows != nil || columns != nil || lanes != nil || sums != nil || registers }
    }

    mutating func run() throws {
        if list {
            let width = VectorUnit.all.map(\.name.count).max() ?? 0
            for unit in VectorUnit.all {
                print(unit.name.padding(to: width), "", unit.abstract)
            }
            print("engine".padding(to: width), "", "the tile engine: layers from memory to memory")
            print("array".padding(to: width), "", "a systolic array of any dataflow, register by register")
            return
        }
        guard let output else {
            throw RunError.badSetting(name: "output", value: "nothing", allowed: "a file to write")
        }
        if let count, !(1...1 << 32).contains(count) {
            throw RunError.badSetting(name: "count", value: "\(count)", allowed: "1 to 4294967296")
        }
        if unit != "engine", engine.areGiven {
            throw ValidationError("--machine, --product, --perturbed, --biased and --log are for the unit engine")
        }
        let vectors = count ?? 10_000
        if unit == "array" { return try writeTiles(vectors, to: output) }
        if unit == "engine" { return try engine.write(array, count: count, seed: seed, to: output) }
        let known = (VectorUnit.all.map(\.name) + ["array", "engine"]).joined(separator: ", ")
        guard let name = unit else { throw ValidationError("name a unit; units are \(known)") }
        guard let unit = VectorUnit.named(name) else {
            throw ValidationError("there is no unit \(name); units are \(known)")
        }
        guard !array.areGiven else {
            throw ValidationError("--rows, --columns, --lanes, --sums and --registers are for the unit array")
        }
        try writeAtomically(to: output) { file in
            try unit.write(count: vectors, seed: seed) { try file.append($0) }
        }
    }

    private func writeTiles(_ count: Int, to output: String) throws {
        let (rows, columns, sums) = (array.rows ?? 4, array.columns ?? 4, array.sums ?? "integer")
        for (name, value) in [("rows", rows), ("columns", columns)] where !(1...64).contains(value) {
            throw RunError.badSetting(name: name, value: "\(value)", allowed: "1 to 64")
        }
        guard let kind = SystolicArrayShape.Kind(rawValue: sums) else {
            let kinds = SystolicArrayShape.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw RunError.badSetting(name: "sums", value: sums, allowed: kinds)
        }
        let shape = try SystolicArrayShape(
            rows: rows, columns: columns, lanes: array.lanes ?? 1, kind: kind)
        let tiles = try ArrayTileVectors(shape, tiles: count, seed: seed, writesRegisters: array.registers)
        try writeAtomically(to: output) { file in
            for tile in tiles { try file.append(Array(tile.utf8)) }
        }
    }
}

extension String {
    /// The text with blanks behind it up to a width.
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
