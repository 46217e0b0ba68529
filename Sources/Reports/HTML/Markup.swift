/// A piece of a page. What comes from outside is text or an attribute's value, and both are escaped when they are written; code is what
/// this program itself holds.
enum Markup: Sendable {
    case text(String)
    case element(Element)
    case group([Markup])
    case code(Code)

    /// An element with its attributes in order.
    struct Element: Sendable {
        let name: StaticString
        let attributes: [(StaticString, String)]
        let children: [Markup]
    }

    /// Style or script: literals of the program and its palette's variables, never text from outside.
    struct Code: Sendable {
        let text: String

        init(_ text: StaticString) { self.text = "\(text)" }
        init(_ palette: Palette.Theme) { text = palette.variables }
    }

    static func tag(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ children: [Markup] = []
    ) -> Markup {
        .element(Element(name: name, attributes: attributes.map { ($0.key, $0.value) }, children: children))
    }

    static func tag(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ text: String
    ) -> Markup {
        tag(name, attributes, [.text(text)])
    }
}
