/// One HTML page that needs nothing else: style, script and drawings are in it, and it forbids itself the network.
public struct ReportPage: Sendable {
    /// What the page reports, as its heading has it.
    let title: String
    let lead: [String]
    /// Lines that a reader has to see first, such as that a run is not over.
    var warnings: [String] = []
    var tiles: [Tile] = []
    var sections: [Section] = []
    /// How the page was made.
    let origin: String

    struct Tile: Sendable {
        let name: String
        let value: String
        let more: String
    }

    struct Section: Sendable {
        /// Its id.
        let name: String
        let title: String
        let parts: [Markup]
    }

    /// Figures of the page.
    public var figures: Int { sections.reduce(0) { $0 + Self.figures($1.parts) } }

    private static func figures(_ parts: [Markup]) -> Int {
        parts.reduce(0) { sum, part in
            switch part {
            case .element(let element): sum + ("\(element.name)" == "figure" ? 1 : figures(element.children))
            case .group(let children): sum + figures(children)
            default: sum
            }
        }
    }

    /// The file, UTF-8.
    public var bytes: [UInt8] {
        var writer = MarkupWriter()
        writer.write(.code(Markup.Code("<!DOCTYPE html>\n")))
        writer.write(.tag("html", ["lang": "en"], [head, body]))
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private var head: Markup {
        .tag(
            "head", [:],
            [
                .tag("meta", ["charset": "utf-8"]),
                .tag(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content":
                            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
                    ]),
                .tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .tag("meta", ["name": "color-scheme", "content": "light dark"]),
                .tag("link", ["rel": "icon", "href": "data:,"]), .tag("title", [:], title), PageStyle.sheet,
            ])
    }

    private var body: Markup {
        let links = sections.map { Markup.tag("li", [:], [.tag("a", ["href": "#\($0.name)"], $0.title)]) }
        var top: [Markup] = [.tag("h1", [:], title)]
        top += lead.map { .tag("p", ["class": "lead"], $0) }
        if sections.count > 1 { top.append(.tag("nav", ["aria-label": "Sections"], [.tag("ul", [:], links)])) }
        var main: [Markup] = warnings.map { .tag("p", ["class": "warning", "role": "note"], $0) }
        if !tiles.isEmpty {
            let items = tiles.map { tile in
                Markup.tag(
                    "li", [:],
                    [
                        .tag("span", ["class": "name"], tile.name), .tag("span", ["class": "value"], tile.value),
                        .tag("span", ["class": "more"], tile.more),
                    ])
            }
            main.append(.tag("ul", ["class": "tiles"], items))
        }
        main += sections.map { section in
            .tag(
                "section", ["id": section.name, "aria-labelledby": "\(section.name)-heading"],
                [.tag("h2", ["id": "\(section.name)-heading"], section.title)] + section.parts)
        }
        return .tag(
            "body", [:],
            [
                .tag("header", ["class": "top"], top), .tag("main", [:], main),
                .tag("footer", ["class": "foot"], [.tag("p", [:], origin)]),
                .tag("div", ["id": "tip", "role": "status", "hidden": ""]),
                .tag("script", [:], [.code(PageScript.code)]),
            ])
    }
}
