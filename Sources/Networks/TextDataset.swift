/// Texts with labels, for training or evaluating a classifier.
public struct TextDataset: Equatable, Sendable {
    /// A text and its label.
    public struct Example: Equatable, Sendable {
        public let text: String
        /// The label's index in `labels`.
        public let label: Int
        /// The line of the file, from one.
        public let line: Int
    }

    /// The name that errors give: a path, or the name of an embedded file.
    public let name: String
    /// The names of the labels.
    public let labels: [String]
    public let examples: [Example]

    /// The number of examples of each label.
    public var classCounts: [Int] {
        var counts = [Int](repeating: 0, count: labels.count)
        for example in examples { counts[example.label] += 1 }
        return counts
    }

    /// The share of the most frequent label: the accuracy of always answering it. Zero without examples.
    public var majorityShare: Double {
        examples.isEmpty ? 0 : Double(classCounts.max() ?? 0) / Double(examples.count)
    }

    /// Maps and reads a file; see `init(source:labels:)`.
    public static func load(path: String, labels: [String]? = nil) throws(InputError) -> TextDataset {
        try TextDataset(source: MappedFile(path: path), labels: labels)
    }

    /// Reads UTF-8 text with one example a line: label, tab, text. Lines end in LF or CRLF.
    ///
    /// White space around labels and texts is kept; a text of white space only counts as none.
    ///
    /// - Parameters:
    ///   - source: the file.
    ///   - labels: the labels of a network's head, in the order of its rows; nil takes those of the file, sorted by
    ///     their UTF-8 bytes.
    /// - Throws: the errors of `MappedFile`, `InputError.invalidUTF8`, and those from `.tabMissing` to
    ///   `.labelsTooFew`; a file with one label is an error only if `labels` is nil.
    public init(source: any ByteSource, labels: [String]? = nil) throws(InputError) {
        let file = source.name
        var rows: [(label: String, text: String, line: Int)] = []
        for (index, line) in try textLines(of: source).enumerated() {
            let columns = line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            guard columns.count >= 2 else { throw .tabMissing(file: file, line: index + 1) }
            guard columns.count == 2 else { throw .tabsTooMany(file: file, line: index + 1, columns: columns.count) }
            guard !isBlank(columns[0]) else { throw .labelEmpty(file: file, line: index + 1) }
            guard !isBlank(columns[1]) else { throw .textEmpty(file: file, line: index + 1) }
            rows.append((String(columns[0])!, String(columns[1])!, index + 1))
        }
        guard let first = rows.first else { throw .fileEmpty(file: file) }

        let names = labels ?? Set(rows.map(\.label)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard labels != nil || names.count >= 2 else { throw .labelsTooFew(file: file, label: first.label) }
        let indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var examples: [Example] = []
        for row in rows {
            guard let label = indices[row.label] else {
                throw .labelUnknown(file: file, line: row.line, label: row.label, known: names)
            }
            examples.append(Example(text: row.text, label: label, line: row.line))
        }
        self.init(name: file, labels: names, examples: examples)
    }

    private init(name: String, labels: [String], examples: [Example]) {
        self.name = name
        self.labels = labels
        self.examples = examples
    }

    /// The examples without those whose text stood before, with the numbers of what went.
    ///
    /// - Returns: the remaining examples in their order; `removed`, how many went; `conflicting`, how many of those
    ///   had another label than the example that stays.
    public func removingDuplicates() -> (dataset: TextDataset, removed: Int, conflicting: Int) {
        var labelOfText: [String: Int] = [:]
        var kept: [Example] = []
        var conflicting = 0
        for example in examples {
            if let label = labelOfText[example.text] {
                if label != example.label { conflicting += 1 }
            } else {
                labelOfText[example.text] = example.label
                kept.append(example)
            }
        }
        return (TextDataset(name: name, labels: labels, examples: kept), examples.count - kept.count, conflicting)
    }

    /// Splits the examples in two.
    ///
    /// The validation part is the first `validationFraction` of the examples in `order`, rounded to the nearest whole number (half away
    /// from zero); the training part is the rest, in that order.
    ///
    /// - Parameter order: a permutation of the examples' places, as docs/semantics.md, section 10, draws it from a run's seed.
    /// - Throws: `InputError.fractionOutOfRange` unless 0 < validationFraction < 1, `.splitEmpty` if a part would have no example.
    public func split(
        validationFraction: Double, order: [Int]
    ) throws(InputError) -> (training: TextDataset, validation: TextDataset) {
        precondition(order.count == examples.count, "an order of \(order.count) places for \(examples.count) examples")
        guard validationFraction > 0, validationFraction < 1 else {
            throw .fractionOutOfRange(file: name, fraction: validationFraction)
        }
        let count = Int((Double(examples.count) * validationFraction).rounded())
        guard count > 0, count < examples.count else {
            throw .splitEmpty(file: name, examples: examples.count, fraction: validationFraction)
        }
        func part(_ places: ArraySlice<Int>) -> TextDataset {
            TextDataset(name: name, labels: labels, examples: places.map { examples[$0] })
        }
        return (part(order[count...]), part(order[..<count]))
    }
}

/// Whether a column holds nothing but spaces.
private func isBlank(_ text: Substring.UTF8View) -> Bool { Substring(text).allSatisfy(\.isWhitespace) }
