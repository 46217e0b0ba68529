/// Values over steps, several series in one frame.
struct LineChart {
    struct Series {
        enum Style { case line, faint, dashed, marked }
        let name: String
        let colour: Int
        let style: Style
        /// By rising x.
        let points: [(x: Double, y: Double)]
    }

    let series: [Series]
    let xTitle: String
    let quantity: PlotQuantity
    /// What the y axis shows, without its unit.
    let yTitle: String
    /// A value that the y axis has to include.
    var includes: Double?

    /// Nil where no series has a point.
    func drawing() -> Drawing? {
        let all = series.flatMap(\.points).filter { $0.y.isFinite }
        guard let first = all.map(\.x).min(), let last = all.map(\.x).max() else { return nil }
        let values = all.map(\.y) + [includes].compactMap(\.self)
        let unit = quantity.axisUnit(upTo: values.map(abs).max() ?? 0)
        let (low, high) = (values.min()! * unit.factor, values.max()! * unit.factor)
        var drawing = Drawing(.half, height: 300)
        let frame = PlotFrame(
            x: .init(scale: AxisScale(linear: min(0, first)...last), title: xTitle),
            y: .init(
                scale: AxisScale(linear: low...high), title: unit.name.isEmpty ? yTitle : "\(yTitle), \(unit.name)"),
            in: drawing)
        frame.draw(in: &drawing)
        for one in series {
            let places = one.points.filter { $0.y.isFinite }.map { (frame.x($0.x), frame.y($0.y * unit.factor)) }
            let path = PathText(Self.thinned(places, left: frame.left, right: frame.right))
            switch one.style {
            case .line: drawing.path(path, "line \(Palette.stroke(one.colour))")
            case .faint: drawing.path(path, "faint \(Palette.stroke(one.colour))")
            case .dashed: drawing.path(path, "dashed \(Palette.stroke(one.colour))")
            case .marked:
                drawing.path(path, "line \(Palette.stroke(one.colour))")
                let stride = max(1, (one.points.count + Self.mostMarkers - 1) / Self.mostMarkers)
                for (index, point) in one.points.enumerated() where point.y.isFinite {
                    guard index % stride == 0 || index == one.points.count - 1 else { continue }
                    drawing.circle(
                        frame.x(point.x), frame.y(point.y * unit.factor), 3.5, Palette.fill(one.colour),
                        title: "\(one.name)\n\(xTitle) \(NumberText.short(point.x)): \(label(point.y))")
                }
            }
        }
        return drawing
    }

    private func label(_ value: Double) -> String {
        if case .number = quantity { return Quantity.number(value, digits: 4) }
        return quantity.text(value)
    }

    private static let mostMarkers = 60

    /// The same line for the eye with at most four points for each unit of width: the first, the least, the greatest and the last.
    static func thinned(
        _ points: [(x: Double, y: Double)], left: Double, right: Double
    ) -> [(x: Double, y: Double)] {
        guard points.count > 4 * Int(right - left) else { return points }
        var result: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = Int(points[start].x - left)
            var end = start
            var (least, most) = (start, start)
            while end < points.count, Int(points[end].x - left) == column {
                if points[end].y < points[least].y { least = end }
                if points[end].y > points[most].y { most = end }
                end += 1
            }
            for index in Set([start, least, most, end - 1]).sorted() { result.append(points[index]) }
            start = end
        }
        return result
    }

    var legend: [LegendEntry] {
        series.map { LegendEntry(name: $0.name, colour: $0.colour, isLine: true, isDashed: $0.style == .dashed) }
    }
}
