/// A sum as tensor cores are reported to compute it: aligned to the largest exponent, cut, added (docs/semantics.md, section 8.4).
///
/// Source: the published behaviour of NVIDIA tensor cores, Xie et al., "MMA-Sim", arXiv 2511.10909.
enum AlignedSum {
    /// A term: ±significand · 2^(exponent − places), where the number is 2^exponent times a fixed-point number with `places` fraction bits.
    private struct Term {
        let negative: Bool
        let significand: UInt64
        let exponent: Int
        let places: Int
    }

    /// Σ products + sum, as an FP32 code.
    static func sum(
        _ products: ArraySlice<(FloatOperand, FloatOperand)>, plus sum: UInt32, fractionBits: Int,
        output: ProductAccumulator.AlignedOutput
    ) -> UInt32 {
        let environment = FloatEnvironment(rounding: .towardZero)
        // NaNs and infinities leave no room for rounding: the exact sum's rules hold.
        let operands = products.flatMap { [$0.0, $0.1] } + [FloatOperand(sum, .fp32)]
        guard operands.allSatisfy({ $0.code & $0.format.magnitudeMask <= $0.format.largestFiniteCode }) else {
            var exact = ExactAccumulator()
            exact.add(FloatFormat.fp32.decode(sum))
            for (x, y) in products { exact.addProduct(x.format.decode(x.code), y.format.decode(y.code)) }
            return exact.rounded(to: .fp32, environment).code
        }
        var terms = products.map { product(term($0.0), term($0.1)) }
        terms.append(term(FloatOperand(sum, .fp32)))
        terms.removeAll { $0.significand == 0 }
        guard let largest = terms.map(\.exponent).max() else { return 0 }
        var total: Int64 = 0
        for term in terms {
            let shift = term.exponent - term.places - (largest - fractionBits)
            let cut =
                shift >= 0 ? term.significand << UInt64(shift) : shift > -64 ? term.significand >> UInt64(-shift) : 0
            total += term.negative ? -Int64(cut) : Int64(cut)
        }
        let value = FloatValue.finite(
            negative: total < 0, significand: total.magnitude, exponent: largest - fractionBits)
        let rounded = output.format.encode(value, environment).code
        // The output's fraction is a leading part of FP32's.
        return rounded << UInt32(FloatFormat.fp32.fractionBits - output.format.fractionBits)
    }

    /// A number with the exponent of its field: its significand is 1.f, or 0.f where it is subnormal.
    private static func term(_ operand: FloatOperand) -> Term {
        guard case .finite(let negative, let significand, let exponent) = operand.format.decode(operand.code) else {
            preconditionFailure("only finite numbers are aligned")
        }
        let places = operand.format.fractionBits
        return Term(negative: negative, significand: significand, exponent: exponent + places, places: places)
    }

    /// The exact product, not normalized: its significand is below 4.
    private static func product(_ a: Term, _ b: Term) -> Term {
        Term(
            negative: a.negative != b.negative, significand: a.significand * b.significand,
            exponent: a.exponent + b.exponent, places: a.places + b.places)
    }
}
