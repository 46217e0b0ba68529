import NumberFormats

/// The part of a machine that fixes the bits (docs/semantics.md). Only what the emulator implements is accepted.
public struct Arithmetic: Sendable, Hashable, Codable {
    /// What a full accumulator does.
    public enum Overflow: String, Sendable, Hashable, Codable, CaseIterable {
        /// Keeps the low bits: two's complement.
        case wrap
    }

    /// Where partial sums live while k advances.
    public enum Accumulation: String, Sendable, Hashable, Codable, CaseIterable {
        /// Partial sums re-enter the array: one k-ascending chain from zero, whatever the tiling.
        case reEntry = "re-entry"
    }

    /// Source of the random bits.
    public enum Generator: String, Sendable, Hashable, Codable, CaseIterable {
        /// Philox4x32-10 (docs/semantics.md, section 4).
        case philox4x32x10 = "philox4x32-10"
    }

    /// Construction of the Gaussian u from random bits.
    public enum Gaussian: String, Sendable, Hashable, Codable, CaseIterable {
        /// Sum of four bytes (docs/semantics.md, section 5).
        case irwinHall4 = "irwin-hall-4"
    }

    /// Codes of the linear layers' weights.
    public let weights: ElementFormat
    /// Codes of the linear layers' inputs and of the attention products' operands.
    public let activations: ElementFormat
    public let accumulatorBits: Int
    public let overflow: Overflow
    public let accumulation: Accumulation
    /// Format of the vector unit.
    public let vector: ElementFormat
    public let generator: Generator
    public let gaussian: Gaussian
    /// Random bits of one stochastic rounding (docs/semantics.md, section 6.5).
    public let roundingBits: Int
}

extension Arithmetic {
    static let keys = [
        "weights", "activations", "accumulator", "accumulate", "vector", "generator", "gaussian", "roundingBits",
    ]

    init(_ fields: FieldReader) throws(HardwareError) {
        weights = try fields.choice("weights", [("int8", .int8)])
        activations = try fields.choice("activations", [("int8", .int8)])
        let accumulator = try fields.section("accumulator", keys: ["bits", "overflow"])
        accumulatorBits = try accumulator.choice("bits", implemented: [32], "bits")
        overflow = try accumulator.choice("overflow", of: Overflow.self)
        accumulation = try fields.choice("accumulate", of: Accumulation.self)
        vector = try fields.choice("vector", [("fp32", .fp32)])
        generator = try fields.choice("generator", of: Generator.self)
        gaussian = try fields.choice("gaussian", of: Gaussian.self)
        roundingBits = try fields.choice("roundingBits", implemented: [16], "bits")
    }
}
