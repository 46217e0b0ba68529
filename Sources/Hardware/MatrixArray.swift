import NumberFormats

/// A two-dimensional array of multiply-accumulate elements.
public struct MatrixArray: Sendable, Hashable {
    /// Which operand stays in the elements.
    public enum Dataflow: String, Sendable, Hashable, Codable, CaseIterable {
        /// Weights stay: rows hold k, columns hold n; activations stream by m.
        case weightStationary = "weight-stationary"
    }

    public let rows: Int
    public let columns: Int
    public let dataflow: Dataflow
    /// Multiply-accumulates an element does each cycle, by operand format: a power of two.
    public let macsPerCyclePerElement: [ElementFormat: Double]
    /// A second weight register in each element: the next fold's weights load while this fold computes.
    public let doubleBufferedWeights: Bool

    public var elements: Int { rows * columns }

    /// Formats that the array multiplies, in the order of `ElementFormat`.
    public var formats: [ElementFormat] { ElementFormat.allCases.filter { macsPerCyclePerElement[$0] != nil } }
}

extension MatrixArray {
    static let keys = ["rows", "columns", "dataflow", "macsPerCyclePerElement", "doubleBufferedWeights"]
    /// Formats that a rate can be given for: those whose products the semantics define.
    static let multipliable: [ElementFormat] = [.int8, .bf16, .fp32]

    init(_ fields: FieldReader) throws(HardwareError) {
        rows = try fields.integer("rows", "elements", in: 1...4096)
        columns = try fields.integer("columns", "elements", in: 1...4096)
        dataflow = try fields.choice("dataflow", of: Dataflow.self)
        let rates = try fields.section("macsPerCyclePerElement", keys: Self.multipliable.map(\.rawValue))
        var macsPerCyclePerElement: [ElementFormat: Double] = [:]
        for format in Self.multipliable where rates.has(format.rawValue) {
            let rate = try rates.number(format.rawValue, "MACs per cycle and element", in: 1.0 / 64...64)
            guard rate.significand == 1 else {
                throw .outOfRange(
                    rates.place(format.rawValue), value: "\(rate)",
                    allowed: "a power of two from 0.015625 to 64, so that cycles stay whole")
            }
            macsPerCyclePerElement[format] = rate
        }
        guard macsPerCyclePerElement[.int8] != nil else {
            throw .missingKey(rates.place("int8"), expected: "the array's INT8 rate, such as 1")
        }
        self.macsPerCyclePerElement = macsPerCyclePerElement
        doubleBufferedWeights = try fields.boolean("doubleBufferedWeights")
    }
}
