import Costs
import FineTuning
import Hardware

/// A run as a page: how it learned, what a step costs beside its baseline, where its time and its memory go.
public enum RunPage {
    /// - Parameter version: of the program, for the page's last line.
    public static func page(_ run: RunFindings, version: String) -> ReportPage {
        let record = run.record
        let facts = RunHeader.facts(record: record, machine: run.machine)
        var page = ReportPage(
            title: "\(record.network.name) on \(record.data.name), \(methodName(record.settings.method))",
            lead: [
                facts.first { $0.name == "method" }?.text ?? "",
                facts.first { $0.name == "machine" }?.text ?? record.machine,
            ],
            origin: "Made by zeroth \(version) from the run folder \(run.folder), which zeroth \(record.zeroth) began. "
                + "What flags mean: measured, published for the thing itself, or read off this run; derived, calculated from such "
                + "numbers or by a model; estimated, resting on a judgement.")
        page.warnings = warnings(run)
        page.tiles = tiles(run)
        page.sections.append(.init(name: "learning", title: "How it learned", parts: learning(run)))
        if let cost = run.cost {
            page.sections.append(
                .init(name: "cost", title: "What a step costs", parts: CostSection(cost, name: "cost").parts))
        }
        page.sections.append(.init(name: "time", title: "Where the time goes", parts: time(run)))
        page.sections.append(.init(name: "settings", title: "What was run", parts: settings(run, facts)))
        return page
    }

    private static func methodName(_ method: RunSettings.Method) -> String {
        switch method {
        case .quzo: "QuZO"
        case .zoqo: "ZOQO"
        case .mezo: "MeZO"
        case .zoSignSGD: "ZO-SignSGD"
        case .firstOrder: "first-order"
        }
    }

    private static func warnings(_ run: RunFindings) -> [String] {
        var lines: [String] = []
        let (done, all) = (run.metrics.rows.count, run.record.settings.steps)
        if !run.isFinished {
            lines.append(
                "This run is not over: \(Quantity.number(done)) of \(Quantity.number(all)) steps are done. Go on with: "
                    + "zeroth finetune --resume \(run.folder)")
        }
        if run.isCostedNow {
            lines.append(
                "The run has not written its costs; those below were counted for this page, for the steps done so far or, before the "
                    + "first, for one step at the run's longest sequence.")
        }
        if run.cost == nil { lines.append("No costs: \(run.costReason ?? "the run has none").") }
        return lines
    }

    private static func tiles(_ run: RunFindings) -> [ReportPage.Tile] {
        var tiles = [
            ReportPage.Tile(
                name: "steps", value: Quantity.number(run.metrics.rows.count),
                more: "of \(Quantity.number(run.record.settings.steps)), \(run.record.settings.batch) examples each")
        ]
        if let last = run.metrics.evaluations.keys.max(), let score = run.metrics.evaluations[last] {
            let before =
                last > 0 ? run.metrics.evaluations[0].map { "before tuning \(Quantity.percent($0.accuracy))" } : nil
            tiles.append(
                .init(
                    name: "validation accuracy", value: Quantity.percent(score.accuracy),
                    more: before ?? "before tuning"))
        }
        if let cost = run.cost {
            tiles += CostSection(cost, name: "tile").tiles(isFirstOrder: run.record.settings.method == .firstOrder)
        }
        return tiles
    }

    // MARK: Learning

    private static func learning(_ run: RunFindings) -> [Markup] {
        guard !run.metrics.rows.isEmpty || !run.metrics.evaluations.isEmpty else {
            return [.tag("p", [:], "No step is done and nothing was evaluated, so there are no curves.")]
        }
        let rows = run.metrics.rows
        let scores = run.metrics.evaluations.sorted { $0.key < $1.key }
        let evaluated = "validation: \(Quantity.number(run.record.data.validationExamples)) examples"
        let flags = [SourceFlag.markup(.measured, "in this run, bit for bit what the machine's arithmetic gives")]
        func curve(_ value: (Metrics.Score) -> Double) -> [(x: Double, y: Double)] {
            scores.map { (Double($0.key), value($0.value)) }
        }
        func points(_ value: (Metrics.Row) -> Double?) -> [(x: Double, y: Double)] {
            rows.compactMap { row in value(row).map { (Double(row.step + 1), $0) } }
        }
        let loss = LineChart(
            series: [
                .init(
                    name: "a step's batch", colour: 7, style: .faint,
                    points: points { Double($0.plusLoss + ($0.minusLoss ?? $0.plusLoss)) / 2 }),
                .init(name: "validation", colour: 0, style: .marked, points: curve(\.loss)),
            ], xTitle: "steps done", quantity: .number(unit: "nats"), yTitle: "loss")
        let share = run.record.data.majorityShare
        let last = Double(max(rows.count, 1))
        let accuracy = LineChart(
            series: [
                .init(
                    name: "always the largest class", colour: 7, style: .dashed, points: [(0, share), (last, share)]),
                .init(name: "balanced accuracy", colour: 2, style: .marked, points: curve(\.balancedAccuracy)),
                .init(name: "accuracy", colour: 0, style: .marked, points: curve(\.accuracy)),
            ], xTitle: "steps done", quantity: .share, yTitle: "validation")
        var table = PageTable(
            caption: "Evaluations; \(evaluated)",
            columns: ["steps done", "loss, nats", "accuracy", "balanced accuracy"])
        table.rows = scores.map { step, score in
            [
                .init(Quantity.number(step), value: Double(step)),
                .init(Quantity.number(score.loss, digits: 4), value: score.loss),
                .init(Quantity.percent(score.accuracy), value: score.accuracy),
                .init(Quantity.percent(score.balancedAccuracy), value: score.balancedAccuracy),
            ]
        }
        var figures = [
            Figure(
                name: "loss", title: "Loss",
                description: rows.first?.minusLoss == nil
                    ? "Mean loss of a batch and of the validation examples, in nats."
                    : "Mean of both perturbed passes' losses on a step's batch, and the loss on the validation examples, in nats.",
                drawing: loss.drawing(), legend: loss.legend, flags: flags),
            Figure(
                name: "accuracy", title: "Accuracy", description: "Share of right answers; \(evaluated).",
                drawing: accuracy.drawing(), legend: accuracy.legend, flags: flags, table: table),
        ]
        figures += gradients(rows, points, flags)
        return [.tag("div", ["class": "grid"], figures.map(\.markup))]
    }

    private static func gradients(
        _ rows: [Metrics.Row], _ points: ((Metrics.Row) -> Double?) -> [(x: Double, y: Double)], _ flags: [Markup]
    ) -> [Figure] {
        let projected = points(\.projectedGradient)
        let gradient = LineChart(
            series: [
                .init(
                    name: projected.isEmpty ? "gradient norm" : "projected gradient", colour: 3, style: .faint,
                    points: projected.isEmpty ? points(\.gradientNorm) : projected)
            ], xTitle: "steps done", quantity: .number(unit: ""),
            yTitle: projected.isEmpty ? "√Σ g²" : "μ", includes: 0)
        let moved = LineChart(
            series: [
                .init(name: "perturbed in a step", colour: 1, style: .faint, points: points(\.perturbedFraction)),
                .init(name: "changed by the update", colour: 0, style: .faint, points: points(\.updatedFraction)),
            ].filter { !$0.points.isEmpty }, xTitle: "steps done", quantity: .share, yTitle: "of the trained values",
            includes: 0)
        return [
            gradient.drawing().map {
                Figure(
                    name: "gradient", title: projected.isEmpty ? "Norm of the gradient" : "Projected gradient",
                    description: projected.isEmpty
                        ? "Root of the sum of squares over all trained values."
                        : "The difference of the two losses, as the update uses it.",
                    drawing: $0, flags: flags)
            },
            moved.drawing().map {
                Figure(
                    name: "moved", title: "What moves",
                    description: projected.isEmpty
                        ? "The part of the trained values that a step's update changes."
                        : "The part of the trained values that a step perturbs, and that its update changes.",
                    drawing: $0, legend: moved.legend, flags: flags)
            },
        ].compactMap(\.self)
    }

    // MARK: Time and memory

    private static func time(_ run: RunFindings) -> [Markup] {
        let section = TimeSection(
            steps: run.steps, comparison: comparison(run), summary: run.cost, stepsReason: run.stepsReason,
            sequenceTokens: run.sequenceTokens)
        return section.parts
    }

    /// The comparison at the length that most steps had.
    private static func comparison(_ run: RunFindings) -> Comparison? {
        run.cost?.lengths.max { ($0.steps, $0.sequenceTokens) < ($1.steps, $1.sequenceTokens) }?.comparison
    }

    // MARK: Settings

    private static func settings(_ run: RunFindings, _ facts: [(name: String, text: String)]) -> [Markup] {
        var about = PageTable(caption: "In a few lines", columns: ["", "this run"], words: [1], isSortable: false)
        about.rows = facts.map { [.init($0.name), .init($0.text)] }
        var all = PageTable(caption: "Every setting, as run.json has it", columns: ["setting", "value"], words: [1])
        all.rows = FlatSettings.rows(run.record.settings).map { [.init($0.name), .init($0.value)] }
        all.rows.append([.init("machine"), .init(run.record.machine)])
        all.rows += run.record.machineOverrides.map { [.init("machine override"), .init($0)] }
        var files = PageTable(caption: "Files that the run read", columns: ["file", "SHA-256"], words: [1])
        files.rows = run.record.inputs.map { [.init($0.path), .init($0.sha256, isCode: true)] }
        return [about.markup, all.folded("Every setting"), files.folded("Every file, with its digest")]
    }
}
