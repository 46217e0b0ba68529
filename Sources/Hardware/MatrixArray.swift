import NumberFormats

/// A two-dimensional array of multiply-accumulate elements.
public struct MatrixArray: Sendable, Hashable {
    /// Which operand stays in the elements.
    public enum Dataflow: String, Sendable, Hashable, Codable, CaseIterable {
        /// Weights stay: rows hold k, columns hold n; activations stream by m.
        case weightStationary = "weight-stationary"
        /// Sums stay: rows hold m, columns hold n; activations and weights stream by k.
        case outputStationary = "output-stationary"
        /// Activations stay: rows hold k, columns hold m; weights stream by n.
        case inputStationary = "input-stationary"
    }

    public let rows: Int
    public let columns: Int
    public let dataflow: Dataflow
    /// Multiply-accumulates an element does each cycle, by operand format: a power of two.
    public let macsPerCyclePerElement: [ElementFormat: Double]
    /// The next fold's operands enter while this one's are at work: a second register in each element.
    public let doubleBuffered: Bool

    public var elements: Int { rows * columns }

    /// Formats that the array multiplies, in the order of `ElementFormat`.
    public var formats: [ElementFormat] { ElementFormat.allCases.filter { macsPerCyclePerElement[$0] != nil } }

    /// The format at whose rate `a` times `b` runs: the wider one; of two equally wide ones, the one without a rate or the slower.
    public func multiplierFormat(_ a: ElementFormat, _ b: ElementFormat) -> ElementFormat {
        if a.bits != b.bits { return a.bits > b.bits ? a : b }
        return macsPerCyclePerElement[a] ?? 0 <= macsPerCyclePerElement[b] ?? 0 ? a : b
    }
}

extension MatrixArray {
    static let keys = ["rows", "columns", "dataflow", "macsPerCyclePerElement", "doubleBuffered"]
    /// Formats that a rate can be given for: those of matrix units (docs/semantics.md, section 8.4), and FP32.
    static let multipliable: [ElementFormat] = DotProduct.multipliable + [.fp32]

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
        self.macsPerCyclePerElement = macsPerCyclePerElement
        doubleBuffered = try fields.boolean("doubleBuffered")
    }
}
