import Hardware
import Kernels
import NumberFormats
import Programs

/// The machine's array, register by register, for matmul commands of tiles (docs/semantics.md, section 11).
///
/// Every output tile of a command — instance by instance, and R rows by R rows in an output-stationary array — is one tile of a systolic command, so that folds
/// follow each other as the timing model has them. Sums of an earlier command stand in the accumulator memory; 32-bit sums wrap, so adding them there is their
/// re-entry.
final class RegisterArray {
    private let scheduled: ScheduledProgram
    /// By formats, as wide codes take wider elements.
    private var arrays: [SystolicArrayShape: SystolicArray] = [:]
    /// Cycles of all commands, as the timing model counts them, and how many commands there were.
    private(set) var cycles = 0
    private(set) var commands = 0

    init(_ scheduled: ScheduledProgram) { self.scheduled = scheduled }

    /// One matmul command: views have examples, heads and rows.
    ///
    /// - Throws: a fault where the array cannot execute it, or takes other cycles than the timing model says.
    func multiply(
        _ product: Product, _ block: FoldBlock, _ first: TileOperand, _ second: TileOperand, _ sums: TileOperand
    ) throws(TileError.Fault) {
        let beats: Int
        do throws(SystolicArrayError) {
            beats = try run(product, block, first, second, sums)
        } catch {
            throw .notOnArray(error.description)
        }
        let model = scheduled.model.array(block.format)
        let expected = model.cycles(block)
        // Narrow ports make a fold's operand come later than in R beats; the model counts that, the registers do not know of it.
        let isComparable = model.preloadCycles == model.beat * model.rows
        guard isComparable ? beats * model.beat == expected : beats * model.beat <= expected else {
            throw .cyclesDiffer(registers: beats * model.beat, model: expected)
        }
        cycles += expected
        commands += 1
    }

    /// A command at its beginning, and the command of one of its tiles.
    struct Prepared {
        let run: SystolicRun
        let one: SystolicCommand
        /// Rows of an instance that are one tile.
        let step: Int
    }

    /// Sets the array up for a command; nil for one of no instances.
    func prepare(
        _ product: Product, _ block: FoldBlock, _ first: TileOperand, _ second: TileOperand
    ) throws(SystolicArrayError) -> Prepared? {
        let model = scheduled.model.array(block.format)
        // Two INT4 codes on the wires of one INT8 code, where both operands have them.
        let isPacked = block.format == .int4 && model.codes % 2 == 0
        let shape = try SystolicArrayShape(
            rows: model.rows, columns: model.columns, lanes: isPacked ? model.codes / 2 : model.codes, kind: .integer)
        let array = arrays[shape] ?? SystolicArray(shape)
        arrays[shape] = array
        array.reset()
        let dataflow: SystolicCommand.Dataflow =
            switch model.dataflow {
            case .weightStationary: .weightStationary
            case .inputStationary: .inputStationary
            case .outputStationary: .outputStationary
            }
        let arithmetic = DotProduct(
            product.firstFormat, product.secondFormat, accumulator: .integer(bits: 32, overflow: .wrap), order: .reentry
        )
        // An output-stationary tile has at most R rows.
        let step = dataflow == .outputStationary ? model.rows : block.m
        var columnWords: [UInt8] = []
        var rowWords: [UInt8] = []
        var groups = 0
        var one: SystolicCommand?
        for instance in 0..<block.instances {
            let weights = codes(second, product.secondFormat, instance, 0..<block.n, block.k)
            for row in stride(from: 0, to: block.m, by: step) {
                let rows = row..<min(block.m, row + step)
                let command = try SystolicCommand(
                    m: rows.count, n: block.n, k: block.k, dataflow, arithmetic, isPacked: isPacked,
                    isDoubleBuffered: model.doubleBuffered, on: shape)
                let operands = try SystolicOperands(
                    activations: codes(first, product.firstFormat, instance, rows, block.k), weights: weights,
                    m: rows.count, n: block.n, k: block.k, for: command, on: shape)
                columnWords += operands.columnWords
                rowWords += operands.rowWords
                groups += command.groups
                one = command
            }
        }
        guard let one else { return nil }
        let command = try SystolicCommand(
            dataflow, arithmetic, isPacked: isPacked, isDoubleBuffered: model.doubleBuffered, beats: one.beats,
            folds: one.folds, groups: groups, rowsInLastFold: one.rowsInLastFold, on: shape)
        let run = SystolicRun(
            command, try SystolicOperands(columnWords: columnWords, rowWords: rowWords, for: command, on: shape),
            on: array)
        return Prepared(run: run, one: one, step: step)
    }

    private func run(
        _ product: Product, _ block: FoldBlock, _ first: TileOperand, _ second: TileOperand, _ sums: TileOperand
    ) throws(SystolicArrayError) -> Int {
        guard let prepared = try prepare(product, block, first, second) else { return 0 }
        let (run, one, step) = (prepared.run, prepared.one, prepared.step)
        let columns = run.array.shape.columns
        run.finish()
        let perTile = one.outputRows(on: run.array.shape)
        var tile = 0
        for instance in 0..<block.instances {
            for row in stride(from: 0, to: block.m, by: step) {
                for m in row..<min(block.m, row + step) {
                    let out = sums.pointer(
                        Int32.self, offset: sums.instance(instance) + m * sums.rowPitch)
                    for n in 0..<block.n {
                        let (line, column) = one.dataflow == .inputStationary ? (n, m - row) : (m - row, n)
                        let (group, place) = column.quotientAndRemainder(dividingBy: columns)
                        let word = run.memory((tile + group) * perTile + line, place)
                        let sum = Int32(truncatingIfNeeded: word)
                        out[n] = block.accumulates ? out[n] &+ sum : sum
                    }
                }
                tile += one.groups
            }
        }
        return run.schedule.cycles
    }

    /// Codes of some rows of an instance, row-major, as the array's words hold them.
    private func codes(
        _ operand: TileOperand, _ format: ElementFormat, _ instance: Int, _ rows: Range<Int>, _ k: Int
    ) -> [UInt32] {
        let mask = UInt32.max >> UInt32(32 - format.bits)
        return rows.flatMap { row in
            let start = operand.pointer(
                UInt8.self, offset: operand.instance(instance) + row * operand.rowPitch)
            return (0..<k).map { UInt32(start[$0]) & mask }
        }
    }
}
