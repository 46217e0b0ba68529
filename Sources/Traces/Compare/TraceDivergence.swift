/// The first event in which two logs differ, and what led there.
public struct TraceDivergence: Codable, Hashable, Sendable {
    /// How they differ.
    public enum Kind: String, Codable, Hashable, Sendable {
        /// An element of a field.
        case value
        case flags
        case cycles
        /// Another event stands there.
        case event
        /// The other log has no more events, of the unit where units are compared one by one.
        case missing
        /// The other log has an event that the golden one has not.
        case extra
    }

    /// An element and its neighbours.
    public struct Value: Codable, Hashable, Sendable {
        public let field: String
        /// What `tN` is.
        public let tensor: String?
        /// Where in the field the values begin.
        public let index: [Int]
        /// In the digits of the log.
        public let values: [String]
        /// Values that were left out behind these.
        public let more: Int
    }

    public var kind: Kind
    public var unit: String
    public var event: String
    public var sequence: Int?
    public var otherSequence: Int?
    /// First and last cycle.
    public var cycles: [Int]?
    public var otherCycles: [Int]?
    public var operation: Int
    public var operationName: String
    public var pass: String
    /// Such as `m 96…127, n 64…127, k 0…95`.
    public var tile: String
    public var field: String?
    /// `i`, `r` or `o`.
    public var role: String?
    public var tensor: String?
    public var format: String?
    public var index: [Int]?
    public var lane: Int?
    /// The lowest of the bits that differ, and all of them.
    public var bit: Int?
    public var bits: String?
    public var golden: String?
    public var other: String?
    /// Elements of the field that differ, of how many, and in which lanes, at most 16.
    public var differing: Int?
    public var elements: Int?
    public var lanes: [Int]?
    /// Other fields of the event that differ, too.
    public var otherFields: [String] = []
    /// Whether what the command read or drew is the same in both.
    public var inputsAgree: Bool?
    /// What the golden element was made of, as far as fields have it at the same place.
    public var inputs: [Value] = []
    /// The unit's events before, the last one last.
    public var before: [String] = []
}
