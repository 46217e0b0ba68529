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
    static let margin = 16

    /// Bits of `flags`.
    static let (valid, first, last): (UInt8, UInt8, UInt8) = (1, 2, 4)
    /// Bits of `inserts`.
    static let (insertEarly, insertLate): (UInt8, UInt8) = (1, 2)

    let a, shift, waiting, active: AlignedBuffer<UInt8>
    let flags, inserts: AlignedBuffer<UInt8>
    let sum, accumulating, held: SumPlane
    /// What a column sees in this beat: all ones where it shifts, and where it fills.
    let shiftEnable, fill: AlignedBuffer<UInt8>
    /// Whether any column shifts or fills in this beat.
    var loads = false
    /// Beats until the last order to insert has left the array.
    var insertBeats = 0

    /// An array after reset.
    public init(_ shape: SystolicArrayShape) {
        self.shape = shape
        let vector = Self.margin
        stride = vector + (shape.columns + vector - 1) / vector * vector
        planeSize = (shape.rows + 1) * stride
        func codes(_ count: Int) -> AlignedBuffer<UInt8> { AlignedBuffer(count: count) }
        (a, shift) = (codes(shape.lanes * planeSize), codes(shape.lanes * planeSize))
        (waiting, active) = (codes(shape.lanes * planeSize), codes(shape.lanes * planeSize))
        (flags, inserts) = (codes(planeSize), codes(planeSize))
        (shiftEnable, fill) = (codes(stride), codes(stride))
        let isWide = shape.kind.sumBits > 32
        sum = SumPlane(count: planeSize, isWide: isWide)
        accumulating = SumPlane(count: planeSize, isWide: isWide)
        held = SumPlane(count: planeSize, isWide: isWide)
    }

    /// Sets all registers to 0.
    public func reset() {
        for plane in [a, shift, waiting, active, flags, inserts, shiftEnable, fill] {
            plane.elements.update(repeating: 0)
        }
        for plane in [sum, accumulating, held] { plane.clear() }
        loads = false
        insertBeats = 0
    }

    /// Place of an element's registers in a plane.
    func place(_ row: Int, _ column: Int) -> Int { (row + 1) * stride + Self.margin + column }

    /// The registers of the element in a row and a column.
    public subscript(row: Int, column: Int) -> ProcessingElement {
        precondition(row >= 0 && row < shape.rows && column >= 0 && column < shape.columns, "no such element")
        let i = place(row, column)
        func codes(_ plane: AlignedBuffer<UInt8>) -> [UInt8] {
            (0..<shape.lanes).map { plane[$0 * planeSize + i] }
        }
        var element = ProcessingElement(lanes: 0)
        (element.a, element.shift, element.waiting, element.active) = (
            codes(a), codes(shift), codes(waiting), codes(active)
        )
        element.valid = flags[i] & Self.valid != 0
        element.first = flags[i] & Self.first != 0
        element.last = flags[i] & Self.last != 0
        (element.accumulating, element.held, element.sum) = (accumulating[i], held[i], sum[i])
        element.insertEarly = inserts[i] & Self.insertEarly != 0
        element.insertLate = inserts[i] & Self.insertLate != 0
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

/// A plane of sums: their low 32 bits, and what `exact` has above.
struct SumPlane {
    let low: AlignedBuffer<UInt32>
    let high: AlignedBuffer<UInt64>

    init(count: Int, isWide: Bool) {
        low = AlignedBuffer(count: count)
        high = AlignedBuffer(count: isWide ? count : 0)
    }

    func clear() {
        low.elements.update(repeating: 0)
        high.elements.update(repeating: 0)
    }

    /// A whole sum.
    subscript(i: Int) -> UInt128 {
        get { UInt128(low[i]) | (high.count > 0 ? UInt128(high[i]) << 32 : 0) }
        nonmutating set {
            low.elements[i] = UInt32(truncatingIfNeeded: newValue)
            if high.count > 0 { high.elements[i] = UInt64(truncatingIfNeeded: newValue >> 32) }
        }
    }
}
