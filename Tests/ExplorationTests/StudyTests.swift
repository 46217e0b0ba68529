import Foundation
import Testing

@testable import Exploration

/// docs/studies: the spaces that made them, and rows that they quote.
struct StudyTests {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/docs/studies/"

    private static let studies = ["minilm-arrays", "llama-perturbation", "formats"]

    /// A cell such as `5,844.0 ms` in the rows' unit, and how far rounding may have moved it.
    private static func value(_ cell: String) throws -> (value: Double, tolerance: Double) {
        let parts = cell.split(separator: " ")
        let text = parts[0].filter { $0 != "," }
        let factors = ["ms": 1, "s": 1e3, "mJ": 1e9, "J": 1e12, "GB": 1e9]
        let factor = try #require(factors[String(parts[parts.count - 1])], "\(cell)")
        let digits = text.split(separator: ".").dropFirst().first?.count ?? 0
        return (try #require(Double(text)) * factor, 0.5001 * pow(10, -Double(digits)) * factor)
    }

    /// Every table whose first column is `point`: rows by column.
    private static func rows(_ study: String) throws -> [[String: String]] {
        var (heads, rows): ([String], [[String: String]]) = ([], [])
        for line in try String(contentsOfFile: folder + study + ".md", encoding: .utf8).split(separator: "\n") {
            guard line.hasPrefix("|") else { continue }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if Int(cells[0]) == nil || heads.first != "point" {
                if !cells[0].hasPrefix("-") { heads = cells }
                continue
            }
            rows.append(Dictionary(uniqueKeysWithValues: zip(heads, cells)))
        }
        return rows
    }

    @Test(arguments: studies) func spacesLoadAndAllPointsAreQuotedAsTheyAre(study: String) throws {
        let space = try ExplorationSpace(path: Self.folder + study + ".json5")
        let rows = try Self.rows(study)
        #expect(rows.count >= 7)
        let evaluator = PointEvaluator(space)
        let columns = [
            "time": "latency_ms", "energy": "energy_pj", "DRAM traffic": "dram_bytes",
            "DRAM memory": "peak_memory_bytes",
        ]
        // Tilings for the fewest cycles take seconds a point: two of those rows stand for all.
        for row in study == "minilm-arrays" ? rows.suffix(2) : rows[...] {
            let point = try #require(row["point"].flatMap(Int.init))
            let result = try evaluator.row(point)
            #expect(result.works)
            let choices = space.choices(of: point)
            if let batch = row["batch"] {
                let dimension = try #require(space.dimensions.firstIndex { $0.name == "batch" })
                #expect(space.label(dimension, choices[dimension]) == [batch], "\(study), point \(point)")
            }
            for (name, column) in columns {
                guard let cell = row[name] else { continue }
                let (quoted, tolerance) = try Self.value(cell)
                let found = try #require(result.number(column, space.columns))
                #expect(
                    abs(found - quoted) <= tolerance, "\(study), point \(point), \(name): \(quoted), found \(found)")
            }
            for name in ["generator", "u"] {
                guard let word = row[name]?.filter({ $0 != "`" }) else { continue }
                #expect(result.cells.contains(.string(word)), "\(study), point \(point): \(word)")
            }
        }
    }

    /// The pages name each study, and every file that they link is there.
    @Test func studiesAreListed() throws {
        let page = try String(contentsOfFile: Self.folder + "README.md", encoding: .utf8)
        for study in Self.studies {
            #expect(page.contains("(\(study).md)"))
            #expect(
                try String(contentsOfFile: Self.folder + study + ".md", encoding: .utf8).contains("(\(study).json5)"))
        }
    }

    /// The space that speed is measured with.
    @Test func aHundredThousandPointsAreListed() throws {
        let path = Self.folder + "../spaces/edge-llama-100k.json5"
        let run = try ExplorationRun(ExplorationSpace(path: path), shard: nil)
        #expect(run.total == 101_088)
    }
}
