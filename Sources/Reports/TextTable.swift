/// A table for people: columns padded to equal width, the first to the left, the others to the right.
public struct TextTable: Sendable {
    public var rows: [[String]]
    /// Indices of rows that a rule stands above.
    public var rules: Set<Int>

    public init(rows: [[String]] = [], rules: Set<Int> = []) {
        self.rows = rows
        self.rules = rules
    }

    public mutating func append(_ row: [String]) { rows.append(row) }

    /// Draws a rule above the next row.
    public mutating func rule() { rules.insert(rows.count) }

    /// The lines of the table, without trailing blanks.
    public func lines(indent: Int = 0) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        let margin = String(repeating: " ", count: indent)
        let total = widths.reduce(0, +) + 2 * max(0, columns - 1)
        var lines: [String] = []
        for (index, row) in rows.enumerated() {
            if rules.contains(index) { lines.append(margin + String(repeating: "-", count: total)) }
            var line = margin
            for (column, text) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - text.count)
                line += column == 0 ? text + blanks : "  " + blanks + text
            }
            while line.last == " " { line.removeLast() }
            lines.append(line)
        }
        return lines
    }
}
