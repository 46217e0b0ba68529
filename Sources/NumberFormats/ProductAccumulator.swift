/// The accumulator of a matrix unit: how the products of one output are added (docs/semantics.md, section 8.4).
///
/// Products are exact. Source of the forms: shared practice of systolic arrays and tensor cores; `aligned` follows Xie et al., "MMA-Sim", arXiv 2511.10909.
public enum ProductAccumulator: Hashable, Sendable {
    /// What an integer accumulator does beyond its range.
    public enum IntegerOverflow: String, Hashable, Sendable, CaseIterable {
        /// It keeps the low bits.
        case wrap
        /// It stays at the end of its range, after each addition.
        case saturate
    }

    /// The format to which an aligned sum is rounded, toward zero.
    public enum AlignedOutput: String, Hashable, Sendable, CaseIterable {
        case fp32
        /// 8 exponent bits and 13 fraction bits, held in an FP32: "FP22".
        case e8m13

        var format: FloatFormat {
            switch self {
            case .fp32: .fp32
            case .e8m13: FloatFormat("e8m13", exponentBits: 8, fractionBits: 13, bias: 127, specials: .ieee)
            }
        }
    }

    /// Two's complement of 8 to 32 bits, for integer formats.
    case integer(bits: Int, overflow: IntegerOverflow)
    /// FP32, rounded to nearest, ties to even, at each addition.
    case sequential
    /// FP32, rounded once for each G products, which are added to it exactly.
    case grouped(Int)
    /// G products and the sum so far, shifted to the largest exponent among them, each cut to F fraction bits, added, rounded toward zero.
    case aligned(group: Int, fractionBits: Int, output: AlignedOutput)
    /// Fixed point over the whole sum, rounded once to FP32 at the end.
    case exact

    /// Whether it adds products of integers.
    public var isInteger: Bool {
        if case .integer = self { true } else { false }
    }
}

/// In which order the products of one output are added (docs/semantics.md, section 8.4).
public enum AccumulationOrder: Hashable, Sendable {
    /// One chain, k ascending, from zero: partial sums re-enter the array.
    case reentry
    /// Sums of B consecutive k, each from zero, are added, ascending, into an accumulator memory that starts at zero.
    case blocked(Int)
}
