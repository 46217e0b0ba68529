/// Amounts made of parts, beside each other on one axis.
struct StackedBars {
    struct Bar {
        let name: String
        /// By part, in the parts' order.
        let values: [Double]
        /// Bounds of the sum; nil where it has none.
        var range: ClosedRange<Double>?

        var total: Double { values.reduce(0, +) }
    }

    let parts: [String]
    let bars: [Bar]
    let quantity: PlotQuantity
    let title: String

    /// Parts that any bar has, with their colours.
    private var shown: [Int] { parts.indices.filter { part in bars.contains { $0.values[part] > 0 } } }

    var legend: [LegendEntry] { shown.map { LegendEntry(name: parts[$0], colour: $0) } }

    /// Nil where all is 0.
    func drawing() -> Drawing? {
        let largest = bars.map { max($0.total, $0.range?.upperBound ?? 0) }.max() ?? 0
        guard largest > 0, largest.isFinite else { return nil }
        let unit = quantity.axisUnit(upTo: largest)
        let rowHeight = 62.0
        var drawing = Drawing(.half, height: 12 + rowHeight * Double(bars.count) + 46)
        let frame = PlotFrame(
            x: .init(scale: AxisScale(linear: 0...largest * unit.factor), title: "\(title), \(unit.name)"),
            y: .init(scale: AxisScale(ticks: []), title: ""), in: drawing)
        for tick in frame.x.scale.ticks {
            drawing.line(frame.x(tick.value), frame.top, frame.x(tick.value), frame.bottom, "grid-line")
        }
        frame.draw(in: &drawing)
        for (row, bar) in bars.enumerated() {
            let top = frame.top + rowHeight * Double(row)
            let total = quantity.text(bar.total)
            drawing.text(frame.left, top + 12, "\(bar.name): \(total)", style: "strong")
            var sum = 0.0
            for part in shown where bar.values[part] > 0 {
                let (from, to) = (frame.x(sum * unit.factor), frame.x((sum + bar.values[part]) * unit.factor))
                sum += bar.values[part]
                let share = bar.values[part] / bar.total
                drawing.rectangle(
                    from, top + 18, to - from, 30, "\(Palette.fill(part)) edge",
                    title: "\(bar.name)\n\(parts[part]): \(quantity.text(bar.values[part])), \(Quantity.percent(share))"
                )
                if to - from > 42 {
                    drawing.text(
                        (from + to) / 2, top + 37, Quantity.percent(share, digits: 0), anchor: .middle, style: "on")
                }
            }
            if let range = bar.range, range.lowerBound < range.upperBound {
                let (from, to) = (frame.x(range.lowerBound * unit.factor), frame.x(range.upperBound * unit.factor))
                let middle = top + 54
                drawing.line(from, middle, to, middle, "whisker")
                for end in [from, to] { drawing.line(end, middle - 3.5, end, middle + 3.5, "whisker") }
            }
        }
        return drawing
    }
}
