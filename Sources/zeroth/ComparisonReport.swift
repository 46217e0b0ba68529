import Reports
import Traces

/// What `zeroth compare` prints for people.
enum ComparisonReport {
    static func lines(_ result: TraceComparison.Result) -> [String] {
        var lines: [String] = []
        if let first = result.first {
            lines += divergence(first) + [""]
        }
        var table = TextTable()
        table.append(["unit", "compared", "different", "other cycles", "missing", "extra", "extra, allowed"])
        table.rule()
        for unit in TraceLayout.units {
            guard let counts = result.counts[unit] else { continue }
            let numbers = [
                counts.compared, counts.different, counts.otherCycles, counts.missing, counts.extra,
                counts.allowedExtra,
            ]
            table.append([unit] + numbers.map(String.init))
        }
        lines += table.lines()
        if result.endsEarly {
            lines.append("Events behind the first divergence could not be paired and are not counted.")
        }
        lines.append(result.isEqual ? "equal" : "different")
        return lines
    }

    private static func divergence(_ d: TraceDivergence) -> [String] {
        let place = "operation \(d.operation) (\(d.operationName), pass \(d.pass)), \(d.tile)"
        var head = "first divergence: \(place)"
        if let lane = d.lane { head += ", lane \(lane)" }
        if let bit = d.bit { head += ", bit \(bit)" }
        var lines = [head]
        let sequence = d.sequence.map { "event \($0)" } ?? "event \(d.otherSequence ?? 0) of the other log"
        var what = "  \(sequence), \(d.unit) \(d.event)"
        if let cycles = d.cycles ?? d.otherCycles { what += ", cycles \(cycles[0]) to \(cycles[1])" }
        lines.append(what)
        switch d.kind {
        case .value: lines += value(d)
        case .flags: lines.append("  flags are \(d.other ?? ""), should be \(d.golden ?? "")")
        case .cycles:
            let other = d.otherCycles.map { "\($0[0]) to \($0[1])" } ?? ""
            lines.append("  cycles are \(other) in the other log; values are equal")
        case .event: lines.append("  another event stands there: \(d.other ?? "")")
        case .missing: lines.append("  the other log has no such event: it ends before")
        case .extra: lines.append("  the golden log has no such event: it ends before")
        }
        if !d.before.isEmpty {
            lines.append("  before it on the \(d.unit):")
            lines += d.before.map { "    \($0)" }
        }
        return lines
    }

    private static func value(_ d: TraceDivergence) -> [String] {
        let role = ["i": "read by the command", "r": "drawn", "o": "left by the command"][d.role ?? ""] ?? ""
        let name = "\(d.role ?? ""):\(d.field ?? "")" + (d.tensor.map { " (\($0))" } ?? "")
        let index = (d.index ?? []).map(String.init).joined(separator: ", ")
        var lines = [
            "  field \(name), \(d.format ?? ""), \(role): element [\(index)] is \(d.other ?? ""), should be \(d.golden ?? "") "
                + "(bits that differ: \(d.bits ?? ""))"
        ]
        let lanes = (d.lanes ?? []).map(String.init).joined(separator: ", ")
        lines.append("  \(d.differing ?? 0) of \(d.elements ?? 0) elements of the field differ, in lanes \(lanes)")
        if !d.otherFields.isEmpty { lines.append("  so do fields \(d.otherFields.joined(separator: ", "))") }
        if d.inputsAgree == true {
            lines.append("  what the command read is the same in both: the \(d.unit) made this itself")
        } else {
            lines.append("  it differs before the command: look at what brought it here")
        }
        for input in d.inputs {
            let tensor = input.tensor.map { " (\($0))" } ?? ""
            let at = input.index.map(String.init).joined(separator: ", ")
            lines.append(
                "    \(input.field)\(tensor) from [\(at)]: \(input.values.joined(separator: " "))"
                    + (input.more > 0 ? " and \(input.more) more" : ""))
        }
        return lines
    }
}
