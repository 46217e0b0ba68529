import Foundation

/// The text of a JSON5 file that is known to be valid, in which single values can be replaced: comments and order stay.
struct JSON5Text {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Replaces the value of a field, or adds the field to an object that lacks it.
    ///
    /// - Parameters:
    ///   - path: keys from the top level down. As in `MachineOverride`, a key may be shortened to any beginning that no other
    ///     key of its object shares. All but the last have to be there.
    ///   - value: the new value as JSON5.
    mutating func set(_ path: [String], to value: String) {
        var scanner = Scanner(bytes)
        // A comment in the value must end before the text goes on.
        let text = Array((value.contains("//") ? value + "\n" : value).utf8)
        for (depth, key) in path.enumerated() {
            let object = scanner.members()
            guard let member = Self.member(key, of: object.members) else {
                let separator = object.members.isEmpty ? "" : ", "
                bytes.insert(contentsOf: Array(" \(key): ".utf8) + text + Array(separator.utf8), at: object.inside)
                return
            }
            if depth == path.count - 1 {
                bytes.replaceSubrange(member.value, with: text)
                return
            }
            scanner.place = member.value.lowerBound
        }
    }

    private static func member(_ key: String, of members: [Scanner.Member]) -> Scanner.Member? {
        if let exact = members.first(where: { $0.key == key }) { return exact }
        let matches = members.filter { $0.key.hasPrefix(key) }
        return matches.count == 1 ? matches[0] : nil
    }
}

extension JSON5Text {
    /// Finds where members and values of an object stand.
    private struct Scanner {
        struct Member {
            let key: String
            let value: Range<Int>
        }

        private let bytes: [UInt8]
        var place = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

        /// The members of the object at `place`, and the place behind its brace.
        mutating func members() -> (inside: Int, members: [Member]) {
            skipBlanks()
            place += 1
            let inside = place
            var members: [Member] = []
            while true {
                skipBlanks()
                guard let byte, byte != UInt8(ascii: "}") else { break }
                let keyStart = place
                skipToken(until: ":")
                let key = Self.word(Array(bytes[keyStart..<place]))
                skipBlanks()
                place += 1
                skipBlanks()
                let start = place
                skipValue()
                members.append(Member(key: key, value: start..<place))
                skipBlanks()
                if self.byte == UInt8(ascii: ",") { place += 1 }
            }
            return (inside, members)
        }

        /// A key without its quotation marks.
        private static func word(_ bytes: [UInt8]) -> String {
            let text = String(decoding: bytes, as: UTF8.self)
            let decoder = JSONDecoder()
            decoder.allowsJSON5 = true
            guard text.first == "\"" || text.first == "'" else { return text }
            return (try? decoder.decode([String].self, from: Data("[\(text)]".utf8)))?.first ?? text
        }

        /// Blanks and comments, as the strict reader takes them.
        private mutating func skipBlanks() {
            while let byte {
                if byte == UInt8(ascii: "/"), place + 1 < bytes.count {
                    let isLine = bytes[place + 1] == UInt8(ascii: "/")
                    place += 2
                    while place < bytes.count, isLine ? peek(0) != UInt8(ascii: "\n") : !isCommentEnd { place += 1 }
                    place += isLine ? 0 : 2
                } else if byte <= UInt8(ascii: " ") {
                    place += 1
                } else if isNoBreakSpace {
                    place += 2
                } else {
                    return
                }
            }
        }

        private func peek(_ offset: Int) -> UInt8? { place + offset < bytes.count ? bytes[place + offset] : nil }
        private var isCommentEnd: Bool { peek(0) == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/") }
        private var isNoBreakSpace: Bool { peek(0) == 0xC2 && peek(1) == 0xA0 }

        /// A string, or everything up to a blank, a comment or one of `ends`.
        private mutating func skipToken(until ends: String) {
            if let quote = byte, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                place += 1
                while let byte, byte != quote { place += byte == UInt8(ascii: "\\") ? 2 : 1 }
                place += 1
                return
            }
            while let byte, byte > UInt8(ascii: " "), byte != UInt8(ascii: "/"), !isNoBreakSpace,
                !ends.utf8.contains(byte)
            {
                place += 1
            }
        }

        private mutating func skipValue() {
            guard let open = byte, open == UInt8(ascii: "{") || open == UInt8(ascii: "[") else {
                return skipToken(until: ",}]")
            }
            place += 1
            while true {
                skipBlanks()
                guard let byte else { return }
                switch byte {
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    place += 1
                    return
                case UInt8(ascii: ","), UInt8(ascii: ":"): place += 1
                case UInt8(ascii: "{"), UInt8(ascii: "["): skipValue()
                default: skipToken(until: ",:}]")
                }
            }
        }
    }
}
