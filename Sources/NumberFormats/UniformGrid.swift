/// The grid of ZOQO (arXiv 2501.06736): whole steps −m…m, each as likely as the next to within 2⁻³².
///
/// Source: docs/semantics.md, 5.3; the multiply-shift is that of D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS
/// 29 (2019), without its rejection.
public struct UniformGrid: Hashable, Sendable {
    /// m, the largest step, 1…32767.
    public let largest: Int32

    /// The grid −m…m.
    ///
    /// - Throws: `RandomSourceError.grid`.
    public init(largest: Int) throws(RandomSourceError) {
        guard 1...32767 ~= largest else { throw .grid(largest) }
        self.largest = Int32(largest)
    }

    /// The grid −m…m of an m that is known to be in range.
    public init(checked largest: Int32) {
        precondition(1...32767 ~= largest, "a grid has 1 to 32767 steps each way")
        self.largest = largest
    }

    /// j = ((w·(2m + 1)) >> 32) − m of one 32-bit draw w.
    public func integer(word: UInt32) -> Int32 {
        Int32((UInt64(word) * UInt64(2 * largest + 1)) >> 32) - largest
    }

    /// How many of the 2³² words give each of −m…m, in order: ⌈(i + 1)·2³²/n⌉ − ⌈i·2³²/n⌉ with n = 2m + 1.
    public var wordCounts: [UInt64] {
        let n = UInt64(2 * largest + 1)
        func words(below i: UInt64) -> UInt64 { (i << 32 + n - 1) / n }
        return (0..<n).map { words(below: $0 + 1) - words(below: $0) }
    }

    /// The variance m·(m + 1)/3 of the exactly uniform grid; the draws' own differs by less than 2⁻³²·m²·(2m + 1).
    public var variance: Double { Double(largest) * Double(largest + 1) / 3 }
}
