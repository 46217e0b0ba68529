import Networks
import NumberFormats

/// What is wrong with the text of a trainable set.
public struct TrainableSetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The part that is wrong, as it was given.
    public let part: String
    /// What may stand there.
    public let allowed: String
    public var description: String { "\"\(part)\" is not part of a trainable set here; it may be \(allowed)" }
}

extension LowRankAdapters: CustomStringConvertible {
    private static let options = "rank=N, targets=…, alpha=X, format=…, base=… or last=N"

    /// Parses `lora[:option,…]`; an option is `rank=`, `targets=` (words with + between them, PEFT's among them, or all-linear), `alpha=`, `format=`, `base=` or
    /// `last=`.
    ///
    /// - Throws: `TrainableSetError` naming the part.
    public init(_ text: String) throws(TrainableSetError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves[0] == "lora" else { throw TrainableSetError(part: text, allowed: "lora, with :OPTIONS after it") }
        self.init()
        var factor: Double?
        var given: Set<String> = []
        let parts = halves.count > 1 ? halves[1].split(separator: ",", omittingEmptySubsequences: false) : []
        for part in parts.map(String.init) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2 else { throw TrainableSetError(part: part, allowed: Self.options) }
            guard given.insert(sides[0]).inserted else { throw TrainableSetError(part: part, allowed: "given once") }
            switch sides[0] {
            case "rank": rank = try Self.count(part, sides[1])
            case "last": last = try Self.count(part, sides[1])
            case "targets": targets = try Self.targets(part, sides[1])
            case "format": format = try Self.format(part, sides[1])
            case "base": base = try Self.format(part, sides[1])
            case "alpha":
                guard let value = Double(sides[1]), value.isFinite, value > 0 else {
                    throw TrainableSetError(part: part, allowed: "alpha=X with a positive number")
                }
                factor = value
            default: throw TrainableSetError(part: part, allowed: Self.options)
            }
        }
        alpha = factor ?? Double(rank)
    }

    private static func count(_ part: String, _ text: String) throws(TrainableSetError) -> Int {
        guard let count = Int(text), (1...1 << 18).contains(count) else {
            throw TrainableSetError(part: part, allowed: "a whole number from 1 to \(1 << 18)")
        }
        return count
    }

    private static func targets(_ part: String, _ text: String) throws(TrainableSetError) -> Targets {
        if text == "all-linear" { return .allLinear }
        var roles: Set<LinearLayer.Role> = []
        for word in text.split(separator: "+", omittingEmptySubsequences: false) {
            guard let named = LinearLayer.Role.targets(named: String(word)) else {
                throw TrainableSetError(
                    part: part,
                    allowed: "targets=all-linear, or with + between them "
                        + LinearLayer.Role.targetWords.map(\.word).joined(separator: ", ")
                        + " (or as PEFT names them: "
                        + LinearLayer.Role.peftTargets.keys.sorted().joined(separator: ", ")
                        + ")")
            }
            for role in named {
                guard roles.insert(role).inserted else {
                    throw TrainableSetError(part: part, allowed: "each named once")
                }
            }
        }
        return .roles(roles)
    }

    private static func format(_ part: String, _ text: String) throws(TrainableSetError) -> ElementFormat {
        let formats: [ElementFormat] = [.int4, .int8, .e4m3, .e5m2, .bf16, .fp16, .fp32]
        guard let format = ElementFormat(rawValue: text), formats.contains(format) else {
            throw TrainableSetError(
                part: part,
                allowed: formats.map(\.rawValue).joined(separator: ", ")
                    + " (codes have one FP32 scale a row; formats with scales of blocks, such as NF4, are not lowered)")
        }
        return format
    }

    /// The text that gives the adapters: rank and targets always, what else differs from its default.
    public var description: String {
        var parts = ["rank=\(rank)"]
        switch targets {
        case .allLinear: parts.append("targets=all-linear")
        case .roles(let roles):
            let words = LinearLayer.Role.targetWords.filter { roles.contains($0.role) }.map(\.word)
            parts.append("targets=" + words.joined(separator: "+"))
        }
        if alpha != Double(rank) {
            let isWhole = alpha == alpha.rounded() && alpha < 1e15
            parts.append("alpha=" + (isWhole ? "\(Int(alpha))" : "\(alpha)"))
        }
        if let format { parts.append("format=" + format.rawValue) }
        if let base { parts.append("base=" + base.rawValue) }
        if let last { parts.append("last=\(last)") }
        return "lora:" + parts.joined(separator: ",")
    }
}
