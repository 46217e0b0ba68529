import Foundation

/// What an axis or a bar shows: its values' unit, and how they are written.
enum PlotQuantity: Sendable, Hashable {
    /// In picojoules.
    case energy
    /// In milliseconds.
    case time
    case bytes
    /// In picojoule milliseconds.
    case energyDelay
    /// In mm².
    case area
    /// A ratio of two equal quantities.
    case ratio
    /// 0 to 1, shown in percent.
    case share
    /// A number with a unit of its own.
    case number(unit: String)

    /// One value with its unit.
    func text(_ value: Double) -> String {
        switch self {
        case .energy: Quantity.energy(picojoules: value)
        case .time: Quantity.milliseconds(value)
        case .bytes: Quantity.bytes(value)
        case .energyDelay: "\(Quantity.number(value * 1e-15, digits: 4)) J s"
        case .area: "\(Quantity.number(value, digits: 2)) mm²"
        case .ratio: Quantity.ratio(value)
        case .share: Quantity.percent(value)
        case .number(let unit): NumberText.short(value) + (unit.isEmpty ? "" : " \(unit)")
        }
    }

    /// The unit that suits an axis up to a value: what values are multiplied by, and its name.
    func axisUnit(upTo largest: Double) -> (factor: Double, name: String) {
        func pick(_ base: Double, _ names: [String]) -> (Double, String) {
            var (factor, index) = (1.0, 0)
            while abs(largest) * factor >= base, index < names.count - 1 {
                factor /= base
                index += 1
            }
            return (factor, names[index])
        }
        switch self {
        case .energy: return pick(1000, ["pJ", "nJ", "µJ", "mJ", "J", "kJ"])
        case .bytes: return pick(1024, ["bytes", "KiB", "MiB", "GiB", "TiB"])
        case .time: return largest >= 10_000 ? (1e-3, "s") : largest < 0.1 ? (1e3, "µs") : (1, "ms")
        case .energyDelay: return (1e-15, "J s")
        case .area: return (1, "mm²")
        case .ratio: return (1, "×")
        case .share: return (100, "%")
        case .number(let unit): return (1, unit)
        }
    }
}
