import ArgumentParser
import NumberFormats

/// The names of accumulators and orders on the command line.
extension ProductAccumulator: ExpressibleByArgument {
    /// `24-saturate`, `32-wrap`, `fp32-sequential`, `grouped:16`, `aligned:32,13,e8m13` or `exact`.
    public init?(argument: String) {
        switch argument {
        case "fp32-sequential": self = .sequential
        case "exact": self = .exact
        case _ where argument.hasPrefix("grouped:"):
            guard let group = Int(argument.dropFirst(8)) else { return nil }
            self = .grouped(group)
        case _ where argument.hasPrefix("aligned:"):
            let fields = argument.dropFirst(8).split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 3, let group = Int(fields[0]), let fractionBits = Int(fields[1]),
                let output = AlignedOutput(rawValue: String(fields[2]))
            else { return nil }
            self = .aligned(group: group, fractionBits: fractionBits, output: output)
        default:
            let fields = argument.split(separator: "-", omittingEmptySubsequences: false)
            guard fields.count == 2, let bits = Int(fields[0]),
                let overflow = IntegerOverflow(rawValue: String(fields[1]))
            else { return nil }
            self = .integer(bits: bits, overflow: overflow)
        }
    }

    public var defaultValueDescription: String { name }

    /// As the command line spells it.
    var name: String {
        switch self {
        case .integer(let bits, let overflow): "\(bits)-\(overflow.rawValue)"
        case .sequential: "fp32-sequential"
        case .grouped(let group): "grouped:\(group)"
        case .aligned(let group, let fractionBits, let output): "aligned:\(group),\(fractionBits),\(output.rawValue)"
        case .exact: "exact"
        }
    }
}

extension AccumulationOrder: ExpressibleByArgument {
    /// `re-entry` or `blocked:32`.
    public init?(argument: String) {
        if argument == "re-entry" {
            self = .reentry
        } else {
            guard argument.hasPrefix("blocked:"), let count = Int(argument.dropFirst(8)) else { return nil }
            self = .blocked(count)
        }
    }

    public var defaultValueDescription: String { name }

    /// As the command line spells it.
    var name: String {
        switch self {
        case .reentry: "re-entry"
        case .blocked(let count): "blocked:\(count)"
        }
    }
}
