import NumberFormats

/// The part of a machine that fixes the bits (docs/semantics.md).
public struct Arithmetic: Sendable, Hashable {
    /// What a full integer accumulator does.
    public typealias Overflow = ProductAccumulator.IntegerOverflow

    /// Codes of the linear layers' weights.
    public let weights: ElementFormat
    /// Codes of the linear layers' inputs.
    public let activations: ElementFormat
    /// Codes of both operands of the attention products.
    public let attention: ElementFormat
    /// Codes of both operands of the head: the classifier's or the language model's.
    public let head: ElementFormat
    /// Stored format of embedding tables.
    public let embedding: ElementFormat
    /// Width of the array's sums of integer products, in bits, 8…32.
    public let accumulatorBits: Int
    public let overflow: Overflow
    /// How the array adds floating-point products; nil where it multiplies none.
    public let floatAccumulator: ProductAccumulator?
    /// In which order products are added.
    public let order: AccumulationOrder
    /// Format of the vector unit.
    public let vector: ElementFormat
    public let generator: Generator
    /// What is made of the generator's bits.
    public let gaussian: RandomDistribution
    /// Random bits of one stochastic rounding (docs/semantics.md, section 6.5), 1…32.
    public let roundingBits: Int

    /// The accumulator of the array's sums of integer products.
    public var integerAccumulator: ProductAccumulator { .integer(bits: accumulatorBits, overflow: overflow) }

    /// The accumulator for products with operands of `format`; nil where the machine multiplies no floating-point numbers.
    public func accumulator(_ format: ElementFormat) -> ProductAccumulator? {
        format.integer == nil ? floatAccumulator : integerAccumulator
    }
}

extension Arithmetic {
    static let keys = [
        "weights", "activations", "attention", "head", "embedding", "integerAccumulator", "floatAccumulator",
        "accumulate", "vector", "generator", "gaussian", "roundingBits",
    ]
    static let accumulatorKeys = ["bits", "overflow"]
    /// Formats of the array's operands.
    static let operands: [ElementFormat] = [.int8, .int4, .e4m3, .e5m2, .bf16, .fp16, .fp32]
    /// Formats of embedding tables.
    static let embeddings: [ElementFormat] = [.fp32, .bf16, .fp16]
    private static let accumulators = "fp32-sequential, grouped:G, aligned:G,F,fp32|e8m13, exact or none"

    init(_ fields: FieldReader) throws(HardwareError) {
        weights = try fields.choice("weights", Self.operands.map { ($0.rawValue, $0) })
        activations = try fields.choice("activations", Self.operands.map { ($0.rawValue, $0) })
        attention = try fields.choice("attention", Self.operands.map { ($0.rawValue, $0) })
        head = try fields.choice("head", Self.operands.map { ($0.rawValue, $0) })
        embedding = try fields.choice("embedding", Self.embeddings.map { ($0.rawValue, $0) })
        guard (weights.integer == nil) == (activations.integer == nil) else {
            throw .contradiction(
                fields.place("activations"),
                problem: "\(activations.rawValue) with arithmetic.weights \(weights.rawValue)",
                remedy: "both have to be integers, or both floating point")
        }
        let accumulator = try fields.section("integerAccumulator", keys: Self.accumulatorKeys)
        accumulatorBits = try accumulator.integer("bits", "bits", in: 8...32)
        overflow = try accumulator.choice("overflow", of: Overflow.self)
        floatAccumulator = try fields.word("floatAccumulator", Self.accumulators) { text throws(WordProblem) in
            try Self.floatAccumulator(text)
        }
        order = try fields.word("accumulate", "re-entry or blocked:B") { text throws(WordProblem) in
            guard let order = AccumulationOrder(name: text) else { throw .unknown }
            if case .blocked(let block) = order, !(1...(1 << 20)).contains(block) {
                throw .parameters("blocks of 1 to \(1 << 20) products")
            }
            return order
        }
        vector = try fields.choice("vector", [("fp32", .fp32)])
        generator = try fields.word("generator", Generator.spellings.joined(separator: ", ")) {
            text throws(WordProblem) in
            do {
                guard let generator = try Generator(name: text) else { throw WordProblem.unknown }
                return generator
            } catch let error as RandomSourceError {
                throw .parameters("a source whose parameters are in range: \(error)")
            } catch {
                throw .unknown
            }
        }
        gaussian = try fields.word("gaussian", "irwin-hall-4, gaussian-table, uniform, rademacher or grid:M") {
            text throws(WordProblem) in
            try Self.distribution(text)
        }
        roundingBits = try fields.integer("roundingBits", "bits", in: 1...32)
    }

    /// The accumulator of floating-point sums; nil for `none`.
    private static func floatAccumulator(_ text: String) throws(WordProblem) -> ProductAccumulator? {
        if text == "none" { return nil }
        guard let accumulator = ProductAccumulator(name: text), !accumulator.isInteger else { throw .unknown }
        // The formats do not matter: the ranges of the parameters are the same for all.
        if let problem = DotProduct.problem(.e4m3, .e4m3, accumulator: accumulator, order: .reentry) {
            throw .parameters("an accumulator that can be built, not \(problem)")
        }
        return accumulator
    }

    /// `gaussian` as a machine file spells it.
    public var gaussianName: String {
        if case .grid(let grid) = gaussian { return "grid:\(grid.largest)" }
        return Self.distributions.first { $0.value == gaussian }!.name
    }

    /// Distributions without parameters that perturbations may be drawn from.
    private static let distributions: [(name: String, value: RandomDistribution)] = [
        ("irwin-hall-4", .gaussian), ("gaussian-table", .gaussianTable), ("uniform", .uniform),
        ("rademacher", .rademacher),
    ]

    private static func distribution(_ text: String) throws(WordProblem) -> RandomDistribution {
        if let plain = distributions.first(where: { $0.name == text }) { return plain.value }
        guard text.hasPrefix("grid:"), let largest = Int(text.dropFirst(5)) else { throw .unknown }
        guard let grid = try? UniformGrid(largest: largest) else { throw .parameters("grid:M with M from 1 to 32767") }
        return .grid(grid)
    }
}
