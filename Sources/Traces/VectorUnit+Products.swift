import NumberFormats

/// Multipliers of matrix units, and steps of their chains (docs/semantics.md, section 8.4).
extension VectorUnit {
    static let productUnits: [VectorUnit] =
        [multiplier8, integerStep("mac_integer", lanes: 1), integerStep("mac_integer_3", lanes: 3)]
        + [1, 4, 16].map { lanes in floatStep("mac_grouped_\(lanes)", lanes: lanes) { _ in .grouped(lanes) } }
        + [floatStep("mac_sequential", lanes: 1) { _ in .sequential }]
        + [1, 4, 16, 32].map { lanes in
            floatStep("mac_aligned_\(lanes)", lanes: lanes) { random in
                .aligned(
                    group: lanes, fractionBits: random.oneIn(3) ? random.pick([13, 25]) : random.within(1...40),
                    output: random.oneIn(2) ? .fp32 : .e8m13)
            }
        }
        + [groupedSum(lanes: 2), exactStep("mac_exact_1", lanes: 1), exactStep("mac_exact_4", lanes: 4), exactRound]
        + [addExact, addInteger]

    /// Every code of every format of 8 bits or less: 1,168.
    private static let allCodes: [(pin: Int, code: UInt32)] = Pins.narrow.flatMap { pin in
        (0..<UInt32(1 << Pins.float(pin).bits)).map { (pin, $0) }
    }

    private static let multiplier8 = VectorUnit(
        "fp8_multiplier", "the exact product of two codes of 8 bits or less, not normalized",
        inputs: [VectorField("a", 8), VectorField("a_format", 4), VectorField("b", 8), VectorField("b_format", 4)],
        outputs: [
            VectorField("nan", 1), VectorField("infinite", 1), VectorField("sign", 1), VectorField("exponent", 8),
            VectorField("significand", 10),
        ]
    ) { index, random, line in
        // All pairs of codes of all pairs of formats, in an order that spreads them: a step without a factor of their number.
        let (first, second) = (index &* 566_083 % (allCodes.count * allCodes.count)).quotientAndRemainder(
            dividingBy: allCodes.count)
        let ((aPin, a), (bPin, b)) = (allCodes[first], allCodes[second])
        let (aFormat, bFormat) = (Pins.float(aPin), Pins.float(bPin))
        line.append(random.withJunk(a, above: aFormat), bits: 8)
        line.append(aPin, bits: 4)
        line.append(random.withJunk(b, above: bFormat), bits: 8)
        line.append(bPin, bits: 4)
        let product = FloatArithmetic.multiply(
            FloatOperand(a, aFormat), FloatOperand(b, bFormat), to: .fp32, FloatEnvironment())
        let isInfinite = product.code & 0x7FFF_FFFF == 0x7F80_0000
        let isNaN = FloatFormat.fp32.isNaN(product.code)
        line.append(isNaN ? 1 : 0, bits: 1)
        line.append(isInfinite ? 1 : 0, bits: 1)
        if isNaN { line.appendUnknown(bits: 1) } else { line.append(product.code >> 31, bits: 1) }
        guard !isNaN, !isInfinite else {
            line.appendUnknown(bits: 8)
            line.appendUnknown(bits: 10)
            return
        }
        func parts(_ code: UInt32, _ format: FloatFormat) -> (significand: UInt64, exponent: Int) {
            guard case .finite(_, let significand, let exponent) = format.decode(code) else {
                preconditionFailure("a finite product has finite factors")
            }
            // Four fraction bits, whatever the format's own.
            return (significand << UInt64(4 - format.fractionBits), exponent + format.fractionBits)
        }
        let (x, y) = (parts(a, aFormat), parts(b, bFormat))
        line.append(x.exponent + y.exponent, bits: 8)
        line.append(x.significand * y.significand, bits: 10)
    }
}
