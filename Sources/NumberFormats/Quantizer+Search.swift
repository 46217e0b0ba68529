extension Quantizer {
    /// The shares of a group's extent that the mean-square-error search tries, in 64ths and in this order: the whole, 63…1, 65…80.
    public static let candidates: [Int] = [64] + (1...63).reversed() + Array(65...80)

    /// The candidate with the least sum of squared errors, to nearest even; of equal ones the first (docs/semantics.md, section 7.4).
    func meanSquareErrorParameters(
        _ extent: GroupExtent, of group: UnsafeBufferPointer<Float>
    ) -> QuantizationParameters {
        var best = absmaxParameters(extent)
        // A group of zeros, or one whose range binary32 can't hold, has no candidates.
        if countsAsZeros(extent) || best.scale.isNaN { return best }
        var least = squaredError(of: group, best)
        for candidate in Self.candidates.dropFirst() {
            let tried = extent.scaled(by: Float(candidate) / 64)
            let parameters = absmaxParameters(tried)
            guard tried.absolute.isFinite, !parameters.scale.isNaN, !countsAsZeros(tried) else { continue }
            let error = squaredError(of: group, parameters)
            if error < least {
                least = error
                best = parameters
            }
        }
        return best
    }

    /// Σ (x − x̂)² in binary64 with codes to nearest even: each difference and each square is rounded once, the squares are added by the tree of
    /// docs/semantics.md, section 3. Sixteen elements at a time; ``squaredErrorReference(of:_:)`` is the same, one by one.
    func squaredError(of group: UnsafeBufferPointer<Float>, _ parameters: QuantizationParameters) -> Double {
        let grid = NearestGrid(self, parameters)
        var sums = SIMD16<Double>.zero
        let whole = group.count & ~15
        var tail = SIMD16<Float>.zero
        for place in whole..<group.count { tail[place - whole] = group[place] }
        func add(_ x: SIMD16<Float>) {
            let difference = SIMD16<Double>(x) - SIMD16<Double>(grid.dequantized(x))
            sums += difference * difference
        }
        for start in stride(from: 0, to: whole, by: 16) {
            add(UnsafeRawPointer(group.baseAddress! + start).loadUnaligned(as: SIMD16<Float>.self))
        }
        // Zeros behind the last element have no error.
        if whole < group.count { add(tail) }
        return QuantizationErrors.sum(sums)
    }

    /// The definition of ``squaredError(of:_:)``.
    func squaredErrorReference(of group: UnsafeBufferPointer<Float>, _ parameters: QuantizationParameters) -> Double {
        guard
            let nearest = try? Quantizer(format: format, scheme: scheme, granularity: granularity, scaleRule: scaleRule)
        else { preconditionFailure("nearest-even goes with everything") }
        var sums = SIMD16<Double>.zero
        for (place, x) in group.enumerated() {
            let coded = nearest.code(of: x, parameters)
            let difference = Double(x) - Double(nearest.dequantized(coded.code, parameters))
            sums[place & 15] += difference * difference
        }
        return QuantizationErrors.sum(sums)
    }
}

/// What numbers become by being quantized, to nearest even, and dequantized: the values of `Quantizer.code` and `dequantized`, but for the sign of a
/// zero, without the codes.
struct NearestGrid {
    private let factor: Float
    private let scale: Float
    private let low: Float
    private let high: Float
    /// The binary32 with the exponent field below which all numbers round at the same last place, as bits.
    private let leastExponent: Int32
    /// What turns a power of two into 1.5 · 2^23 units of its last place, added to its bits.
    private let magicOffset: Int32
    private let isInteger: Bool

    init(_ quantizer: Quantizer, _ parameters: QuantizationParameters) {
        precondition(quantizer.granularity != .block, "Blocks have no search")
        factor = parameters.factor
        scale = parameters.scale
        if let float = quantizer.format.float {
            (low, high) = (-quantizer.largest, quantizer.largest)
            leastExponent = Int32(127 + float.minimumExponent) << 23
            magicOffset = Int32(23 - float.fractionBits) << 23 | 0x40_0000
            isInteger = false
        } else {
            low = Float(quantizer.integers.lowerBound - Int64(parameters.zeroPoint))
            high = Float(quantizer.integers.upperBound - Int64(parameters.zeroPoint))
            leastExponent = 0
            magicOffset = 0
            isInteger = true
        }
    }

    func dequantized(_ x: SIMD16<Float>) -> SIMD16<Float> {
        // Rounding is monotone and the ends are on the grid, so limiting may come first.
        var scaled = x * factor
        scaled.replace(with: SIMD16(repeating: low), where: scaled .< low)
        scaled.replace(with: SIMD16(repeating: high), where: scaled .> high)
        // Adding 1.5 · 2^23 units of the last kept place rounds to it, as all that lies below is shifted out; subtracting is exact.
        let magic: SIMD16<Float>
        if isInteger {
            magic = SIMD16(repeating: 0x1.8p23)
        } else {
            let bits = unsafeBitCast(scaled, to: SIMD16<Int32>.self)
            var exponents = bits & SIMD16(repeating: 0x7F80_0000)
            let least = SIMD16(repeating: leastExponent)
            exponents.replace(with: least, where: exponents .< least)
            magic = unsafeBitCast(exponents &+ magicOffset, to: SIMD16<Float>.self)
        }
        return (scaled + magic - magic) * scale
    }
}
