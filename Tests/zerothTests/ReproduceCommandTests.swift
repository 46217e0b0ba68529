import Foundation
import Testing

/// `zeroth reproduce` as its users run it.
@Suite struct ReproduceCommandTests {
    private static let page: String = {
        let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs")
        return (try? String(contentsOf: docs.appending(path: "reproduction.md"), encoding: .utf8)) ?? ""
    }()

    private func run(_ flags: String...) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["reproduce"] + flags, in: NSTemporaryDirectory())
    }

    private func rows(_ flags: String...) throws -> [[String: Any]] {
        let output = try ProgramRun.zeroth(["reproduce"] + flags + ["--json"], in: NSTemporaryDirectory())
        #expect(output.status == 0, "\(output.err)")
        return try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [[String: Any]])
    }

    @Test func everyRowHasItsKeys() throws {
        let listed = try rows("list").compactMap { $0["claim"] as? String }
        let rows = try rows("memory")
        #expect(rows.compactMap { $0["claim"] as? String } == listed && listed.count > 20)
        for row in rows {
            for key in [
                "claim", "source", "published", "computed", "unit", "difference_percent", "assumptions", "inferred",
                "status", "free_choices", "sides", "neighbours", "interval", "joint_interval", "notes", "allocator",
            ] { #expect(row[key] != nil, "\(row["claim"] ?? "") has no \(key)") }
        }
    }

    /// The page's tables are what the program prints.
    @Test func thePageHoldsTheOutput() throws {
        for flags in [["memory"], ["memory", "--claim", "quzo-2.94"], ["memory", "--claim", "quzo-5.47"]] {
            let output = try ProgramRun.zeroth(["reproduce"] + flags, in: NSTemporaryDirectory())
            #expect(output.status == 0, "\(output.err)")
            for line in output.out.split(separator: "\n").map(String.init) {
                let isThere = Self.page.contains("    \(line)\n")
                #expect(isThere, "docs/reproduction.md lacks: \(line)")
            }
        }
    }

    @Test(.enabled(if: ProgramRun.hasPython, "needs Python 3"))
    func anIndependentScriptGetsTheSameNumbers() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-reproduce-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let output = try run("memory", "--json")
        #expect(output.status == 0, "\(output.err)")
        try Data(output.out.utf8).write(to: URL(fileURLWithPath: folder + "/rows.json"))
        let check = try ProgramRun.python("recompute_reproduction.py", ["rows.json"], in: folder)
        #expect(check.status == 0, "\(check.out)\(check.err)")
        // It sees a byte too many, and a figure in its last place.
        for (old, new) in [("\"bytes\" : 6476005376", "\"bytes\" : 6476005377"), ("2.9400123", "2.9400124")] {
            let changed = output.out.replacingOccurrences(of: old, with: new)
            #expect(changed != output.out, "\(old) is not there")
            try Data(changed.utf8).write(to: URL(fileURLWithPath: folder + "/changed.json"))
            #expect(try ProgramRun.python("recompute_reproduction.py", ["changed.json"], in: folder).status == 1)
        }
    }

    @Test func anUnknownClaimNamesThoseThereAre() throws {
        let output = try run("memory", "--claim", "quzo-3")
        #expect(output.status == 1 && output.out.isEmpty)
        #expect(output.err.hasPrefix("error: --claim is quzo-3, should be one of quzo-2.94, quzo-5.47, "))
        #expect(output.err.split(separator: "\n").count == 1)
    }

    @Test func helpHasAnExample() throws {
        for flags in [["--help"], ["memory", "--help"], ["list", "--help"]] {
            let output = try ProgramRun.zeroth(["reproduce"] + flags, in: NSTemporaryDirectory())
            #expect(output.status == 0 && output.out.contains("zeroth reproduce "), "\(flags)")
        }
    }
}
