import ArgumentParser
import Emulator
import FineTuning
import Hardware

/// How a run is emulated: flags that decide no bit, and so may be given with `--resume`, too.
struct EmulationOptions: ParsableArguments {
    enum Detail: String, ExpressibleByArgument, CaseIterable {
        case layers, tiles, registers
    }

    @Option(
        help: ArgumentHelp(
            "What steps are run on: whole layers; the machine's tiles, command by command; or tiles with the array's registers.",
            discussion: "The bits are the same. Registers are for small arrays and networks.", valueName: "detail"))
    var emulation = Detail.layers

    @Flag(help: "Run tiles without checking slots, tokens and bytes: faster.")
    var unchecked = false

    @Flag(help: "Count the accumulators of the last step: largest sums, wraps, narrowest width.")
    var accumulators = false

    func validate() throws {
        if unchecked, emulation == .layers {
            throw ValidationError(
                "--unchecked leaves out the checks of --emulation tiles and registers; --emulation layers has none")
        }
    }

    /// The emulation on the run's machine.
    func emulation(on machine: Machine) -> Emulation {
        switch emulation {
        case .layers: .layers
        case .tiles: .tiles(machine, TileOptions(checks: !unchecked))
        case .registers: .tiles(machine, TileOptions(checks: !unchecked, array: .registers))
        }
    }
}
