import Costs
import Hardware

/// Numbers of a space's points that constraints compare: fields of the machine, settings of the step.
struct SpaceNumbers {
    let base: StepRequest
    let dimensions: [SpaceDimension]
    let machines: [String: MachineTemplate]

    /// A number by the choice of one dimension; the same for all choices where `dimension` is nil. Nil where a point has none.
    struct Source: Sendable {
        var dimension: Int?
        var values: [Double?]

        func value(_ choices: [Int]) -> Double? { values[dimension.map { choices[$0] } ?? 0] }
    }

    /// Sums of on-chip memories are by this name, and elements of the array by the other.
    static let totalSRAM = "sram.total"
    static let arrayElements = "array.elements"

    /// What a name stands for; nil where it names no number.
    func expression(_ name: String) -> Constraint.Expression? {
        switch name {
        case Self.totalSRAM:
            let buffers = ["weight", "activation", "accumulator", "unified"].map {
                Constraint.Expression.field(source("organisation.sram.\($0).bytes"), ifMissing: 0)
            }
            return buffers.dropFirst().reduce(buffers[0]) { .sum($0, $1) }
        case Self.arrayElements:
            return .product(
                .field(source("organisation.array.rows"), ifMissing: nil),
                .field(source("organisation.array.columns"), ifMissing: nil))
        default: break
        }
        if let setting = StepSetting(rawValue: name) {
            guard setting.isCount else { return nil }
            if let varied = varied(.setting(setting)) { return .field(varied, ifMissing: nil) }
            let fixed: Int? =
                switch setting {
                case .batch: base.batch
                case .queries: base.queries
                default: base.sequence
                }
            return fixed.map { .number(Double($0)) }
        }
        guard name.contains("."), let template = machines.values.first, let path = try? template.fullPath(name) else {
            return nil
        }
        let found = source(path)
        return found.values.contains { $0 != nil } ? .field(found, ifMissing: nil) : nil
    }

    private func varied(_ field: SpaceDimension.Field) -> Source? {
        for (index, dimension) in dimensions.enumerated() {
            guard let place = dimension.fields.firstIndex(of: field) else { continue }
            return Source(dimension: index, values: dimension.choices.map { $0[place].number })
        }
        return nil
    }

    /// The number at a full path: what varies goes before what is set, and that before the machine's file.
    private func source(_ path: String) -> Source {
        for (index, dimension) in dimensions.enumerated() {
            for (place, field) in dimension.fields.enumerated() {
                guard case .machine(let varied) = field, let rest = Self.rest(of: path, below: varied) else { continue }
                return Source(
                    dimension: index, values: dimension.choices.map { $0[place].node.node(at: rest[...])?.number })
            }
        }
        for text in base.overrides {
            guard let override = try? MachineOverride(parsing: text), let template = machines.values.first,
                let set = try? template.fullPath(override.path.joined(separator: ".")),
                let rest = Self.rest(of: path, below: set)
            else { continue }
            return Source(dimension: nil, values: [(try? override.node)?.node(at: rest[...])?.number])
        }
        for (index, dimension) in dimensions.enumerated() {
            guard let place = dimension.fields.firstIndex(of: .setting(.machine)) else { continue }
            return Source(
                dimension: index, values: dimension.choices.map { machines[$0[place].text]?.number(at: path) })
        }
        return Source(dimension: nil, values: [machines[base.hardware]?.number(at: path)])
    }

    /// The keys that lead from `above` to `path`; nil where they do not.
    private static func rest(of path: String, below above: String) -> [String]? {
        if path == above { return [] }
        guard path.hasPrefix(above + ".") else { return nil }
        return path.dropFirst(above.count + 1).split(separator: ".").map(String.init)
    }
}
