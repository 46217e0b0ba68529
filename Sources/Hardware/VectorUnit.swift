/// Kinds of operation that a vector lane does; every vector function of docs/semantics.md is counted in them.
public enum VectorOperation: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// FP32 addition or subtraction.
    case add
    /// FP32 multiplication.
    case multiply
    /// Maximum, absolute value, clamp, comparison.
    case compare
    /// Between FP32 and an integer or BF16, either way.
    case convert
    /// FP32 division, correctly rounded.
    case divide
    /// FP32 square root, correctly rounded.
    case squareRoot
    /// exp of docs/semantics.md, section 8.1, as a whole.
    case exponential
    /// gelu of section 8.2.
    case gelu
    /// log of section 8.3.
    case logarithm
}

/// The FP32 vector unit.
public struct VectorUnit: Sendable, Hashable {
    /// Elements worked on at once.
    public let lanes: Int
    /// Cycles from one operation of a lane to its next, by kind.
    public let cyclesPerOperation: [VectorOperation: Int]

    /// Cycles of one operation on each lane. Every kind has an entry: loading checks it.
    public func cycles(_ operation: VectorOperation) -> Int { cyclesPerOperation[operation]! }
}

extension VectorUnit {
    static let keys = ["lanes", "cyclesPerOperation"]

    init(_ fields: FieldReader) throws(HardwareError) {
        lanes = try fields.integer("lanes", "lanes", in: 1...65_536)
        let cycles = try fields.section("cyclesPerOperation", keys: VectorOperation.allCases.map(\.rawValue))
        var cyclesPerOperation: [VectorOperation: Int] = [:]
        for operation in VectorOperation.allCases {
            cyclesPerOperation[operation] = try cycles.integer(
                operation.rawValue, "cycles per operation and lane", in: 1...10_000)
        }
        self.cyclesPerOperation = cyclesPerOperation
    }
}
