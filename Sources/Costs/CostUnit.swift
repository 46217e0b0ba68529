import Hardware

/// The unit of a machine that spends energy or time: the rows of the energy table in a report.
public enum CostUnit: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    case array
    case vectorUnit
    case perturbationUnit
    case weightBuffer
    case activationBuffer
    case accumulatorBuffer
    case dram

    public init(_ buffer: SRAM.Buffer) {
        switch buffer {
        case .weight: self = .weightBuffer
        case .activation: self = .activationBuffer
        case .accumulator: self = .accumulatorBuffer
        }
    }

    /// As it stands in tables.
    public var label: String {
        switch self {
        case .array: "array"
        case .vectorUnit: "vector unit"
        case .perturbationUnit: "perturbation unit"
        case .weightBuffer: "weight buffer"
        case .activationBuffer: "activation buffer"
        case .accumulatorBuffer: "accumulator buffer"
        case .dram: "DRAM"
        }
    }
}
