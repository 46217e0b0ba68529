import Costs
import Hardware
import Networks

/// Reads a space file strictly.
struct SpaceReader {
    static let ownKeys = ["name", "set", "vary", "constraints", "search", "objectives"]
    static let settings = StepSetting.allCases.map(\.rawValue)
    /// Choices that a dimension may have.
    static let mostChoices = 100_000

    let file: String
    let bytes: [UInt8]
    let name: String
    private(set) var base: StepRequest
    private(set) var dimensions: [SpaceDimension] = []
    private(set) var machines: [String: MachineTemplate] = [:]
    private(set) var networks: [ExplorationSpace.NetworkName: Result<StepRequest.TrainedNetwork, StepRequestError>] =
        [:]
    private let fields: FieldReader

    init(json5 bytes: [UInt8], file: String) throws {
        self.file = file
        self.bytes = bytes
        fields = try FieldReader(
            JSON5Parser.parse(bytes, file: file), file: file, path: "", keys: Self.ownKeys + Self.settings)
        name = try fields.string("name", "the space's name")
        base = StepRequest(network: "")
        let entries = try fields.sections("vary", keys: DimensionReader.keys)
        var varied: Set<StepSetting> = []
        for entry in entries {
            varied.formUnion(try DimensionReader.names(entry).compactMap(StepSetting.init(rawValue:)))
        }
        for setting in StepSetting.allCases {
            guard fields.has(setting.rawValue) else {
                guard setting != .machine && setting != .network || varied.contains(setting) else {
                    throw HardwareError.missingKey(fields.place(setting.rawValue), expected: setting.allowed)
                }
                continue
            }
            guard !varied.contains(setting) else {
                throw problem(fields.place(setting.rawValue), "stands here and in vary", "keep one")
            }
            let value = FieldValue(try fields.value(setting.rawValue, setting.allowed))
            guard setting.accepts(value) else {
                throw HardwareError.wrongType(
                    fields.place(setting.rawValue), found: value.node.typeDescription, expected: setting.allowed)
            }
            setting.set(value, in: &base)
        }
        if fields.has("set") { base.overrides = try fields.strings("set") }

        // Machines first: paths of fields are resolved in them.
        var names = [base.hardware]
        for entry in entries {
            guard let index = try DimensionReader.names(entry).firstIndex(of: StepSetting.machine.rawValue) else {
                continue
            }
            names = try DimensionReader.choices(entry).map { $0[index].text }
        }
        for name in names { machines[name] = try MachineTemplate(name) }
        let template = machines[names[0]]!
        guard !entries.isEmpty else {
            throw problem(fields.place("vary"), "is empty", "name at least one field that varies")
        }
        var seen: [SpaceDimension.Field: String] = [:]
        for override in base.overrides {
            let path = try template.fullPath(MachineOverride(parsing: override).path.joined(separator: "."))
            seen[.machine(path: path)] = "set"
        }
        for (index, entry) in entries.enumerated() {
            let fields = try DimensionReader.names(entry).map { try field($0, entry, template) }
            for field in fields {
                if let (inner, place) = Self.overlap(of: field, with: seen) {
                    throw problem(
                        entry.place(DimensionReader.key(entry)),
                        "\(field.name) and \(inner.name) of \(place) hold one another: one would be written over",
                        "keep one")
                }
                if let other = seen.updateValue("vary[\(index)]", forKey: field) {
                    throw problem(
                        entry.place(DimensionReader.key(entry)), "\(field.name) stands in \(other), too", "keep one")
                }
            }
            let choices = try DimensionReader.choices(entry)
            try check(choices, fields, entry)
            dimensions.append(.init(fields: fields, choices: choices))
        }
        try readNetworks()
    }

    private func problem(_ place: HardwareError.Place, _ problem: String, _ remedy: String) -> ExplorationError {
        .space(file: place.file, line: place.line, field: place.path, problem: problem, remedy: remedy)
    }

    /// Refuses values that a setting does not take, and a choice that stands twice.
    private func check(
        _ choices: [[FieldValue]], _ fields: [SpaceDimension.Field], _ entry: FieldReader
    ) throws {
        let place = entry.place(DimensionReader.key(entry))
        for values in choices {
            for (field, value) in zip(fields, values) {
                guard case .setting(let setting) = field, !setting.accepts(value) else { continue }
                throw problem(
                    .init(file: place.file, line: value.node.line ?? place.line, path: place.path),
                    "\(setting.rawValue) is \(value.node.typeDescription)", "give \(setting.allowed)")
            }
        }
        var seen: Set<[ResultCell]> = []
        for values in choices where !seen.insert(values.map(\.cell)).inserted {
            throw problem(
                place, "has the choice \(values.map(\.cell.text).joined(separator: ", ")) twice",
                "give each choice once")
        }
    }

    /// What a name in `vary` means.
    /// A field that `field` is part of, or has as a part, with where it stands. What `set` writes may hold what varies, not the other way round.
    private static func overlap(
        of field: SpaceDimension.Field, with seen: [SpaceDimension.Field: String]
    ) -> (SpaceDimension.Field, String)? {
        guard case .machine(let path) = field else { return nil }
        for (other, place) in seen {
            guard case .machine(let known) = other, known != path else { continue }
            if known.hasPrefix(path + ".") || (place != "set" && path.hasPrefix(known + ".")) { return (other, place) }
        }
        return nil
    }

    private func field(
        _ name: String, _ entry: FieldReader, _ template: MachineTemplate
    ) throws -> SpaceDimension.Field {
        if let setting = StepSetting(rawValue: name) { return .setting(setting) }
        let place = entry.place(DimensionReader.key(entry))
        if name == "dataflow" { return .machine(path: "organisation.array.dataflow") }
        guard name.contains(".") else {
            let near = HardwareError.nearest(to: name, in: Self.settings + ["dataflow"]).map {
                "did you mean '\($0)'? "
            }
            throw problem(
                place, "'\(name)' names no field",
                "\(near ?? "")name a field of the machine by its path, such as organisation.array.rows, or one of "
                    + (Self.settings + ["dataflow"]).joined(separator: ", "))
        }
        do throws(HardwareError) { return .machine(path: try template.fullPath(name)) } catch {
            guard case .badOverride(_, let what, let remedy) = error else { throw error }
            throw problem(place, "'\(name)' names no field of \(template.name): \(what)", remedy)
        }
    }

    private mutating func readNetworks() throws {
        func values(_ setting: StepSetting, _ fixed: String?) -> [String?] {
            for dimension in dimensions {
                guard let index = dimension.fields.firstIndex(of: .setting(setting)) else { continue }
                return dimension.choices.map { $0[index].text }
            }
            return [fixed]
        }
        for network in values(.network, base.network) {
            for head in values(.head, base.head) {
                var request = base
                request.network = network ?? ""
                request.head = head
                let name = ExplorationSpace.NetworkName(network: request.network, head: head)
                do { networks[name] = .success(try request.trainedNetwork()) } catch let error as StepRequestError {
                    networks[name] = .failure(error)
                }
            }
        }
    }

    func objectives() throws -> [Objective] {
        guard fields.has("objectives") else { return [.energy, .latency, .peakMemory] }
        var objectives: [Objective] = []
        let names = try fields.strings("objectives")
        for name in names {
            guard let objective = try? Objective(name: name) else {
                throw problem(
                    fields.place("objectives"), "'\(name)' is no objective",
                    "name some of \(Objective.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            objectives.append(objective)
        }
        guard !objectives.isEmpty, Set(objectives).count == objectives.count else {
            throw problem(
                fields.place("objectives"), names.isEmpty ? "is empty" : "names an objective twice",
                "name each objective once")
        }
        return objectives
    }

    func search() throws -> Search {
        guard fields.has("search") else { return .grid }
        let words = ["grid", "random", "latin-hypercube", "nsga2"]
        if case .string = try fields.value("search", "a search").value {
            _ = try fields.choice("search", [("grid", 0)])
            return .grid
        }
        let search = try fields.section("search", keys: words)
        guard search.presentKeys.count == 1 else {
            throw problem(
                fields.place("search"), "names \(search.presentKeys.count) searches",
                "name one of \(words.joined(separator: ", "))")
        }
        func drawn(_ word: String) throws -> (Int, Int) {
            let inner = try search.section(word, keys: ["points", "seed"])
            return (
                try inner.integer("points", "points", in: 1...ExplorationSpace.largestList),
                try inner.integer("seed", "any", in: 0...Int(Int32.max))
            )
        }
        switch search.presentKeys[0] {
        case "random":
            let (points, seed) = try drawn("random")
            return .random(points: points, seed: seed)
        case "latin-hypercube":
            let (points, seed) = try drawn("latin-hypercube")
            return .latinHypercube(points: points, seed: seed)
        case "nsga2":
            let inner = try search.section("nsga2", keys: ["population", "generations", "seed"])
            return .nsga2(
                population: try inner.integer("population", "points", in: 4...10_000),
                generations: try inner.integer("generations", "generations", in: 1...100_000),
                seed: try inner.integer("seed", "any", in: 0...Int(Int32.max)))
        default:
            _ = try search.section("grid", keys: [])
            return .grid
        }
    }

    func constraints() throws -> [Constraint] {
        guard fields.has("constraints") else { return [] }
        let place = fields.place("constraints")
        let names = SpaceNumbers(base: base, dimensions: dimensions, machines: machines)
        return try fields.strings("constraints").enumerated().map { index, text in
            var parser = ConstraintParser(text, names: names) { what, remedy in
                .space(
                    file: place.file, line: place.line, field: "constraints[\(index)]",
                    problem: "'\(text)' \(what)", remedy: remedy)
            }
            return try parser.constraint()
        }
    }

    /// A digest of all that rows depend on.
    func digest() throws -> String {
        var hash = SHA256()
        func add(_ part: String, _ bytes: [UInt8]) {
            hash.update(Array("\(part) \(bytes.count)\n".utf8))
            hash.update(bytes)
        }
        add("space", bytes)
        for (name, template) in machines.sorted(by: { $0.key < $1.key }) {
            add("machine \(name)", template.bytes)
            for table in tables(template) { add("energy \(table)", (try? template.energyTableBytes(table)) ?? []) }
        }
        for name in Set(networks.keys.map(\.network)).sorted() {
            // A built-in network goes with the program.
            let bytes = [name, name + "/config.json"].lazy.compactMap { try? ExplorationSpace.bytes(of: $0) }.first
            add("network \(name)", bytes ?? [])
        }
        return hash.hexadecimal
    }

    /// Energy tables that a machine may name in this space.
    private func tables(_ template: MachineTemplate) -> [String] {
        let path = "organisation.energyTable"
        for dimension in dimensions {
            guard let index = dimension.fields.firstIndex(of: .machine(path: path)) else { continue }
            return dimension.choices.map { $0[index].text }
        }
        if let machine = try? template.machine(overrides: base.overrides) { return [machine.organisation.energyTable] }
        return template.node(at: path).map { [FieldValue($0).text] } ?? []
    }
}
