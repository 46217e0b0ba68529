/// Reads the fields of one JSON5 object strictly: every key known, every value in range, every error with its place.
package struct FieldReader {
    private let file: String
    private let path: String
    private let members: [JSON5Node.Member]
    private let line: Int?
    private let keys: [String]

    /// - Parameter keys: all keys the object may have; others are refused here.
    package init(_ node: JSON5Node, file: String, path: String, keys: [String]) throws(HardwareError) {
        guard case .object(let members) = node.value else {
            throw .wrongType(
                .init(file: node.override ?? file, line: node.line, path: path.isEmpty ? "(top level)" : path),
                found: node.typeDescription, expected: "an object with \(keys.joined(separator: ", "))")
        }
        self.file = node.override ?? file
        self.path = path
        self.members = members
        self.line = node.line
        self.keys = keys
        for member in members where !keys.contains(member.key) {
            throw .unknownKey(
                .init(file: member.node.override ?? file, line: member.node.line, path: Self.join(path, member.key)),
                allowed: keys)
        }
    }

    package static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Keys that stand in the object, in file order.
    package var presentKeys: [String] { members.map(\.key) }

    package func has(_ key: String) -> Bool { members.contains { $0.key == key } }

    /// Where the field `key` stands, or should.
    package func place(_ key: String) -> HardwareError.Place {
        let node = members.first { $0.key == key }?.node
        return .init(file: node?.override ?? file, line: node == nil ? line : node?.line, path: Self.join(path, key))
    }

    private func node(_ key: String, _ expected: String) throws(HardwareError) -> JSON5Node {
        precondition(keys.contains(key), "\(key) is not among the keys declared for \(path)")
        guard let member = members.first(where: { $0.key == key }) else {
            throw .missingKey(place(key), expected: expected)
        }
        return member.node
    }

    package func section(_ key: String, keys: [String]) throws(HardwareError) -> FieldReader {
        let node = try node(key, "an object with \(keys.joined(separator: ", "))")
        return try FieldReader(node, file: file, path: Self.join(path, key), keys: keys)
    }

    /// The objects of an array, each with its own place.
    package func sections(_ key: String, keys: [String]) throws(HardwareError) -> [FieldReader] {
        let node = try node(key, "an array of objects")
        guard case .array(let elements) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: "an array of objects")
        }
        var sections: [FieldReader] = []
        for (index, element) in elements.enumerated() {
            sections.append(try FieldReader(element, file: file, path: "\(Self.join(path, key))[\(index)]", keys: keys))
        }
        return sections
    }

    /// The values of an array, of any types.
    package func nodes(_ key: String, _ expected: String) throws(HardwareError) -> [JSON5Node] {
        let node = try node(key, expected)
        guard case .array(let elements) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: expected)
        }
        return elements
    }

    /// The value of a key, of any type.
    package func value(_ key: String, _ expected: String) throws(HardwareError) -> JSON5Node { try node(key, expected) }

    package func strings(_ key: String) throws(HardwareError) -> [String] {
        let node = try node(key, "an array of strings")
        guard case .array(let elements) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: "an array of strings")
        }
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element.value else {
                throw .wrongType(
                    .init(file: file, line: element.line, path: "\(Self.join(path, key))[\(index)]"),
                    found: element.typeDescription, expected: "a string")
            }
            strings.append(text)
        }
        return strings
    }

    /// A number in `range`; with `aboveMinimum`, the lower bound itself is refused.
    package func number(
        _ key: String, _ unit: String, in range: ClosedRange<Double>, aboveMinimum: Bool = false
    ) throws(HardwareError) -> Double {
        let low = aboveMinimum ? "above \(Self.text(range.lowerBound))" : "from \(Self.text(range.lowerBound))"
        let allowed = "a number \(low) to \(Self.text(range.upperBound)), in \(unit)"
        let node = try node(key, allowed)
        guard case .number(let value, let text) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: allowed)
        }
        guard range.contains(value), !(aboveMinimum && value == range.lowerBound) else {
            throw .outOfRange(place(key), value: text, allowed: allowed)
        }
        return value
    }

    package func integer(
        _ key: String, _ unit: String, in range: ClosedRange<Int>
    ) throws(HardwareError) -> Int {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound), in \(unit)"
        let node = try node(key, allowed)
        guard case .number(let value, let text) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: allowed)
        }
        guard let whole = Int(exactly: value), range.contains(whole) else {
            throw .outOfRange(place(key), value: text, allowed: allowed)
        }
        return whole
    }

    package func boolean(_ key: String) throws(HardwareError) -> Bool {
        let node = try node(key, "true or false")
        guard case .boolean(let value) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: "true or false")
        }
        return value
    }

    package func string(_ key: String, _ meaning: String) throws(HardwareError) -> String {
        let node = try node(key, meaning)
        guard case .string(let text) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: "a string, \(meaning)")
        }
        guard !text.isEmpty else { throw .outOfRange(place(key), value: "empty", allowed: meaning) }
        return text
    }

    /// One of the values that Zeroth implements, by its name in the file.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) throws(HardwareError) -> Choice where Choice.RawValue == String {
        try choice(key, Choice.allCases.map { ($0.rawValue, $0) })
    }

    package func choice<Choice>(_ key: String, _ choices: [(name: String, value: Choice)]) throws(HardwareError)
        -> Choice
    {
        let names = choices.map(\.name)
        let node = try node(key, "one of \(names.joined(separator: ", "))")
        guard case .string(let text) = node.value else {
            throw .wrongType(
                place(key), found: node.typeDescription, expected: "one of \(names.joined(separator: ", "))")
        }
        guard let choice = choices.first(where: { $0.name == text }) else {
            throw .notImplemented(place(key), value: "\"\(text)\"", implemented: names)
        }
        return choice.value
    }

    /// A word with parameters in it, such as `blocked:32`.
    ///
    /// - Parameter spellings: what may stand here, for the error.
    func word<Value>(
        _ key: String, _ spellings: String, parse: (String) throws(WordProblem) -> Value
    ) throws(HardwareError) -> Value {
        let node = try node(key, "one of \(spellings)")
        guard case .string(let text) = node.value else {
            throw .wrongType(place(key), found: node.typeDescription, expected: "one of \(spellings)")
        }
        let result: Result<Value, WordProblem>
        do throws(WordProblem) { result = .success(try parse(text)) } catch { result = .failure(error) }
        switch result {
        case .success(let value): return value
        case .failure(.unknown):
            throw .notImplemented(place(key), value: "\"\(text)\"", implemented: [spellings])
        case .failure(.parameters(let allowed)):
            throw .outOfRange(place(key), value: "\"\(text)\"", allowed: allowed)
        }
    }

    /// A bound as it reads in a message: whole where it is whole.
    package static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}

/// Why a word with parameters is refused.
enum WordProblem: Error {
    /// It is none of the words that may stand there.
    case unknown
    /// Its parameters mean nothing; what would be right.
    case parameters(String)
}
