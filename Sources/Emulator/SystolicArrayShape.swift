import NumberFormats

/// A systolic array as it is built: rows and columns of processing elements, and what each of them does in a beat (docs/semantics.md, section 11).
///
/// These are the parameters of `hwmodels/rtl/array_tile`; everything else is a command's.
public struct SystolicArrayShape: Hashable, Sendable {
    /// Which sums its multiply-accumulate units form.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case integer, sequential, grouped, aligned, exact

        /// The kind that an accumulator needs.
        public init(_ accumulator: ProductAccumulator) {
            self =
                switch accumulator {
                case .integer: .integer
                case .sequential: .sequential
                case .grouped: .grouped
                case .aligned: .aligned
                case .exact: .exact
                }
        }

        /// Bits of a sum's register.
        public var sumBits: Int { self == .exact ? FixedPointSum.width : 32 }
    }

    /// Rows R of elements, 1…4096.
    public let rows: Int
    /// Columns C of elements, 1…4096.
    public let columns: Int
    /// Bytes of codes that an element takes from its left neighbour in a beat, and from its upper one, 1…2048.
    public let lanes: Int
    /// Which sums its elements form.
    public let kind: Kind

    /// An array.
    ///
    /// - Throws: `SystolicArrayError.outOfRange`.
    public init(rows: Int, columns: Int, lanes: Int = 1, kind: Kind) throws(SystolicArrayError) {
        for (name, value, limit) in [("rows", rows, 4096), ("columns", columns, 4096), ("lanes", lanes, 2048)]
        where value < 1 || value > limit {
            throw .outOfRange(name, value: value, allowed: 1...limit)
        }
        if kind == .sequential, lanes > 2 {
            throw .outOfRange("lanes of sequential sums", value: lanes, allowed: 1...2)
        }
        self.rows = rows
        self.columns = columns
        self.lanes = lanes
        self.kind = kind
    }

    /// Bits of all registers of one element, as `ProcessingElement` lists them.
    public var elementBits: Int { 4 * 8 * lanes + 3 * kind.sumBits + 5 }
}
