import Costs

/// Kinds of operation under the roofs of array and DRAM, of one step or two.
struct RooflineChart {
    let steps: [(name: String, roofline: Roofline)]

    private struct Mark {
        let name: String
        let step: Int
        let intensity: Double
        let point: Roofline.Point
        let isWhole: Bool
    }

    private var marks: [Mark] {
        var marks: [Mark] = []
        for (number, step) in steps.enumerated() {
            var points: [(name: String, point: Roofline.Point, isWhole: Bool)] = []
            for kind in CostKind.allCases {
                if let point = step.roofline.kinds[kind] { points.append((kind.label, point, false)) }
            }
            points.append(("whole step", step.roofline.step, true))
            for (name, point, isWhole) in points {
                guard let intensity = point.macsPerByte, intensity > 0, point.attainedGigaMacsPerSecond > 0 else {
                    continue
                }
                marks.append(Mark(name: name, step: number, intensity: intensity, point: point, isWhole: isWhole))
            }
        }
        return marks
    }

    var legend: [LegendEntry] { steps.enumerated().map { LegendEntry(name: $1.name, colour: $0) } }

    /// Nil where no kind multiplies and moves bytes.
    func drawing() -> Drawing? {
        let marks = marks
        guard let least = marks.map(\.intensity).min(), let most = marks.map(\.intensity).max() else { return nil }
        // DRAM's peak in 10⁹ bytes a second: what every point's bandwidth roof is made of.
        let bandwidth = marks.lazy.compactMap { mark in
            mark.point.bandwidthGigaMacsPerSecond.map { $0 / mark.intensity }
        }.first
        let peaks = Self.distinct(marks.filter { !$0.isWhole }.compactMap(\.point.peakGigaMacsPerSecond))
        let ridges = bandwidth.map { bandwidth in peaks.map { $0 / bandwidth } } ?? []
        let right = max(most, ridges.max() ?? most) * 3
        let left = min(least, ridges.min() ?? least) / 2
        let speeds = marks.map(\.point.attainedGigaMacsPerSecond) + peaks
        var drawing = Drawing(.half, height: 380)
        let frame = PlotFrame(
            x: .init(
                scale: AxisScale(logarithmic: left...right), title: "multiply-accumulates for each DRAM byte, MAC/byte"),
            y: .init(
                scale: AxisScale(logarithmic: speeds.min()!...speeds.max()! * 1.6), title: "speed, 10⁹ MAC/s"),
            in: drawing)
        frame.draw(in: &drawing)
        var placer = LabelPlacer(left: frame.left, top: frame.top, right: frame.right, bottom: frame.bottom)
        for mark in marks {
            placer.avoid(frame.x(mark.intensity), frame.y(mark.point.attainedGigaMacsPerSecond), radius: 5)
        }
        roofs(bandwidth, peaks, right: right, frame, &placer, in: &drawing)
        var labelled: Set<String> = []
        for mark in marks {
            let (x, y) = (frame.x(mark.intensity), frame.y(mark.point.attainedGigaMacsPerSecond))
            let point = mark.point
            var title =
                "\(steps[mark.step].name)\n\(mark.name): \(NumberText.short(point.attainedGigaMacsPerSecond)) GMAC/s "
                + "at \(NumberText.short(mark.intensity)) MAC/byte, \(Quantity.number(point.cycles)) cycles"
            if let roof = point.binding {
                title += "\n\(Quantity.percent(point.share)) of its highest roof: \(roof.rawValue)"
            }
            if mark.isWhole { drawing.circle(x, y, 8, "ring") }
            drawing.circle(x, y, 4.5, "\(Palette.fill(mark.step)) edge", title: title)
            // The same kind in the other step says nothing new where there is little room.
            guard !labelled.contains(mark.name), let place = placer.place(mark.name, at: x, y) else { continue }
            labelled.insert(mark.name)
            drawing.text(place.x, place.y, mark.name, anchor: place.anchor)
        }
        return drawing
    }

    /// Draws the roofs with their names, and keeps other labels off them.
    private func roofs(
        _ bandwidth: Double?, _ peaks: [Double], right: Double, _ frame: PlotFrame, _ placer: inout LabelPlacer,
        in drawing: inout Drawing
    ) {
        for peak in peaks {
            let begin = frame.x(bandwidth.map { max(frame.x.scale.low, peak / $0) } ?? frame.x.scale.low)
            let y = frame.y(peak)
            drawing.line(begin, y, frame.right, y, "axis")
            drawing.text(
                frame.right - 2, y - 5, "array \(NumberText.short(peak)) GMAC/s", anchor: .end, style: "strong")
            placer.avoid(from: (frame.right - 130, y - 8), to: (frame.right, y - 8), radius: 8)
            placer.avoid(from: (begin, y), to: (frame.right, y), radius: 2)
        }
        guard let bandwidth else { return }
        let end = peaks.max().map { $0 / bandwidth } ?? right
        let begin = max(frame.x.scale.low, frame.y.scale.low / bandwidth)
        guard begin < end else { return }
        let (low, high) = (
            (x: frame.x(begin), y: frame.y(begin * bandwidth)), (x: frame.x(end), y: frame.y(end * bandwidth))
        )
        drawing.path(PathText([low, high]), "axis")
        placer.avoid(from: low, to: high, radius: 2)
        let text = "DRAM \(Quantity.number(bandwidth, digits: 1)) GB/s"
        let middle = ((low.x + high.x) / 2, (low.y + high.y) / 2)
        if let place = placer.place(text, at: middle.0 - 2, middle.1 - 2) {
            drawing.text(place.x, place.y, text, anchor: place.anchor, style: "strong")
        }
    }

    /// Values more than 1 % apart, ascending: peaks of formats, and of mixes of them in one kind.
    private static func distinct(_ values: [Double]) -> [Double] {
        var result: [Double] = []
        for value in values.filter({ $0 > 0 }).sorted() where result.last.map({ value > 1.01 * $0 }) ?? true {
            result.append(value)
        }
        // The least and the greatest say where the others lie.
        return result.count > 3 ? [result[0], result[result.count - 1]] : result
    }
}
