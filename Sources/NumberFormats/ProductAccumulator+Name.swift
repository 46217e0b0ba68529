/// Names of accumulators and orders, as machine files and the command line spell them.
extension ProductAccumulator {
    /// Parses `24-saturate`, `32-wrap`, `fp32-sequential`, `grouped:16`, `aligned:32,13,e8m13` or `exact`; nil for anything else.
    ///
    /// Ranges are not checked here: `DotProduct.problem` says what is wrong with an arithmetic.
    public init?(name: String) {
        switch name {
        case "fp32-sequential": self = .sequential
        case "exact": self = .exact
        case _ where name.hasPrefix("grouped:"):
            guard let group = Int(name.dropFirst(8)) else { return nil }
            self = .grouped(group)
        case _ where name.hasPrefix("aligned:"):
            let fields = name.dropFirst(8).split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 3, let group = Int(fields[0]), let fractionBits = Int(fields[1]),
                let output = AlignedOutput(rawValue: String(fields[2]))
            else { return nil }
            self = .aligned(group: group, fractionBits: fractionBits, output: output)
        default:
            let fields = name.split(separator: "-", omittingEmptySubsequences: false)
            guard fields.count == 2, let bits = Int(fields[0]),
                let overflow = IntegerOverflow(rawValue: String(fields[1]))
            else { return nil }
            self = .integer(bits: bits, overflow: overflow)
        }
    }

    /// What `init(name:)` parses.
    public var name: String {
        switch self {
        case .integer(let bits, let overflow): "\(bits)-\(overflow.rawValue)"
        case .sequential: "fp32-sequential"
        case .grouped(let group): "grouped:\(group)"
        case .aligned(let group, let fractionBits, let output): "aligned:\(group),\(fractionBits),\(output.rawValue)"
        case .exact: "exact"
        }
    }
}

extension AccumulationOrder {
    /// Parses `re-entry` or `blocked:32`; nil for anything else.
    public init?(name: String) {
        if name == "re-entry" {
            self = .reentry
        } else {
            guard name.hasPrefix("blocked:"), let count = Int(name.dropFirst(8)) else { return nil }
            self = .blocked(count)
        }
    }

    /// What `init(name:)` parses.
    public var name: String {
        switch self {
        case .reentry: "re-entry"
        case .blocked(let count): "blocked:\(count)"
        }
    }
}
