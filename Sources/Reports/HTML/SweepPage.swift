import Costs
import Exploration

/// A sweep as a page: the front, how it lies in the space, what moves what, and the knee's cost.
public enum SweepPage {
    /// - Parameter version: of the program, for the page's last line.
    public static func page(_ sweep: SweepFindings, version: String) -> ReportPage {
        let space = sweep.space
        let works = sweep.rows.count(where: \.works)
        var page = ReportPage(
            title: space.name,
            lead: [
                "\(space.dimensions.count) fields vary: \(space.dimensions.map(\.name).joined(separator: "; ")).",
                "Search: \(space.search.word), \(Quantity.number(space.size)) points in the full grid"
                    + (space.constraints.isEmpty ? "." : ", before its constraints."),
            ],
            origin:
                "Made by zeroth \(version) from the results folder \(sweep.folder), space digest \(space.digest.prefix(16))…. Every row names the "
                + "command that prints it again. What flags mean: derived, calculated from measured numbers or by a model; estimated, "
                + "resting on a judgement.")
        if let shard = sweep.shard {
            page.warnings.append("This folder holds shard \(shard) alone, not the whole space.")
        }
        if let expected = sweep.expected, sweep.rows.count < expected {
            page.warnings.append(
                "This sweep is not over: \(Quantity.number(sweep.rows.count)) of \(Quantity.number(expected)) points are done. Go on with: "
                    + "zeroth explore \(sweep.folder)/space.json5 --output \(sweep.folder) --resume"
                    + (sweep.shard.map { " --shard \($0)" } ?? ""))
        }
        page.tiles = [
            .init(
                name: "points costed", value: Quantity.number(sweep.rows.count),
                more: sweep.expected.map { "of \(Quantity.number($0))" } ?? "bred by the search"),
            .init(
                name: "that work", value: Quantity.number(works),
                more: "\(Quantity.number(sweep.rows.count - works)) cannot"),
        ]
        guard let analysis = sweep.analysis else {
            page.warnings.append("There is no front: \(sweep.reason ?? "no point works").")
            page.sections = [refusals(sweep)].compactMap(\.self)
            return page
        }
        page.tiles.append(
            .init(
                name: "on the front", value: Quantity.number(analysis.front.count),
                more: analysis.objectives.map(\.title).joined(separator: ", ")))
        page.sections = [front(analysis, works), sensitivity(analysis), knee(sweep), refusals(sweep)].compactMap(\.self)
        return page
    }

    // MARK: The front

    private static var modelled: Markup {
        SourceFlag.markup(
            .derived,
            "by the cost model, every point as zeroth cost prints it; the knee's section says which prices are estimated"
        )
    }

    private static func front(_ analysis: FrontAnalysis, _ works: Int) -> ReportPage.Section {
        let count = analysis.objectives.count
        // All pairs of up to four objectives; beyond, each beside the first.
        let pairs = (0..<count).flatMap { a in (a + 1..<max(a + 1, count)).map { (a, $0) } }
            .filter { count <= 4 || $0.0 == 0 }
        var parts: [Markup] = []
        let figures = pairs.map { across, upwards in
            let chart = FrontChart(analysis: analysis, across: across, upwards: upwards)
            let (first, second) = (analysis.objectives[across], analysis.objectives[upwards])
            return Figure(
                name: "front-\(first.column)-\(second.column)",
                title: ShortName.capitalised("\(second.title) against \(first.title)"),
                description:
                    "Better is \(first.isRatio ? "right" : "left") and \(second.isRatio ? "up" : "down"). "
                    + "A point may be on the front for an objective that is not drawn here.",
                drawing: chart.drawing(), legend: chart.legend, flags: [modelled])
        }
        if figures.isEmpty {
            parts.append(.tag("p", [:], "There is one objective, so the front is its best point."))
        } else {
            parts.append(.tag("div", ["class": "grid"], figures.map(\.markup)))
            if analysis.incomplete > 0 {
                parts.append(
                    .tag(
                        "p", ["class": "note"],
                        "\(Quantity.number(analysis.incomplete)) points that work lack an objective and are left out."))
            }
        }
        let parallel = ParallelChart(analysis: analysis)
        parts.append(
            Figure(
                name: "parallel", title: "All fields and objectives at once",
                description:
                    "A line is a point. Fields stand at equal distances in the space's order; of many points every n-th is drawn.",
                drawing: parallel.drawing(), legend: parallel.legend, flags: [modelled]
            ).markup)
        parts += [table(analysis).markup, commands(analysis).folded("The commands that print these points again")]
        let shown = shownRows(analysis).count
        parts.append(
            .tag(
                "p", ["class": "note"],
                (shown < analysis.front.count
                    ? "\(Quantity.number(shown)) of \(Quantity.number(analysis.front.count)) points of the front; zeroth explore pareto --json has all. "
                    : "")
                    + "The knee is the point of the front nearest to the best of all objectives, each scaled to 0…1 over the front."
            ))
        return .init(name: "front", title: "The points that nothing beats", parts: parts)
    }

    private static func shownRows(_ analysis: FrontAnalysis) -> [Int] { FrontChart.shown(analysis, most: 200) }

    private static func table(_ analysis: FrontAnalysis) -> PageTable {
        let space = analysis.space
        var table = PageTable(
            caption: "The front, by \(analysis.objectives[0].title)",
            columns: ["point"] + ShortName.shortest(space.dimensions) + analysis.objectives.map(\.title))
        for index in shownRows(analysis) {
            let row = analysis.rows[index]
            let choices = space.choices(of: row.point)
            if index == analysis.knee { table.marked = table.rows.count }
            let fields = choices.indices.map { dimension in
                let text = ShortName.label(space, dimension, choices[dimension])
                return PageTable.Cell(text, value: Double(text))
            }
            let numbers = zip(analysis.objectives, analysis.values[index]).map {
                PageTable.Cell($0.quantity.text($1), value: $1)
            }
            let name = "\(row.point)\(index == analysis.knee ? " (knee)" : "")"
            table.rows.append([.init(name, value: Double(row.point))] + fields + numbers)
        }
        return table
    }

    /// What computes each row of the front's table again.
    private static func commands(_ analysis: FrontAnalysis) -> PageTable {
        var table = PageTable(
            caption: "Commands that print these points again", columns: ["point", "command"], words: [1])
        table.rows = shownRows(analysis).map { index in
            let row = analysis.rows[index]
            return [
                .init("\(row.point)", value: Double(row.point)), .init(row.cells.last?.text ?? "", isCode: true),
            ]
        }
        return table
    }

    // MARK: What moves what

    private static func sensitivity(_ analysis: FrontAnalysis) -> ReportPage.Section {
        let space = analysis.space
        var matrix = PageTable(
            caption: "Part of the variance of each objective's logarithm that lies between a field's choices",
            columns: ["field"] + analysis.objectives.map(\.title))
        var details = PageTable(
            caption: "Each field and each objective",
            columns: [
                "field", "objective", "alone", "at most", "sets", "best mean at", "best over worst mean", "share",
            ])
        details.words = [1, 5]
        for dimension in space.dimensions.indices {
            let name = ShortName.of(space.dimensions[dimension])
            let entries = analysis.sensitivities.filter { $0.dimension == dimension }
            func ratio(_ value: Double?) -> PageTable.Cell {
                value.map { .init(Quantity.ratio($0), value: $0) } ?? .init("–")
            }
            func share(_ entry: Sensitivity) -> PageTable.Cell {
                entry.share.map { .init(Quantity.percent($0), value: $0, meter: $0) } ?? .init("–")
            }
            matrix.rows.append([.init(name)] + entries.map(share))
            for entry in entries {
                details.rows.append([
                    .init(name), .init(entry.objective.title), ratio(entry.meanFactor), ratio(entry.mostFactor),
                    .init(Quantity.number(entry.groups), value: Double(entry.groups)),
                    .init(entry.bestChoice.map { ShortName.label(space, dimension, $0) } ?? "–"),
                    ratio(entry.choiceFactor), share(entry),
                ])
            }
        }
        return .init(
            name: "sensitivity", title: "What moves what",
            parts: [
                matrix.markup,
                .tag(
                    "p", ["class": "note"],
                    "100 %: nothing else matters. Over a full grid the shares of an objective add up to at most 100 %; the rest is what fields do together. "
                        + "Points that cannot work are left out."),
                details.folded("By how much, and where it is best"),
                .tag(
                    "p", ["class": "note"],
                    "Alone: greatest over least value among points that differ in this field only, the geometric mean over the sets of such points, and the most of any set."
                ),
            ])
    }

    private static func knee(_ sweep: SweepFindings) -> ReportPage.Section? {
        guard let analysis = sweep.analysis else { return nil }
        let row = analysis.rows[analysis.knee]
        var parts: [Markup] = [
            .tag("p", [:], [.text("Point \(row.point): "), .tag("code", [:], row.cells.last?.text ?? "")])
        ]
        if let summary = sweep.knee {
            parts += CostSection(summary, name: "knee").parts
        } else {
            parts.append(
                .tag("p", [:], "Its cost in detail is not shown: \(sweep.kneeReason ?? "it was not counted")."))
        }
        return .init(name: "knee", title: "The knee in detail", parts: parts)
    }

    // MARK: Points that cannot work

    private static func refusals(_ sweep: SweepFindings) -> ReportPage.Section? {
        var counts: [String: (count: Int, first: Int)] = [:]
        for row in sweep.rows {
            guard let reason = row.reason else { continue }
            counts[reason, default: (0, row.point)].count += 1
        }
        guard !counts.isEmpty else { return nil }
        let order = counts.sorted { ($1.value.count, $0.value.first) < ($0.value.count, $1.value.first) }
        let most = 40
        var table = PageTable(
            caption: "Reasons, the most frequent first", columns: ["points", "the first", "reason"], words: [2])
        table.rows = order.prefix(most).map { reason, value in
            [
                .init(Quantity.number(value.count), value: Double(value.count)),
                .init("\(value.first)", value: Double(value.first)), .init(reason),
            ]
        }
        var parts = [table.markup]
        if order.count > most {
            parts.append(
                .tag("p", ["class": "note"], "and \(order.count - most) more reasons; results.csv has every point's"))
        }
        return .init(name: "refusals", title: "Points that cannot work", parts: parts)
    }
}
