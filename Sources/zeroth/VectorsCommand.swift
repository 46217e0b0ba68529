import ArgumentParser
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

            An existing file is replaced, whole or not at all.

            Examples:
              zeroth vectors --list
              zeroth vectors fp32_adder --count 1000000 --output fp32_adder.hex
            """)

    @Argument(help: ArgumentHelp("The unit, as --list names it.", valueName: "unit"))
    var unit: String?

    @Flag(help: "Print the units.")
    var list = false

    @Option(help: ArgumentHelp("Vectors.", valueName: "n"))
    var count = 10_000

    @Option(help: ArgumentHelp("Seed of the stimulus.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String?

    mutating func run() throws {
        if list {
            let width = VectorUnit.all.map(\.name.count).max() ?? 0
            for unit in VectorUnit.all {
                print(unit.name.padding(to: width), "", unit.abstract)
            }
            return
        }
        guard let name = unit, let unit = VectorUnit.named(name) else {
            throw RunError.badSetting(
                name: "unit", value: unit ?? "nothing",
                allowed: "one of \(VectorUnit.all.map(\.name).joined(separator: ", "))")
        }
        guard let output else {
            throw RunError.badSetting(name: "output", value: "nothing", allowed: "a file to write")
        }
        guard (1...1 << 32).contains(count) else {
            throw RunError.badSetting(name: "count", value: "\(count)", allowed: "1 to 4294967296")
        }
        try writeAtomically(to: output) { file in
            try unit.write(count: count, seed: seed) { try file.append($0) }
        }
    }
}

extension String {
    /// The text with blanks behind it up to a width.
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
