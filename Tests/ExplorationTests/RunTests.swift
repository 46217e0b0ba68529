import Costs
import Foundation
import Hardware
import Testing

@testable import Exploration

struct RunTests {
    @Test func aRowIsWhatStepCostSays() throws {
        let space = try SampleSpaces.space()
        let evaluator = PointEvaluator(space)
        for choices in [[1, 0, 2, 1], [2, 1, 1, 0], [0, 2, 2, 2]] {
            let request = space.request(choices)
            let machine = try request.machine()
            let prices = try EnergyTable.load(for: machine)
            let row = try evaluator.row(space.point(of: choices))
            #expect(row.works)
            func number(_ column: String) -> Double? { row.number(column, space.columns) }
            let step = try request.step(on: machine)
            guard step.method.isZerothOrder else {
                let cost = try StepCost(step, on: machine, prices: prices)
                #expect(number("energy_pj") == cost.energy.picojoules && number("energy_ratio") == nil)
                continue
            }
            let comparison = try Comparison(step, on: machine, prices: prices)
            let cost = comparison.zerothOrder
            #expect(number("energy_pj") == cost.energy.picojoules)
            #expect(number("energy_low_pj") == cost.energy.lowPicojoules)
            #expect(number("latency_ms") == cost.latencyMilliseconds)
            #expect(number("edp_pj_ms") == cost.energy.picojoules * cost.latencyMilliseconds)
            #expect(number("cycles") == Double(cost.cycles))
            #expect(number("dram_bytes") == Double(cost.dramTraffic.totalBytes))
            #expect(number("peak_memory_bytes") == Double(cost.memory.peakDRAMBytes))
            let ratios = Dictionary(uniqueKeysWithValues: comparison.ratios.map { ($0.quantity, $0.ratio) })
            #expect(number("energy_ratio") == ratios["energy"]! && number("latency_ratio") == ratios["latency"]!)
            #expect(number("dram_bytes_ratio") == ratios["DRAM traffic"]!)
            #expect(number("peak_memory_ratio") == ratios["peak DRAM memory"]!)
            #expect(number("mac_count") == Double(machine.organisation.array.elements))
            #expect(number("sram_bytes") == Double(machine.organisation.sram.bytes))
        }
    }

    @Test func sharingChangesNoRow() throws {
        let space = try SampleSpaces.space()
        let (sharing, anew) = (PointEvaluator(space), PointEvaluator(space, isSharing: false))
        var works = 0
        for point in 0..<space.size {
            let row = try anew.row(point)
            works += row.works ? 1 : 0
            #expect(try sharing.row(point) == row)
            #expect(try sharing.row(point) == row)
        }
        #expect(works == 54)
    }

    @Test func pointsThatCannotWorkSayWhy() throws {
        let space = try SampleSpaces.space()
        // 2 banks of 512 bytes: no energy row, or no tile.
        let row = try PointEvaluator(space).row(space.point(of: [1, 0, 0, 0]))
        #expect(row.reason?.isEmpty == false && !row.works)
        #expect(row.number("energy_pj", space.columns) == nil && row.cells.count == space.columns.names.count)
        #expect(row.cells.last?.text.hasPrefix("zeroth cost --network minilm-l6") == true)
    }

    @Test func rowsAreReadAsTheyWereWritten() throws {
        let space = try SampleSpaces.space()
        for point in [0, 5, 40, 80] {
            let row = try PointEvaluator(space).row(point)
            let line = Array(row.json(space.columns).utf8.dropLast())
            #expect(try ResultRow(json: line[...], space.columns, file: "f", line: 1) == row)
        }
        let odd = ResultRow(
            point: 1, reason: "a \"quoted\", \\ line\nand more\u{1}é",
            rest: [ResultCell](repeating: .empty, count: space.columns.names.count - 3))
        let line = Array(odd.json(space.columns).utf8.dropLast())
        #expect(!line.contains(UInt8(ascii: "\n")))
        #expect(try ResultRow(json: line[...], space.columns, file: "f", line: 1) == odd)
        #expect(
            odd.csv().hasPrefix("1,impossible,\"a \"\"quoted\"\", \\ line and more\u{1}é\",")
                && odd.csv().count { $0 == "\n" } == 1)
    }

    @Test func shardsMergedAreOneRun() throws {
        try SampleSpaces.withFolder { path in
            let space = try SampleSpaces.space()
            let whole = ResultsFolder(path: path + "/whole")
            _ = try ExplorationRun(space).run(into: whole, .new, threads: 2)
            var parts: [ResultsFolder] = []
            for number in 1...3 {
                let part = ResultsFolder(path: path + "/part-\(number)")
                let run = try ExplorationRun(space, shard: Shard(number: number, count: 3))
                let progress = try run.run(into: part, .new, threads: number)
                #expect(progress.done == 27 && progress.total == 27)
                parts.append(part)
            }
            let merged = ResultsFolder(path: path + "/merged")
            let merge = try ResultsMerge(parts)
            try merge.write(to: merged, .new)
            #expect(merge.rows.count == 81 && merge.total == 81)
            for (a, b) in [(whole.rowsPath, merged.rowsPath), (whole.tablePath, merged.tablePath)] {
                #expect(try SampleSpaces.lines(a).sorted() == SampleSpaces.lines(b).sorted())
            }
            // One folder alone is sorted by point.
            let again = ResultsFolder(path: path + "/again")
            try ResultsMerge([whole]).write(to: again, .new)
            for name in ["/results.csv", "/results.jsonl", "/space.json", "/space.json5"] {
                let files = try [again, merged].map { try Data(contentsOf: URL(fileURLWithPath: $0.path + name)) }
                #expect(files[0] == files[1])
            }
            // What is missing is costed when the merged folder goes on.
            let some = ResultsFolder(path: path + "/some")
            try ResultsMerge(Array(parts.dropFirst())).write(to: some, .new)
            let progress = try ExplorationRun(space).run(into: some, .resume, threads: 1)
            #expect(progress.costed == 27 && progress.done == 81)
        }
    }

    @Test func aRunThatGoesOnRepeatsAndLosesNothing() throws {
        try SampleSpaces.withFolder { path in
            let space = try SampleSpaces.space(SampleSpaces.text(constraints: "[\"batch <= 2\"]"))
            let whole = ResultsFolder(path: path + "/whole")
            let cut = ResultsFolder(path: path + "/cut")
            _ = try ExplorationRun(space).run(into: whole, .new, threads: 1)
            let expected = try SampleSpaces.lines(whole.rowsPath).sorted()
            #expect(expected.count == 54)
            _ = try ExplorationRun(space).run(into: cut, .new, threads: 1)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: cut.rowsPath))
            let table = try Data(contentsOf: URL(fileURLWithPath: cut.tablePath))
            for (end, tableEnd) in [
                (0, 0), (1, 7), (900, table.count / 2), (bytes.count / 2, 11), (bytes.count - 1, table.count - 30),
            ] {
                try bytes.prefix(end).write(to: URL(fileURLWithPath: cut.rowsPath))
                try table.prefix(tableEnd).write(to: URL(fileURLWithPath: cut.tablePath))
                let kept = bytes.prefix(end).count { $0 == UInt8(ascii: "\n") }
                let progress = try ExplorationRun(space).run(into: cut, .resume, threads: 2)
                #expect(progress.costed == 54 - kept && progress.done == 54)
                #expect(try SampleSpaces.lines(cut.rowsPath).sorted() == expected)
                #expect(
                    try SampleSpaces.lines(cut.tablePath).sorted() == SampleSpaces.lines(whole.tablePath).sorted())
            }
            // A broken line that is not the last is no row that may be dropped.
            try (Data("{\"point\": 1}\n".utf8) + bytes).write(to: URL(fileURLWithPath: cut.rowsPath))
            let error = #expect(throws: ExplorationError.self) {
                try ExplorationRun(space).run(into: cut, .resume, threads: 1)
            }
            #expect("\(error!)".contains("results.jsonl:1: not a row with this space's columns"))
        }
    }

    @Test func foldersOfOtherSpacesAndShardsAreRefused() throws {
        try SampleSpaces.withFolder { path in
            let folder = ResultsFolder(path: path + "/results")
            let space = try SampleSpaces.space(SampleSpaces.text(constraints: "[\"batch == 1\"]"))
            _ = try ExplorationRun(space).run(into: folder, .new, threads: 1, isStopped: { true })
            let other = try ExplorationRun(SampleSpaces.space())
            #expect(throws: ExplorationError.folderExists(path: folder.path)) { try other.check(folder, .new) }
            let error = #expect(throws: ExplorationError.self) { try other.check(folder, .resume) }
            #expect("\(error!)".contains("holds results of space 'small'"))
            let shard = try ExplorationRun(space, shard: Shard(number: 1, count: 2))
            #expect(
                throws: ExplorationError.otherShard(path: folder.path, recorded: "all points", asked: "shard 1/2")
            ) { try shard.check(folder, .resume) }
            #expect(throws: ExplorationError.self) { try other.check(ResultsFolder(path: path), .overwrite) }
            // A run that was killed while it made the folder is gone on with.
            let begun = ResultsFolder(path: path + "/begun")
            try FileManager.default.createDirectory(atPath: begun.path, withIntermediateDirectories: true)
            try Data(space.bytes).write(to: URL(fileURLWithPath: begun.path + "/space.json5"))
            #expect(try ExplorationRun(space).run(into: begun, .resume, threads: 1).done == 27)
            let bred = try SampleSpaces.space(
                SampleSpaces.text(search: "{ nsga2: { population: 4, generations: 2, seed: 1 } }"))
            #expect(throws: ExplorationError.searchNotSharded(search: "nsga2")) {
                try ExplorationRun(bred, shard: Shard(number: 1, count: 2))
            }
        }
    }

    @Test func aFolderHasOneWriter() throws {
        try SampleSpaces.withFolder { path in
            let folder = ResultsFolder(path: path + "/results")
            let space = try SampleSpaces.space()
            _ = try ExplorationRun(space).run(into: folder, .new, threads: 1, isStopped: { true })
            let (writer, rows) = try ResultsWriter.open(folder, space.columns)
            #expect(rows.isEmpty)
            #expect(throws: ExplorationError.folderBusy(path: folder.path)) {
                _ = try ResultsWriter.open(folder, space.columns)
            }
            writer.flush()
        }
    }
}
