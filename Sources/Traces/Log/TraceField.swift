/// A field of an event line (docs/traces.md, 1.2): elements of one width, the first leftmost.
public struct TraceField: Hashable, Sendable {
    /// What a field is to its command.
    public enum Role: Character, Sendable, CaseIterable {
        /// What it reads, as it stood before.
        case input = "i"
        /// Random draws and their addresses.
        case random = "r"
        /// What it leaves.
        case output = "o"
    }

    public let role: Role
    public let name: String
    /// A number format's name, or `word`.
    public let format: String
    /// Of one element, 1 to 128.
    public let bits: Int
    /// Extents, outermost first; each at least 1.
    public let shape: [Int]

    public init(_ role: Role, _ name: String, format: String, bits: Int, shape: [Int]) {
        (self.role, self.name, self.format, self.bits, self.shape) = (role, name, format, bits, shape)
    }

    /// Digits of an element.
    public var digits: Int { (bits + 3) / 4 }
    /// Elements.
    public var count: Int { shape.reduce(1, *) }
    /// Characters in a line.
    public var characters: Int { digits * count }

    /// As a header has it.
    public var text: String {
        "\(role.rawValue):\(name):\(format):\(bits):\(shape.map(String.init).joined(separator: "x"))"
    }

    /// The most elements that a field may have: more than any machine's memory holds.
    static let countLimit = 1 << 31

    /// Reads what `text` writes; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].count == 1, let letter = parts[0].first, let role = Role(rawValue: letter),
            !parts[1].isEmpty, parts[1].utf8.allSatisfy(Self.isNameByte), !parts[2].isEmpty,
            parts[2].utf8.allSatisfy(Self.isNameByte), let bits = Self.number(parts[3]), 1...128 ~= bits
        else { return nil }
        var shape: [Int] = []
        var count = 1
        for extent in parts[4].split(separator: "x", omittingEmptySubsequences: false) {
            guard let value = Self.number(extent), value >= 1, value <= Self.countLimit / count else { return nil }
            count *= value
            shape.append(value)
        }
        self.init(role, String(parts[1]), format: String(parts[2]), bits: bits, shape: shape)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A decimal number as headers have it: digits alone, no leading zeros.
    static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
        guard text.utf8.count == 1 || text.utf8.first != 48 else { return nil }
        return Int(text)
    }

    /// The element's index in each extent.
    public func indices(of element: Int) -> [Int] {
        var rest = element
        var result: [Int] = []
        for extent in shape.reversed() {
            result.append(rest % extent)
            rest /= extent
        }
        return result.reversed()
    }

    /// Its index in the last extent.
    public func lane(of element: Int) -> Int { element % (shape.last ?? 1) }
}
