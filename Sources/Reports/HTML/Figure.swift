/// A chart with its heading, its legend, what it rests on and, where it has them, its numbers as a table.
struct Figure {
    /// Of its kind on the page: ids are made of it.
    let name: String
    let title: String
    /// What the chart shows, in words.
    let description: String
    /// Nil where there is nothing to draw; the description says so then.
    let drawing: Drawing?
    var legend: [LegendEntry] = []
    /// How well its numbers are known.
    var flags: [Markup] = []
    var table: PageTable?

    var markup: Markup {
        var parts: [Markup] = [.tag("h3", [:], title)]
        if let drawing {
            if legend.count > 1 { parts.append(.tag("ul", ["class": "legend"], legend.map(\.markup))) }
            parts.append(
                .tag(
                    "div", ["class": "scroll"],
                    [drawing.markup(name: name, title: title, description: description)]))
        }
        var caption: [Markup] = [.text(description)]
        for flag in flags { caption += [.text(" "), flag] }
        parts.append(.tag("figcaption", ["class": "caption"], caption))
        if let table { parts.append(table.folded("The numbers")) }
        return .tag("figure", ["id": name], parts)
    }
}
