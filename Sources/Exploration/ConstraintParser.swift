import Hardware

/// Reads a constraint: `sum comparison sum`, where a sum is of products, a product of numbers, names and sums in parentheses.
///
///     constraint = sum ("<=" | ">=" | "==" | "!=" | "<" | ">") sum
///     sum        = product { ("+" | "-") product }
///     product    = factor { ("*" | "/") factor }
///     factor     = number [ "KiB" | "MiB" | "GiB" ] | name | "(" sum ")"
struct ConstraintParser {
    /// Parentheses deeper than this and more factors than this are refused, so that no text can exhaust the stack.
    private static let deepest = 32
    private static let most = 1000

    private let text: String
    private let bytes: [UInt8]
    private let names: SpaceNumbers
    private let problem: (_ what: String, _ remedy: String) -> ExplorationError
    private var position = 0
    private var depth = 0
    private var factors = 0

    init(
        _ text: String, names: SpaceNumbers, problem: @escaping (_ what: String, _ remedy: String) -> ExplorationError
    ) {
        self.text = text
        bytes = Array(text.utf8)
        self.names = names
        self.problem = problem
    }

    mutating func constraint() throws(ExplorationError) -> Constraint {
        let left = try sum()
        guard let comparison = Constraint.Comparison.allCases.first(where: { take($0.rawValue) }) else {
            throw unexpected("a comparison: <=, >=, ==, !=, < or >")
        }
        let right = try sum()
        skipBlanks()
        guard position == bytes.count else { throw unexpected("the end") }
        return Constraint(text: text, left: left, comparison: comparison, right: right)
    }

    private func unexpected(_ expected: String) -> ExplorationError {
        let rest = String(decoding: bytes[position...], as: UTF8.self)
        return problem(
            rest.isEmpty ? "ends too early" : "has '\(rest)' at column \(position + 1)", "expected \(expected)")
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
            position += 1
        }
    }

    private mutating func take(_ word: String) -> Bool {
        skipBlanks()
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func sum() throws(ExplorationError) -> Constraint.Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw problem("nests parentheses too deep", "use fewer") }
        var result = try product()
        while true {
            if take("+") {
                result = .sum(result, try product())
            } else if take("-") {
                result = .difference(result, try product())
            } else {
                return result
            }
        }
    }

    private mutating func product() throws(ExplorationError) -> Constraint.Expression {
        var result = try factor()
        while true {
            if take("*") {
                result = .product(result, try factor())
            } else if take("/") {
                result = .quotient(result, try factor())
            } else {
                return result
            }
        }
    }

    private mutating func factor() throws(ExplorationError) -> Constraint.Expression {
        factors += 1
        guard factors <= Self.most else {
            throw problem("has more than \(Self.most) numbers and names", "write a shorter one")
        }
        if take("(") {
            let inner = try sum()
            guard take(")") else { throw unexpected("')'") }
            return inner
        }
        let start = position
        while position < bytes.count, isWord(at: position, from: start) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let first = word.utf8.first else { throw unexpected("a number, a name or '('") }
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || first == UInt8(ascii: ".") else {
            return try name(word)
        }
        guard let number = Double(word), number.isFinite else {
            position = start
            throw unexpected("a number such as 64, 0.5 or 1 MiB")
        }
        for (unit, bytes) in [("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)] where take(unit) {
            return .number(number * bytes)
        }
        return .number(number)
    }

    /// Letters, digits, '.' and '_'; in a number also the sign of an exponent.
    private func isWord(at position: Int, from start: Int) -> Bool {
        let byte = bytes[position]
        let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
        if isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") { return true }
        let isNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start])
        // A unit may follow its number without a blank: 64KiB.
        if isNumber, isLetter { return byte | 0x20 == UInt8(ascii: "e") }
        let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
        if isSign { return isNumber && position > start && bytes[position - 1] | 0x20 == UInt8(ascii: "e") }
        return isLetter
    }

    private func name(_ word: String) throws(ExplorationError) -> Constraint.Expression {
        if let expression = names.expression(word) { return expression }
        if word == StepSetting.sequence.rawValue {
            throw problem("compares sequence, which the space does not state", "state sequence in the space")
        }
        throw problem(
            "has '\(word)', which names no number of the space",
            "name a number of the machine by its path, such as organisation.array.rows, or batch, sequence, queries, "
                + "\(SpaceNumbers.totalSRAM) or \(SpaceNumbers.arrayElements)")
    }
}
