/// How far the rows of a tile have come that are worked on in segments: phase after phase, segment after segment, ascending. The order of additions rests on it
/// (docs/semantics.md, section 3).
///
/// What a phase has seen leaves no trace in the bytes of the chip, so that a segment that is left out or comes twice has to be told by this.
struct RowProgress {
    /// What is left to do for an operation's rows.
    struct Shape: Equatable {
        /// Elements of a row.
        let elements: Int
        /// By phase: whether a command follows its last segment.
        let ends: [Bool]
    }

    private var shape: Shape?
    private var outer = 0
    private var first = 0
    private var phase = 0
    private var element = 0

    /// Whether no row has been begun and not ended.
    var isBetweenRows: Bool { phase == 0 && element == 0 }

    /// A segment of `count` elements, from `element` on.
    ///
    /// - Throws: `segmentOutOfTurn`, `segmentOfOtherRows`.
    mutating func segment(
        _ shape: Shape, outer: Int, first: Int, phase: Int, element: Int, count: Int
    ) throws(TileError.Fault) {
        if isBetweenRows { (self.shape, self.outer, self.first) = (shape, outer, first) }
        try check(shape, outer, first, phase, element)
        guard phase < shape.ends.count, count > 0, element + count <= shape.elements else {
            throw .sizesDiffer(what: "elements of a row", found: element + count, needed: shape.elements)
        }
        self.element += count
        if self.element == shape.elements, !shape.ends[phase] { next() }
    }

    /// The command behind a phase's last segment.
    ///
    /// - Throws: as `segment`.
    mutating func end(_ shape: Shape, outer: Int, first: Int, phase: Int) throws(TileError.Fault) {
        try check(shape, outer, first, phase, shape.elements)
        next()
    }

    /// - Throws: `segmentOutOfTurn` where rows were left before their end.
    func finish() throws(TileError.Fault) {
        guard isBetweenRows else {
            throw .segmentOutOfTurn(phase: 0, element: 0, neededPhase: phase, neededElement: element)
        }
    }

    private func check(
        _ shape: Shape, _ outer: Int, _ first: Int, _ phase: Int, _ element: Int
    ) throws(TileError.Fault) {
        guard phase == self.phase, element == self.element else {
            throw .segmentOutOfTurn(
                phase: phase, element: element, neededPhase: self.phase, neededElement: self.element)
        }
        guard self.shape == shape, outer == self.outer, first == self.first else {
            throw .segmentOfOtherRows(outer: outer, first: first, neededOuter: self.outer, neededFirst: self.first)
        }
    }

    private mutating func next() {
        (phase, element) = (phase + 1, 0)
        if phase == shape?.ends.count { phase = 0 }
    }
}
