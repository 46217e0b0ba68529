import Hardware

/// How well a figure is known, as a sign beside it: the words of the energy tables.
enum SourceFlag {
    /// - Parameter note: what the word rests on here.
    static func markup(_ status: EnergyEntry.Status, _ note: String) -> Markup {
        .group([.tag("span", ["class": "flag \(status.rawValue)"], status.rawValue), .text(" \(note)")])
    }

    /// The flags of energies: which part of each rests on which kind of price.
    static func shares(_ prices: [PriceShares]) -> [Markup] {
        EnergyEntry.Status.allCases.compactMap { status in
            let parts = prices.filter { $0.picojoules > 0 }.map {
                "\($0.name) \(Quantity.percent($0.share(of: status)))"
            }
            guard prices.contains(where: { $0.share(of: status) > 0 }) else { return nil }
            return markup(status, "prices: " + parts.joined(separator: ", "))
        }
    }
}

/// What a step's energy rests on, entry by entry.
struct PriceShares {
    struct Row {
        let entry: EnergyEntry
        var picojoules: Double
    }

    let name: String
    /// By falling energy.
    let rows: [Row]

    var picojoules: Double { rows.reduce(0) { $0 + $1.picojoules } }

    /// The part of the energy that rests on prices of a status. A sum of entries rests on estimates by its estimated parts alone.
    func share(of status: EnergyEntry.Status) -> Double {
        let all = picojoules
        guard all > 0 else { return 0 }
        let part = rows.reduce(0.0) { sum, row in
            let entry = row.entry
            let estimated = entry.picojoules > 0 ? entry.estimatedPicojoules / entry.picojoules : 0
            if status == .estimated { return sum + estimated * row.picojoules }
            let known: EnergyEntry.Status = entry.status == .measured ? .measured : .derived
            return sum + (status == known ? (1 - estimated) * row.picojoules : 0)
        }
        return part / all
    }
}
