import Hardware
import NumberFormats

/// A stream whose pieces are worked on in segments, since a whole one does not fit the chip: phases over the segments of a piece, with what
/// passes from one phase to the next held on the chip.
///
/// The sixteen partial sums of a reduction (docs/semantics.md, section 3) are such a state: segments begin at multiples of sixteen elements and
/// come in ascending order, so every addition is that of the whole row.
struct RowPlan {
    /// How one operand of the stream is brought.
    enum Role: Hashable {
        /// Once for the operation: the update's multiplier.
        case once
        /// An element for each example, the same in both passes: lengths.
        case perExample
        /// A whole piece with each tile of rows: row numbers, labels, scales, lists.
        case whole
        /// Segments of each piece.
        case along
        /// One row that stands beside every piece, or every one of an outer index, by segments: norm weights.
        case beside
        /// A result that stays in the vector unit to the operation's end.
        case running
    }

    /// One way over a piece.
    struct Phase {
        /// Places in `plan.operands`.
        var reads: [Int]
        var writes: [Int] = []
        /// Before a piece's first element.
        var begin = VectorWork()
        /// For an element.
        var work = VectorWork()
        /// Behind a piece's last element; nil where nothing is left to do.
        var end: VectorWork?
        /// Whole results that the end writes.
        var results: [Int] = []
        /// What is there for the example, which the end reads.
        var endReads: [Int] = []
    }

    /// Pieces, with their outer strides.
    var plan: StreamPlan
    /// By operand of `plan`.
    var roles: [Role]
    /// Elements of a piece: what segments are cut from.
    let elements: Int
    /// Segments begin at multiples of it.
    let granule: Int
    /// Bytes that pass from segment to segment and from phase to phase, for each piece.
    let carriedBytes: Int
    let phases: [Phase]
    /// Examples, after which `perExample` operands are read again: a divisor of `plan.outer`.
    var examples: Int

    /// Partial sums of a reduction.
    static let lanes = 16
    /// FP32.
    static let wordBytes = 4

    /// Everything in one phase, as the whole piece is on the chip.
    var whole: Phase {
        func places(_ isWrite: Bool) -> [Int] {
            plan.operands.indices.filter {
                plan.operands[$0].isWrite == isWrite && [.along, .beside].contains(roles[$0])
            }
        }
        return Phase(reads: places(false), writes: places(true))
    }

    /// Bytes of `segment` elements of one piece of an operand that is cut into segments.
    func segmentBytes(_ place: Int, _ segment: Int) -> Int {
        let operand = plan.operands[place]
        // An element is a run, or a number of bits of the one run.
        guard operand.innerCount == 1 else { return segment * operand.unitBytes }
        return ceilingDivision(segment * (operand.unitBytes * 8 / elements), 8)
    }

    /// Bytes of an operand on the chip, for `segment` elements of `size` pieces.
    func tileBytes(_ place: Int, size: Int, segment: Int) -> Int {
        let operand = plan.operands[place]
        switch roles[place] {
        case .once, .perExample, .running: return operand.unitBytes
        case .whole: return size * operand.unitBytes * operand.innerCount
        case .along: return size * segmentBytes(place, segment)
        case .beside: return segmentBytes(place, segment)
        }
    }

    /// `start` elements into a piece, in bytes of the tensor.
    func offset(_ place: Int, _ start: Affine) -> Affine {
        let operand = plan.operands[place]
        guard operand.innerCount == 1 else { return start.scaled(by: operand.innerPitch) }
        return Affine(segmentBytes(place, start.base), strides: start.strides.map { segmentBytes(place, $0) })
    }
}
