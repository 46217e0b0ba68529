/// What happened in integer accumulators. Those of several outputs may be united.
public struct IntegerStatistics: Hashable, Sendable {
    /// Additions whose result was out of the accumulator's range: wraps or saturations.
    public private(set) var overflows: Int
    /// The least partial sum that an accumulator without end would have held; at most 0.
    public private(set) var least: Int64
    /// The greatest one; at least 0.
    public private(set) var greatest: Int64

    /// Nothing yet, or counts made elsewhere.
    public init(overflows: Int = 0, least: Int64 = 0, greatest: Int64 = 0) {
        self.overflows = overflows
        self.least = min(0, least)
        self.greatest = max(0, greatest)
    }

    /// The largest magnitude of a partial sum.
    public var largestMagnitude: UInt64 { max(least.magnitude, greatest.magnitude) }

    /// The bits of the narrowest accumulator in which no addition would have overflowed.
    public var narrowestWidth: Int {
        1 + max(least < 0 ? 64 - (~least).leadingZeroBitCount : 0, 64 - greatest.leadingZeroBitCount)
    }

    /// Counts one addition.
    mutating func count(_ exact: Int64, fits: Bool) {
        least = min(least, exact)
        greatest = max(greatest, exact)
        if !fits { overflows += 1 }
    }

    public static func + (left: Self, right: Self) -> Self {
        Self(
            overflows: left.overflows + right.overflows, least: min(left.least, right.least),
            greatest: max(left.greatest, right.greatest))
    }
}
