import Foundation

/// Numbers as charts write them.
enum NumberText {
    /// A coordinate of a drawing: at most one decimal.
    static func coordinate(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "0" }
        let tenths = Int((value * 10).rounded())
        let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
        return (tenths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
    }

    /// A tick of an axis whose ticks stand `step` apart.
    static func tick(_ value: Double, step: Double) -> String {
        guard value.isFinite, step > 0, value != 0 else { return "0" }
        let digits = max(0, -Int(floor(log10(step) + 1e-9)))
        return digits > 4 || abs(value) >= 1e7 ? power(value) : Quantity.number(value, digits: digits)
    }

    /// Three significant digits.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        guard value != 0 else { return "0" }
        let exponent = Int(floor(log10(abs(value))))
        if exponent < -4 || exponent >= 12 { return power(value) }
        if value == value.rounded() { return Quantity.number(value) }
        return Quantity.number(value, digits: max(0, min(6, 2 - exponent)))
    }

    /// As a product with a power of ten.
    static func power(_ value: Double) -> String {
        var exponent = Int(floor(log10(abs(value)) + 1e-12))
        var mantissa = value / pow(10, Double(exponent))
        if abs(mantissa) >= 9.995 {
            mantissa /= 10
            exponent += 1
        }
        let raised = String("\(exponent)".map { $0 == "-" ? "⁻" : superscripts[$0.wholeNumberValue ?? 0] })
        let text = String(format: "%.2f", mantissa)
        let short = text.contains(".") ? String(text.trimmingSuffix { $0 == "0" || $0 == "." }) : text
        return short == "1" ? "10\(raised)" : "\(short)·10\(raised)"
    }

    private static let superscripts: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
}

extension String {
    /// Without the characters at the end that meet a condition.
    fileprivate func trimmingSuffix(_ isCut: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, isCut(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
