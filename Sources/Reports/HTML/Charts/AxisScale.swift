import Foundation

/// Values of an axis as parts of its length, and the ticks on it.
struct AxisScale: Sendable {
    struct Tick: Sendable, Hashable {
        let value: Double
        let label: String
    }

    let low: Double
    let high: Double
    let isLogarithmic: Bool
    let ticks: [Tick]

    /// A linear axis that begins and ends at ticks of 1, 2 or 5 times a power of ten.
    ///
    /// - Parameter most: ticks, at most and about.
    init(linear range: ClosedRange<Double>, ticks most: Int = 6) {
        var (low, high) = (range.lowerBound, range.upperBound)
        if low == high {
            let widening = low == 0 ? 1 : abs(low) * 0.1
            (low, high) = (low - widening, high + widening)
        }
        let step = Self.step((high - low) / Double(max(2, most) - 1))
        (low, high) = (floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step)
        let count = Int(((high - low) / step).rounded())
        self.low = low
        self.high = high
        isLogarithmic = false
        ticks = (0...count).map { index in
            let value = low + Double(index) * step
            // Where 0 is meant, sums of steps miss it by a little.
            let exact = abs(value) < step * 1e-6 ? 0 : value
            return Tick(value: exact, label: NumberText.tick(exact, step: step))
        }
    }

    /// A logarithmic axis a little longer than its range.
    ///
    /// - Precondition: `range` is above 0.
    init(logarithmic range: ClosedRange<Double>, ticks most: Int = 6) {
        precondition(range.lowerBound > 0)
        let margin = max(0.02, 0.05 * log10(range.upperBound / range.lowerBound))
        let (low, high) = (range.lowerBound * pow(10, -margin), range.upperBound * pow(10, margin))
        self.low = low
        self.high = high
        isLogarithmic = true
        let decades = Int(floor(log10(low)))...Int(ceil(log10(high)))
        func inside(_ factors: [Double]) -> [Double] {
            decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }.filter {
                $0 >= low && $0 <= high
            }
        }
        var values = inside([1, 2, 5])
        if values.count > most { values = inside([1]) }
        let stride = max(1, (values.count + most - 1) / max(1, most))
        values = values.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
        guard values.count >= 3 else {
            // Less than a decade: steps of equal length, placed logarithmically.
            let linear = AxisScale(linear: range, ticks: most)
            ticks = linear.ticks.filter { $0.value >= low && $0.value <= high }
            return
        }
        ticks = values.map { value in
            let step = pow(10, floor(log10(value) + 1e-9))
            return Tick(value: value, label: NumberText.tick(value, step: step))
        }
    }

    /// Linear or logarithmic, as the values' range asks for: logarithmic where all are positive and the range is a factor of 15 or more.
    init(fitting values: [Double], ticks most: Int = 6) {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else {
            self.init(linear: 0...1, ticks: most)
            return
        }
        if low > 0, high / low >= 15 {
            self.init(logarithmic: low...high, ticks: most)
        } else {
            self.init(linear: low...high, ticks: most)
        }
    }

    /// A linear axis from 0 that ends exactly at a value, with ticks of 1, 2 or 5 times a power of ten before it.
    init(ending high: Double, ticks most: Int = 6) {
        let nice = AxisScale(linear: 0...max(high, .leastNormalMagnitude), ticks: most)
        self.init(low: 0, high: high > 0 ? high : 1, ticks: nice.ticks.filter { $0.value <= high * (1 + 1e-9) })
    }

    /// A linear axis with the ticks given: names, or none.
    init(low: Double = 0, high: Double = 1, ticks: [Tick]) {
        (self.low, self.high, isLogarithmic, self.ticks) = (low, high, false, ticks)
    }

    /// 0 at the axis's low end, 1 at its high one.
    func place(_ value: Double) -> Double {
        isLogarithmic ? log(max(value, .leastNormalMagnitude) / low) / log(high / low) : (value - low) / (high - low)
    }

    /// The next of 1, 2, 5 times a power of ten from `least` on.
    private static func step(_ least: Double) -> Double {
        let power = pow(10, floor(log10(least)))
        return [1.0, 2, 5].map { $0 * power }.first { $0 >= least * (1 - 1e-9) } ?? 10 * power
    }
}
