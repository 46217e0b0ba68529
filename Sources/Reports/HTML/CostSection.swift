import Costs
import Hardware
import Programs

/// A step's cost beside its baseline's, as figures of a page.
struct CostSection {
    let summary: RunSummary
    /// Begins the ids of its figures.
    let name: String

    init(_ summary: RunSummary, name: String) {
        self.summary = summary
        self.name = name
    }

    private typealias Side = (name: String, mean: RunSummary.MeanStep, costs: [(steps: Int, cost: StepCost)])

    var zerothName: String { StepDescription.Method.title(summary.method) }
    var firstName: String { CostReport.title(of: summary.baseline) }

    private var sides: [Side] {
        let zeroth = summary.lengths.map { ($0.steps, $0.comparison.zerothOrder) }
        var sides: [Side] = [("\(zerothName) step", summary.zerothOrder, zeroth)]
        if let first = summary.firstOrder {
            let costs = summary.lengths.compactMap { length in length.comparison.firstOrder.map { (length.steps, $0) } }
            sides.append(("\(firstName) step", first, costs))
        }
        return sides
    }

    /// A quantity of a side's steps, as their mean.
    private static func mean(_ side: Side, _ value: (StepCost) -> Double) -> Double {
        let steps = max(1, side.costs.reduce(0) { $0 + $1.steps })
        return side.costs.reduce(0) { $0 + Double($1.steps) * value($1.cost) } / Double(steps)
    }

    var prices: [PriceShares] {
        sides.map { side in
            var sums: [String: PriceShares.Row] = [:]
            for (steps, cost) in side.costs {
                let entries = Dictionary(uniqueKeysWithValues: cost.entries.map { ($0.name, $0) })
                for line in cost.lines {
                    guard let entry = entries[line.entry] else { continue }
                    sums[line.entry, default: .init(entry: entry, picojoules: 0)].picojoules +=
                        Double(steps) * line.picojoules
                }
            }
            let steps = Double(max(1, side.costs.reduce(0) { $0 + $1.steps }))
            let rows = sums.values.map { PriceShares.Row(entry: $0.entry, picojoules: $0.picojoules / steps) }
            return PriceShares(
                name: side.name,
                rows: rows.sorted { ($1.picojoules, $0.entry.name) < ($0.picojoules, $1.entry.name) })
        }
    }

    /// What a page begins with: the step that was run, and the other.
    ///
    /// - Parameter isFirstOrder: whether the first-order step is the run's own.
    func tiles(isFirstOrder: Bool) -> [ReportPage.Tile] {
        let zeroth = summary.zerothOrder
        func tile(_ name: String, _ quantity: PlotQuantity, _ value: (RunSummary.MeanStep) -> Double) -> ReportPage.Tile
        {
            guard let first = summary.firstOrder else {
                return .init(name: name, value: quantity.text(value(zeroth)), more: "of a \(zerothName) step")
            }
            let (own, other) = isFirstOrder ? (value(first), value(zeroth)) : (value(zeroth), value(first))
            let (ownName, otherName) = isFirstOrder ? (firstName, zerothName) : (zerothName, firstName)
            let ratio = own > 0 ? ", \(Quantity.ratio(other / own))" : ""
            return .init(
                name: name, value: quantity.text(own), more: "\(ownName); \(otherName) \(quantity.text(other))\(ratio)")
        }
        return [
            tile("energy of a step", .energy, \.picojoules), tile("time of a step", .time, \.milliseconds),
            tile("peak DRAM memory", .bytes) { Double($0.peakDRAMBytes) },
        ]
    }

    var parts: [Markup] {
        let sides = sides
        var parts: [Markup] = []
        if let reason = summary.reason {
            parts.append(.tag("p", [:], "No first-order step stands beside it: \(reason)."))
        }
        let figures = [energyByUnit(sides), energyByKind(sides), traffic(sides), memory(sides)].map(\.markup)
        parts.append(.tag("div", ["class": "grid"], figures))
        parts += [
            ratios(sides).markup, .tag("h3", [:], "What the energy rests on"),
            pricesTable().folded("Every price, with its source"),
        ]
        let exclusions = summary.lengths.first?.comparison.zerothOrder.exclusions ?? []
        if !exclusions.isEmpty {
            parts.append(.tag("p", ["class": "note"], "Not priced: " + exclusions.joined(separator: "; ") + "."))
        }
        for line in notes { parts.append(.tag("p", ["class": "note"], line)) }
        return parts
    }

    private var notes: [String] {
        var lines = summary.assumptions
        if let baseline = summary.baseline, summary.firstOrder != nil {
            lines.insert("\(firstName) is \(baseline) (docs/costs.md, First-order steps).", at: 0)
        }
        if let objective = summary.lengths.first?.comparison.zerothOrder.layoutObjective {
            lines.append(LayoutNote.line(objective))
        }
        return lines
    }

    // MARK: Figures

    private func stacked(
        _ suffix: String, _ title: String, _ what: String, _ quantity: PlotQuantity, parts: [String],
        _ bars: [StackedBars.Bar], _ description: String, _ flags: [Markup]
    ) -> Figure {
        let chart = StackedBars(parts: parts, bars: bars, quantity: quantity, title: what)
        var table = PageTable(
            caption: "\(title), mean of a step",
            columns: ["part"] + bars.map(\.name) + (bars.count == 2 ? ["\(firstName)/\(zerothName)"] : []))
        for part in parts.indices where bars.contains(where: { $0.values[part] > 0 }) {
            table.rows.append(row(parts[part], quantity, bars.map { $0.values[part] }))
        }
        table.rows.append(row("all", quantity, bars.map(\.total)))
        return Figure(
            name: "\(name)-\(suffix)", title: title,
            description: chart.drawing() == nil ? "There is nothing to draw: all is 0." : description,
            drawing: chart.drawing(), legend: chart.legend, flags: flags, table: table)
    }

    private func row(_ name: String, _ quantity: PlotQuantity, _ values: [Double]) -> [PageTable.Cell] {
        var cells = [PageTable.Cell(name)] + values.map { .init(quantity.text($0), value: $0) }
        if values.count == 2 {
            let ratio = values[0] > 0 ? values[1] / values[0] : nil
            cells.append(ratio.map { .init(Quantity.ratio($0), value: $0) } ?? .init("–"))
        }
        return cells
    }

    private func energyByUnit(_ sides: [Side]) -> Figure {
        let bars = sides.map { side in
            StackedBars.Bar(
                name: side.name, values: CostUnit.allCases.map { side.mean.picojoulesByUnit[$0, default: 0] },
                range: side.mean.lowPicojoules...max(side.mean.lowPicojoules, side.mean.highPicojoules))
        }
        return stacked(
            "energy-units", "Energy of a step, by unit", "energy", .energy, parts: CostUnit.allCases.map(\.label), bars,
            "Energy of one step on the units of the machine, leakage of memories included. The line below a bar is the range that "
                + "its prices' sources give.", SourceFlag.shares(prices))
    }

    private func energyByKind(_ sides: [Side]) -> Figure {
        // The largest of both keep their names: a bar of seventeen colours cannot be read.
        let kinds = CostKind.allCases
        let all = sides.map { side in kinds.map { kind in Self.mean(side) { $0.energy(of: kind).picojoules } } }
        let order = kinds.indices.filter { kind in all.contains { $0[kind] > 0 } }.sorted { a, b in
            let (x, y) = (all.map { $0[a] }.max()!, all.map { $0[b] }.max()!)
            return (y, a) < (x, b)
        }
        let (named, rest) = (order.prefix(9), order.dropFirst(9))
        let parts = named.map { kinds[$0].label } + (rest.isEmpty ? [] : ["\(rest.count) more kinds"])
        let bars = zip(sides, all).map { side, values in
            StackedBars.Bar(
                name: side.name,
                values: named.map { values[$0] } + (rest.isEmpty ? [] : [rest.reduce(0) { $0 + values[$1] }]))
        }
        return stacked(
            "energy-kinds", "Energy of a step, by kind of work", "energy", .energy, parts: parts, bars,
            "The same energy by what it is spent for.", SourceFlag.shares(prices))
    }

    private func traffic(_ sides: [Side]) -> Figure {
        let bars = sides.map { side in
            StackedBars.Bar(
                name: side.name,
                values: [
                    Self.mean(side) { Double($0.dramTraffic.usefulBytes) },
                    Self.mean(side) { Double($0.dramTraffic.refetchedBytes) },
                    Self.mean(side) { Double($0.dramTraffic.paddingBytes) },
                ])
        }
        return stacked(
            "traffic", "DRAM traffic of a step", "bytes read and written", .bytes,
            parts: ["wanted, the first time", "wanted again", "padding to whole bursts"], bars,
            "Bytes between DRAM and chip.",
            [SourceFlag.markup(.derived, "counted on the program's transfers; no price is in it")])
    }

    private func memory(_ sides: [Side]) -> Figure {
        let bars = sides.map { side in
            StackedBars.Bar(
                name: side.name,
                values: MemoryKind.allCases.map { Double(side.mean.peakDRAMBytesByKind[$0, default: 0]) })
        }
        return stacked(
            "memory-kinds", "Memory at its peak, by kind", "bytes in DRAM", .bytes,
            parts: MemoryKind.allCases.map { CostReport.label($0) }, bars,
            "What lies in DRAM at the instant of a step that needs most. The allocation's span, gaps included, is "
                + sides.map { "\($0.name) \(Quantity.bytes($0.mean.peakDRAMBytes))" }.joined(separator: ", ") + ".",
            [SourceFlag.markup(.derived, "the program's own allocation")])
    }

    // MARK: Tables

    private func ratios(_ sides: [Side]) -> PageTable {
        var table = PageTable(
            caption: "A step of \(summary.batch) \(summary.batch == 1 ? "example" : "examples") on \(summary.machine)",
            columns: ["quantity"] + sides.map(\.name) + (sides.count == 2 ? ["\(firstName)/\(zerothName)"] : []))
        func add(_ name: String, _ quantity: PlotQuantity, _ value: (RunSummary.MeanStep) -> Double) {
            table.rows.append(row(name, quantity, sides.map { value($0.mean) }))
        }
        add("energy", .energy, \.picojoules)
        add("energy, low end of its prices", .energy, \.lowPicojoules)
        add("energy, high end of its prices", .energy, \.highPicojoules)
        add("time", .time, \.milliseconds)
        add("cycles", .number(unit: ""), \.cycles)
        add("DRAM read", .bytes, \.dramReadBytes)
        add("DRAM written", .bytes, \.dramWrittenBytes)
        add("peak DRAM memory, gaps included", .bytes) { Double($0.peakDRAMBytes) }
        add("multiply-accumulates", .number(unit: ""), \.macs)
        return table
    }

    private func pricesTable() -> PageTable {
        let prices = prices
        var table = PageTable(
            caption: "Entries of the energy table that these steps use",
            columns: ["entry"] + prices.map { "share, \($0.name)" } + [
                "price, pJ", "low, pJ", "high, pJ", "per", "status", "node", "source",
            ])
        let first = 1 + prices.count
        table.words = [first + 3, first + 4, first + 5, first + 6]
        var names: [String] = []
        for price in prices {
            for row in price.rows where !names.contains(row.entry.name) { names.append(row.entry.name) }
        }
        for name in names {
            let found = prices.map { price in price.rows.first { $0.entry.name == name } }
            guard let entry = found.compactMap({ $0?.entry }).first else { continue }
            let shares = zip(prices, found).map { price, row in
                let share = price.picojoules > 0 ? (row?.picojoules ?? 0) / price.picojoules : 0
                return PageTable.Cell(Quantity.percent(share, digits: 2), value: share, meter: share)
            }
            let numbers = [entry.picojoules, entry.lowPicojoules, entry.highPicojoules].map {
                PageTable.Cell(NumberText.short($0), value: $0)
            }
            table.rows.append(
                [.init(name)] + shares + numbers + [
                    .init(entry.unit.rawValue), .init(entry.status.rawValue), .init(entry.node),
                    .init("\(entry.source), \(entry.year)"),
                ])
        }
        return table
    }
}
