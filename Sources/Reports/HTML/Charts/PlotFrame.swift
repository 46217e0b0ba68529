/// The axes of a chart, and where values lie between them.
struct PlotFrame {
    struct Axis {
        let scale: AxisScale
        /// What it shows, with the unit.
        let title: String
    }

    let x: Axis
    let y: Axis
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double

    /// - Parameters:
    ///   - top: the frame's upper edge in the drawing.
    ///   - bottom: the drawing's edge below it, axis labels included.
    init(x: Axis, y: Axis, in drawing: Drawing, top: Double = 14, bottom: Double? = nil) {
        self.x = x
        self.y = y
        let widest = y.scale.ticks.map { Drawing.width(of: $0.label) }.max() ?? 0
        left = (y.title.isEmpty ? 0 : 20) + widest + 10
        right = drawing.width - 18
        self.top = top
        self.bottom = (bottom ?? drawing.height) - 40
    }

    var width: Double { right - left }
    var height: Double { bottom - top }

    func x(_ value: Double) -> Double { left + x.scale.place(value) * width }
    func y(_ value: Double) -> Double { bottom - y.scale.place(value) * height }

    /// Draws grid, axes and labels; labels that would touch the one before them are left out.
    func draw(in drawing: inout Drawing) {
        for tick in y.scale.ticks {
            let place = y(tick.value)
            drawing.line(left, place, right, place, "grid-line")
            drawing.text(left - 7, place + 4, tick.label, anchor: .end)
        }
        var end = -Double.infinity
        for tick in x.scale.ticks {
            let place = x(tick.value)
            drawing.line(place, bottom, place, bottom + 4, "axis")
            let half = Drawing.width(of: tick.label) / 2
            let middle = min(place, drawing.width - half - 1)
            guard middle - half > end + 6 else { continue }
            drawing.text(middle, bottom + 17, tick.label, anchor: .middle)
            end = middle + half
        }
        drawing.line(left, bottom, right, bottom, "axis")
        drawing.text((left + right) / 2, bottom + 34, x.title, anchor: .middle)
        if !y.title.isEmpty {
            drawing.text(12, (top + bottom) / 2, y.title, anchor: .middle, turned: true)
        }
    }
}
