import Costs
import Hardware
import Networks

/// Machines and steps to choose among: what is fixed, what varies, what is left out and how it is searched. docs/exploration.md describes
/// the file.
///
/// A point is a choice for each dimension; its number counts choices in mixed radix, the first dimension slowest.
public struct ExplorationSpace: Sendable {
    /// Name in reports.
    public let name: String
    /// The file it was read from, as the user knows it, and its bytes.
    public let file: String
    public let bytes: [UInt8]
    /// What does not vary.
    public let base: StepRequest
    public let dimensions: [SpaceDimension]
    public let constraints: [Constraint]
    public let search: Search
    public let objectives: [Objective]
    public let columns: ResultColumns
    /// Points of the full grid, those that constraints exclude included.
    public let size: Int
    /// SHA-256 of the file, of the machines and energy tables that it names, and of its networks.
    public let digest: String

    /// Machines by the name that the file gives.
    let machines: [String: MachineTemplate]
    /// Networks with heads, by what names them; a head that a network cannot have is an error of the point.
    let networks: [NetworkName: Result<StepRequest.TrainedNetwork, StepRequestError>]

    struct NetworkName: Hashable {
        let network: String
        let head: String?
    }

    /// Whether rows have ratios to a baseline: an objective is one, or the file names a baseline.
    public let hasRatios: Bool

    /// Most points that a grid, or a list of drawn ones, may have.
    public static let largestList = 20_000_000
    /// Points have numbers below this.
    static let largestSize = 1 << 62

    /// Reads a space from a file.
    ///
    /// - Throws: `HardwareError` naming file, line and field; `ExplorationError`, `InputError` or `StepRequestError` for what the values mean.
    public init(path: String) throws {
        try self.init(json5: Self.bytes(of: path), file: path)
    }

    /// A file's bytes; the mapping has to live while they are copied.
    static func bytes(of path: String) throws(InputError) -> [UInt8] {
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) { Array(file.bytes) }
    }

    /// Reads a space from its text.
    public init(json5 bytes: [UInt8], file: String) throws {
        let reader = try SpaceReader(json5: bytes, file: file)
        name = reader.name
        self.file = file
        self.bytes = bytes
        (base, dimensions) = (reader.base, reader.dimensions)
        (machines, networks) = (reader.machines, reader.networks)
        objectives = try reader.objectives()
        search = try reader.search()
        var size = 1
        for dimension in dimensions {
            let (product, overflows) = size.multipliedReportingOverflow(by: dimension.choices.count)
            guard !overflows, product <= Self.largestSize else {
                throw ExplorationError.space(
                    file: file, line: nil, field: "vary", problem: "has more than 2^62 points",
                    remedy: "vary less")
            }
            size = product
        }
        self.size = size
        digest = try reader.digest()
        constraints = try reader.constraints()
        hasRatios =
            objectives.contains(where: \.isRatio) || reader.base.baseline != nil
            || reader.dimensions.contains { $0.fields.contains(.setting(.baseline)) }
        columns = ResultColumns(dimensions: reader.dimensions, hasRatios: hasRatios)
        try SpaceCheck(self).run()
    }

    // MARK: Points

    /// The choices of a point, by dimension.
    public func choices(of point: Int) -> [Int] {
        var rest = point
        var choices = [Int](repeating: 0, count: dimensions.count)
        for index in dimensions.indices.reversed() {
            let count = dimensions[index].choices.count
            choices[index] = rest % count
            rest /= count
        }
        return choices
    }

    /// The point of choices.
    public func point(of choices: [Int]) -> Int {
        zip(dimensions, choices).reduce(0) { $0 * $1.0.choices.count + $1.1 }
    }

    /// Whether choices meet the constraints.
    func isAllowed(_ choices: [Int]) -> Bool { constraints.allSatisfy { $0.holds(choices) } }

    /// The step of choices, as `zeroth cost` would be asked for it.
    public func request(_ choices: [Int]) -> StepRequest {
        var request = base
        for (dimension, choice) in zip(dimensions, choices) {
            for (field, value) in zip(dimension.fields, dimension.choices[choice]) {
                switch field {
                case .setting(let setting): setting.set(value, in: &request)
                case .machine(let path): request.overrides.append("\(path)=\(value.overrideText)")
                }
            }
        }
        return request
    }

    /// What tables show of a choice, by field.
    public func label(_ dimension: Int, _ choice: Int) -> [String] {
        dimensions[dimension].choices[choice].map(\.cell.text)
    }

    /// The cells of a point's dimensions, in the columns' order.
    func cells(_ choices: [Int]) -> [ResultCell] {
        zip(dimensions, choices).flatMap { $0.choices[$1].map(\.cell) }
    }
}
