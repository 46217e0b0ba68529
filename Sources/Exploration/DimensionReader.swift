import Hardware

/// Reads one entry of `vary`: which fields, and their choices.
enum DimensionReader {
    static let keys = ["field", "fields", "values", "tuples", "range", "powers"]
    private static let forms = ["values", "tuples", "range", "powers"]

    /// The key that names the fields.
    static func key(_ entry: FieldReader) -> String { entry.has("fields") ? "fields" : "field" }

    private static func problem(_ place: HardwareError.Place, _ problem: String, _ remedy: String) -> ExplorationError {
        .space(file: place.file, line: place.line, field: place.path, problem: problem, remedy: remedy)
    }

    /// The fields, as the file names them: at least one.
    static func names(_ entry: FieldReader) throws -> [String] {
        guard entry.has("field") != entry.has("fields") else {
            throw problem(
                entry.place("field"), entry.has("field") ? "stands beside fields" : "is missing",
                "give field for one, or fields for several that move together")
        }
        guard entry.has("fields") else { return [try entry.string("field", "a field's name or path")] }
        let names = try entry.strings("fields")
        guard !names.isEmpty else { throw problem(entry.place("fields"), "is empty", "name at least one field") }
        return names
    }

    /// The choices, by field: at least one.
    static func choices(_ entry: FieldReader) throws -> [[FieldValue]] {
        let given = forms.filter(entry.has)
        guard given.count == 1 else {
            throw problem(
                entry.place(key(entry)), "has \(given.isEmpty ? "no choices" : given.joined(separator: " and "))",
                "give one of \(forms.joined(separator: ", "))")
        }
        let count = try names(entry).count
        let form = given[0]
        let choices: [[FieldValue]]
        switch form {
        case "values":
            choices = try entry.nodes("values", "a list of values").map {
                Array(repeating: FieldValue($0), count: count)
            }
        case "tuples":
            choices = try entry.nodes("tuples", "a list of lists, each with a value for each field").map { node in
                guard case .array(let values) = node.value, values.count == count else {
                    var place = entry.place("tuples")
                    place = .init(file: place.file, line: node.line ?? place.line, path: place.path)
                    throw problem(
                        place, "holds \(node.typeDescription) that is no list of \(count) values",
                        "give each choice as a list with a value for each field")
                }
                return values.map(FieldValue.init)
            }
        default:
            choices = try (form == "range" ? range(entry) : powers(entry)).map {
                Array(repeating: FieldValue($0), count: count)
            }
        }
        guard !choices.isEmpty else { throw problem(entry.place(form), "is empty", "give at least one choice") }
        guard choices.count <= SpaceReader.mostChoices else { throw tooMany(entry.place(form)) }
        return choices
    }

    private static func tooMany(_ place: HardwareError.Place) -> ExplorationError {
        problem(place, "has more than \(SpaceReader.mostChoices) choices", "give fewer")
    }

    /// from, from + step, … up to `to`, included where a step meets it. Values are from + i·step, so errors do not add up.
    private static func range(_ entry: FieldReader) throws -> [Double] {
        let fields = try entry.section("range", keys: ["from", "to", "step"])
        let limits = -1e15...1e15
        let from = try fields.number("from", "the field's unit", in: limits)
        let to = try fields.number("to", "the field's unit", in: limits)
        let step = try fields.number("step", "the field's unit", in: 0...1e15, aboveMinimum: true)
        guard to >= from else { throw problem(fields.place("to"), "is below from", "give the larger one as to") }
        let steps = (to - from) / step * (1 + 1e-12)
        guard steps < Double(SpaceReader.mostChoices) else { throw tooMany(entry.place("range")) }
        return (0...Int(steps)).map { index in
            let value = from + Double(index) * step
            // 3.2 + 11·3.2 is meant to be 38.4, which the sum misses by its last bit.
            let decimal = (value * 1e9).rounded() / 1e9
            return abs(value) < 1e6 && abs(decimal - value) <= 1e-12 * abs(value) ? decimal : value
        }
    }

    /// Powers of two from `from` to `to`, both of which are such.
    private static func powers(_ entry: FieldReader) throws -> [Double] {
        let fields = try entry.section("powers", keys: ["from", "to"])
        let limits = 0x1p-20...0x1p+50
        let from = try fields.number("from", "the field's unit", in: limits)
        let to = try fields.number("to", "the field's unit", in: limits)
        for (key, value) in [("from", from), ("to", to)] where value.significand != 1 {
            throw problem(fields.place(key), "is \(value)", "give a power of two")
        }
        guard to >= from else { throw problem(fields.place("to"), "is below from", "give the larger one as to") }
        return (from.exponent...to.exponent).map { Double(sign: .plus, exponent: $0, significand: 1) }
    }
}
