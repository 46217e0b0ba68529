import Foundation
import Testing

@testable import Reports

/// The parts that pages are drawn with.
struct PageChartTests {
    @Test func ticksAreRoundAndCoverTheRange() {
        var generator = SeededNumbers(state: 7)
        for _ in 0..<2000 {
            let a = (generator.unit() - 0.5) * pow(10, generator.unit() * 12 - 4)
            let b = a + generator.unit() * pow(10, generator.unit() * 12 - 6) + 1e-9 * abs(a)
            let scale = AxisScale(linear: a...b)
            // Ends may miss by what no drawing shows.
            let little = 1e-8 * (b - a) + 1e-15 * max(abs(a), abs(b))
            #expect(scale.low <= a + little && scale.high >= b - little)
            #expect((2...14).contains(scale.ticks.count), "\(a) \(b) \(scale.ticks)")
            let step = scale.ticks[1].value - scale.ticks[0].value
            let mantissa = step / pow(10, floor(log10(step) + 1e-6))
            #expect([1, 2, 5].contains { abs(mantissa - $0) < 1e-3 }, "\(mantissa)")
        }
    }

    @Test func logarithmicTicksLieInTheAxis() {
        for (low, high) in [(1.0, 2.0), (1, 10), (3, 4000), (1e-3, 1e9), (5, 5), (0.7, 1.1)] {
            let scale = AxisScale(logarithmic: low...high)
            #expect(scale.low < low && scale.high > high)
            #expect(scale.ticks.allSatisfy { (0...1).contains(scale.place($0.value)) })
            #expect(scale.ticks.count <= 12)
            #expect(abs(scale.place(scale.low)) < 1e-9 && abs(scale.place(scale.high) - 1) < 1e-9)
        }
    }

    @Test func numbersAreShort() {
        #expect(NumberText.coordinate(12.34) == "12.3")
        #expect(NumberText.coordinate(-0.04) == "0")
        #expect(NumberText.coordinate(-0.1) == "-0.1")
        #expect(NumberText.coordinate(.nan) == "0")
        #expect(NumberText.tick(0.30000000000000004, step: 0.1) == "0.3")
        #expect(NumberText.tick(2_000, step: 500) == "2,000")
        #expect(NumberText.tick(2e-7, step: 1e-7) == "2·10⁻⁷")
        #expect(NumberText.short(1_234_567) == "1,234,567")
        #expect(NumberText.short(0.012345) == "0.0123")
        #expect(NumberText.short(3e15) == "3·10¹⁵")
    }

    /// A line of 10⁵ points with one peak keeps the peak, and few points.
    @Test func thinningKeepsExtremes() {
        var points = (0..<100_000).map { (x: Double($0) / 200, y: sin(Double($0))) }
        points[54_321].y = 9
        let thin = LineChart.thinned(points, left: 0, right: 500)
        #expect(thin.count <= 4 * 501)
        #expect(thin.contains { $0.y == 9 })
        #expect(thin.first?.x == points.first?.x && thin.last?.x == points.last?.x)
        #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x <= $1.x })
    }

    @Test func binsShareOutEveryCycle() {
        for cycles in [1, 2, 7, 1000, 123_457] {
            let bins = TimeBins(cycles: cycles, most: 90)
            var start = 0
            var sums = [Double](repeating: 0, count: bins.count)
            while start < cycles {
                let end = min(cycles, start + 1 + start % 37)
                for bin in bins.bins(from: start, to: end) { sums[bin] += bins.overlap(bin, from: start, to: end) }
                start = end
            }
            #expect(sums.allSatisfy { abs($0 - bins.width) < 1e-6 * Double(cycles) + 1e-9 }, "\(cycles)")
        }
    }

    /// Labels that were placed touch neither each other nor a mark.
    @Test func labelsDoNotOverlap() {
        var generator = SeededNumbers(state: 3)
        var placer = LabelPlacer(left: 0, top: 0, right: 500, bottom: 300)
        let points = (0..<60).map { _ in (x: generator.unit() * 500, y: generator.unit() * 300) }
        for point in points { placer.avoid(point.x, point.y, radius: 5) }
        var boxes: [(Double, Double, Double, Double)] = []
        for (index, point) in points.enumerated() {
            let text = "label \(index)"
            guard let place = placer.place(text, at: point.x, point.y) else { continue }
            let width = Drawing.width(of: text)
            let left = place.anchor == .start ? place.x : place.anchor == .end ? place.x - width : place.x - width / 2
            boxes.append((left, place.y - 11, left + width, place.y + 3))
        }
        #expect(boxes.count > 10)
        for (index, a) in boxes.enumerated() {
            #expect(a.0 >= 0 && a.2 <= 500 && a.1 >= 0 && a.3 <= 300)
            for b in boxes[(index + 1)...] { #expect(a.0 >= b.2 || b.0 >= a.2 || a.1 >= b.3 || b.1 >= a.3) }
            for point in points {
                #expect(point.x + 5 <= a.0 || point.x - 5 >= a.2 || point.y + 5 <= a.1 || point.y - 5 >= a.3)
            }
        }
    }

    @Test func whatComesFromOutsideIsEscaped() {
        var writer = MarkupWriter()
        writer.write(.tag("p", ["title": "\"><script>&'"], "<b>\u{0}\u{1B} a\n"))
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "<p title=\"&quot;&gt;&lt;script&gt;&amp;&#39;\">&lt;b&gt;\u{FFFD}\u{FFFD} a\n</p>")
    }

    /// WCAG 2.2: 4.5 for text, 3 for what is drawn.
    @Test(arguments: [0, 1]) func coloursHaveContrast(theme: Int) {
        let colours = [Palette.light, Palette.dark][theme]
        for text in [colours.ink, colours.muted, colours.link] {
            for ground in [colours.page, colours.panel] { #expect(Self.contrast(text, ground) >= 4.5) }
        }
        for series in colours.series {
            #expect(Self.contrast(series, colours.page) >= 3)
            #expect(Self.contrast(colours.onSeries, series) >= 4.5)
        }
        #expect(Self.contrast(colours.cloud, colours.page) >= 3)
        // The flag that warns is text of the second series' colour.
        #expect(Self.contrast(colours.series[1], colours.page) >= 4.5)
        #expect(Set(colours.series).count == colours.series.count)
    }

    private static func contrast(_ a: Palette.Colour, _ b: Palette.Colour) -> Double {
        func luminance(_ colour: Palette.Colour) -> Double {
            let parts = [colour.red, colour.green, colour.blue].map { part in
                let value = Double(part) / 255
                return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        let (x, y) = (luminance(a), luminance(b))
        return (max(x, y) + 0.05) / (min(x, y) + 0.05)
    }
}

/// The same numbers in every run.
private struct SeededNumbers {
    var state: UInt64

    /// In [0, 1).
    mutating func unit() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / 0x1p53
    }
}
