import Foundation
import Hardware
import Programs
import Testing

@testable import Costs

@Suite struct StepCostTests {
    /// Each price by hand from the sources' numbers, not from the table's code.
    @Test func energyIsCountsTimesPrices() throws {
        let cost = try cost(sampleCounts(), on: edge())
        let expected: [(CostUnit, Double)] = [
            (.array, 1_000_003 * (0.2 + 0.1) + 77 * (1.1 + 0.9) + 40_000_120 * 0.009),
            (
                .vectorUnit,
                101 * 0.9 + 3 * (14 * 0.1 + 14 * 0.03 + 1512 * 0.009) + 7
                    * (14 * 3.7 + 10 * 0.9 + 3 * 0.1 + (14 * 0.1 + 14 * 0.03 + 1512 * 0.009)
                        + (11 * 3.7 + 8 * 0.9 + 5 * 0.1 + 2 * 0.9))
            ),
            (
                .perturbationUnit,
                327_680 * (20 * 3.1 + 58 * 0.1 + 1920 * 0.009) / 128 + 4096 * (3 * 0.2 + 10 * 0.1)
                    + 4096 * (4 * 0.2 + 11 * 0.1) + 4096 * 0.3
            ),
            (.dram, 10_752 * 11.69 * 8 + 1024 * 11.69 * 8),
        ]
        for (unit, picojoules) in expected {
            #expect(abs(cost.energy(of: unit).picojoules / picojoules - 1) < 1e-6, "\(unit)")
        }
        // 128 KiB banks of 256 bits: 34.121 pJ a read and 35.071 a write of 32 bytes; two of them leak 1.58334 mW each.
        let nanoseconds = 100_000 / 0.6
        let weightBuffer = 4096 / 32 * (34.121 + 35.071) + 2 * 1.58334 * nanoseconds
        #expect(abs(cost.energy(of: .weightBuffer).picojoules / weightBuffer - 1) < 1e-12)
        let leakage = (2 * 1.58334 + 8 * 0.79167 + 8 * 0.435806) * nanoseconds
        #expect(abs(cost.energy(of: .leakage).picojoules / leakage - 1) < 1e-12)
        #expect(abs(cost.latencyMilliseconds - 1.0 / 6) < 1e-15)
        #expect(abs(cost.averageMilliwatts - cost.energy.picojoules / nanoseconds) < 1e-12)
    }

    @Test func unitsAndKindsEachAddUpToTheTotal() throws {
        let cost = try cost(sampleCounts(), on: edge())
        let byUnit = CostUnit.allCases.reduce(0) { $0 + cost.energy(of: $1).picojoules }
        let byKind = CostKind.allCases.reduce(0) { $0 + cost.energy(of: $1).picojoules }
        #expect(abs(byUnit / cost.energy.picojoules - 1) < 1e-12)
        #expect(abs(byKind / cost.energy.picojoules - 1) < 1e-12)
        #expect(cost.energy.lowPicojoules < cost.energy.picojoules)
        #expect(cost.energy.highPicojoules > cost.energy.picojoules)
        #expect(cost.energy.estimatedPicojoules > 0 && cost.energy.estimatedPicojoules < cost.energy.picojoules)
        #expect(cost.estimatedEntries.contains("register") && !cost.estimatedEntries.contains("mac.int8"))
    }

    /// cost.json holds all that an independent script needs: recomputed from its text, the same bits.
    @Test func dumpedCountsRecomputeExactly() throws {
        let cost = try cost(sampleCounts(), on: edge())
        let data = try JSONEncoder().encode(cost)
        let json = try JSONSerialization.jsonObject(with: data) as! [String: Any]
        let entries = Dictionary(
            uniqueKeysWithValues: (json["entries"] as! [[String: Any]]).map { ($0["name"] as! String, $0) })
        var total = 0.0
        for line in json["lines"] as! [[String: Any]] {
            let entry = entries[line["entry"] as! String]!
            total += (line["count"] as! Double) * (entry["picojoules"] as! Double)
            #expect(!(entry["source"] as! String).isEmpty)
        }
        #expect(total == cost.energy.picojoules)
        #expect(total == (json["energy"] as! [String: Any])["picojoules"] as! Double)
        #expect(try JSONDecoder().decode(StepCost.self, from: data) == cost)
    }

    @Test func dictionariesAreJSONObjects() throws {
        let text = String(decoding: try JSONEncoder().encode(cost(sampleCounts(), on: edge())), as: UTF8.self)
        #expect(text.contains("\"peakDRAMBytesByKind\":{\"weights\":4096}"))
        #expect(text.contains("\"busyCycles\":{\"array\":50000}"))
    }

    @Test func missingEntryNamesItAndItsUser() throws {
        let machine = try edge("organisation.dram.standard=LPDDR9")
        #expect(
            message { try cost(sampleCounts(), on: machine) }
                == "embedded:hwmodels/energy/cmos45.json5: entries: no entry 'dram.LPDDR9.read', needed by linear "
                + "layers, forward on the DRAM; add it with unit and source")
        #expect(
            message { try cost(sampleCounts(), on: edge("organisation.sram.accumulator.banks=3")) }.contains(
                "organisation.sram.accumulator"))
    }

    @Test func anEntryNobodyUsesIsNotAskedFor() throws {
        var counts = sampleCounts()
        counts.dramRead = .init()
        counts.dramWritten = .init()
        let cost = try cost(counts, on: edge("organisation.dram.standard=LPDDR9"))
        #expect(cost.energy(of: .dram) == .zero)
    }

    /// More of anything never costs less; more time leaks more.
    @Test func energyGrowsWithEveryCount() throws {
        let machine = try edge()
        let base = try cost(sampleCounts(), on: machine).energy.picojoules
        let more: [(inout ActionCounts) -> Void] = [
            { $0.macs[.int8]! += 1 }, { $0.registerBits += 1 }, { $0.sramRead[.weight]! += 1 },
            { $0.sramWritten[.accumulator]! += 1 }, { $0.dramRead.padding += 1 },
            { $0.dramRead.refetch += 1 }, { $0.dramWritten.useful += 1 },
            { $0.vectorOperations[.gelu]! += 1 },
            { $0.perturbedWeights += 1 }, { $0.updatedWeights += 1 },
            { $0.randomBits[.update]! += 1 },
        ]
        for change in more {
            var counts = sampleCounts()
            change(&counts)
            #expect(try cost(counts, on: machine).energy.picojoules > base)
        }
        #expect(try cost(sampleCounts(), cycles: 100_001, on: machine).energy.picojoules > base)
    }

    @Test func countsAdd() throws {
        let machine = try edge()
        let twice = try cost(sampleCounts().adding(sampleCounts()), on: machine)
        let once = try cost(sampleCounts(), on: machine)
        for (a, b) in zip(twice.lines, once.lines) where a.kind != .leakage { #expect(a.count == 2 * b.count) }
        #expect(twice.dramTraffic.totalBytes == 2 * once.dramTraffic.totalBytes)
        #expect(
            twice.dramTraffic.usefulBytes + twice.dramTraffic.paddingBytes + twice.dramTraffic.refetchedBytes
                == twice.dramTraffic.totalBytes)
    }

    /// The worked example of docs/costs.md, and the figures that the page prints.
    @Test func workedExampleOfTheDocumentationHolds() throws {
        var counts = ActionCounts()
        let weights = 384 * 384
        counts.dramRead.useful = weights
        counts.randomBits = [.perturbation: 32 * weights, .firstRounding: 16 * weights, .gridRounding: 16 * weights]
        counts.perturbedWeights = weights
        counts.sramWritten = [.weight: weights]
        counts.sramRead = [.weight: weights]
        counts.macs = [.int8: 1024 * weights]
        counts.registerBits = 40 * 1024 * weights
        let cost = try cost(counts, cycles: weights, on: edge())
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("docs/costs.md"), encoding: .utf8)
        let rows: [(String, Energy)] = [
            ("| DRAM |", cost.energy(of: .dram)),
            ("| random bits |", cost.energy(ofEntry: "random.philox4x32-10")),
            ("| perturbations |", cost.energy(ofEntry: "perturbation")),
            ("| MACs |", cost.energy(ofEntry: "mac.int8")),
            ("| array registers |", cost.energy(ofEntry: "register")),
            ("| SRAM leakage |", cost.energy(of: .leakage)),
            ("| **sum** |", cost.energy),
        ]
        for (row, energy) in rows {
            let line = page.split(separator: "\n").last { $0.hasPrefix(row) }
            let printed = String(format: "%.3f", energy.picojoules / 1e6)
            #expect(line?.contains(printed) == true, "\(row) \(printed)")
        }
    }

    /// An independent reader of cost.json, in another language, comes to the same bits.
    @Test func pythonRecomputesTheSameBits() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "recompute_cost.py")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("cost-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let machine = try edge()
        let step = try cost(sampleCounts(), on: machine)
        func run() throws -> Int32? {
            let python = Process()
            python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            python.arguments = ["python3", script.path, file.path]
            python.standardOutput = FileHandle.nullDevice
            python.standardError = FileHandle.nullDevice
            try python.run()
            python.waitUntilExit()
            return python.terminationStatus == 127 ? nil : python.terminationStatus
        }
        try JSONEncoder().encode(step).write(to: file)
        guard let status = try run() else {
            if ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1" { Issue.record("python3 is missing") }
            print("skipped: no python3; apt-get install python3")
            return
        }
        #expect(status == 0)
        let comparison = Comparison(
            zerothOrder: step, firstOrder: .success(step),
            energyTable: try EnergyTable.load(for: machine, from: library))
        try JSONEncoder().encode(comparison).write(to: file)
        #expect(try run() == 0)
        // The script can fail: a count changed by one.
        let text = String(decoding: try JSONEncoder().encode(step), as: UTF8.self)
        #expect(text.contains("1000003"))
        try text.replacingOccurrences(of: "1000003", with: "1000004").write(to: file, atomically: true, encoding: .utf8)
        #expect(try run() == 1)
    }
}
