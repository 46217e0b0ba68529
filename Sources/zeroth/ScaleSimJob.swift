import FineTuning
import Foundation
import Reports
import Timing

/// One product in SCALE-Sim's closed forms, from the flags of `zeroth cost --oracle scale-sim` to what is printed.
struct ScaleSimJob {
    private let product: ScaleSimProduct
    private let memory: (buffers: ScaleSimBuffers, traffic: ScaleSimTraffic)?

    /// - Throws: `RunError.badSetting` naming the flag, or `ScaleSimError`.
    init(gemm: String?, array: String?, dataflow: String?, sramKib: String?) throws {
        let sizes = try FlagNumbers.parse("gemm", gemm, separator: ",", names: ["M", "K", "N"], example: "64,256,512")
        let sides = try FlagNumbers.parse(
            "array", array, separator: "x", names: ["rows", "columns"], example: "32x32", upTo: ScaleSimProduct.sides)
        let words = ScaleSimDataflow.allCases.map(\.rawValue).joined(separator: ", ")
        guard let word = dataflow, let flow = ScaleSimDataflow(word: word) else {
            throw RunError.badSetting(name: "dataflow", value: dataflow ?? "left out", allowed: "one of \(words)")
        }
        product = try ScaleSimProduct(
            m: sizes[0], k: sizes[1], n: sizes[2], rows: sides[0], columns: sides[1], dataflow: flow)
        guard let sramKib else {
            memory = nil
            return
        }
        let kibibytes = try FlagNumbers.parse(
            "sram-kib", sramKib, separator: ",", names: ["ifmap", "filter", "ofmap"], example: "64,64,64",
            upTo: ScaleSimBuffers.sizes)
        let buffers = try ScaleSimBuffers(
            ifmapKibibytes: kibibytes[0], filterKibibytes: kibibytes[1], ofmapKibibytes: kibibytes[2])
        memory = (buffers, try ScaleSimTraffic(product, buffers: buffers))
    }

    // MARK: What is printed

    /// SCALE-Sim's answers by column; percentages to four places. A column without an answer is left out.
    private var columns: JSONValue {
        var columns: [String: JSONValue] = [
            "oracle": .string("scale-sim"), "dataflow": .string(product.dataflow.rawValue),
            "array_rows": .integer(product.rows), "array_cols": .integer(product.columns),
            "M": .integer(product.m), "K": .integer(product.k), "N": .integer(product.n),
            "folds": .integer(product.folds), "fold_cycles": .integer(product.foldCycles),
            "compute_cycles": .integer(product.computeCycles), "stall_cycles": .integer(0),
            "total_cycles_reported": .integer(product.totalCyclesReported),
            "mapping_eff_pct": Self.fourPlaces(product.mappingEfficiencyPercent),
            "compute_util_pct": Self.fourPlaces(product.computeUtilisationPercent),
            "sram_ifmap_reads": .integer(product.ifmapReads), "sram_filter_reads": .integer(product.filterReads),
            "sram_ofmap_writes": .integer(product.ofmapWrites),
        ]
        columns["util_pct"] = product.utilisationPercent.map(Self.fourPlaces)
        if let (buffers, traffic) = memory {
            columns["ifmap_sram_kb"] = .integer(buffers.ifmapKibibytes)
            columns["filter_sram_kb"] = .integer(buffers.filterKibibytes)
            columns["ofmap_sram_kb"] = .integer(buffers.ofmapKibibytes)
            columns["total_cycles_incl_prefetch"] = .integer(traffic.totalCyclesWithPrefetch)
            columns["dram_ifmap_reads"] = .integer(traffic.ifmapReads)
            columns["dram_filter_reads"] = .integer(traffic.filterReads)
            columns["dram_ofmap_writes"] = .integer(traffic.ofmapWrites)
        }
        return .object(columns)
    }

    private static func fourPlaces(_ percent: Double) -> JSONValue {
        .number(Double(String(format: "%.4f", percent)) ?? percent)
    }

    /// Prints the answer.
    func show(json: Bool) throws {
        guard !json else { return try Terminal.print(json: columns) }
        for line in table.lines() { Terminal.print(line) }
    }

    private var table: TextTable {
        func percent(_ value: Double) -> String { "\(Quantity.number(value, digits: 4)) %" }
        func words(_ value: Int) -> String { "\(Self.grouped(value)) words" }
        var table = TextTable()
        table.append(["product", "\(product.m) × \(product.n), depth \(product.k)"])
        table.append(["array", "\(product.rows) × \(product.columns), \(product.dataflow.name)"])
        table.append(["folds", "\(Self.grouped(product.folds)) of \(Self.grouped(product.foldCycles)) cycles"])
        table.append(["compute cycles", Self.grouped(product.computeCycles)])
        table.append(["stall cycles", "0"])
        table.append(["total cycles, as SCALE-Sim reports them", Self.grouped(product.totalCyclesReported)])
        if let traffic = memory?.traffic {
            table.append(["total cycles, prefetch included", Self.grouped(traffic.totalCyclesWithPrefetch)])
        }
        table.append(["overall utilisation", product.utilisationPercent.map(percent) ?? "none: no cycles reported"])
        table.append(["mapping efficiency", percent(product.mappingEfficiencyPercent)])
        table.append(["compute utilisation", percent(product.computeUtilisationPercent)])
        table.append(["SRAM reads, ifmap", words(product.ifmapReads)])
        table.append(["SRAM reads, filter", words(product.filterReads)])
        table.append(["SRAM writes, ofmap", words(product.ofmapWrites)])
        if let traffic = memory?.traffic {
            table.append(["DRAM reads, ifmap", words(traffic.ifmapReads)])
            table.append(["DRAM reads, filter", words(traffic.filterReads)])
            table.append(["DRAM writes, ofmap", words(traffic.ofmapWrites)])
        }
        return table
    }

    /// A count with its thousands apart, to the digit: counts here may exceed what a Double holds.
    private static func grouped(_ value: Int) -> String {
        let digits = String(value)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
