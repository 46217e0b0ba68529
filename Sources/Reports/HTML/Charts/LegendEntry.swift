/// A series' sign and name.
struct LegendEntry {
    let name: String
    let colour: Int
    var isLine = false
    var isDashed = false

    var markup: Markup {
        var sign = Drawing(.sign, height: 12)
        if isLine {
            sign.line(0, 6, 14, 6, (isDashed ? "dashed " : "line ") + Palette.stroke(colour))
        } else {
            sign.rectangle(1, 1, 11, 11, Palette.fill(colour))
        }
        return .tag("li", [:], [sign.ornament, .text(name)])
    }
}
