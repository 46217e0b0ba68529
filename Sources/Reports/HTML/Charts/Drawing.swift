/// An SVG with a title and a description, drawn from back to front.
struct Drawing {
    /// How wide a drawing is on the page.
    enum Size {
        /// One of two beside each other.
        case half
        case full
        /// A sign in a line of text.
        case sign

        var width: Double {
            switch self {
            case .half: 560
            case .full: 1120
            case .sign: 14
            }
        }
    }

    enum Anchor: String { case start, middle, end }

    let size: Size
    let height: Double
    private(set) var parts: [Markup] = []

    init(_ size: Size, height: Double) {
        self.size = size
        self.height = height
    }

    var width: Double { size.width }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        parts.append(
            .tag(
                "line",
                ["x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2), "class": style]))
    }

    /// - Parameter title: what the mark says under the pointer; nil where it says nothing.
    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, title: String? = nil
    ) {
        parts.append(
            .tag(
                "rect",
                [
                    "x": number(x), "y": number(y), "width": number(max(0, width)), "height": number(max(0, height)),
                    "class": title == nil ? style : style + " m",
                ], Self.titled(title)))
    }

    mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ style: String, title: String? = nil) {
        parts.append(
            .tag(
                "circle",
                [
                    "cx": number(x), "cy": number(y), "r": number(radius),
                    "class": title == nil ? style : style + " m",
                ], Self.titled(title)))
    }

    mutating func path(_ path: PathText, _ style: String, title: String? = nil) {
        guard !path.text.isEmpty else { return }
        parts.append(
            .tag("path", ["d": path.text, "class": title == nil ? style : style + " m"], Self.titled(title)))
    }

    mutating func text(
        _ x: Double, _ y: Double, _ text: String, anchor: Anchor = .start, style: String = "", turned: Bool = false
    ) {
        let place: KeyValuePairs<StaticString, String> =
            turned
            ? [
                "transform": "translate(\(number(x)) \(number(y))) rotate(-90)", "text-anchor": anchor.rawValue,
                "class": style,
            ] : ["x": number(x), "y": number(y), "text-anchor": anchor.rawValue, "class": style]
        parts.append(.tag("text", place, text))
    }

    /// The SVG.
    ///
    /// - Parameter name: of its kind on the page: ids are made of it.
    func markup(name: String, title: String, description: String) -> Markup {
        .tag(
            "svg",
            [
                "viewBox": "0 0 \(number(width)) \(number(height))",
                "class": "chart \(size == .full ? "full" : "half")",
                "role": "img", "aria-labelledby": "\(name)-title \(name)-desc",
            ],
            [
                .tag("title", ["id": "\(name)-title"], title),
                .tag("desc", ["id": "\(name)-desc"], description), .group(parts),
            ])
    }

    /// The SVG as an ornament: what it shows stands in words beside it.
    var ornament: Markup {
        .tag(
            "svg", ["viewBox": "0 0 \(number(width)) \(number(height))", "aria-hidden": "true", "focusable": "false"],
            parts)
    }

    /// Width of a text at 12 units a line, about.
    static func width(of text: String) -> Double { 6.5 * Double(text.count) }

    private func number(_ value: Double) -> String { NumberText.coordinate(value) }

    private static func titled(_ title: String?) -> [Markup] { title.map { [.tag("title", [:], $0)] } ?? [] }
}
