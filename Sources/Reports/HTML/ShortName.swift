import Exploration

/// Fields and choices of a space as tables and charts name them.
enum ShortName {
    /// The last two keys of each field's path: enough to know it beside others.
    static func of(_ dimension: SpaceDimension) -> String {
        dimension.fields.map { of($0.name) }.joined(separator: " + ")
    }

    static func of(_ path: String) -> String { path.split(separator: ".").suffix(2).joined(separator: ".") }

    /// Each dimension by the last keys of its paths alone, or by the last two where another dimension ends in the same.
    static func shortest(_ dimensions: [SpaceDimension]) -> [String] {
        func last(_ dimension: SpaceDimension) -> String {
            dimension.fields.map { String($0.name.split(separator: ".").last ?? "") }.joined(separator: " + ")
        }
        let names = dimensions.map(last)
        return dimensions.indices.map { index in
            names.count { $0 == names[index] } > 1 ? of(dimensions[index]) : names[index]
        }
    }

    /// As the first words of a heading.
    static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// A choice's values; equal ones that move together stand once.
    static func label(_ space: ExplorationSpace, _ dimension: Int, _ choice: Int) -> String {
        var texts: [String] = []
        for text in space.label(dimension, choice) where texts.last != text { texts.append(text) }
        return texts.joined(separator: " + ")
    }
}

extension Objective {
    /// As charts name it.
    var title: String {
        switch self {
        case .energy: "energy of a step"
        case .latency: "time of a step"
        case .edp: "energy × time"
        case .dramBytes: "DRAM traffic"
        case .peakMemory: "peak DRAM memory"
        case .sramBytes: "SRAM"
        case .macCount: "array elements"
        case .sramArea: "SRAM area"
        case .energyRatio: "energy, baseline/step"
        case .latencyRatio: "time, baseline/step"
        case .edpRatio: "energy × time, baseline/step"
        case .dramBytesRatio: "DRAM traffic, baseline/step"
        case .peakMemoryRatio: "peak memory, baseline/step"
        }
    }

    var quantity: PlotQuantity {
        switch self {
        case .energy: .energy
        case .latency: .time
        case .edp: .energyDelay
        case .dramBytes, .peakMemory, .sramBytes: .bytes
        case .macCount: .number(unit: "")
        case .sramArea: .area
        case .energyRatio, .latencyRatio, .edpRatio, .dramBytesRatio, .peakMemoryRatio: .ratio
        }
    }
}
