import Exploration

/// The points of a space in two of its objectives: the front before the others.
struct FrontChart {
    let analysis: FrontAnalysis
    /// Indices of the objectives across and upwards.
    let across: Int
    let upwards: Int

    /// Points of the front that are drawn, at most; the knee and the best of each objective are among them.
    static let mostMarks = 400

    var legend: [LegendEntry] {
        [
            LegendEntry(name: "front: no point beats it in all objectives", colour: 0),
            LegendEntry(name: "knee", colour: 1), LegendEntry(name: "other points", colour: 7),
        ]
    }

    /// The indices of the front's rows that are drawn.
    static func shown(_ analysis: FrontAnalysis, most: Int = mostMarks) -> [Int] {
        guard analysis.front.count > most else { return analysis.front }
        var chosen: Set<Int> = [analysis.knee]
        for objective in analysis.objectives.indices {
            let best = analysis.front.min {
                analysis.objectives[objective].minimised(analysis.values[$0][objective])
                    < analysis.objectives[objective].minimised(analysis.values[$1][objective])
            }
            if let best { chosen.insert(best) }
        }
        let stride = Double(analysis.front.count) / Double(most)
        for place in 0..<most where chosen.count < most { chosen.insert(analysis.front[Int(Double(place) * stride)]) }
        return analysis.front.filter(chosen.contains)
    }

    func drawing() -> Drawing {
        let (first, second) = (analysis.objectives[across], analysis.objectives[upwards])
        let (xs, ys) = (analysis.values.map { $0[across] }, analysis.values.map { $0[upwards] })
        let xUnit = first.quantity.axisUnit(upTo: xs.map(abs).max() ?? 0)
        let yUnit = second.quantity.axisUnit(upTo: ys.map(abs).max() ?? 0)
        var drawing = Drawing(.half, height: 360)
        let frame = PlotFrame(
            x: .init(scale: AxisScale(fitting: xs.map { $0 * xUnit.factor }), title: "\(first.title), \(xUnit.name)"),
            y: .init(scale: AxisScale(fitting: ys.map { $0 * yUnit.factor }), title: "\(second.title), \(yUnit.name)"),
            in: drawing)
        frame.draw(in: &drawing)
        func place(_ index: Int) -> (Double, Double) {
            (frame.x(xs[index] * xUnit.factor), frame.y(ys[index] * yUnit.factor))
        }

        // Dots on a grid of single units: as many as the eye tells apart, however many points there are.
        let front = Set(analysis.front)
        var seen: Set<Int> = []
        var cloud = PathText()
        for index in analysis.rows.indices where !front.contains(index) {
            let (x, y) = place(index)
            if seen.insert(Int(x.rounded()) << 12 | Int(y.rounded())).inserted { cloud.dot(x.rounded(), y.rounded()) }
        }
        drawing.path(cloud, "cloud")
        for index in Self.shown(analysis) where index != analysis.knee {
            let (x, y) = place(index)
            drawing.circle(x, y, 4, "\(Palette.fill(0)) edge", title: PointText.lines(index, analysis))
        }
        let (x, y) = place(analysis.knee)
        drawing.circle(x, y, 9, "ring")
        drawing.circle(
            x, y, 5.5, "\(Palette.fill(1)) edge", title: "the knee\n" + PointText.lines(analysis.knee, analysis))
        return drawing
    }
}

/// A point of a space in a few lines.
enum PointText {
    static func lines(_ index: Int, _ analysis: FrontAnalysis) -> String {
        let row = analysis.rows[index]
        let objectives = zip(analysis.objectives, analysis.values[index]).map { "\($0.title): \($0.quantity.text($1))" }
        let choices = analysis.space.choices(of: row.point)
        let fields = choices.indices.map { dimension in
            "\(ShortName.of(analysis.space.dimensions[dimension])): "
                + ShortName.label(analysis.space, dimension, choices[dimension])
        }
        return (["point \(row.point)"] + objectives + fields).joined(separator: "\n")
    }
}
