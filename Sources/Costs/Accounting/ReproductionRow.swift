/// A published figure beside the one that comes out of counting, with everything that was assumed.
public struct ReproductionRow: Sendable, Encodable {
    /// What can be said of a figure.
    public enum Status: String, Sendable, Encodable {
        /// Comes out, and every assumption is the paper's.
        case reproduced
        /// Comes out under assumptions that the paper was not seen to make; none was chosen for it.
        case comesOutAsInferred = "comes out as inferred"
        /// Comes out because assumptions were chosen for it.
        case consistent = "consistent with, not reproduced"
        /// A bound that counting bears out.
        case holds
        case doesNotComeOut = "does not come out"
        case boundFails = "does not hold by counting"
        /// Plain counting has nothing to say.
        case notCounted = "not counted"
    }

    /// The same figure when one choice is made otherwise.
    public struct Neighbour: Sendable, Encodable {
        public let name: String
        public let computed: Double
        public let unit: String
        public let measure: Measure
        /// Whether it still bears the published figure out.
        public let fits: Bool
        public let sides: [MemoryAccount]
    }

    /// The values of one fitted number for which the computed figure rounds to the published one.
    public struct Interval: Sendable, Hashable, Encodable {
        /// Name of the factor in the terms.
        public let factor: String
        public let lowest: Int
        public let highest: Int
        /// The value that the row uses.
        public let used: Int
    }

    /// The values for which several figures round to the published ones at once.
    public struct JointInterval: Sendable, Hashable, Encodable {
        public let claims: [String]
        public let factor: String
        public let lowest: Int
        public let highest: Int
    }

    public let claim: String
    public let summary: String
    public let source: String
    public let published: Double
    public let decimals: Int
    public let relation: PublishedFigure.Claim
    /// Nil where nothing can be counted.
    public let computed: Double?
    public let unit: String
    public let measure: Measure
    public let differencePercent: Double?
    public let status: Status
    public let assumptions: [Assumption]
    /// Statements of the assumptions that the paper was not seen to make.
    public let inferred: [String]
    /// How many of them there are: the choices that were free.
    public let freeChoices: Int
    public let sides: [MemoryAccount]
    public let neighbours: [Neighbour]
    public let interval: Interval?
    public let jointInterval: JointInterval?
    /// What else a reader has to know.
    public let notes: [String]
    public let allocator: AllocatorFigure?

    enum CodingKeys: String, CodingKey {
        case claim, summary, source, published, decimals, relation, computed, unit, measure
        case differencePercent = "difference_percent"
        case status, assumptions, inferred
        case freeChoices = "free_choices"
        case sides, neighbours, interval
        case jointInterval = "joint_interval"
        case notes, allocator
    }

    /// Every key is there, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var row = encoder.container(keyedBy: CodingKeys.self)
        try row.encode(claim, forKey: .claim)
        try row.encode(summary, forKey: .summary)
        try row.encode(source, forKey: .source)
        try row.encode(published, forKey: .published)
        try row.encode(decimals, forKey: .decimals)
        try row.encode(relation, forKey: .relation)
        try row.encode(computed, forKey: .computed)
        try row.encode(unit, forKey: .unit)
        try row.encode(measure, forKey: .measure)
        try row.encode(differencePercent, forKey: .differencePercent)
        try row.encode(status, forKey: .status)
        try row.encode(assumptions, forKey: .assumptions)
        try row.encode(inferred, forKey: .inferred)
        try row.encode(freeChoices, forKey: .freeChoices)
        try row.encode(sides, forKey: .sides)
        try row.encode(neighbours, forKey: .neighbours)
        try row.encode(interval, forKey: .interval)
        try row.encode(jointInterval, forKey: .jointInterval)
        try row.encode(notes, forKey: .notes)
        try row.encode(allocator, forKey: .allocator)
    }
}
