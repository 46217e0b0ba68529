/// The header of a log (docs/traces.md, 1.1).
public struct TraceHeader: Hashable, Sendable {
    /// An operation, as errors and reports name it.
    public struct Operation: Hashable, Sendable {
        public let name: String
        public let pass: String
        /// Reads first.
        public let tensors: [String]
        public let reads: Int

        public init(name: String, pass: String, tensors: [String], reads: Int) {
            (self.name, self.pass, self.tensors, self.reads) = (name, pass, tensors, reads)
        }

        func text(_ number: Int) -> String {
            let names = ([name] + tensors).map(TraceHeader.quoted).joined(separator: " ")
            let counts = "\(reads),\(tensors.count - reads)"
            return "operation \(TraceLayout.hex4(number)) pass=\(pass) tensors=\(counts) \(names)"
        }
    }

    /// Most characters in a line of the header or of the events.
    static let lineLimit = 1 << 30
    static let numberLimit = 1 << 16

    /// The lines that stand before `operations`, from the second on.
    public let preamble: [String]
    public let operations: [Operation]
    public let layouts: [TraceLayout]

    public init(preamble: [String], operations: [Operation], layouts: [TraceLayout]) {
        (self.preamble, self.operations, self.layouts) = (preamble, operations, layouts)
    }

    static let firstLine = "zeroth-log 1"
    /// What the lines of the preamble begin with, in order; the last may be left out.
    static let keywords = ["source", "machine", "program", "step", "method", "generator", "lanes", "filter"]

    /// All lines but `events`.
    public var lines: [String] {
        [Self.firstLine] + preamble + ["operations \(operations.count)"]
            + operations.enumerated().map { $1.text($0) } + ["layouts \(layouts.count)"] + layouts.map(\.text)
    }

    /// The bytes up to the first event.
    public var bytes: [UInt8] { Array((lines + ["events", ""]).joined(separator: "\n").utf8) }

    /// Whether events were left out.
    public var isFiltered: Bool { preamble.contains { $0.hasPrefix("filter ") } }

    /// What stands behind `source`, without quotation marks.
    public var source: String {
        preamble.first { $0.hasPrefix("source ") }.map { String($0.dropFirst(7)).filter { $0 != "\"" } } ?? ""
    }

    /// A name between quotation marks; what may not stand there becomes a blank.
    static func quoted(_ name: String) -> String {
        let kept = name.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && scalar.value >= 32 && scalar.value < 127 && scalar != "\"" && scalar != "\\"
                ? Character(scalar) : scalar.value < 128 ? " " : "?"
        }
        return "\"" + String(kept) + "\""
    }

    /// Names between quotation marks, one blank apart; nil for anything else.
    static func names(_ text: Substring) -> [String]? {
        var names: [String] = []
        var rest = text
        while true {
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
            names.append(String(rest[rest.index(after: rest.startIndex)..<end]))
            rest = rest[rest.index(after: end)...]
            if rest.isEmpty { return names }
            guard rest.first == " " else { return nil }
            rest = rest.dropFirst()
        }
    }
}

// MARK: Reading

extension TraceHeader {
    /// Reads a header.
    ///
    /// - Parameter next: gives line after line without its line feed; throws where there is none.
    init(file: String, _ next: () throws -> (text: String, line: Int, byte: Int)) throws {
        var place = (line: 1, byte: 0)
        func line() throws -> String {
            let (text, line, byte) = try next()
            place = (line, byte)
            return text
        }
        func fail(_ problem: TraceError.Problem) -> TraceError {
            .file(file, line: place.line, byte: place.byte, problem)
        }
        let first = try line()
        guard first == Self.firstLine else {
            if first.hasPrefix("zeroth-log ") { throw fail(.version(found: String(first.dropFirst(11).prefix(20)))) }
            throw fail(.notALog(found: String(first.prefix(40))))
        }
        var preamble: [String] = []
        var text = try line()
        for keyword in Self.keywords {
            guard text.hasPrefix(keyword + " ") else {
                if keyword == "filter" { break }
                throw fail(.header("begins with `\(text.prefix(40))`, should begin with `\(keyword) `"))
            }
            preamble.append(text)
            text = try line()
        }
        func count(_ keyword: String) throws -> Int {
            guard text.hasPrefix(keyword + " "), let count = TraceField.number(text.dropFirst(keyword.count + 1)),
                0...Self.numberLimit ~= count
            else { throw fail(.header("is `\(text.prefix(40))`, should be `\(keyword)` and 0 to \(Self.numberLimit)")) }
            return count
        }
        var operations: [Operation] = []
        for number in 0..<(try count("operations")) {
            text = try line()
            guard let operation = Self.operation(text, number) else {
                throw fail(
                    .header(
                        "should be `operation \(TraceLayout.hex4(number)) pass=… tensors=READS,WRITES` and as many names in quotation marks, and its own"
                    ))
            }
            operations.append(operation)
        }
        text = try line()
        var layouts: [TraceLayout] = []
        for number in 0..<(try count("layouts")) {
            switch TraceLayout.parse(try line(), number: number) {
            case .success(let layout): layouts.append(layout)
            case .failure(let problem): throw fail(problem)
            }
        }
        guard try line() == "events" else { throw fail(.header("should be `events`")) }
        self.init(preamble: preamble, operations: operations, layouts: layouts)
    }

    private static func operation(_ text: String, _ number: Int) -> Operation? {
        let words = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == "operation", words[1] == TraceLayout.hex4(number),
            words[2].hasPrefix("pass="), words[3].hasPrefix("tensors="), let names = names(words[4])
        else { return nil }
        let counts = words[3].dropFirst(8).split(separator: ",", omittingEmptySubsequences: false)
        guard counts.count == 2, let reads = TraceField.number(counts[0]), let writes = TraceField.number(counts[1]),
            reads <= numberLimit, writes <= numberLimit, names.count == 1 + reads + writes
        else { return nil }
        return Operation(
            name: names[0], pass: String(words[2].dropFirst(5)), tensors: Array(names.dropFirst()), reads: reads)
    }
}
