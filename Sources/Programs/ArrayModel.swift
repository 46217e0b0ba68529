import Hardware
import NumberFormats

/// Cycles of a skewed weight-stationary array (docs/architecture.md, "Cycles of the array").
///
/// The array moves in beats. A beat is one cycle where an element does at least one MAC a cycle, 1/rate cycles where it needs
/// several, and longer where the activation or accumulator buffer's ports are too narrow for a row of operands or for sums
/// read and written. With p > 1 MACs a cycle an element holds p weights along k.
public struct ArrayModel: Sendable, Hashable {
    public let rows: Int
    public let columns: Int
    /// Depth along k of one fold.
    public let depth: Int
    /// Cycles a beat.
    public let beat: Int
    /// Beats from one fold's weights to the next's, at least.
    public let preloadBeats: Int
    public let doubleBuffered: Bool
    /// MACs of one element in one cycle, over 64.
    let rateOver64: Int
    let operandBits: Int

    public init(_ machine: Machine, _ format: ElementFormat) throws(HardwareError) {
        let organisation = machine.organisation
        let rate = try machine.macsPerCyclePerElement(format)
        let packed = max(1, Int(rate))
        let bytes = format.bits / 8
        rows = organisation.array.rows
        columns = organisation.array.columns
        depth = rows * packed
        let unit = rate >= 1 ? 1 : Int(1 / rate)
        let operands = ceilingDivision(depth * bytes, organisation.sram.activation.readBytesPerCycle)
        let sums = organisation.sram.accumulator.cycles(read: 4 * columns, written: 4 * columns)
        beat = roundUp(max(unit, operands, sums), to: unit)
        let weights = ceilingDivision(depth * columns * bytes, organisation.sram.weight.readBytesPerCycle)
        preloadBeats = max(rows, ceilingDivision(weights, beat))
        doubleBuffered = organisation.array.doubleBuffered
        rateOver64 = Int(rate * 64)
        operandBits = format.bits
    }

    /// Folds of a [k, n] tile.
    public func folds(k: Int, n: Int) -> Int { ceilingDivision(k, depth) * ceilingDivision(n, columns) }

    /// Cycles from the first weight into the array to the last sum out of it, for `folds` folds of `m` streamed rows.
    public func cycles(folds: Int, m: Int) -> Int {
        let stream = m + rows + columns - 2
        if doubleBuffered {
            return beat * (preloadBeats + stream + (folds - 1) * max(m, preloadBeats))
        }
        return beat * folds * (preloadBeats + stream)
    }

    public func cycles(_ block: FoldBlock) -> Int {
        cycles(folds: block.instances * folds(k: block.k, n: block.n), m: block.m)
    }

    /// MACs that the elements could have done in `cycles`.
    public func slots(cycles: Int) -> Int { cycles * rows * columns * rateOver64 / 64 }

    /// Bits written in the elements' registers, idle elements not clocked: operand and sum for each MAC, and each weight on its
    /// way down its column.
    public func registerBits(_ block: FoldBlock) -> Int {
        let folds = block.instances * folds(k: block.k, n: block.n)
        return block.macs * (operandBits + 32) + folds * (rows + 1) * depth / 2 * columns * operandBits
    }
}
