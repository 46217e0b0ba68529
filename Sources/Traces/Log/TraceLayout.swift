/// How an event line is made up (docs/traces.md, 1.1): one command of one nest.
public struct TraceLayout: Hashable, Sendable {
    public static let units = ["dma", "perturbation", "array", "vector"]
    public static let events = ["load", "store", "perturb", "draw", "matmul", "vector", "update"]

    public let number: Int
    /// The command's place in its nest's text.
    public let command: Int
    public let unit: String
    public let event: String
    public let rounding: String
    /// What the numbers of `place` are.
    public let place: [String]
    public let fields: [TraceField]
    /// First character of each field in the line.
    public let starts: [Int]
    /// Bytes of a line, its line feed included.
    public let lineLength: Int

    public init(
        number: Int, command: Int, unit: String, event: String, rounding: String, place: [String],
        fields: [TraceField]
    ) {
        (self.number, self.command, self.unit, self.event) = (number, command, unit, event)
        (self.rounding, self.place, self.fields) = (rounding, place, fields)
        var next = Columns.unit + unit.utf8.count + 1 + event.utf8.count + 1 + 9 * place.count
        var starts: [Int] = []
        for field in fields {
            starts.append(next)
            next += field.characters + 1
        }
        self.starts = starts
        // Flags and the line feed.
        lineLength = next + 3
    }

    /// First characters of what all lines have.
    enum Columns {
        static let sequence = 0..<10
        static let begin = 11..<23
        static let end = 24..<36
        static let layout = 37..<41
        static let operation = 42..<46
        static let unit = 47
    }

    /// Place of `place` in a line.
    var placeColumns: Range<Int> {
        let start = Columns.unit + unit.utf8.count + 1 + event.utf8.count + 1
        return start..<start + 9 * place.count - 1
    }

    /// What tells one event from another: layout, operation, unit, event, place.
    var identityColumns: Range<Int> { Columns.layout.lowerBound..<placeColumns.upperBound }

    /// Two digits before the line feed.
    var flagColumns: Range<Int> { lineLength - 3..<lineLength - 1 }

    /// As a header has it.
    public var text: String {
        let list = fields.isEmpty ? "none" : fields.map(\.text).joined(separator: ",")
        return "layout \(Self.hex4(number)) command=\(command) unit=\(unit) event=\(event) rounding=\(rounding) "
            + "place=\(place.joined(separator: ",")) fields=\(list)"
    }

    /// Reads what `text` writes; what is wrong with it otherwise.
    static func parse(_ line: String, number: Int) -> Result<TraceLayout, TraceError.Problem> {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        let keys = ["command", "unit", "event", "rounding", "place", "fields"]
        guard words.count == 2 + keys.count, words[0] == "layout", words[1] == hex4(number) else {
            return .failure(
                .header("should be `layout \(hex4(number))` and \(keys.map { $0 + "=…" }.joined(separator: " "))"))
        }
        var values: [Substring] = []
        for (word, key) in zip(words.dropFirst(2), keys) {
            guard word.hasPrefix(key + "=") else { return .failure(.header("\(word): should be \(key)=…")) }
            values.append(word.dropFirst(key.count + 1))
        }
        guard let command = TraceField.number(values[0]) else {
            return .failure(.header("command=\(values[0]): should be a decimal number"))
        }
        guard units.contains(String(values[1])) else {
            return .failure(.header("unit=\(values[1]): should be one of \(units.joined(separator: ", "))"))
        }
        guard events.contains(String(values[2])) else {
            return .failure(.header("event=\(values[2]): should be one of \(events.joined(separator: ", "))"))
        }
        let place = values[4].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard 1...16 ~= place.count, place.allSatisfy({ !$0.isEmpty }) else {
            return .failure(.header("place=\(values[4]): should be 1 to 16 names"))
        }
        var fields: [TraceField] = []
        if values[5] != "none" {
            for text in values[5].split(separator: ",", omittingEmptySubsequences: false) {
                guard let field = TraceField(text) else {
                    return .failure(
                        .header("field \(text): should be ROLE:NAME:FORMAT:BITS:SHAPE, as i:a:int8:8:16x64"))
                }
                fields.append(field)
            }
        }
        let order = TraceField.Role.allCases
        let places = fields.map { order.firstIndex(of: $0.role) ?? 0 }
        guard zip(places, places.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return .failure(.header("fields: should be inputs (i), then draws (r), then outputs (o)"))
        }
        let characters = fields.reduce(0) { $0 + $1.characters }
        guard characters <= TraceHeader.lineLimit else {
            return .failure(
                .header("lines of \(characters) characters: should be at most \(TraceHeader.lineLimit)"))
        }
        return .success(
            TraceLayout(
                number: number, command: command, unit: String(values[1]), event: String(values[2]),
                rounding: String(values[3]), place: place, fields: fields))
    }

    static func hex4(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
}
