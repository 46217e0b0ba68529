import Exploration

/// Parallel coordinates: an axis for each dimension and each objective, a line for each point.
struct ParallelChart {
    let analysis: FrontAnalysis

    /// Lines of the front, and of other points, at most.
    private static let (mostFront, mostOthers) = (200, 400)

    private struct Axis {
        let name: String
        let scale: AxisScale
        /// By row.
        let values: (Int) -> Double
        /// Labels stand for choices.
        let isChoice: Bool
    }

    private var axes: [Axis] {
        let space = analysis.space
        let names = ShortName.shortest(space.dimensions)
        let dimensions = space.dimensions.indices.map { dimension in
            let count = space.dimensions[dimension].choices.count
            // Choices at equal distances; labels of a few where they are many.
            let stride = max(1, (count + 9) / 10)
            let ticks = (0..<count).filter { $0 % stride == 0 || $0 == count - 1 }.map {
                AxisScale.Tick(value: Double($0), label: Self.cut(ShortName.label(space, dimension, $0), 18))
            }
            return Axis(
                name: names[dimension],
                scale: count > 1
                    ? AxisScale(low: 0, high: Double(count - 1), ticks: ticks)
                    : AxisScale(low: -1, high: 1, ticks: ticks),
                values: { Double(space.choices(of: analysis.rows[$0].point)[dimension]) }, isChoice: true)
        }
        let objectives = analysis.objectives.indices.map { index in
            let objective = analysis.objectives[index]
            let values = analysis.values.map { $0[index] }
            let unit = objective.quantity.axisUnit(upTo: values.map(abs).max() ?? 0)
            return Axis(
                name: "\(objective.title), \(unit.name)", scale: AxisScale(fitting: values.map { $0 * unit.factor }),
                values: { analysis.values[$0][index] * unit.factor }, isChoice: false)
        }
        return dimensions + objectives
    }

    var legend: [LegendEntry] {
        [
            LegendEntry(name: "front", colour: 0, isLine: true), LegendEntry(name: "knee", colour: 1, isLine: true),
            LegendEntry(name: "other points", colour: 7, isLine: true),
        ]
    }

    func drawing() -> Drawing {
        let axes = axes
        var drawing = Drawing(.full, height: 400)
        let (top, bottom) = (58.0, 380.0)
        // Labels stand to the left of their axis.
        let left = 14 + (axes.first?.scale.ticks.map { Drawing.width(of: $0.label) }.max() ?? 0)
        let gap = axes.count > 1 ? (drawing.width - left - 60) / Double(axes.count - 1) : 0
        func point(_ axis: Int, _ row: Int) -> (x: Double, y: Double) {
            (left + gap * Double(axis), bottom - axes[axis].scale.place(axes[axis].values(row)) * (bottom - top))
        }
        func path(_ row: Int) -> PathText { PathText(axes.indices.map { point($0, row) }) }

        let front = Set(analysis.front)
        let others = analysis.rows.indices.filter { !front.contains($0) }
        let stride = max(1, Double(others.count) / Double(Self.mostOthers))
        var place = 0.0
        while Int(place) < others.count {
            drawing.path(path(others[Int(place)]), "other")
            place += stride
        }
        for row in FrontChart.shown(analysis, most: Self.mostFront) where row != analysis.knee {
            drawing.path(path(row), "faint \(Palette.stroke(0))", title: PointText.lines(row, analysis))
        }
        drawing.path(
            path(analysis.knee), "line \(Palette.stroke(1))",
            title: "the knee\n" + PointText.lines(analysis.knee, analysis))
        for (number, axis) in axes.enumerated() {
            let x = left + gap * Double(number)
            drawing.line(x, top, x, bottom, "axis")
            // Neighbours' names stand on two lines, so that long ones do not touch.
            let name = Self.cut(axis.name, axes.count > 1 ? max(8, Int(2 * gap / 7) - 1) : 80)
            let half = Drawing.width(of: name) / 2 * 1.1
            let middle = max(half + 2, min(drawing.width - half - 2, x))
            drawing.text(middle, number % 2 == 0 ? 16 : 36, name, anchor: .middle, style: "strong")
            for tick in axis.scale.ticks {
                let y = bottom - axis.scale.place(tick.value) * (bottom - top)
                drawing.line(x - 4, y, x, y, "axis")
                drawing.text(x - 7, y + 4, tick.label, anchor: .end)
            }
        }
        return drawing
    }

    private static func cut(_ text: String, _ most: Int) -> String {
        text.count <= most ? text : text.prefix(most - 1) + "…"
    }
}
