import Programs

/// What lies in DRAM as steps run, by kind: a panel a step, all on one scale of bytes.
struct MemoryChart {
    let steps: [TimedStep]

    private static let bins = 360
    private static let panel = 190.0

    /// Live bytes by kind, by bin: those of the operation with the most in all that runs in it.
    private static func profile(_ step: TimedStep, _ bins: TimeBins) -> [[Int]] {
        let kinds = MemoryKind.allCases.count
        var profile = [[Int]](repeating: [Int](repeating: 0, count: kinds), count: bins.count)
        var most = [Int](repeating: -1, count: bins.count)
        let memory = step.scheduled.memory
        for (index, interval) in step.timing.operations.enumerated() {
            for bin in bins.bins(from: interval.start, to: interval.end) where memory.timeline[index] > most[bin] {
                most[bin] = memory.timeline[index]
                profile[bin] = Array(memory.bytesByKind(at: index))
            }
        }
        for bin in profile.indices.dropFirst() where most[bin] < 0 { profile[bin] = profile[bin - 1] }
        return profile
    }

    var legend: [LegendEntry] {
        let used = Set(steps.flatMap { $0.scheduled.memory.peakByKind.filter { $0.value > 0 }.keys })
        return MemoryKind.allCases.enumerated().filter { used.contains($0.element) }.map {
            LegendEntry(name: CostReport.label($0.element), colour: $0.offset)
        }
    }

    /// Nil where nothing is in memory.
    func drawing() -> Drawing? {
        let largest = steps.map { Double($0.scheduled.memory.peak.total) }.max() ?? 0
        guard largest > 0 else { return nil }
        let unit = PlotQuantity.bytes.axisUnit(upTo: largest)
        let height = Self.panel + 66
        var drawing = Drawing(.half, height: height * Double(steps.count))
        for (number, step) in steps.enumerated() {
            let top = height * Double(number)
            let organisation = step.scheduled.machine.organisation
            let bins = TimeBins(cycles: step.timing.cycles, most: Self.bins)
            let milliseconds = organisation.milliseconds(cycles: step.timing.cycles)
            let time = PlotQuantity.time.axisUnit(upTo: milliseconds)
            let frame = PlotFrame(
                x: .init(
                    scale: AxisScale(ending: milliseconds * time.factor), title: "time in the step, \(time.name)"),
                y: .init(scale: AxisScale(linear: 0...largest * unit.factor, ticks: 5), title: "DRAM, \(unit.name)"),
                in: drawing, top: top + 24, bottom: top + height)
            drawing.text(
                frame.left, top + 14,
                "\(step.name): peak \(Quantity.bytes(step.scheduled.memory.peak.total)) live", style: "strong")
            frame.draw(in: &drawing)
            let profile = Self.profile(step, bins)
            var below = [Int](repeating: 0, count: bins.count)
            for (kind, name) in MemoryKind.allCases.enumerated() where profile.contains(where: { $0[kind] > 0 }) {
                let above = zip(below, profile).map { $0 + $1[kind] }
                let peak = profile.map { $0[kind] }.max() ?? 0
                drawing.path(
                    Self.band(above, below, in: frame, factor: unit.factor), Palette.fill(kind),
                    title: "\(step.name)\n\(CostReport.label(name)): up to \(Quantity.bytes(peak))")
                below = above
            }
        }
        return drawing
    }

    /// The area between two lines of steps; a bin that is as the one before it adds no corner.
    private static func band(_ above: [Int], _ below: [Int], in frame: PlotFrame, factor: Double) -> PathText {
        let width = frame.width / Double(above.count)
        func edge(_ values: [Int]) -> [(x: Double, y: Double)] {
            var points: [(x: Double, y: Double)] = []
            for (bin, value) in values.enumerated() where bin == 0 || value != values[bin - 1] {
                let (x, y) = (frame.left + Double(bin) * width, frame.y(Double(value) * factor))
                if let last = points.last { points.append((x, last.y)) }
                points.append((x, y))
            }
            points.append((frame.right, points.last!.y))
            return points
        }
        var path = PathText(edge(above) + edge(below).reversed())
        path.close()
        return path
    }
}
