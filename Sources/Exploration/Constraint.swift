/// A comparison that a point's numbers have to meet.
public struct Constraint: Sendable {
    enum Comparison: String, Sendable, CaseIterable {
        case atMost = "<="
        case atLeast = ">="
        case equal = "=="
        case different = "!="
        case below = "<"
        case above = ">"
    }

    indirect enum Expression: Sendable {
        case number(Double)
        case field(SpaceNumbers.Source, ifMissing: Double?)
        case sum(Expression, Expression)
        case difference(Expression, Expression)
        case product(Expression, Expression)
        case quotient(Expression, Expression)

        /// NaN where a point lacks a number.
        func value(_ choices: [Int]) -> Double {
            switch self {
            case .number(let value): value
            case .field(let source, let missing): source.value(choices) ?? missing ?? .nan
            case .sum(let a, let b): a.value(choices) + b.value(choices)
            case .difference(let a, let b): a.value(choices) - b.value(choices)
            case .product(let a, let b): a.value(choices) * b.value(choices)
            case .quotient(let a, let b): a.value(choices) / b.value(choices)
            }
        }
    }

    /// As the file has it.
    public let text: String
    let left: Expression
    let comparison: Comparison
    let right: Expression

    /// Whether it holds at a point; it does not where a number is missing.
    func holds(_ choices: [Int]) -> Bool {
        let (a, b) = (left.value(choices), right.value(choices))
        guard !a.isNaN, !b.isNaN else { return false }
        switch comparison {
        case .atMost: return a <= b
        case .atLeast: return a >= b
        case .equal: return a == b
        case .different: return a != b
        case .below: return a < b
        case .above: return a > b
        }
    }
}
