import Costs
import Programs

/// Published figures beside ours, for people.
public enum ReproductionReport {
    /// One line a figure.
    public static func summary(_ rows: [ReproductionRow]) -> [String] {
        var table = TextTable()
        table.append(["claim", "published", "ours", "difference", "free choices", "what it is"])
        table.rule()
        for row in rows {
            table.append([
                row.claim, published(row), row.computed.map { number($0, row, row.unit) } ?? "-",
                row.differencePercent.map(percent) ?? "-", row.computed == nil ? "-" : "\(row.freeChoices)",
                row.status.rawValue,
            ])
        }
        return table.lines()
    }

    /// Everything behind one figure.
    public static func details(_ row: ReproductionRow) -> [String] {
        var lines = ["\(row.claim): \(row.summary)", "source: \(row.source)"]
        let ours = row.computed.map { "\(number($0, row, row.unit)) (\(percent(row.differencePercent ?? 0)))" } ?? "-"
        lines.append("published \(published(row)), ours \(ours): \(row.status.rawValue)")
        if !row.sides.isEmpty { lines += [""] + terms(row) }
        if !row.assumptions.isEmpty {
            lines += ["", "assumptions, \(row.freeChoices) of them free:"]
            lines += row.assumptions.map { "  \($0.origin.rawValue): \($0.statement) [\($0.source)]" }
        }
        if let interval = row.interval {
            lines += [
                "",
                "\(interval.factor): \(Quantity.number(interval.lowest)) to \(Quantity.number(interval.highest)) "
                    + "round to the published figure; \(Quantity.number(interval.used)) is used",
            ]
        }
        if let joint = row.jointInterval {
            lines.append(
                "\(joint.factor): \(Quantity.number(joint.lowest)) to \(Quantity.number(joint.highest)) give "
                    + joint.claims.joined(separator: " and "))
        }
        if !row.neighbours.isEmpty {
            lines += ["", "with one choice made otherwise:"]
            var table = TextTable()
            for neighbour in row.neighbours {
                table.append([
                    neighbour.name, number(neighbour.computed, row, neighbour.unit), fits(neighbour.fits, row),
                ])
            }
            lines += table.lines(indent: 2)
        }
        lines += row.notes.isEmpty ? [] : [""] + row.notes.map { "note: \($0)" }
        if let allocator = row.allocator { lines += [""] + self.allocator(allocator) }
        return lines
    }

    private static func terms(_ row: ReproductionRow) -> [String] {
        var table = TextTable()
        for (index, side) in row.sides.enumerated() {
            if index > 0 { table.rule() }
            table.append([side.name + " (\(side.network))", "bytes"])
            for term in side.terms {
                let product =
                    term.factors.map { "\($0.name) \(Quantity.number($0.value))" } + [
                        "\(term.bits) bits (\(term.format))"
                    ]
                table.append(["  \(term.name): " + product.joined(separator: " × "), Quantity.number(term.bytes)])
            }
            table.append(["  sum", Quantity.number(side.bytes)])
        }
        return table.lines()
    }

    private static func allocator(_ figure: AllocatorFigure) -> [String] {
        let value = Quantity.number(figure.computed, digits: 2) + (figure.unit == "×" ? "×" : " " + figure.unit)
        var lines = [
            "our own allocator on \(figure.machine), \(figure.network), \(figure.batch) × \(figure.sequence) "
                + "tokens: \(value)"
        ]
        var table = TextTable()
        table.append([""] + figure.sides.map(\.name))
        table.append(["  peak, bytes"] + figure.sides.map { Quantity.number($0.bytes) })
        for kind in MemoryKind.allCases where figure.sides.contains(where: { $0.bytesByKind[kind] != nil }) {
            table.append(
                ["  " + CostReport.label(kind)] + figure.sides.map { Quantity.number($0.bytesByKind[kind] ?? 0) })
        }
        lines += table.lines(indent: 2)
        lines += figure.reasons.map { "  differs: \($0)" }
        lines += ["  with " + figure.overrides.map { "--set \($0)" }.joined(separator: " ")]
        return lines
    }

    private static func fits(_ fits: Bool, _ row: ReproductionRow) -> String {
        row.relation == .equals ? (fits ? "comes out" : "breaks it") : (fits ? "holds" : "does not hold")
    }

    private static func published(_ row: ReproductionRow) -> String {
        let relation =
            switch row.relation {
            case .equals: ""
            case .atMost: "≤ "
            case .atLeast: "≥ "
            }
        return relation + with(row.unit, Quantity.number(row.published, digits: row.decimals))
    }

    /// One place more than was published.
    private static func number(_ value: Double, _ row: ReproductionRow, _ unit: String) -> String {
        with(unit, Quantity.number(value, digits: row.decimals + 1))
    }

    private static func with(_ unit: String, _ number: String) -> String {
        unit == "×" ? number + unit : number + " " + unit
    }

    private static func percent(_ value: Double) -> String {
        let text = Quantity.number(abs(value), digits: 2)
        return (text == "0.00" ? "" : value < 0 ? "−" : "+") + text + " %"
    }
}
