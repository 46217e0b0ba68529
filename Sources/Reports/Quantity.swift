import Foundation

/// Numbers with units, as reports print them.
public enum Quantity {
    /// `digits` places behind the point, thousands apart.
    public static func number(_ value: Double, digits: Int = 0) -> String {
        guard value.isFinite else { return "\(value)" }
        let text = String(format: "%.\(digits)f", value)
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        let isNegative = parts[0].hasPrefix("-")
        let whole = Array(isNegative ? parts[0].dropFirst() : Substring(parts[0]))
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return (isNegative ? "-" : "") + grouped + (parts.count > 1 ? "." + parts[1] : "")
    }

    public static func number(_ value: Int) -> String { number(Double(value)) }

    /// Bytes in binary units: B, KiB, MiB, GiB.
    public static func bytes(_ value: Double) -> String {
        scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"])
    }

    public static func bytes(_ value: Int) -> String { bytes(Double(value)) }

    /// Picojoules in pJ, nJ, µJ, mJ, J.
    public static func energy(picojoules: Double) -> String {
        scaled(picojoules, 1000, ["pJ", "nJ", "µJ", "mJ", "J", "kJ"])
    }

    public static func milliseconds(_ value: Double) -> String {
        value >= 10_000 ? "\(number(value / 1000, digits: 2)) s" : "\(number(value, digits: value < 10 ? 3 : 1)) ms"
    }

    public static func percent(_ share: Double, digits: Int = 1) -> String {
        number(100 * share, digits: digits) + " %"
    }

    /// A ratio with its sign of multiplication.
    public static func ratio(_ value: Double) -> String {
        number(value, digits: value > 0 && value < 0.095 ? 4 : 2) + "×"
    }

    /// Seconds as s, m s, or h m.
    public static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) m \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) m"
    }

    private static func scaled(_ value: Double, _ base: Double, _ units: [String]) -> String {
        var scaled = value
        var unit = 0
        while abs(scaled) >= base, unit < units.count - 1 {
            scaled /= base
            unit += 1
        }
        return "\(number(scaled, digits: unit == 0 ? 0 : scaled < 10 ? 2 : scaled < 100 ? 1 : 0)) \(units[unit])"
    }
}
