import Foundation
import ProgramFixtures
import Testing

@testable import Timing

/// SCALE-Sim's closed forms against what SCALE-Sim said, and against a count word by word.
struct ScaleSimTests {
    @Test(.enabled(if: ScaleSimReferences.arePresent, Comment(rawValue: ScaleSimReferences.comment)))
    func everyRunWithoutStallsIsReproducedExactly() throws {
        let rows = try ScaleSimReferences.rows().filter { $0["stall_cycles"] == "0" }.map(ScaleSimRow.init)
        #expect(rows.count == 68)
        var estimated = 0
        var withPrefetch = 0
        for row in rows {
            var columns = ScaleSimRow.computeColumns
            // Where a bandwidth is given (USER), whole requests are fetched ahead, whether wanted or not.
            if row.text["bw_mode"] == "CALC" {
                columns += ScaleSimRow.trafficColumns
                estimated += 1
                // 2.0.2 does not report it.
                if row.text["total_cycles_incl_prefetch"] != "" {
                    columns.append("total_cycles_incl_prefetch")
                    withPrefetch += 1
                }
            }
            #expect(row.differences(columns).isEmpty, "\(row.text)")
        }
        #expect(estimated == 58)
        #expect(withPrefetch == 52)
    }

    /// The same columns for a few runs of SCALE-Sim 3.0.0, so that nothing hangs on the folder of references.
    static let header =
        "dataflow,array_rows,array_cols,M,K,N,ifmap_sram_kb,filter_sram_kb,ofmap_sram_kb,compute_cycles,stall_cycles,"
        + "total_cycles_reported,total_cycles_incl_prefetch,util_pct,mapping_eff_pct,compute_util_pct,sram_ifmap_reads,"
        + "sram_filter_reads,sram_ofmap_writes,dram_ifmap_reads,dram_filter_reads,dram_ofmap_writes"

    @Test(arguments: goldens)
    func ourOwnRunsOfScaleSimAreReproduced(line: String) throws {
        let names = Self.header.split(separator: ",").map(String.init)
        let values = line.split(separator: ",").map(String.init)
        let row = try ScaleSimRow(Dictionary(uniqueKeysWithValues: zip(names, values)))
        let columns =
            ScaleSimRow.computeColumns + ScaleSimRow.trafficColumns + ["total_cycles_incl_prefetch"]
        #expect(row.differences(columns).isEmpty, "\(line)")
    }

    @Test func aReportedCycleLessIsMoreThanAllOfThem() throws {
        let product = try ScaleSimProduct(m: 3, k: 4, n: 5, rows: 1, columns: 1, dataflow: .outputStationary)
        #expect(product.computeCycles == 60 && product.totalCyclesReported == 59)
        #expect(abs(product.utilisationPercent! - 101.6949) < 5e-5)
        // SCALE-Sim divides by zero.
        let least = try ScaleSimProduct(m: 1, k: 1, n: 1, rows: 1, columns: 1, dataflow: .outputStationary)
        #expect(least.totalCyclesReported == 0 && least.utilisationPercent == nil)
    }

    @Test func readsAreThoseOfAHalfThatForgetsWhenItIsFull() {
        var random = SplitMix(state: 11)
        for _ in 0..<3000 {
            let half = Int.random(in: 1...60, using: &random)
            var reads = ScaleSimReads(activeWords: half)
            var held: Set<Int> = []
            var fetched = 0
            var next = 0
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let blocks = Int.random(in: 0...40, using: &random)
                let size = Int.random(in: 0...70, using: &random)
                let passes = Int.random(in: 1...3, using: &random)
                reads.read(blocks: blocks, size: size, passes: passes)
                for _ in 0..<blocks {
                    for word in (0..<passes).flatMap({ _ in next..<next + size }) where !held.contains(word) {
                        held.insert(word)
                        fetched += 1
                        if held.count == half { held = [] }
                    }
                    next += size
                }
            }
            #expect(reads.words == fetched)
        }
    }

    @Test func resultsLeaveInTheOrderOfTheSkew() throws {
        var random = SplitMix(state: 5)
        for _ in 0..<300 {
            func size(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &random) }
            let product = try ScaleSimProduct(
                m: size(12), k: size(12), n: size(12), rows: size(5), columns: size(5),
                dataflow: ScaleSimDataflow.allCases.randomElement(using: &random)!)
            let cycles = Self.resultCycles(product)
            #expect(cycles.count == product.results)
            #expect(cycles == cycles.indices.map { product.cycle(ofResult: $0) }, "\(product)")
            // The last result leaves in the last cycle, earlier by the columns that the last fold leaves empty.
            let empty = product.columnFolds * product.columns - product.spatialColumns
            #expect(cycles.max() == product.totalCyclesReported - empty)
        }
    }

    /// The cycle of each result, fold by fold and element by element.
    private static func resultCycles(_ product: ScaleSimProduct) -> [Int] {
        let (rows, columns) = (product.rows, product.columns)
        let isOutput = product.dataflow == .outputStationary
        var cycles: [Int] = []
        var start = 0
        for left in stride(from: 0, to: product.spatialColumns, by: columns) {
            for top in stride(from: 0, to: product.spatialRows, by: rows) {
                let width = min(columns, product.spatialColumns - left)
                let used = min(rows, product.spatialRows - top)
                let height = isOutput ? used : product.streamed
                // Weights and inputs: loaded in R cycles, a sum takes R more. Outputs: shifted out from the bottom, unused rows first.
                let first = isOutput ? product.streamed - 1 + rows - used : 2 * rows - 1
                let places = (0..<height).flatMap { row in (0..<width).map { row + $0 } }
                cycles += places.sorted().map { start + first + $0 }
                start += product.foldCycles
            }
        }
        return cycles
    }

    // MARK: Bad input

    @Test func sizesThatMeanNothingAreNamed() {
        #expect(throws: ScaleSimError.badSize(name: "K", value: 0, allowed: 1...Int.max)) {
            try ScaleSimProduct(m: 1, k: 0, n: 1, rows: 1, columns: 1, dataflow: .weightStationary)
        }
        #expect(throws: ScaleSimError.badSize(name: "array columns", value: -4, allowed: 1...1_048_576)) {
            try ScaleSimProduct(m: 1, k: 1, n: 1, rows: 1, columns: -4, dataflow: .weightStationary)
        }
        #expect(throws: ScaleSimError.self) {
            try ScaleSimBuffers(ifmapKibibytes: 64, filterKibibytes: 0, ofmapKibibytes: 64)
        }
    }

    @Test(arguments: ScaleSimDataflow.allCases)
    func nothingTrapsAtAnySize(dataflow: ScaleSimDataflow) throws {
        let sizes = [1, 2, 3, 1 << 20, 1 << 31, 3_037_000_500, 1 << 40, 1 << 62, Int.max - 1, Int.max]
        let buffers = try ScaleSimBuffers(ifmapKibibytes: 1, filterKibibytes: 4096, ofmapKibibytes: 8192)
        var answers = 0
        var refusals = 0
        for m in sizes {
            for k in sizes {
                for n in sizes {
                    for (rows, columns) in [(1, 1), (128, 32), (1, 500), (1 << 20, 1 << 20)] {
                        do {
                            let product = try ScaleSimProduct(
                                m: m, k: k, n: n, rows: rows, columns: columns, dataflow: dataflow)
                            #expect(product.utilisationPercent.map { $0 > 0 } ?? (product.computeCycles == 1))
                            let traffic = try ScaleSimTraffic(product, buffers: buffers)
                            #expect(traffic.ifmapReads <= product.ifmapReads)
                            #expect(traffic.totalCyclesWithPrefetch >= product.totalCyclesReported)
                            answers += 1
                        } catch {
                            refusals += 1
                        }
                    }
                }
            }
        }
        #expect(answers > 100 && refusals > 100)
    }

    @Test func aBufferTooSmallSaysWhatWouldDo() throws {
        let product = try ScaleSimProduct(m: 9, k: 9, n: 9, rows: 4, columns: 2000, dataflow: .weightStationary)
        func sizes(_ filter: Int, _ ofmap: Int) throws -> ScaleSimTraffic {
            try ScaleSimTraffic(
                product,
                buffers: ScaleSimBuffers(ifmapKibibytes: 1, filterKibibytes: filter, ofmapKibibytes: ofmap))
        }
        let error = #expect(throws: ScaleSimError.self) { try sizes(1, 64) }
        guard case .bufferTooSmall("filter", 1, let smallest, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: ScaleSimError.self) { try sizes(smallest - 1, 64) }
        #expect(throws: Never.self) { try sizes(smallest, 64) }
        let second = #expect(throws: ScaleSimError.self) { try sizes(64, 1) }
        guard case .bufferTooSmall("ofmap", 1, let ofmap, _)? = second else {
            Issue.record("\(String(describing: second))")
            return
        }
        #expect(throws: ScaleSimError.self) { try sizes(64, ofmap - 1) }
        #expect(throws: Never.self) { try sizes(64, ofmap) }
    }
}

extension ScaleSimTests {
    /// Runs of SCALE-Sim 3.0.0 (PyPI, NumPy 2.2.6, bandwidth estimated) that this project made, in the columns of `header`.
    static let goldens = [
        "ws,4,4,16,32,40,1,1,1,2080,0,2079,2257,61.5681,100.0,55.1724,5120,1280,5120,5120,1280,5123",
        "ws,4,4,5,3,7,1,1,1,30,0,29,40,22.6293,65.625,18.2292,30,21,35,15,21,35",
        "ws,8,16,37,70,41,2,1,3,1809,0,1808,1986,45.8855,83.044,37.4711,7770,2870,13653,7770,2870,13668",
        "ws,7,5,130,11,19,1,1,1,1176,0,1175,1282,66.0669,74.6429,64.2621,5720,209,4940,5720,209,4940",
        "is,4,4,24,32,33,1,1,1,2064,0,2063,2181,76.7814,100.0,71.7391,768,6336,6336,768,6336,6339",
        "is,4,4,5,3,7,1,1,1,34,0,33,44,19.8864,46.875,16.4062,15,42,35,15,21,35",
        "is,16,8,20,3,90,1,2,1,384,0,383,444,11.015,15.625,10.4167,60,810,1800,60,270,1807",
        "os,4,4,50,9,31,1,1,1,1560,0,1559,1712,55.9253,93.149,55.8894,3600,3627,2382,450,279,1553",
        "os,4,4,24,130,9,1,1,1,2448,0,2447,2550,71.7205,75.0,71.6912,9360,7020,360,9360,6370,216",
        "os,3,7,40,77,29,1,1,1,5950,0,5949,6018,71.4966,78.9116,71.4846,15400,31262,1860,15400,30261,1160",
        "os,16,8,60,40,30,2,1,1,992,0,991,1124,56.7608,87.8906,56.7036,9600,4800,2184,9600,1740,1807",
        "os,1,1,3,4,5,1,1,1,60,0,59,75,101.6949,100.0,100.0,60,60,45,12,20,15",
    ]
}
