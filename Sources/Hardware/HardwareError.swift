/// What can be wrong with a machine file, an energy table or an override: one case a cause, one line each.
///
/// `file` is the file as the user knows it; `place` is the field's path in it and `line` its line, from 1.
public enum HardwareError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A field of a file: where a mistake is.
    public struct Place: Sendable, Hashable, CustomStringConvertible {
        /// The file, or the override that set the field, as the user knows it.
        public let file: String
        /// Line from 1; nil where an override set the field.
        public let line: Int?
        /// Path of the field, such as `organisation.dram.channels`.
        public let path: String

        public init(file: String, line: Int?, path: String) {
            self.file = file
            self.line = line
            self.path = path
        }

        public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(path)" }
    }

    /// No machine or table of that name.
    case notFound(kind: String, name: String, searched: String, available: [String])
    /// The file is there but cannot be read.
    case unreadable(file: String, reason: String)
    /// The text is not JSON5.
    case syntax(file: String, line: Int, column: Int, problem: String, expected: String)
    /// A key stands twice in one object.
    case duplicateKey(Place, firstLine: Int)
    /// A key that no version of this file has.
    case unknownKey(Place, allowed: [String])
    /// A key that has to be there.
    case missingKey(Place, expected: String)
    /// A value of the wrong type.
    case wrongType(Place, found: String, expected: String)
    /// A value of the right type that means nothing here.
    case outOfRange(Place, value: String, allowed: String)
    /// A value that means something, which Zeroth does not do.
    case notImplemented(Place, value: String, implemented: [String])
    /// Two fields that cannot both hold.
    case contradiction(Place, problem: String, remedy: String)
    /// An override that is not `path=value`, or names no field.
    case badOverride(text: String, problem: String, remedy: String)
    /// The energy table has no entry that a program on this machine needs.
    case missingEnergy(table: String, entry: String, neededBy: String)
    /// The array cannot multiply this format.
    case unsupportedFormat(machine: String, format: String, supported: [String])

    public var description: String {
        switch self {
        case .notFound(let kind, let name, let searched, let available):
            let known = available.isEmpty ? "none there" : available.joined(separator: ", ")
            return "no \(kind) '\(name)' in \(searched); name one of: \(known), or give a path to a .json5 file"
        case .unreadable(let file, let reason):
            return "\(file): cannot be read: \(reason)"
        case .syntax(let file, let line, let column, let problem, let expected):
            return "\(file):\(line):\(column): \(problem); expected \(expected)"
        case .duplicateKey(let place, let firstLine):
            return "\(place): stands twice, first on line \(firstLine); keep one"
        case .unknownKey(let place, let allowed):
            let key = place.path.split(separator: ".").last.map(String.init) ?? place.path
            let nearest = Self.nearest(to: key, in: allowed).map { "did you mean '\($0)'? " } ?? ""
            return "\(place): unknown key; \(nearest)keys here: \(allowed.joined(separator: ", "))"
        case .missingKey(let place, let expected):
            return "\(place): missing; expected \(expected)"
        case .wrongType(let place, let found, let expected):
            return "\(place): is \(found); expected \(expected)"
        case .outOfRange(let place, let value, let allowed):
            return "\(place): is \(value); it must be \(allowed)"
        case .notImplemented(let place, let value, let implemented):
            return "\(place): is \(value), which Zeroth does not implement; implemented: "
                + implemented.joined(separator: ", ")
        case .contradiction(let place, let problem, let remedy):
            return "\(place): \(problem); \(remedy)"
        case .badOverride(let text, let problem, let remedy):
            return "--set \(text): \(problem); \(remedy)"
        case .missingEnergy(let table, let entry, let neededBy):
            return "\(table): entries: no entry '\(entry)', needed by \(neededBy); add it with unit and source"
        case .unsupportedFormat(let machine, let format, let supported):
            return "machine \(machine): its array has no rate for \(format) products "
                + "(organisation.array.macsPerCyclePerElement has \(supported.joined(separator: ", "))); add "
                + "'\(format)' there to run them"
        }
    }

    /// The allowed word that differs from `key` by the fewest edits, if at most a third of it.
    package static func nearest(to key: String, in allowed: [String]) -> String? {
        let candidates = allowed.map { (word: $0, distance: editDistance(Array(key.utf8), Array($0.utf8))) }
        guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, key.utf8.count / 3) ? best.word : nil
    }

    /// Levenshtein distance.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1]
            for j in 0..<b.count {
                let substitution = previous[j] + (a[i] == b[j] ? 0 : 1)
                current.append(min(substitution, previous[j + 1] + 1, current[j] + 1))
            }
            previous = current
        }
        return previous[b.count]
    }
}
