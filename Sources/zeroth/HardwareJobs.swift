import Foundation
import Hardware
import Networks
import Reports

/// What `zeroth hardware list` prints: a line a machine, also for one that cannot be read.
struct HardwareList {
    private struct Entry: Encodable {
        var name: String
        var summary: String?
        var file: String?
        var error: String?
    }

    private let entries: [Entry]

    init() {
        entries = HardwareLibrary.standard.machineNames.map { name in
            do {
                let machine = try Machine.load(name)
                return Entry(name: name, summary: machine.summary, file: machine.file)
            } catch {
                return Entry(name: name, error: "\(error)")
            }
        }
    }

    /// Prints the list.
    ///
    /// - Throws: `HardwareListError` if a machine could not be read, after the list.
    func show(json: Bool) throws {
        if json {
            try Terminal.print(json: ["machines": entries])
        } else {
            let width = entries.map(\.name.count).max() ?? 0
            for entry in entries {
                let blanks = String(repeating: " ", count: width - entry.name.count)
                Terminal.print("\(entry.name)\(blanks)  \(entry.summary ?? "cannot be read")")
            }
        }
        if let entry = entries.first(where: { $0.error != nil }), let error = entry.error {
            throw HardwareListError.unreadable(error)
        }
    }
}

/// Why a list is not complete.
enum HardwareListError: Error, CustomStringConvertible {
    case unreadable(String)

    var description: String {
        switch self {
        case .unreadable(let reason): reason
        }
    }
}

/// What `zeroth hardware check` reads and prints.
struct HardwareCheck {
    private let summary: MachineSummary

    /// Reads machine and energy table.
    ///
    /// - Throws: `HardwareError`, naming file and field.
    init(_ name: String, overrides: [String]) throws {
        let machine = try Machine.load(name, overrides: overrides)
        let prices = try EnergyTable.load(for: machine)
        for buffer in SRAM.Buffer.allCases {
            _ = try prices.macro(for: buffer, of: machine.organisation.sram)
        }
        summary = try MachineSummary(machine, prices: prices)
    }

    func show(json: Bool) throws {
        guard !json else { return try Terminal.print(json: summary) }
        Terminal.print("\(summary.file): ok")
        for line in summary.table.lines() { Terminal.print(line) }
    }
}

/// A machine file that `zeroth hardware new` writes.
struct NewMachine {
    /// Why no file was written.
    enum Problem: Error, CustomStringConvertible {
        case notJSON5(path: String)
        case fileExists(path: String)

        var description: String {
            switch self {
            case .notJSON5(let path):
                "\(path): should be the name of a .json5 file, by which it is told from a machine's name"
            case .fileExists(let path): "\(path): exists already; name another file, or replace it with --overwrite"
            }
        }
    }

    private let path: String
    private let file: MachineFile

    init(from source: String, to path: String, overrides: [String]) throws {
        let name = URL(fileURLWithPath: path).lastPathComponent
        guard name.hasSuffix(".json5"), name.count > 6 else { throw Problem.notJSON5(path: path) }
        var file = try MachineFile(source, overrides: overrides)
        try file.rename(String(name.dropLast(6)))
        // Read as it will be, energy table included: what is written can be used.
        _ = try EnergyTable.load(for: try Machine(json5: file.text.bytes, file: path))
        self.path = path
        self.file = file
    }

    /// Writes the file, whole or not at all.
    func write(overwrites: Bool) throws {
        guard overwrites || !FileManager.default.fileExists(atPath: path) else {
            throw Problem.fileExists(path: path)
        }
        try writeAtomically(file.text.bytes, to: path)
    }
}
