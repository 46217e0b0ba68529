/// The page's colours, for light and for dark surroundings.
///
/// Text has at least 4.5 : 1 against what it stands on, and what is drawn at least 3 : 1 against the page (WCAG 2.2, 1.4.3 and 1.4.11);
/// a test computes both.
enum Palette {
    struct Colour: Sendable, Hashable {
        let red: Int
        let green: Int
        let blue: Int

        init(_ hexadecimal: Int) {
            (red, green, blue) = (hexadecimal >> 16 & 255, hexadecimal >> 8 & 255, hexadecimal & 255)
        }

        var css: String {
            let digits = String(red << 16 | green << 8 | blue, radix: 16)
            return "#" + String(repeating: "0", count: 6 - digits.count) + digits
        }
    }

    struct Theme: Sendable {
        let page: Colour
        let panel: Colour
        let ink: Colour
        let muted: Colour
        let link: Colour
        /// Grid lines and borders: they carry no meaning of their own.
        let rule: Colour
        /// Points that lie behind others.
        let cloud: Colour
        /// Text on a series' colour.
        let onSeries: Colour
        /// Series, in the order in which charts use them.
        let series: [Colour]

        /// Declarations of a style sheet.
        var variables: String {
            let named = [
                ("page", page), ("panel", panel), ("ink", ink), ("muted", muted), ("link", link), ("rule", rule),
                ("cloud", cloud), ("on", onSeries),
            ]
            let numbered = series.enumerated().map { ("c\($0)", $1) }
            return (named + numbered).map { "--\($0.0):\($0.1.css);" }.joined()
        }
    }

    static let light = Theme(
        page: Colour(0xFFFFFF), panel: Colour(0xF5F7F9), ink: Colour(0x1A1F26), muted: Colour(0x545E6B),
        link: Colour(0x1F5FA8), rule: Colour(0xD5DAE0), cloud: Colour(0x8A94A0), onSeries: Colour(0xFFFFFF),
        series: [0x2B6CB0, 0xB5500F, 0x23794C, 0x8349AB, 0xB02A49, 0x0B7480, 0x7D6200, 0x59636F, 0xB03A80, 0x6B4A2B]
            .map(Colour.init))

    static let dark = Theme(
        page: Colour(0x13161B), panel: Colour(0x1C2027), ink: Colour(0xE7EAEE), muted: Colour(0xA7B0BC),
        link: Colour(0x7DB6F5), rule: Colour(0x363D47), cloud: Colour(0x727C89), onSeries: Colour(0x10131A),
        series: [0x6AA9EE, 0xF0955A, 0x5FC191, 0xBF94E6, 0xF27F95, 0x4FC3CF, 0xD6B84A, 0xA3ADBA, 0xEE8CC8, 0xC9A27A]
            .map(Colour.init))

    /// The class that gives a mark its series' colour; colours repeat after the last.
    static func fill(_ index: Int) -> String { "f\(index % light.series.count)" }
    static func stroke(_ index: Int) -> String { "s\(index % light.series.count)" }
}
