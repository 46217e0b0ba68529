import Foundation
import Hardware

/// The project's hwmodels folder, wherever the tests run.
let hwmodels = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("hwmodels").path

/// The library that reads that folder.
let shipped = HardwareLibrary(folder: hwmodels)

func text(of path: String) throws -> String {
    try String(contentsOfFile: hwmodels + "/" + path, encoding: .utf8)
}

/// The message of the error that `body` throws; "no error" where it throws none.
func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}

/// The shipped machine with one part of its text replaced, read as `bad.json5`.
func machineMessage(replacing old: String, with new: String) throws -> String {
    let whole = try text(of: "edge-int8.json5")
    precondition(whole.components(separatedBy: old).count == 2, "'\(old)' does not stand once in edge-int8.json5")
    return message { try Machine(json5: Array(whole.replacingOccurrences(of: old, with: new).utf8), file: "bad.json5") }
}

func tableMessage(replacing old: String, with new: String) throws -> String {
    let whole = try text(of: "energy/cmos45.json5")
    precondition(whole.components(separatedBy: old).count == 2, "'\(old)' does not stand once in cmos45.json5")
    return message {
        try EnergyTable(json5: Array(whole.replacingOccurrences(of: old, with: new).utf8), file: "bad.json5")
    }
}

/// Line of the shipped file on which `part` stands first.
func line(of part: String, in path: String) throws -> Int {
    try text(of: path).components(separatedBy: part)[0].components(separatedBy: "\n").count
}
