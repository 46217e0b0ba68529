import FineTuning

/// How a run's network did before and after, as the end of `zeroth finetune` prints it.
public enum AccuracyReport {
    public static func lines(metrics: Metrics, majority: Double) -> [String] {
        var table = TextTable()
        table.append(["validation", "loss", "accuracy", "balanced accuracy"])
        table.rule()
        func row(_ name: String, _ score: Metrics.Score?) {
            guard let score else { return }
            table.append([
                name, Quantity.number(score.loss, digits: 4), Quantity.percent(score.accuracy),
                Quantity.percent(score.balancedAccuracy),
            ])
        }
        row("before tuning", metrics.evaluations[0])
        row("after \(metrics.rows.count) steps", metrics.evaluations[metrics.rows.count])
        table.append(["always the largest class", "", Quantity.percent(majority), ""])
        if let before = metrics.evaluations[0], let after = metrics.evaluations[metrics.rows.count] {
            let gain = 100 * (after.accuracy - before.accuracy)
            table.append(["gain", "", (gain < 0 ? "" : "+") + Quantity.number(gain, digits: 1) + " points", ""])
        }
        return table.lines()
    }
}
