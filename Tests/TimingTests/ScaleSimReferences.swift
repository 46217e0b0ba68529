import Foundation
import Timing

/// Runs of SCALE-Sim: `scalesim_cycles.csv` in the folder ZEROTH_REFERENCES, or in ../shared/references beside the repository.
enum ScaleSimReferences {
    static let file: String = {
        let folder =
            ProcessInfo.processInfo.environment["ZEROTH_REFERENCES"]
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/references").path
        return folder + "/scalesim_cycles.csv"
    }()

    /// Whether the file is there, or has to be: ZEROTH_REQUIRE_TOOLS=1 turns a skip into a failure.
    static let arePresent =
        FileManager.default.fileExists(atPath: file)
        || ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    static let comment = "no references: ZEROTH_REFERENCES names no folder and ../shared/references is missing"

    /// The lines of the table by column name.
    static func rows() throws -> [[String: String]] {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }
}

/// A line of the reference table beside what the closed forms give for it.
struct ScaleSimRow {
    let text: [String: String]
    let product: ScaleSimProduct
    let traffic: ScaleSimTraffic

    /// Columns that hold for every run without stalls.
    static let computeColumns = [
        "compute_cycles", "stall_cycles", "total_cycles_reported", "util_pct", "mapping_eff_pct", "compute_util_pct",
        "sram_ifmap_reads", "sram_filter_reads", "sram_ofmap_writes",
    ]
    /// Columns that hold where SCALE-Sim estimates the bandwidth.
    static let trafficColumns = ["dram_ifmap_reads", "dram_filter_reads", "dram_ofmap_writes"]

    init(_ text: [String: String]) throws {
        func number(_ column: String) -> Int { Int(text[column] ?? "") ?? 0 }
        self.text = text
        product = try ScaleSimProduct(
            m: number("M"), k: number("K"), n: number("N"), rows: number("array_rows"), columns: number("array_cols"),
            dataflow: ScaleSimDataflow(word: text["dataflow"] ?? "")!)
        traffic = try ScaleSimTraffic(
            product,
            buffers: ScaleSimBuffers(
                ifmapKibibytes: number("ifmap_sram_kb"), filterKibibytes: number("filter_sram_kb"),
                ofmapKibibytes: number("ofmap_sram_kb")))
    }

    /// What the closed forms say in a column.
    func value(_ column: String) -> Double? {
        switch column {
        case "compute_cycles": Double(product.computeCycles)
        case "stall_cycles": 0
        case "total_cycles_reported": Double(product.totalCyclesReported)
        case "total_cycles_incl_prefetch": Double(traffic.totalCyclesWithPrefetch)
        case "util_pct": product.utilisationPercent
        case "mapping_eff_pct": product.mappingEfficiencyPercent
        case "compute_util_pct": product.computeUtilisationPercent
        case "sram_ifmap_reads": Double(product.ifmapReads)
        case "sram_filter_reads": Double(product.filterReads)
        case "sram_ofmap_writes": Double(product.ofmapWrites)
        case "dram_ifmap_reads": Double(traffic.ifmapReads)
        case "dram_filter_reads": Double(traffic.filterReads)
        case "dram_ofmap_writes": Double(traffic.ofmapWrites)
        default: nil
        }
    }

    /// The columns, of `columns`, whose value to the table's four places differs from the table.
    func differences(_ columns: [String]) -> [String] {
        columns.filter { column in
            guard let reference = text[column].flatMap(Double.init), let value = value(column) else { return true }
            return Double(String(format: "%.4f", value)) != reference
        }
    }
}
