import Kernels
import NumberFormats

/// A systolic array, register by register (docs/semantics.md, section 11): its state at the end of a beat. `SystolicRun` moves it.
///
/// It is a class because it owns the registers' memory. Each register has a plane: a row of the plane for each row of elements and one above them for
/// what enters at the top, and left of column 0 a place for what enters from the left. So every element finds its inputs one place to the left and one row up.
public final class SystolicArray {
    /// Its rows, columns, lanes and sums.
    public let shape: SystolicArrayShape

    /// Elements of a plane's row: a margin, of which the last place is the left edge, and the columns, filled up to whole vectors.
    let stride: Int
    /// Elements of a plane.
    let planeSize: Int
    /// Width of the margin, and columns of a vector.
    static var margin: Int { 16 }

    /// Planes of codes, one behind the other for each lane.
    let a, shift, waiting, active: BytePlane
    /// Planes of bits, as `Flags` and `Inserts` number them.
    let flags, inserts: BytePlane
    let sum, accumulating, held: SumPlane
    /// What a column sees in this beat: all ones where it shifts, and where it fills.
    let shiftEnable, fill: BytePlane

    /// An array after reset.
    public init(_ shape: SystolicArrayShape) {
        self.shape = shape
        let vector = Self.margin
        stride = vector + (shape.columns + vector - 1) / vector * vector
        planeSize = (shape.rows + 1) * stride
        let codes = shape.lanes * planeSize
        (a, shift) = (BytePlane(count: codes), BytePlane(count: codes))
        (waiting, active) = (BytePlane(count: codes), BytePlane(count: codes))
        (flags, inserts) = (BytePlane(count: planeSize), BytePlane(count: planeSize))
        (shiftEnable, fill) = (BytePlane(count: stride), BytePlane(count: stride))
        let isWide = shape.kind.sumBits > 32
        sum = SumPlane(count: planeSize, isWide: isWide)
        accumulating = SumPlane(count: planeSize, isWide: isWide)
        held = SumPlane(count: planeSize, isWide: isWide)
    }

    /// Sets all registers to 0.
    public func reset() {
        for plane in [a, shift, waiting, active, flags, inserts, shiftEnable, fill] { plane.clear() }
        for plane in [sum, accumulating, held] { plane.clear() }
    }

    /// Place of an element's registers in a plane.
    func place(_ row: Int, _ column: Int) -> Int { (row + 1) * stride + Self.margin + column }

    /// The registers of the element in a row and a column.
    public subscript(row: Int, column: Int) -> ProcessingElement {
        precondition(row >= 0 && row < shape.rows && column >= 0 && column < shape.columns, "no such element")
        let i = place(row, column)
        func codes(_ plane: BytePlane) -> [UInt8] {
            (0..<shape.lanes).map { plane[$0 * planeSize + i] }
        }
        var element = ProcessingElement(lanes: 0)
        (element.a, element.shift, element.waiting, element.active) = (
            codes(a), codes(shift), codes(waiting), codes(active)
        )
        element.valid = flags[i] & Flags.valid != 0
        element.first = flags[i] & Flags.first != 0
        element.last = flags[i] & Flags.last != 0
        (element.accumulating, element.held, element.sum) = (accumulating[i], held[i], sum[i])
        element.insertEarly = inserts[i] & Inserts.early != 0
        element.insertLate = inserts[i] & Inserts.late != 0
        return element
    }

    /// Whether every register of both arrays holds the same.
    public func hasSameRegisters(as other: SystolicArray) -> Bool {
        guard shape == other.shape else { return false }
        return (0..<shape.rows).allSatisfy { row in
            (0..<shape.columns).allSatisfy { self[row, $0] == other[row, $0] }
        }
    }
}
