/// A code and its format, as an operand.
public struct FloatOperand: Hashable, Sendable {
    /// The code; bits above the format's width are ignored.
    public let code: UInt32
    /// Its format.
    public let format: FloatFormat

    /// An operand.
    public init(_ code: UInt32, _ format: FloatFormat) {
        self.code = code
        self.format = format
    }
}

/// Operations on codes: the exact result, rounded once (docs/semantics.md, section 2.5).
///
/// Operands may differ in format from each other and from the result. NaN operands give the canonical NaN; a signaling one raises `invalid`.
public enum FloatArithmetic: Sendable {
    /// a + b.
    public static func add(
        _ a: FloatOperand, _ b: FloatOperand, to format: FloatFormat, _ environment: FloatEnvironment,
        random: UInt32 = 0
    ) -> Rounded {
        var sum = ExactAccumulator()
        sum.add(environment.value(of: a))
        sum.add(environment.value(of: b))
        return sum.rounded(to: format, environment, random: random)
    }

    /// a · b.
    public static func multiply(
        _ a: FloatOperand, _ b: FloatOperand, to format: FloatFormat, _ environment: FloatEnvironment,
        random: UInt32 = 0
    ) -> Rounded {
        var sum = ExactAccumulator()
        sum.addProduct(environment.value(of: a), environment.value(of: b))
        return sum.rounded(to: format, environment, random: random)
    }

    /// a · b + c with one rounding.
    public static func fusedMultiplyAdd(
        _ a: FloatOperand, _ b: FloatOperand, _ c: FloatOperand, to format: FloatFormat,
        _ environment: FloatEnvironment, random: UInt32 = 0
    ) -> Rounded {
        var sum = ExactAccumulator()
        sum.addProduct(environment.value(of: a), environment.value(of: b))
        sum.add(environment.value(of: c))
        return sum.rounded(to: format, environment, random: random)
    }

    /// Σ aᵢ·bᵢ, and perhaps + c, with one rounding.
    ///
    /// - Parameters:
    ///   - a: the codes aᵢ, of one format.
    ///   - b: as many codes bᵢ, of one format.
    ///   - addend: c, or nil.
    public static func dot(
        _ a: some Collection<UInt32>, _ aFormat: FloatFormat, _ b: some Collection<UInt32>, _ bFormat: FloatFormat,
        plus addend: FloatOperand? = nil, to format: FloatFormat, _ environment: FloatEnvironment, random: UInt32 = 0
    ) -> Rounded {
        precondition(a.count == b.count, "A dot product pairs its elements")
        var sum = ExactAccumulator()
        for (x, y) in zip(a, b) {
            sum.addProduct(
                environment.value(of: FloatOperand(x, aFormat)), environment.value(of: FloatOperand(y, bFormat)))
        }
        if let addend { sum.add(environment.value(of: addend)) }
        return sum.rounded(to: format, environment, random: random)
    }
}

extension FloatEnvironment {
    /// What an operand stands for: a zero of its sign where subnormal operands are flushed.
    public func value(of operand: FloatOperand) -> FloatValue {
        let format = operand.format
        let isFlushed =
            flushesInputs && format.hasSubnormals && operand.code & format.magnitudeMask <= format.fractionMask
        return format.decode(isFlushed ? operand.code & format.signMask : operand.code)
    }
}
