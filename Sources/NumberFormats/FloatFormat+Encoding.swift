extension FloatFormat {
    /// The code of a value, rounded as the environment says (docs/semantics.md, section 6).
    ///
    /// Flushing of operands is the reader's business (it needs the operand's format) and is not applied here.
    ///
    /// - Parameters:
    ///   - value: the exact value.
    ///   - environment: rounding, overflow, flushing of the result.
    ///   - random: R in its low N bits, of the stochastic modes.
    public func encode(_ value: FloatValue, _ environment: FloatEnvironment, random: UInt32 = 0) -> Rounded {
        switch value {
        case .nan(let signaling):
            return Rounded(
                code: canonicalNaN ?? largestFiniteCode, flags: signaling || canonicalNaN == nil ? .invalid : [])
        case .infinity(let negative): return encodeInfinity(negative: negative, environment)
        case .finite(let negative, let significand, let exponent):
            return encode(
                Magnitude(UInt128(significand), exponent: exponent), negative: negative, environment, random: random)
        }
    }

    /// An infinity as an operand's or a sum's value: kept, or the largest finite number, or NaN.
    private func encodeInfinity(negative: Bool, _ environment: FloatEnvironment) -> Rounded {
        if negative, !isSigned { return Rounded(code: canonicalNaN!, flags: .invalid) }
        let sign = negative ? signMask : 0
        if environment.overflow == .saturateFinite {
            return Rounded(code: sign | largestFiniteCode, flags: [.overflow, .inexact])
        }
        if let infinityCode { return Rounded(code: sign | infinityCode) }
        return Rounded(code: canonicalNaN ?? sign | largestFiniteCode, flags: [.overflow, .inexact])
    }

    /// The code of (−1)^negative · magnitude.
    func encode(
        _ magnitude: Magnitude, negative: Bool, _ environment: FloatEnvironment, random: UInt32
    ) -> Rounded {
        // Without a sign there are no negative numbers; without subnormals there is no zero.
        if negative && !isSigned || magnitude.isZero && !hasSubnormals {
            return Rounded(code: canonicalNaN!, flags: .invalid)
        }
        let sign = negative ? signMask : 0
        guard !magnitude.isZero else { return Rounded(code: sign) }

        // Below the smallest normal number the last place no longer shrinks.
        let exponent = max(magnitude.logarithm, minimumExponent)
        let (kept, isInexact) = magnitude.rounded(
            place: exponent - fractionBits, environment.rounding, negative: negative, random: random)
        var flags: ExceptionFlags = isInexact ? .inexact : []
        if isInexact, isTiny(magnitude, environment.rounding, negative: negative, random: random) {
            flags.insert(.underflow)
        }

        // A carry out of the fraction moves into the exponent field by itself. The kept bits of a normal number include its leading
        // 1, which stands for one step of the exponent field; without subnormals field 0 is a normal number's.
        var code = UInt64(exponent - minimumExponent) << UInt64(fractionBits) + UInt64(kept)
        if !hasSubnormals { code = code == 0 ? 0 : code - 1 }
        if code > largestFiniteCode {
            return Rounded(
                code: overflowCode(environment, negative: negative), flags: [.overflow, .inexact])
        }
        if environment.flushesOutputs, hasSubnormals, code != 0, code <= fractionMask {
            return Rounded(code: sign, flags: [.underflow, .inexact])
        }
        return Rounded(code: sign | UInt32(code), flags: flags)
    }

    /// Whether a magnitude lies below the smallest normal number after rounding as if the exponent had no end.
    private func isTiny(_ magnitude: Magnitude, _ mode: RoundingMode, negative: Bool, random: UInt32) -> Bool {
        guard magnitude.logarithm < minimumExponent else { return false }
        guard magnitude.logarithm == minimumExponent - 1 else { return true }
        let kept = magnitude.rounded(
            place: magnitude.logarithm - fractionBits, mode, negative: negative, random: random
        ).quotient
        return kept < 2 << UInt128(fractionBits)
    }

    /// The code of a finite result beyond the largest finite number.
    private func overflowCode(_ environment: FloatEnvironment, negative: Bool) -> UInt32 {
        let sign = negative ? signMask : 0
        let isTowardZero =
            switch environment.rounding {
            case .towardZero, .odd: true
            case .down: !negative
            case .up: negative
            case .nearestEven, .nearestAway, .stochasticA, .stochasticB, .stochasticC: false
            }
        if environment.overflow != .ieee || isTowardZero { return sign | largestFiniteCode }
        return infinityCode.map { sign | $0 } ?? canonicalNaN ?? sign | largestFiniteCode
    }
}
