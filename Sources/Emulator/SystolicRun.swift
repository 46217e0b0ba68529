import Kernels
import NumberFormats

/// One command on its way through an array, beat by beat (docs/semantics.md, section 11): what enters at the edges, and the accumulator memory.
///
///     let run = SystolicRun(command, operands, on: array)
///     while run.step() { … run.array[row, column] … }
///     … run.memory(row, column) …
///
/// An object, because it moves the registers of an array, which is one. A run that is not finished leaves the array in the middle of a command: reset it before the next.
public final class SystolicRun {
    /// How elements are moved. All ways give the same registers.
    public enum Path: Hashable, Sendable, CaseIterable {
        /// Element by element, with the references of the accumulators.
        case reference
        /// Sixteen columns at once for integers, with tables for floating-point formats of at most 8 bits; the reference for wider ones.
        case fastest
    }

    /// The array.
    public let array: SystolicArray
    /// What it computes.
    public let command: SystolicCommand
    /// When.
    public let schedule: SystolicSchedule
    /// Beats done: the registers are those at the end of beat `beat` − 1.
    public var beat: Int { edges.beat }

    private let path: Path
    private var edges: ArrayEdges

    /// A command at its beginning; no beat is done.
    ///
    /// - Parameters:
    ///   - command: made for the array's shape.
    ///   - operands: made for the command.
    ///   - array: after reset, or after whole commands.
    ///   - path: how elements are moved.
    public init(
        _ command: SystolicCommand, _ operands: SystolicOperands, on array: SystolicArray, path: Path = .fastest
    ) {
        let shape = array.shape
        precondition(
            operands.columnWords.count == command.columnWords(on: shape) * shape.columns * shape.lanes
                && operands.rowWords.count == command.allFolds * command.beats * shape.rows * shape.lanes,
            "command and operands are for another shape of array")
        self.array = array
        self.command = command
        self.path = path
        schedule = command.schedule(on: shape)
        edges = ArrayEdges(command, operands, on: shape)
    }

    /// The accumulator memory's word below a column: the sum so far of an output row, as `MACStep` has sums.
    ///
    /// - Parameters:
    ///   - row: 0…GT − 1, tile after tile: m in weight-stationary, n in input-stationary commands; in output-stationary ones m, 0…GR − 1.
    ///   - column: 0…C − 1.
    public func memory(_ row: Int, _ column: Int) -> UInt128 { edges.memory[row * array.shape.columns + column] }

    /// The word of output C[m, n].
    public func sum(m: Int, n: Int) -> UInt128 {
        let (row, column) = command.dataflow == .inputStationary ? (n, m) : (m, n)
        let (group, place) = column.quotientAndRemainder(dividingBy: array.shape.columns)
        return memory(group * command.outputRows(on: array.shape) + row, place)
    }

    /// Output C[m, n]: an integer's two's complement, or an FP32 code.
    public func result(m: Int, n: Int) -> UInt32 { command.step.result(sum(m: m, n: n)) }

    /// Does one beat.
    ///
    /// At the end of the last one the memory takes the last sum, too, which in hardware it does one beat later.
    ///
    /// - Returns: false where none was left.
    public func step() -> Bool {
        guard edges.beat < schedule.cycles else { return false }
        edges.step(array, path)
        return true
    }

    /// Does all beats that are left.
    public func finish() {
        while step() {}
    }

    /// Does all beats that are left.
    ///
    /// - Parameter observe: called at the end of each.
    public func finish(_ observe: (SystolicRun) throws -> Void) rethrows {
        while step() { try observe(self) }
    }
}
