import Exploration

/// A space's front, its knee and what moves its objectives, as tables.
public enum ParetoReport {
    /// Points of a front that the table shows.
    static let mostPoints = 50

    public static func lines(_ analysis: FrontAnalysis) -> [String] {
        let space = analysis.space
        var lines = [
            "space '\(space.name)': \(analysis.rows.count) points that work, \(analysis.impossible) that cannot"
                + (analysis.incomplete > 0 ? ", \(analysis.incomplete) without one of the objectives" : ""),
            "front in \(analysis.objectives.map(\.rawValue).joined(separator: ", ")): \(analysis.front.count) points",
            "",
        ]
        var table = TextTable()
        let names = space.dimensions.map { ShortName.of($0) }
        table.append(["point"] + names + analysis.objectives.map(heading))
        table.rule()
        // The knee is always among those shown.
        let shown = analysis.front.enumerated().filter { $0 < mostPoints || $1 == analysis.knee }.map(\.element)
        for index in shown {
            let row = analysis.rows[index]
            let choices = space.choices(of: row.point)
            table.append(
                ["\(row.point)\(index == analysis.knee ? " *" : "")"]
                    + choices.indices.map { ShortName.label(space, $0, choices[$0]) }
                    + zip(analysis.objectives, analysis.values[index]).map { $0.quantity.text($1) })
        }
        lines += table.lines()
        if shown.count < analysis.front.count {
            lines.append("… and \(analysis.front.count - shown.count) more: --json has all")
        }
        lines.append("* the knee: nearest to the best of all objectives, each scaled to 0…1 over the front")
        lines.append("recompute it: \(analysis.rows[analysis.knee].cells.last?.text ?? "")")
        lines += [""] + sensitivity(analysis)
        return lines
    }

    private static func sensitivity(_ analysis: FrontAnalysis) -> [String] {
        var table = TextTable()
        table.append(["what moves what", "objective", "alone", "at most", "sets", "best mean at", "share"])
        table.rule()
        let order = analysis.sensitivities.sorted { a, b in
            let (x, y) = (a.share ?? -1, b.share ?? -1)
            let (i, j) = (
                analysis.objectives.firstIndex(of: a.objective)!, analysis.objectives.firstIndex(of: b.objective)!
            )
            return (i, -x, a.dimension) < (j, -y, b.dimension)
        }
        for entry in order {
            let dimension = analysis.space.dimensions[entry.dimension]
            table.append([
                ShortName.of(dimension), entry.objective.rawValue,
                entry.meanFactor.map(Quantity.ratio) ?? "-", entry.mostFactor.map(Quantity.ratio) ?? "-",
                "\(entry.groups)", entry.bestChoice.map { ShortName.label(analysis.space, entry.dimension, $0) } ?? "-",
                entry.share.map { Quantity.percent($0) } ?? "-",
            ])
        }
        return table.lines() + [
            "alone: greatest over least value where nothing else differs, the geometric mean over the sets of such points; share: of the "
                + "variance of the objective's logarithm"
        ]
    }

    private static func heading(_ objective: Objective) -> String { objective.rawValue.replacing("_", with: " ") }
}
