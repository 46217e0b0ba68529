import Programs

/// A step's time from left to right: which pass runs, and how busy each unit is.
struct UnitTimeline {
    let steps: [TimedStep]

    private static let bins = 900
    private static let lane = 34.0

    private static func label(_ unit: Command.Unit) -> String {
        switch unit {
        case .dma: "DMA (DRAM)"
        case .perturbation: "perturbation unit"
        case .array: "array"
        case .vector: "vector unit"
        }
    }

    static func label(_ pass: Pass) -> String {
        switch pass {
        case .shared: "shared forward"
        case .plus: "forward, + perturbation"
        case .minus: "forward, − perturbation"
        case .both: "forward, both signs"
        case .perturb: "perturbation in place"
        case .forward: "forward"
        case .recompute: "forward again"
        case .backward: "backward"
        case .update: "update"
        }
    }

    var legend: [LegendEntry] {
        let used = Set(steps.flatMap { $0.scheduled.program.operations.map(\.pass) })
        return Pass.allCases.enumerated().filter { used.contains($0.element) }.map {
            LegendEntry(name: Self.label($0.element), colour: $0.offset)
        }
    }

    func drawing() -> Drawing? {
        let units = Command.Unit.allCases.filter { unit in
            steps.contains { $0.timing.busyCycles[unit, default: 0] > 0 }
        }
        guard !units.isEmpty else { return nil }
        let height = 24 + Self.lane * Double(units.count + 1) + 56
        var drawing = Drawing(.full, height: height * Double(steps.count))
        for (number, step) in steps.enumerated() {
            draw(step, units, from: height * Double(number), height: height, in: &drawing)
        }
        return drawing
    }

    private func draw(
        _ step: TimedStep, _ units: [Command.Unit], from top: Double, height: Double, in drawing: inout Drawing
    ) {
        let timing = step.timing
        let milliseconds = step.scheduled.machine.organisation.milliseconds(cycles: timing.cycles)
        let time = PlotQuantity.time.axisUnit(upTo: milliseconds)
        let lanes = AxisScale(
            ticks: (["pass"] + units.map(Self.label)).enumerated().map { lane, name in
                .init(value: 1 - (Double(lane) + 0.5) / Double(units.count + 1), label: name)
            })
        let frame = PlotFrame(
            x: .init(
                scale: AxisScale(ending: milliseconds * time.factor, ticks: 11), title: "time in the step, \(time.name)"
            ),
            y: .init(scale: lanes, title: ""), in: drawing, top: top + 24, bottom: top + height)
        drawing.text(
            frame.left, top + 14,
            "\(step.name): \(Quantity.milliseconds(milliseconds)), "
                + "\(Quantity.number(timing.cycles)) cycles", style: "strong")
        frame.draw(in: &drawing)
        let bins = TimeBins(cycles: timing.cycles, most: Self.bins)
        let width = frame.width / Double(bins.count)
        for run in passes(step, bins) {
            let (from, to) = (
                frame.left + Double(run.bins.lowerBound) * width, frame.left + Double(run.bins.upperBound + 1) * width
            )
            let begin = milliseconds * Double(run.bins.lowerBound) / Double(bins.count)
            let end = milliseconds * Double(run.bins.upperBound + 1) / Double(bins.count)
            drawing.rectangle(
                from, frame.top + 5, to - from, Self.lane - 10,
                "\(Palette.fill(Pass.allCases.firstIndex(of: run.pass)!)) edge",
                title:
                    "\(step.name)\n\(Self.label(run.pass)): \(Quantity.milliseconds(begin)) to \(Quantity.milliseconds(end))"
            )
        }
        for (lane, unit) in units.enumerated() {
            let shares = busyShares(step, unit, bins)
            let bottom = frame.top + Self.lane * Double(lane + 2) - 3
            drawing.path(
                Self.steps(shares, left: frame.left, width: width, bottom: bottom, height: Self.lane - 7),
                Palette.fill(7),
                title: "\(step.name)\n\(Self.label(unit)): busy for "
                    + Quantity.percent(Double(timing.busyCycles[unit, default: 0]) / Double(max(1, timing.cycles))))
        }
    }

    /// Runs of bins in which one pass takes the most time.
    private func passes(_ step: TimedStep, _ bins: TimeBins) -> [(pass: Pass, bins: ClosedRange<Int>)] {
        var times = [[Double]](repeating: [Double](repeating: 0, count: Pass.allCases.count), count: bins.count)
        let places = Dictionary(uniqueKeysWithValues: Pass.allCases.enumerated().map { ($1, $0) })
        for (operation, interval) in zip(step.scheduled.program.operations, step.timing.operations) {
            for bin in bins.bins(from: interval.start, to: interval.end) {
                times[bin][places[operation.pass]!] += bins.overlap(bin, from: interval.start, to: interval.end)
            }
        }
        var runs: [(pass: Pass, bins: ClosedRange<Int>)] = []
        for (bin, time) in times.enumerated() {
            guard let most = time.max(), most > 0 else { continue }
            let pass = Pass.allCases[time.firstIndex(of: most)!]
            if let last = runs.last, last.pass == pass, last.bins.upperBound == bin - 1 {
                runs[runs.count - 1].bins = last.bins.lowerBound...bin
            } else {
                runs.append((pass, bin...bin))
            }
        }
        return runs
    }

    /// The part of each bin for which a unit works, an operation's work being spread evenly over its time.
    private func busyShares(_ step: TimedStep, _ unit: Command.Unit, _ bins: TimeBins) -> [Double] {
        var busy = [Double](repeating: 0, count: bins.count)
        for (index, interval) in step.timing.operations.enumerated() where interval.cycles > 0 {
            let nest = step.timing.nests[step.scheduled.nestOfOperation[index]]
            let share = Double(nest.busyCycles[unit, default: 0]) / Double(interval.cycles)
            guard share > 0 else { continue }
            for bin in bins.bins(from: interval.start, to: interval.end) {
                busy[bin] += share * bins.overlap(bin, from: interval.start, to: interval.end)
            }
        }
        return busy.map { min(1, $0 / bins.width) }
    }

    private static func steps(
        _ shares: [Double], left: Double, width: Double, bottom: Double, height: Double
    ) -> PathText {
        var path = PathText()
        var last = -1.0
        path.move(left, bottom)
        for (bin, share) in shares.enumerated() {
            // Fiftieths of a lane are finer than the eye.
            let rounded = (share * 50).rounded() / 50
            guard rounded != last else { continue }
            let x = left + Double(bin) * width
            if last >= 0 { path.line(x, bottom - last * height) }
            path.line(x, bottom - rounded * height)
            last = rounded
        }
        let right = left + Double(shares.count) * width
        path.line(right, bottom - max(0, last) * height)
        path.line(right, bottom)
        path.close()
        return path
    }
}
