/// A table of the page; its rows sort where scripts run.
struct PageTable {
    struct Cell {
        let text: String
        /// What sorting compares; nil for the text.
        var value: Double?
        /// A part of 1 that a bar below the text shows.
        var meter: Double?
        var isCode = false

        init(_ text: String, value: Double? = nil, meter: Double? = nil, isCode: Bool = false) {
            self.text = text
            self.value = value
            self.meter = meter
            self.isCode = isCode
        }

        var markup: Markup {
            var parts: [Markup] = [isCode ? .tag("code", [:], text) : .text(text)]
            if let meter {
                parts.append(
                    .tag(
                        "span", ["class": "meter"],
                        [
                            .tag(
                                "svg",
                                [
                                    "viewBox": "0 0 100 4", "preserveAspectRatio": "none", "aria-hidden": "true",
                                    "focusable": "false",
                                ],
                                [
                                    .tag(
                                        "rect",
                                        [
                                            "width": NumberText.coordinate(100 * min(1, max(0, meter))), "height": "4",
                                            "class": "f0",
                                        ])
                                ])
                        ]))
            }
            return .group(parts)
        }
    }

    let caption: String
    let columns: [String]
    /// Columns of words; the first is one anyway.
    var words: Set<Int> = []
    var rows: [[Cell]] = []
    /// The row that stands out.
    var marked: Int?
    var isSortable = true

    var markup: Markup {
        let head = columns.enumerated().map { column, name in
            Markup.tag("th", words.contains(column) ? ["scope": "col", "class": "words"] : ["scope": "col"], name)
        }
        let body = rows.enumerated().map { number, row in
            Markup.tag(
                "tr", number == marked ? ["class": "knee"] : [:],
                row.enumerated().map { column, cell in
                    let sorting = cell.value.map { "\($0)" }
                    if column == 0 {
                        return sorting.map { .tag("th", ["scope": "row", "data-v": $0], [cell.markup]) }
                            ?? .tag("th", ["scope": "row"], [cell.markup])
                    }
                    let style = words.contains(column) ? "words" : "number"
                    return sorting.map { .tag("td", ["class": style, "data-v": $0], [cell.markup]) }
                        ?? .tag("td", ["class": style], [cell.markup])
                })
        }
        return .tag(
            "div", ["class": "scroll"],
            [
                .tag(
                    "table", ["class": isSortable && rows.count > 1 ? "sortable" : "plain"],
                    [
                        .tag("caption", [:], caption), .tag("thead", [:], [.tag("tr", [:], head)]),
                        .tag("tbody", [:], body),
                    ])
            ])
    }

    /// The table behind a line that opens it.
    func folded(_ summary: String) -> Markup {
        .tag("details", [:], [.tag("summary", [:], summary), markup])
    }
}
