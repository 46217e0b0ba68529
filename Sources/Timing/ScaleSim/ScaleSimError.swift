/// Why SCALE-Sim's closed forms have no answer: one case a cause.
public enum ScaleSimError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A size that is not a size.
    case badSize(name: String, value: Int, allowed: ClosedRange<Int>)
    /// A column that 64 bits do not hold.
    case tooLarge(column: String, formula: String)
    /// A buffer so small beside the array that SCALE-Sim itself fails; `smallest` KiB would do.
    case bufferTooSmall(buffer: String, kibibytes: Int, smallest: Int, reason: String)

    public var description: String {
        switch self {
        case .badSize(let name, let value, let allowed):
            "\(name) is \(value), should be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .tooLarge(let column, let formula):
            "\(column) = \(formula) exceeds 64 bits (\(Int.max)); use a smaller M, K or N"
        case .bufferTooSmall(let buffer, let kibibytes, let smallest, let reason):
            "the \(buffer) buffer has \(kibibytes) KiB, should have at least \(smallest): \(reason)"
        }
    }
}
