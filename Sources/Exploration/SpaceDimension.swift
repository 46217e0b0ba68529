/// Something that varies: a field, or several that move together.
public struct SpaceDimension: Sendable {
    /// What a value is given to.
    public enum Field: Sendable, Hashable {
        case setting(StepSetting)
        /// A field of the machine by its full path.
        case machine(path: String)

        /// Its column in the results.
        public var name: String {
            switch self {
            case .setting(let setting): setting.rawValue
            case .machine(let path): path
            }
        }
    }

    public let fields: [Field]
    /// By choice, by field.
    public let choices: [[FieldValue]]

    /// Whether choices are numbers, each above or below the one before it throughout: a step to a neighbour means a small change.
    public var isOrdered: Bool {
        let numbers = choices.map { $0[0].number }
        guard numbers.allSatisfy({ $0 != nil }) else { return false }
        let pairs = zip(numbers, numbers.dropFirst())
        return pairs.allSatisfy { $0! < $1! } || pairs.allSatisfy { $0! > $1! }
    }

    /// What tables call it.
    public var name: String { fields.map(\.name).joined(separator: " + ") }
}
