/// A choice that a figure rests on.
public struct Assumption: Sendable, Hashable, Encodable {
    /// Where a choice comes from.
    public enum Origin: String, Sendable, Hashable, Encodable {
        /// The paper, its abstract or its figure says so.
        case stated
        /// Taken from released code, from what others say, or from what is usual; the paper was not seen to say it.
        case inferred
        /// Chosen because the published figure then comes out.
        case fitted
    }

    public let statement: String
    public let origin: Origin
    /// Where it is said, or why it is taken.
    public let source: String

    public static func stated(_ statement: String, _ source: String) -> Assumption {
        Assumption(statement: statement, origin: .stated, source: source)
    }

    public static func inferred(_ statement: String, _ source: String) -> Assumption {
        Assumption(statement: statement, origin: .inferred, source: source)
    }

    public static func fitted(_ statement: String, _ source: String) -> Assumption {
        Assumption(statement: statement, origin: .fitted, source: source)
    }
}
