import Costs
import Programs

/// A setting of a step that a space may fix or vary, by its key in a space file.
public enum StepSetting: String, Sendable, Hashable, CaseIterable {
    case machine, network, method, baseline, batch, sequence, queries, trainable, updateRounding, weights, activations
    case head, lossTokens
    /// What tiles are chosen for: `--objective` of `zeroth cost`.
    case tiling

    /// Whether its values are whole numbers from 1 on.
    var isCount: Bool { [.batch, .sequence, .queries].contains(self) }

    /// What may stand for it, for errors.
    var allowed: String {
        switch self {
        case .batch, .sequence, .queries: "a whole number from 1 to 1000000000"
        case .tiling: "\"traffic\" or \"latency\""
        default: "a string, as --\(flag) of zeroth cost takes it"
        }
    }

    /// The flag of `zeroth cost` that sets it.
    var flag: String {
        switch self {
        case .machine: "hardware"
        case .updateRounding: "update-rounding"
        case .lossTokens: "loss-tokens"
        case .tiling: "objective"
        default: rawValue
        }
    }

    /// Whether `value` has the setting's type.
    func accepts(_ value: FieldValue) -> Bool {
        if isCount {
            guard let number = value.number, let whole = Int(exactly: number) else { return false }
            return (1...1_000_000_000).contains(whole)
        }
        guard case .string(let text) = value.node.value, !text.isEmpty else { return false }
        return self != .tiling || ScheduleObjective(rawValue: text) != nil
    }

    /// Sets it; `value` is one that it accepts.
    func set(_ value: FieldValue, in request: inout StepRequest) {
        let (text, whole) = (value.text, value.number.flatMap { Int(exactly: $0) } ?? 1)
        switch self {
        case .machine: request.hardware = text
        case .network: request.network = text
        case .method: request.method = text
        case .baseline: request.baseline = text
        case .batch: request.batch = whole
        case .sequence: request.sequence = whole
        case .queries: request.queries = whole
        case .trainable: request.trainable = text
        case .updateRounding: request.updateRounding = text
        case .weights: request.weights = text
        case .activations: request.activations = text
        case .head: request.head = text
        case .lossTokens: request.lossTokens = text
        case .tiling: request.objective = ScheduleObjective(rawValue: text) ?? .traffic
        }
    }
}
