import Hardware
import ProgramFixtures

/// A machine of random sizes whose numbers can be changed one by one.
struct RandomMachine {
    enum Memory: String, CaseIterable { case weight, activation, accumulator, unified }

    /// One on-chip memory.
    struct Bank {
        var bytes: Int
        var banks = 4
        var wordBits = 64
        var ports: Int
    }

    var dataflow: MatrixArray.Dataflow
    var rows: Int
    var columns: Int
    var doubleBuffered: Bool
    var lanes: Int
    var perturbationsPerCycle: Int
    var updatesPerCycle: Int
    var dmaBytesPerCycle: Int
    var bandwidth: Int
    var latency: Int
    var burst: Int
    var rowMiss: Int
    /// Formats by kind of layer, and where perturbations happen, as overrides.
    var others: [String]
    /// `unified` alone, or the three others.
    var memories: [Memory: Bank]

    /// - Parameter flat: bytes move one by one and all at the same speed: bursts of one byte, no row misses.
    init(_ random: inout SplitMix, flat: Bool = false) {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!
        (rows, columns) = (pick([1, 3, 4, 8, 16]), pick([1, 2, 4, 8, 16]))
        doubleBuffered = Bool.random(using: &random)
        lanes = pick([1, 4, 7, 32])
        (perturbationsPerCycle, updatesPerCycle) = (pick([1, 5, 32]), pick([1, 5, 32]))
        dmaBytesPerCycle = pick([4, 16, 32])
        bandwidth = pick([1, 5, 19])
        latency = pick([0, 20, 100])
        (burst, rowMiss) = flat ? (1, 0) : (pick([16, 32, 128]), pick([0, 36]))
        others = Fixture.randomFormats(&random)
        let (place, isShared) = [("on-load", false), ("on-load", true), ("in-place", false)].randomElement(
            using: &random)!
        others += [
            "organisation.perturbationUnit.placement=\(place)", "organisation.perturbationUnit.sharedFetch=\(isShared)",
        ]
        if pick([0, 1, 2]) == 0 {
            memories = [.unified: Bank(bytes: pick([16384, 65536, 262_144]), ports: pick([1, 2]))]
        } else {
            memories = [
                .weight: Bank(bytes: pick([2048, 4096, 65536]), ports: pick([1, 2])),
                .activation: Bank(bytes: pick([1024, 2048, 4096, 16384, 32768, 262_144]), ports: pick([1, 2])),
                .accumulator: Bank(bytes: pick([1024, 4096, 65536]), ports: pick([1, 2])),
            ]
        }
    }

    /// The same with memories filled up to whole words of all banks.
    func wholeWords() -> RandomMachine {
        var result = self
        for (memory, bank) in memories {
            let row = bank.banks * bank.wordBits / 8
            result.memories[memory]!.bytes = (bank.bytes + row - 1) / row * row
        }
        return result
    }

    func machine() throws -> Machine {
        let sram = Memory.allCases.compactMap { memory in
            memories[memory].map {
                "\(memory.rawValue): {bytes: \($0.bytes), banks: \($0.banks), wordBits: \($0.wordBits), ports: \($0.ports)}"
            }
        }
        return try Fixture.machine(
            others + [
                "organisation.array.dataflow=\(dataflow.rawValue)", "organisation.array.rows=\(rows)",
                "organisation.array.columns=\(columns)", "organisation.array.doubleBuffered=\(doubleBuffered)",
                "organisation.vectorUnit.lanes=\(lanes)",
                "organisation.perturbationUnit.perturbationsPerCycle=\(perturbationsPerCycle)",
                "organisation.perturbationUnit.updatesPerCycle=\(updatesPerCycle)",
                "organisation.dma.bytesPerCycle=\(dmaBytesPerCycle)",
                "organisation.dram.bandwidthGigabytesPerSecond=\(bandwidth)",
                "organisation.dram.latencyNanoseconds=\(latency)", "organisation.dram.burstBytes=\(burst)",
                "organisation.dram.rowMissNanoseconds=\(rowMiss)",
                "organisation.sram={\(sram.joined(separator: ", "))}",
            ])
    }
}
