import Foundation

extension Reproductions {
    /// A number with so many places behind the point.
    static func decimals(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

    /// Bytes in 10⁹.
    static func gigabytes(_ bytes: Int) -> String { decimals(Double(bytes) / 1e9, 2) + " GB" }
}
