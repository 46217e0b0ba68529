import Hardware
import Networks
import ProgramFixtures
import Testing
import Timing

@testable import Programs

/// One product in SCALE-Sim's form, in ours, and as a scheduled run: the table of docs/validation.md.
@Suite struct ScaleSimComparison {
    struct Row: Sendable {
        let dataflow: ScaleSimDataflow
        let rows: Int
        let columns: Int
        let m: Int
        let k: Int
        let n: Int
        /// Cycles of the array as one command, without and with overlapping folds.
        let plain: Int
        let overlapped: Int
        /// A scheduled run: cycles for which the array is busy, and from start to end.
        let busy: Int
        let run: Int
    }

    static let table: [Row] = [
        Row(
            dataflow: .weightStationary, rows: 32, columns: 32, m: 64, k: 256, n: 256, plain: 10112, overlapped: 4190,
            busy: 4378, run: 7532),
        Row(
            dataflow: .weightStationary, rows: 32, columns: 32, m: 64, k: 768, n: 768, plain: 91008, overlapped: 36958,
            busy: 37992, run: 43048),
        Row(
            dataflow: .weightStationary, rows: 32, columns: 32, m: 1, k: 768, n: 768, plain: 54720, overlapped: 18495,
            busy: 19188, run: 22459),
        Row(
            dataflow: .weightStationary, rows: 16, columns: 16, m: 33, k: 65, n: 17, plain: 790, overlapped: 376,
            busy: 376, run: 804),
        Row(
            dataflow: .weightStationary, rows: 128, columns: 128, m: 129, k: 1000, n: 1003, plain: 32704,
            overlapped: 8638,
            busy: 11312, run: 73292),
        Row(
            dataflow: .inputStationary, rows: 32, columns: 32, m: 64, k: 768, n: 768, plain: 41376, overlapped: 36958,
            busy: 37992, run: 43048),
        Row(
            dataflow: .inputStationary, rows: 32, columns: 64, m: 127, k: 257, n: 511, plain: 11466, overlapped: 9324,
            busy: 9702, run: 22307),
        Row(
            dataflow: .outputStationary, rows: 32, columns: 32, m: 64, k: 256, n: 256, plain: 5600, overlapped: 4190,
            busy: 4378, run: 7532),
        Row(
            dataflow: .outputStationary, rows: 128, columns: 128, m: 129, k: 1000, n: 1003, plain: 22112,
            overlapped: 16382,
            busy: 19056, run: 74488),
    ]

    /// edge-int8 with another array, ports that give and take what it moves in a beat, and buffers of 256 KiB for tiles.
    private func machine(_ row: Row, doubleBuffered: Bool) throws -> Machine {
        let dataflow: MatrixArray.Dataflow =
            switch row.dataflow {
            case .weightStationary: .weightStationary
            case .inputStationary: .inputStationary
            case .outputStationary: .outputStationary
            }
        return try Fixture.machine([
            "organisation.array.rows=\(row.rows)", "organisation.array.columns=\(row.columns)",
            "organisation.array.dataflow=\(dataflow.rawValue)",
            "organisation.array.doubleBuffered=\(doubleBuffered)", "organisation.sram.weight.wordBits=1024",
            "organisation.sram.accumulator.wordBits=2048",
        ])
    }

    @Test(arguments: table)
    func theTableOfTheValidationPageHolds(row: Row) throws {
        let scaleSim = try ScaleSimProduct(
            m: row.m, k: row.k, n: row.n, rows: row.rows, columns: row.columns, dataflow: row.dataflow)
        let machine = try machine(row, doubleBuffered: true)
        let (plain, array) = (
            try ArrayModel(self.machine(row, doubleBuffered: false), .int8), try ArrayModel(machine, .int8)
        )
        #expect(array.beat == 1 && array.preloadCycles == row.rows)
        let folds = array.folds(m: row.m, n: row.n, k: row.k)
        let stream = array.stream(m: row.m, n: row.n, k: row.k)
        let one = plain.cycles(folds: folds, stream: stream)
        // SCALE-Sim reads the sums of an output-stationary fold out in one beat; ours leave a row at a time.
        let drain = row.dataflow == .outputStationary ? folds * row.rows : 0
        #expect(one == scaleSim.computeCycles + drain)
        #expect(one == row.plain)
        #expect(array.cycles(folds: folds, stream: stream) == row.overlapped)

        let scheduled = try TimingModel.schedule(
            GEMMTopology(name: "product", m: row.m, n: row.n, k: row.k), on: machine, objective: .latency)
        let timing = try TimingModel.time(scheduled)
        #expect(timing.busyCycles[.array] == row.busy)
        #expect(timing.cycles == row.run)
        let counts = try scheduled.totalCounts()
        #expect(counts.macs == [.int8: row.m * row.k * row.n])
        // Sums stay on the chip: each result is stored once.
        #expect(counts.dramWritten.useful == 4 * row.m * row.n && counts.dramWritten.refetch == 0)
    }
}
