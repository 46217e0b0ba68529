import ArgumentParser
import Emulator
import FineTuning
import Foundation
import Hardware
import Networks
import Traces

/// What `zeroth vectors engine` takes beside the array's options.
struct EngineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A machine file, instead of random machines.", valueName: "file"))
    var machine: String?

    @Option(help: ArgumentHelp("Size of the layer on --machine: M, N and K.", valueName: "MxNxK"))
    var product: String?

    @Flag(help: "Perturb the layer's INT8 weights on load.")
    var perturbed = false

    @Flag(help: "Give the layer a bias.")
    var biased = false

    @Flag(help: "Write golden.log, too: what each command leaves (docs/traces.md).")
    var log = false

    /// Whether any is given.
    var areGiven: Bool { machine != nil || product != nil || perturbed || biased || log }

    /// - Parameter count: layers; 100 where it is nil.
    func write(_ array: VectorsCommand.ArrayOptions, count: Int?, seed: UInt64, to output: String) throws {
        if array.registers { throw ValidationError("--registers is for the unit array; leave it out") }
        if let machine {
            if array.areGiven || count != nil {
                throw ValidationError(
                    "--rows, --columns, --lanes, --sums and --count are for random layers; leave them out with --machine"
                )
            }
            guard let bytes = FileManager.default.contents(atPath: machine).map(Array.init) else {
                throw RunError.badSetting(name: "machine", value: machine, allowed: "a machine file that can be read")
            }
            let sizes = (product ?? "").split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
            guard sizes.count == 3, sizes.allSatisfy({ (1...65535).contains($0) }) else {
                throw RunError.badSetting(
                    name: "product", value: product ?? "nothing", allowed: "MxNxK, such as 24x40x96, each 1 to 65535")
            }
            let layer = EngineLayer(
                try Machine(json5: bytes, file: machine), m: sizes[0], n: sizes[1], k: sizes[2], hasBias: biased,
                isPerturbed: perturbed, seed: seed)
            return try EngineFolder(layer).write(to: output, machineText: bytes, writesLog: log)
        }
        if product != nil || perturbed || biased {
            throw ValidationError("--product, --perturbed and --biased are for one layer on a machine; give --machine")
        }
        let sums = array.sums ?? "integer"
        guard let kind = SystolicArrayShape.Kind(rawValue: sums) else {
            let kinds = SystolicArrayShape.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw RunError.badSetting(name: "sums", value: sums, allowed: kinds)
        }
        let (rows, columns, lanes) = (array.rows ?? 4, array.columns ?? 4, array.lanes ?? 1)
        for (name, value, least) in [("rows", rows, 1), ("columns", columns, 2)] where !(least...64).contains(value) {
            throw RunError.badSetting(name: name, value: "\(value)", allowed: "\(least) to 64")
        }
        guard [1, 2, 4, 8].contains(lanes), kind != .sequential || lanes == 1 else {
            throw RunError.badSetting(
                name: "lanes", value: "\(lanes)",
                allowed: kind == .sequential ? "1 for sequential sums" : "1, 2, 4 or 8")
        }
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: false)
        } catch {
            let exists = FileManager.default.fileExists(atPath: output)
            throw InputError.fileNotWritten(
                file: output, reason: exists ? "the folder exists; name another" : "its parent folder does not exist")
        }
        var layers = EngineLayers(rows: rows, columns: columns, lanes: lanes, kind: kind, seed: seed)
        for number in 0..<(count ?? 100) {
            let (folder, machine) = try layers.next()
            let name = String(repeating: "0", count: max(0, 4 - "\(number)".count)) + "\(number)"
            try folder.write(to: "\(output)/\(name)", machineText: machine, writesLog: log)
        }
    }
}
