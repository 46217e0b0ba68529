import Foundation

@testable import Exploration

/// Spaces that tests share, and folders that go when the test ends.
enum SampleSpaces {
    /// Small steps of a small network; some points do not fit, some lack a price.
    static func text(search: String = "\"grid\"", constraints: String = "[]", more: String = "") -> String {
        """
        {
          name: "small",
          machine: "edge-int8", network: "minilm-l6", sequence: 16,
          \(more)
          vary: [
            { field: "organisation.array.rows", values: [16, 32, 64] },
            { field: "method", values: ["quzo", "zoqo", "qat"] },
            { field: "organisation.sram.weight.bytes", values: [1024, 65536, 262144] },
            { field: "batch", powers: { from: 1, to: 4 } },
          ],
          constraints: \(constraints),
          search: \(search),
          objectives: ["energy", "latency", "peak_memory", "energy_ratio"],
        }
        """
    }

    static func space(_ text: String = text()) throws -> ExplorationSpace {
        try ExplorationSpace(json5: Array(text.utf8), file: "space.json5")
    }

    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-explore-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    static func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
