import Foundation

/// A figure as it was published.
public struct PublishedFigure: Sendable, Hashable {
    /// What the figure claims of the amount.
    public enum Claim: String, Sendable, Hashable, Encodable {
        case equals
        /// It fits into this much.
        case atMost = "at-most"
        /// It is this much or more.
        case atLeast = "at-least"
    }

    /// Name on the command line.
    public let name: String
    /// One line that says what is claimed.
    public let summary: String
    /// Where it stands.
    public let source: String
    public let value: Double
    /// Places behind the point that were published.
    public let decimals: Int
    public let measure: Measure
    public let claim: Claim

    public init(
        _ name: String, _ summary: String, source: String, _ value: Double, decimals: Int, _ measure: Measure,
        _ claim: Claim = .equals
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.value = value
        self.decimals = decimals
        self.measure = measure
        self.claim = claim
    }

    /// A difference in percent of the published figure that counts as none.
    public static let tolerancePercent = 0.5

    /// Whether `computed` is printed as the published figure is, half a last place upwards.
    func rounds(_ computed: Double) -> Bool { lastPlaces(computed) == lastPlaces(value) }

    /// A value in units of the last published place, to the nearest.
    func lastPlaces(_ value: Double) -> Int { Int((value * pow(10, Double(decimals)) + 0.5).rounded(.down)) }

    /// Computed less published, in percent of published.
    func differencePercent(_ computed: Double) -> Double { 100 * (computed - value) / value }

    /// Whether a computed figure bears the published one out.
    func holds(_ computed: Double) -> Bool {
        switch claim {
        case .equals: rounds(computed) || abs(differencePercent(computed)) <= Self.tolerancePercent
        case .atMost: computed <= value
        case .atLeast: computed >= value
        }
    }
}
