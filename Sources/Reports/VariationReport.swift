import Programs

/// Ratios as a step's sizes vary, as a table.
public enum VariationReport {
    /// One setting's step.
    public struct Row: Sendable, Hashable, Codable {
        public let batch: Int
        /// Nil where the flags left it out and there is no summary.
        public let sequence: Int?
        /// Nil where the machine cannot run it.
        public let summary: RunSummary?
        /// Why there is no summary.
        public let reason: String?

        public init(batch: Int, sequence: Int?, _ result: Result<RunSummary, any Error>) {
            self.batch = batch
            self.sequence = sequence
            switch result {
            case .success(let summary): (self.summary, reason) = (summary, nil)
            case .failure(let error): (summary, reason) = (nil, "\(error)")
            }
        }
    }

    private static func setting(_ row: Row) -> String {
        "\(row.batch)" + (row.sequence.map { " × \($0)" } ?? "")
    }

    public static func lines(_ rows: [Row]) -> [String] {
        guard let summary = rows.compactMap(\.summary).first else {
            return rows.map { setting($0) + ": " + ($0.reason ?? "") }
        }
        let name = StepDescription.Method.title(summary.method)
        let baseline = CostReport.title(of: summary.baseline)
        var table = TextTable()
        table.append([
            "batch × tokens on \(summary.machine)", "\(name) peak", "\(baseline) peak", "ratio", "\(name) latency",
            "ratio", "\(name) energy", "ratio",
        ])
        table.rule()
        var reasons: [String] = []
        for row in rows {
            let setting = setting(row)
            guard let summary = row.summary else {
                table.append([setting, "-"])
                reasons.append("\(setting): \(row.reason ?? "")")
                continue
            }
            let (zeroth, first) = (summary.zerothOrder, summary.firstOrder)
            func ratio(_ value: (RunSummary.MeanStep) -> Double) -> String {
                guard let first, value(zeroth) > 0 else { return "-" }
                return Quantity.ratio(value(first) / value(zeroth))
            }
            table.append([
                setting, Quantity.bytes(zeroth.peakDRAMBytes), first.map { Quantity.bytes($0.peakDRAMBytes) } ?? "-",
                ratio { Double($0.peakDRAMBytes) }, Quantity.milliseconds(zeroth.milliseconds),
                ratio { $0.milliseconds }, Quantity.energy(picojoules: zeroth.picojoules), ratio { $0.picojoules },
            ])
            if let reason = summary.reason { reasons.append("\(setting): no first-order step beside it: \(reason)") }
        }
        return table.lines() + reasons + ["ratios are \(baseline)/\(name)"]
    }
}
