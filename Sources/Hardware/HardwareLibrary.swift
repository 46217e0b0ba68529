import Foundation

/// Where machines and energy tables are found by name: a folder laid out as hwmodels/, or what the package carries.
///
/// Machines stand in the folder itself, energy tables in its `energy`.
public struct HardwareLibrary: Sendable {
    /// A file's text and what to call it.
    struct Text: Sendable {
        let file: String
        let bytes: [UInt8]
    }

    /// No machine or energy file is larger; a larger one is a mistake.
    static let largestFile = 4 << 20

    /// The folder that is searched; nil for the embedded files.
    public let folder: String?

    public init(folder: String?) { self.folder = folder }

    /// The folder in the environment variable ZEROTH_HWMODELS, or the embedded files.
    public static var standard: HardwareLibrary {
        let folder = ProcessInfo.processInfo.environment["ZEROTH_HWMODELS"] ?? ""
        return HardwareLibrary(folder: folder.isEmpty ? nil : folder)
    }

    /// Names of the machines, ascending.
    public var machineNames: [String] { names(in: "") }
    /// Names of the energy tables, ascending.
    public var energyTableNames: [String] { names(in: "energy/") }

    /// The text of a machine given by name or by a path to a .json5 file.
    func machine(_ name: String) throws(HardwareError) -> Text {
        if Self.isPath(name) { return try Self.read(name) }
        return try text(kind: "machine", name, in: "")
    }

    /// The text of an energy table: by path, beside the machine's file, or by name.
    func energyTable(_ name: String, besideMachine file: String?) throws(HardwareError) -> Text {
        if Self.isPath(name) { return try Self.read(name) }
        if let file, Self.isPath(file) {
            let beside = URL(fileURLWithPath: file).deletingLastPathComponent().path + "/energy/\(name).json5"
            if FileManager.default.fileExists(atPath: beside) { return try Self.read(beside) }
        }
        return try text(kind: "energy table", name, in: "energy/")
    }

    private static func isPath(_ name: String) -> Bool { name.contains("/") || name.hasSuffix(".json5") }

    private func text(kind: String, _ name: String, in part: String) throws(HardwareError) -> Text {
        guard names(in: part).contains(name) else {
            throw .notFound(
                kind: kind, name: name, searched: folder.map { "\($0)/\(part)" } ?? "the built-in hwmodels/\(part)",
                available: names(in: part))
        }
        if let folder { return try Self.read("\(folder)/\(part)\(name).json5") }
        let path = "hwmodels/\(part)\(name).json5"
        return Text(file: "embedded:\(path)", bytes: EmbeddedFiles.bytes(of: path) ?? [])
    }

    private func names(in part: String) -> [String] {
        let files: [String]
        if let folder {
            files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
        } else {
            files = EmbeddedFiles.names.compactMap {
                let prefix = "hwmodels/\(part)"
                guard $0.hasPrefix(prefix) else { return nil }
                let rest = $0.dropFirst(prefix.count)
                return rest.contains("/") ? nil : String(rest)
            }
        }
        return files.filter { $0.hasSuffix(".json5") }.map { String($0.dropLast(6)) }.sorted()
    }

    private static func read(_ path: String) throws(HardwareError) -> Text {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadable(file: path, reason: "no such file; give the path of a .json5 file")
        }
        guard !isFolder.boolValue else {
            throw .unreadable(file: path, reason: "it is a folder; give the path of a .json5 file in it")
        }
        // Through a handle and with a limit: a device or a huge file must not be read whole.
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw .unreadable(file: path, reason: "no permission; make it readable")
        }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: largestFile + 1) ?? Data()
        } catch {
            throw .unreadable(file: path, reason: "\(error.localizedDescription); check the disk and its permissions")
        }
        guard data.count <= largestFile else {
            throw .unreadable(file: path, reason: "larger than \(largestFile >> 20) MiB; a machine file has a few KiB")
        }
        return Text(file: path, bytes: Array(data))
    }
}

extension Machine {
    /// Reads a machine.
    ///
    /// - Parameters:
    ///   - name: a name in the library, such as `edge-int8`, or a path to a .json5 file.
    ///   - overrides: fields to replace before the file is decoded, as `path=value`.
    public static func load(
        _ name: String, overrides: [String] = [], from library: HardwareLibrary = .standard
    ) throws(HardwareError) -> Machine {
        let text = try library.machine(name)
        var parsed: [MachineOverride] = []
        for override in overrides { parsed.append(try MachineOverride(parsing: override)) }
        return try Machine(json5: text.bytes, file: text.file, overrides: parsed)
    }
}
