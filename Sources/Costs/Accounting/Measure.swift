/// How a figure is made of sides.
public enum Measure: String, Sendable, Hashable, Encodable {
    /// Bytes of the first side over those of the second.
    case ratio
    /// The first side's bytes in percent of the second's.
    case share
    /// The first side's bytes in 10⁹.
    case gigabytes
    /// The first side's bytes in 2³⁰.
    case gibibytes

    /// The figure, in binary64.
    ///
    /// - Precondition: as many sides as the measure needs, the second one not empty.
    func value(_ sides: [MemoryAccount]) -> Double {
        let first = Double(sides[0].bytes)
        switch self {
        case .ratio: return first / Double(sides[1].bytes)
        case .share: return 100 * first / Double(sides[1].bytes)
        case .gigabytes: return first / 1e9
        case .gibibytes: return first / 1_073_741_824
        }
    }

    public var unit: String {
        switch self {
        case .ratio: "×"
        case .share: "%"
        case .gigabytes: "GB"
        case .gibibytes: "GiB"
        }
    }
}
