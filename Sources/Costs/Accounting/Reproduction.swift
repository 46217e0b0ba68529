/// A published figure, the accounting that it is compared with, and what surrounds that accounting.
public struct Reproduction: Sendable {
    /// The same figure with one choice made otherwise.
    struct Variant: Sendable {
        let name: String
        /// Nil for the figure's own.
        let measure: Measure?
        let sides: [MemoryAccount]

        init(_ name: String, _ sides: MemoryAccount..., as measure: Measure? = nil) {
            self.name = name
            self.measure = measure
            self.sides = sides
        }
    }

    /// A number that was chosen, and the sides as a function of it; the figure must not fall as it grows.
    struct Search: Sendable {
        /// Name of the factor in the terms.
        let factor: String
        let used: Int
        let range: ClosedRange<Int>
        let sides: @Sendable (Int) -> [MemoryAccount]
    }

    public let figure: PublishedFigure
    let assumptions: [Assumption]
    /// Empty where nothing can be counted.
    let sides: [MemoryAccount]
    var variants: [Variant] = []
    var search: Search?
    /// The figures, this one among them, that one value of the search has to give.
    var joint: ReproductionRow.JointInterval?
    var notes: [String] = []
    var allocation: AllocatorRequest?

    init(
        _ figure: PublishedFigure, _ assumptions: [Assumption], _ sides: [MemoryAccount], variants: [Variant] = [],
        search: Search? = nil, notes: [String] = [], allocation: AllocatorRequest? = nil
    ) {
        self.figure = figure
        self.assumptions = assumptions
        self.sides = sides
        self.variants = variants
        self.search = search
        self.notes = notes
        self.allocation = allocation
    }

    /// The row, with what our own allocator gives for such a step.
    ///
    /// - Parameter allocate: lays a step out on a machine; its errors are passed on.
    public func row(allocate: (AllocatorRequest) throws -> AllocatorFigure) rethrows -> ReproductionRow {
        let computed = sides.isEmpty ? nil : figure.measure.value(sides)
        let free = assumptions.filter { $0.origin != .stated }
        return ReproductionRow(
            claim: figure.name, summary: figure.summary, source: figure.source, published: figure.value,
            decimals: figure.decimals, relation: figure.claim, computed: computed, unit: figure.measure.unit,
            measure: figure.measure, differencePercent: computed.map(figure.differencePercent),
            status: status(computed),
            assumptions: assumptions, inferred: free.map(\.statement), freeChoices: free.count, sides: sides,
            neighbours: variants.map(neighbour), interval: search.flatMap(interval), jointInterval: joint,
            notes: notes,
            allocator: try allocation.map(allocate))
    }

    private func status(_ computed: Double?) -> ReproductionRow.Status {
        guard let computed else { return .notCounted }
        guard figure.claim == .equals else { return figure.holds(computed) ? .holds : .boundFails }
        guard figure.holds(computed) else { return .doesNotComeOut }
        let origins = Set(assumptions.map(\.origin))
        return origins.contains(.fitted) ? .consistent : origins.contains(.inferred) ? .comesOutAsInferred : .reproduced
    }

    private func neighbour(_ variant: Variant) -> ReproductionRow.Neighbour {
        let measure = variant.measure ?? figure.measure
        let computed = measure.value(variant.sides)
        return .init(
            name: variant.name, computed: computed, unit: measure.unit, measure: measure, fits: figure.holds(computed),
            sides: variant.sides)
    }

    /// The numbers that round to the published figure, by bisection of both ends; nil where none does.
    func interval(_ search: Search) -> ReproductionRow.Interval? {
        let wanted = figure.lastPlaces(figure.value)
        /// The least number in the range, or one above it, for which `isBeyond` holds; it holds from some number on.
        func first(where isBeyond: (Int) -> Bool) -> Int {
            var (low, high) = (search.range.lowerBound, search.range.upperBound + 1)
            while low < high {
                let middle = (low + high) / 2
                if isBeyond(figure.lastPlaces(figure.measure.value(search.sides(middle)))) {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return low
        }
        let lowest = first { $0 >= wanted }
        let highest = first { $0 > wanted } - 1
        guard lowest <= highest else { return nil }
        return .init(factor: search.factor, lowest: lowest, highest: highest, used: search.used)
    }
}
