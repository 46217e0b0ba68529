import Foundation
import Testing

/// The golden traces in traces/ are what its script writes.
@Suite struct GoldenTraceTests {
    private static let traces = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("traces").path

    private static func files(_ folder: String) throws -> [String: Data] {
        let manager = FileManager.default
        var result: [String: Data] = [:]
        for name in try manager.subpathsOfDirectory(atPath: folder) where name.contains("/") {
            result[name] = manager.contents(atPath: folder + "/" + name)
        }
        return result
    }

    @Test func theScriptWritesTheGoldenTracesAgain() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-goldens-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let output = try ProgramRun.execute(
            "/usr/bin/env", ["ZEROTH=\(CommandLineTests.program)", Self.traces + "/make", folder], in: folder)
        #expect(output.status == 0, "\(output.err)")
        let (golden, made) = (try Self.files(Self.traces), try Self.files(folder))
        #expect(Set(golden.keys) == Set(made.keys))
        for (name, data) in golden { #expect(made[name] == data, "\(name) is another") }
        #expect(golden.values.reduce(0) { $0 + $1.count } < 400_000)
        for kind in ["log/trace.log", "update/trace.log", "vcd/array.vcd", "dram/dram.trace", "npy/manifest.json"] {
            #expect(golden[kind] != nil, "there is no \(kind)")
        }
    }
}
