/// Prices of actions: what a machine's `energyTable` names. docs/costs.md says how each number is made.
public struct EnergyTable: Sendable, Hashable {
    public let name: String
    public let summary: String
    /// The file it was read from, as the user knows it.
    public let file: String
    /// Process node of the logic, in nanometres, and its supply voltage.
    public let nanometres: Double
    public let volts: Double
    /// What the table does not price, so that no report passes it over in silence.
    public let exclusions: [String]
    /// All entries by name, those of the SRAM banks included.
    public let entries: [String: EnergyEntry]
    public let sramMacros: [SRAMMacro]

    /// The price of an action.
    ///
    /// - Parameter user: what needs it, for the error.
    /// - Throws: `HardwareError.missingEnergy`, or `.outOfRange` where the entry has another unit.
    public func entry(
        _ name: String, _ unit: EnergyEntry.Unit, for user: String
    ) throws(HardwareError) -> EnergyEntry {
        guard let entry = entries[name] else { throw .missingEnergy(table: file, entry: name, neededBy: user) }
        guard entry.unit == unit else {
            throw .outOfRange(
                .init(file: file, line: nil, path: "entry '\(name)', unit"), value: "\"\(entry.unit.rawValue)\"",
                allowed: "\"\(unit.rawValue)\" for \(user)")
        }
        return entry
    }

    /// The row that models one bank of a buffer.
    public func macro(for buffer: SRAM.Buffer, of sram: SRAM) throws(HardwareError) -> SRAMMacro {
        let bank = sram[buffer]
        let rows = sramMacros.filter { $0.ports == bank.ports }
        if let macro = rows.first(where: {
            $0.kibibytes * 1024 == bank.bankBytes && $0.wordBits == bank.wordBits
        }) {
            return macro
        }
        let ports = bank.ports == 1 ? "one port" : "two ports"
        let sizes = Set(rows.map(\.kibibytes)).sorted().map(String.init).joined(separator: ", ")
        let widths = Set(rows.map(\.wordBits)).sorted().map(String.init).joined(separator: ", ")
        throw .missingEnergy(
            table: file, entry: "sram: a bank of \(bank.bankBytes) bytes and \(bank.wordBits) bits with \(ports)",
            neededBy: sram.field(buffer)
                + (sizes.isEmpty
                    ? " (there are none with \(ports); choose another number of ports)"
                    : " (with \(ports) there are \(sizes) KiB with \(widths) bits; choose bytes and banks to match)"))
    }
}

extension EnergyTable {
    private static let keys = ["name", "summary", "process", "exclusions", "sram", "entries"]
    private static let entryKeys = [
        "name", "unit", "picojoules", "sum", "lowPicojoules", "highPicojoules", "node", "source", "year", "status",
        "scaling", "squareMicrometres", "areaSource",
    ]
    private static let sramKeys = ["node", "source", "year", "status", "lowFactor", "highFactor", "macros"]
    private static let macroKeys = [
        "kibibytes", "wordBits", "ports", "readPicojoules", "writePicojoules", "leakageMilliwatts", "accessNanoseconds",
        "areaSquareMillimetres",
    ]
    /// Larger than the price of any action that exists.
    private static let largest = 1e9

    /// Reads the table that a machine names.
    public static func load(
        for machine: Machine, from library: HardwareLibrary = .standard
    ) throws(HardwareError) -> EnergyTable {
        let text = try library.energyTable(machine.organisation.energyTable, besideMachine: machine.file)
        return try EnergyTable(json5: text.bytes, file: text.file)
    }

    /// Decodes the text of an energy table.
    public init(json5 bytes: [UInt8], file: String) throws(HardwareError) {
        let fields = try FieldReader(
            JSON5Parser.parse(bytes, file: file), file: file, path: "", keys: Self.keys)
        self.file = file
        name = try fields.string("name", "the table's name")
        summary = try fields.string("summary", "one line on what the table is")
        exclusions = try fields.strings("exclusions")
        let process = try fields.section("process", keys: ["nanometres", "volts"])
        nanometres = try process.number("nanometres", "nm", in: 1...1000)
        volts = try process.number("volts", "V", in: 0.1...5)
        var resolver = Resolver(nanometres: nanometres, volts: volts)
        for (index, entry) in try fields.sections("entries", keys: Self.entryKeys).enumerated() {
            try resolver.add(Draft(entry), at: "entries[\(index)]")
        }
        sramMacros = try Self.sram(fields.section("sram", keys: Self.sramKeys), into: &resolver)
        entries = try resolver.resolved()
    }

    private static func sram(
        _ fields: FieldReader, into resolver: inout Resolver
    ) throws(HardwareError) -> [SRAMMacro] {
        let low = try fields.number("lowFactor", "times the given energy", in: 0...1, aboveMinimum: true)
        let high = try fields.number("highFactor", "times the given energy", in: 1...1000)
        let node = try fields.string("node", "the process node")
        let source = try fields.string("source", "where the numbers come from")
        let year = try fields.integer("year", "the year of the source", in: 1970...2100)
        let status = try fields.choice("status", of: EnergyEntry.Status.self)
        var macros: [SRAMMacro] = []
        for (index, row) in try fields.sections("macros", keys: macroKeys).enumerated() {
            func energy(_ key: String, _ unit: String) throws(HardwareError) -> Double {
                try row.number(key, unit, in: 0...largest, aboveMinimum: true)
            }
            let macro = SRAMMacro(
                kibibytes: try row.integer("kibibytes", "KiB", in: 1...(1 << 24)),
                wordBits: try row.integer("wordBits", "bits", in: 8...8192),
                ports: try row.integer("ports", "ports", in: 1...2),
                readPicojoules: try energy("readPicojoules", "pJ per access"),
                writePicojoules: try energy("writePicojoules", "pJ per access"),
                leakageMilliwatts: try energy("leakageMilliwatts", "mW"),
                accessNanoseconds: try energy("accessNanoseconds", "ns"),
                areaSquareMillimetres: try energy("areaSquareMillimetres", "mm²"))
            macros.append(macro)
            let wordBytes = Double(macro.wordBits) / 8
            for (action, unit, picojoules) in [
                ("read", EnergyEntry.Unit.byte, macro.readPicojoules / wordBytes),
                ("write", .byte, macro.writePicojoules / wordBytes),
                ("leakage", .nanosecond, macro.leakageMilliwatts),  // 1 mW for 1 ns is 1 pJ
            ] {
                try resolver.add(
                    Draft(
                        name: "\(macro.name).\(action)", unit: unit, picojoules: picojoules,
                        low: picojoules * low, high: picojoules * high, terms: [], node: node, source: source,
                        year: year, status: status, place: row.place("kibibytes")),
                    at: "sram.macros[\(index)]")
            }
        }
        return macros
    }

    /// An entry as it stands in the file.
    private struct Draft {
        let name: String
        let unit: EnergyEntry.Unit
        let picojoules: Double?
        let low: Double?
        let high: Double?
        let terms: [EnergyEntry.Term]
        let node: String
        let source: String
        let year: Int
        let status: EnergyEntry.Status
        let place: HardwareError.Place
        var scaling: NodeScaling?
        var squareMicrometres: Double?
        var areaSource: String?

        init(
            name: String, unit: EnergyEntry.Unit, picojoules: Double?, low: Double?, high: Double?,
            terms: [EnergyEntry.Term], node: String, source: String, year: Int, status: EnergyEntry.Status,
            place: HardwareError.Place
        ) {
            self.name = name
            self.unit = unit
            self.picojoules = picojoules
            self.low = low
            self.high = high
            self.terms = terms
            self.node = node
            self.source = source
            self.year = year
            self.status = status
            self.place = place
        }

        init(_ fields: FieldReader) throws(HardwareError) {
            name = try fields.string("name", "the entry's name")
            place = fields.place("name")
            unit = try fields.choice("unit", of: EnergyEntry.Unit.self)
            node = try fields.string("node", "the process node")
            source = try fields.string("source", "where the number comes from")
            year = try fields.integer("year", "the year of the source", in: 1970...2100)
            status = try fields.choice("status", of: EnergyEntry.Status.self)
            if fields.has("scaling") { scaling = try fields.choice("scaling", of: NodeScaling.self) }
            if fields.has("squareMicrometres") {
                squareMicrometres = try fields.number(
                    "squareMicrometres", "µm²", in: 0...EnergyTable.largest, aboveMinimum: true)
                areaSource = try fields.string("areaSource", "where the area comes from, with its node")
            }
            guard fields.has("picojoules") != fields.has("sum") else {
                throw fields.has("sum")
                    ? .contradiction(
                        fields.place("sum"), problem: "stands beside picojoules", remedy: "keep one of the two")
                    : .missingKey(
                        fields.place("picojoules"), expected: "pJ per \(unit.rawValue), or a sum of other entries")
            }
            if fields.has("sum") {
                for key in ["lowPicojoules", "highPicojoules"] where fields.has(key) {
                    throw .contradiction(
                        fields.place(key), problem: "stands beside sum",
                        remedy: "leave it out: the parts carry the range")
                }
                picojoules = nil
                low = nil
                high = nil
                var terms: [EnergyEntry.Term] = []
                for term in try fields.sections("sum", keys: ["entry", "times"]) {
                    terms.append(
                        .init(
                            entry: try term.string("entry", "the name of another entry"),
                            times: try term.number(
                                "times", "actions of that entry", in: 0...EnergyTable.largest, aboveMinimum: true)))
                }
                guard !terms.isEmpty else {
                    throw .outOfRange(fields.place("sum"), value: "empty", allowed: "a list of {entry, times}")
                }
                self.terms = terms
            } else {
                let range = 0...EnergyTable.largest
                let unitText = "pJ per \(unit.rawValue)"
                let value = try fields.number("picojoules", unitText, in: range, aboveMinimum: true)
                picojoules = value
                low =
                    fields.has("lowPicojoules")
                    ? try fields.number("lowPicojoules", unitText + " (at most picojoules)", in: 0...value) : value
                high =
                    fields.has("highPicojoules")
                    ? try fields.number(
                        "highPicojoules", unitText + " (at least picojoules)", in: value...EnergyTable.largest) : value
                terms = []
            }
        }
    }

    /// Turns drafts into entries: sums are evaluated, names checked, circles refused.
    private struct Resolver {
        private var drafts: [String: (draft: Draft, index: String)] = [:]
        private var order: [String] = []
        private var done: [String: EnergyEntry] = [:]
        private let nanometres: Double
        private let volts: Double

        init(nanometres: Double, volts: Double) { (self.nanometres, self.volts) = (nanometres, volts) }

        /// What an entry's own number is multiplied by. A process node, `N nm`, other than the table's has to say how it came here; the nodes of
        /// DRAMs are names.
        private func factor(_ draft: Draft) throws(HardwareError) -> Double {
            let words = draft.node.split(separator: " ")
            let node = words.count == 2 && words[1] == "nm" ? Double(words[0]) : nil
            let place = HardwareError.Place(
                file: draft.place.file, line: draft.place.line, path: "entry '\(draft.name)', scaling")
            guard let scaling = draft.scaling else {
                guard draft.terms.isEmpty, let node, node != nanometres else { return 1 }
                throw .missingKey(
                    place,
                    expected:
                        "\(draft.node) is not the table's \(FieldReader.text(nanometres)) nm: the rule that scales it, "
                        + NodeScaling.allCases.map(\.rawValue).joined(separator: " or "))
            }
            guard draft.terms.isEmpty, let node, node != nanometres else {
                throw .contradiction(
                    place, problem: "\(scaling.rawValue) beside \(draft.terms.isEmpty ? draft.node : "a sum")",
                    remedy: "leave it out: there is nothing to scale")
            }
            guard let factor = scaling.energyFactor(from: node, to: nanometres, volts: volts) else {
                throw .outOfRange(
                    place, value: draft.node,
                    allowed: "from \(FieldReader.text(NodeScaling.nodes.lowerBound)) to "
                        + "\(FieldReader.text(NodeScaling.nodes.upperBound)) nm for \(scaling.rawValue)")
            }
            return factor
        }

        mutating func add(_ draft: Draft, at index: String) throws(HardwareError) {
            if let other = drafts[draft.name] {
                throw .outOfRange(
                    draft.place, value: "\"\(draft.name)\"", allowed: "a name of its own; \(other.index) has this one")
            }
            drafts[draft.name] = (draft, index)
            order.append(draft.name)
        }

        mutating func resolved() throws(HardwareError) -> [String: EnergyEntry] {
            for name in order { _ = try resolve(name, within: []) }
            return done
        }

        private mutating func resolve(_ name: String, within open: [String]) throws(HardwareError) -> EnergyEntry {
            if let entry = done[name] { return entry }
            let (draft, _) = drafts[name]!
            guard !open.contains(name) else {
                throw .contradiction(
                    draft.place, problem: "is a sum of itself: \((open + [name]).joined(separator: " = "))",
                    remedy: "give one of them in picojoules")
            }
            guard open.count < JSON5Parser.deepestNesting else {
                throw .contradiction(
                    draft.place, problem: "sums are nested deeper than \(JSON5Parser.deepestNesting)",
                    remedy: "give one of them in picojoules")
            }
            var (nominal, low, high) = (draft.picojoules ?? 0, draft.low ?? 0, draft.high ?? 0)
            var status = draft.status
            let factor = try factor(draft)
            if factor != 1 {
                func scaled(_ picojoules: Double) -> Double { (picojoules * factor * 1e6).rounded() / 1e6 }
                (nominal, low, high) = (scaled(nominal), scaled(low), scaled(high))
                status = max(status, .derived)
            }
            var estimated = 0.0
            var primaries: [String: Double] = draft.terms.isEmpty ? [name: 1] : [:]
            for term in draft.terms {
                guard drafts[term.entry] != nil else {
                    throw .outOfRange(
                        .init(file: draft.place.file, line: draft.place.line, path: "entry '\(name)', sum"),
                        value: "\"\(term.entry)\"", allowed: "the name of another entry")
                }
                let part = try resolve(term.entry, within: open + [name])
                nominal += term.times * part.picojoules
                low += term.times * part.lowPicojoules
                high += term.times * part.highPicojoules
                status = max(status, part.status)
                estimated += term.times * part.estimatedPicojoules
                for (primary, times) in part.primaries { primaries[primary, default: 0] += times * term.times }
            }
            if !draft.terms.isEmpty {
                guard high <= EnergyTable.largest, nominal >= 1e-6 else {
                    throw .outOfRange(
                        .init(file: draft.place.file, line: draft.place.line, path: "entry '\(name)', sum"),
                        value: "\(nominal) pJ", allowed: "from 0.000001 to \(EnergyTable.largest) pJ")
                }
                nominal = (nominal * 1e6).rounded() / 1e6
                low = (low * 1e6).rounded() / 1e6
                high = (high * 1e6).rounded() / 1e6
            }
            let entry = EnergyEntry(
                name: name, unit: draft.unit, picojoules: nominal, lowPicojoules: low, highPicojoules: high,
                node: draft.node, scaling: draft.scaling, squareMicrometres: draft.squareMicrometres,
                areaSource: draft.areaSource, source: draft.source, year: draft.year, status: status,
                terms: draft.terms,
                estimatedPicojoules: draft.status == .estimated ? nominal : min(estimated, nominal),
                primaries: primaries)
            done[name] = entry
            return entry
        }
    }
}
