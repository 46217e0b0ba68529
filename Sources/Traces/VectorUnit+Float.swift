import NumberFormats

/// Units of floating-point arithmetic (docs/semantics.md, sections 2, 6 and 8.5).
extension VectorUnit {
    static let floatUnits: [VectorUnit] = [
        floatWiden, floatCast, adder, multiplier, integerToFloat, floatToInteger, requantizer, fusedMultiplyAdd,
    ]

    private static let floatWiden = VectorUnit(
        "float_widen", "any floating-point code as FP32",
        inputs: [VectorField("code", 32), VectorField("format", 4)],
        outputs: [VectorField("result", 32), VectorField("flags", 5)]
    ) { index, random, line in
        // The codes of formats of 8 bits or less all come, and come again.
        let pin = index < 1 << 12 ? index >> 8 % 11 : random.below(11)
        let format = Pins.float(min(pin, 10))
        let all = UInt32.max >> UInt32(32 - format.bits)
        let code = index < 1 << 12 && format.bits <= 8 ? UInt32(index & 255) & all : random.code(format)
        let wide = FloatFormat.fp32.encode(format.decode(code), FloatEnvironment())
        line.append(random.withJunk(code, above: format), bits: 32)
        line.append(min(pin, 10), bits: 4)
        line.append(wide)
    }

    private static let floatCast = VectorUnit(
        "float_cast", "FP32 to any format: nine roundings, three overflow policies, flushing, flags",
        inputs: [
            VectorField("a", 32), VectorField("format", 4), VectorField("rounding", 4), VectorField("random_bits", 6),
            VectorField("random", 32), VectorField("overflow", 2), VectorField("flush_inputs", 1),
            VectorField("flush_outputs", 1),
        ],
        outputs: [VectorField("code", 32), VectorField("flags", 5)]
    ) { _, random, line in
        let pin = random.below(11)
        let format = Pins.float(pin)
        let a: UInt32
        switch random.below(8) {
        case 0: a = random.code(.fp32)
        case 1:
            // What has no exponent of its own to be met by: zeros, infinities, NaNs of both kinds, subnormal numbers, the largest ones.
            let any = UInt32(truncatingIfNeeded: random.next())
            a = random.pick([
                any & 0x8000_0000, any | 0x7F80_0000, any & 0x8000_0000 | 0x7F80_0000,
                any | 0x7FC0_0000, any & 0x803F_FFFF | 0x7F80_0001, any & 0x807F_FFFF, any & 0xFF7F_FFFF | 0x7F7F_0000,
                any & 0x807F_FFFF | 0x7F00_0000,
            ])
        case 2, 3: a = random.code(aroundTieOf: format)
        default:
            // A number within and about the format's range.
            let field = 127 + random.within(format.minimumExponent - format.fractionBits - 3...format.bias + 3)
            let fraction = UInt32(truncatingIfNeeded: random.next()) & 0x7F_FFFF
            a = UInt32(random.below(2)) << 31 | UInt32(max(0, min(255, field))) << 23 | fraction
        }
        let rounding = random.below(9)
        let bits = random.oneIn(3) ? random.pick([1, 8, 12, 16, 32]) : random.within(1...32)
        var word = UInt32(truncatingIfNeeded: random.next())
        if random.oneIn(8) { word = random.oneIn(2) ? 0 : .max }
        if rounding >= 6, random.oneIn(2) { word = random.word(decidingFor: a, format, rounding, bits: bits) }
        let overflow = random.below(3)
        let flushesInputs = random.oneIn(4)
        let flushesOutputs = random.oneIn(4)
        let environment = FloatEnvironment(
            rounding: Pins.rounding(rounding, bits: bits), overflow: Pins.overflows[overflow],
            flushesInputs: flushesInputs, flushesOutputs: flushesOutputs)
        line.append(a, bits: 32)
        line.append(pin, bits: 4)
        line.append(rounding, bits: 4)
        line.append(bits, bits: 6)
        line.append(word, bits: 32)
        line.append(overflow, bits: 2)
        line.append(flushesInputs ? 1 : 0, bits: 1)
        line.append(flushesOutputs ? 1 : 0, bits: 1)
        line.append(
            FormatConversion.convert(a, from: .fp32, to: Pins.formats[pin], environment, random: word))
    }

    private static let adder = VectorUnit(
        "fp32_adder", "a + b, rounded once",
        inputs: [VectorField("a", 32), VectorField("b", 32), VectorField("rounding", 4)],
        outputs: [VectorField("result", 32), VectorField("flags", 5)]
    ) { _, random, line in
        let a = random.code(.fp32)
        let b = random.oneIn(3) ? random.code(.fp32) : random.code(near: a)
        let rounding = random.oneIn(2) ? 0 : random.below(6)
        let environment = FloatEnvironment(rounding: Pins.roundings[rounding])
        line.append(a, bits: 32)
        line.append(b, bits: 32)
        line.append(rounding, bits: 4)
        line.append(
            FloatArithmetic.add(FloatOperand(a, .fp32), FloatOperand(b, .fp32), to: .fp32, environment))
    }

    private static let multiplier = VectorUnit(
        "fp32_multiplier", "a · b, rounded once",
        inputs: [VectorField("a", 32), VectorField("b", 32), VectorField("rounding", 4)],
        outputs: [VectorField("result", 32), VectorField("flags", 5)]
    ) { _, random, line in
        let a = random.code(.fp32)
        var b = random.code(.fp32)
        if random.oneIn(2) {
            // Products near either end of the range.
            let sum = random.oneIn(2) ? 127 + random.within(-26...3) : 127 + 254 + random.within(-3...2)
            let field = max(0, min(254, sum - Int(a >> 23 & 255)))
            b = (b & 0x807F_FFFF) | UInt32(field) << 23
        }
        if random.oneIn(8) {
            // Just below the smallest normal number, where being tiny depends on the rounding.
            let quotient = (1 << 47) / UInt64(a & 0x7F_FFFF | 0x80_0000)
            let field = 127 - Int(a >> 23 & 255)
            if field >= 1 { b = UInt32(random.below(2)) << 31 | UInt32(field) << 23 | UInt32(quotient) & 0x7F_FFFF }
        }
        let rounding = random.oneIn(2) ? 0 : random.below(6)
        let environment = FloatEnvironment(rounding: Pins.roundings[rounding])
        line.append(a, bits: 32)
        line.append(b, bits: 32)
        line.append(rounding, bits: 4)
        line.append(
            FloatArithmetic.multiply(FloatOperand(a, .fp32), FloatOperand(b, .fp32), to: .fp32, environment))
    }

    private static let integerToFloat = VectorUnit(
        "int32_to_fp32", "INT32 to FP32, to nearest even",
        inputs: [VectorField("a", 32)], outputs: [VectorField("result", 32)]
    ) { _, random, line in
        let a = random.integer32()
        line.append(a, bits: 32)
        line.append(Float(a).bitPattern, bits: 32)
    }

    private static let floatToInteger = VectorUnit(
        "fp32_to_int8", "FP32 to symmetric INT8, to nearest even",
        inputs: [VectorField("a", 32)], outputs: [VectorField("code", 8)]
    ) { _, random, line in
        let a = random.oneIn(2) ? random.code(.fp32) : Float(random.within(-1100...1100)).bitPattern &- 0x0180_0000
        line.append(a, bits: 32)
        line.append(IntegerProduct.requantized(Float(bitPattern: a), factor: 1), bits: 8)
    }

    private static let requantizer = VectorUnit(
        "requantizer", "sum, scales, bias, factor to FP32 and INT8 (section 8.5)", timing: .pipelined,
        inputs: [
            VectorField("sum", 32), VectorField("weight_scale", 32), VectorField("activation_scale", 32),
            VectorField("has_bias", 1), VectorField("bias", 32), VectorField("factor", 32),
        ],
        outputs: [VectorField("y", 32), VectorField("code", 8)]
    ) { _, random, line in
        let sum = random.integer32()
        let usual = !random.oneIn(4)
        func scale(_ random: inout VectorRandom) -> UInt32 {
            guard usual else { return random.code(.fp32) }
            return UInt32(127 + random.within(-16...0)) << 23 | UInt32(truncatingIfNeeded: random.next()) & 0x7F_FFFF
        }
        let weightScale = scale(&random)
        let activationScale = scale(&random)
        let hasBias = random.oneIn(2)
        let bias = random.oneIn(2) ? scale(&random) ^ 0x8000_0000 : random.code(.fp32)
        var y = IntegerProduct.dequantized(
            sum, columnScale: Float(bitPattern: weightScale), rowScale: Float(bitPattern: activationScale),
            bias: hasBias ? Float(bitPattern: bias) : nil)
        if y.isNaN { y = Float(bitPattern: 0x7FC0_0000) }
        // A factor that brings y to about ±127, or any.
        var factor = random.code(.fp32)
        if usual, y.isFinite, y != 0 {
            factor = (Float(random.within(-140...140)) / y).bitPattern &+ UInt32(random.below(3))
        }
        line.append(sum, bits: 32)
        line.append(weightScale, bits: 32)
        line.append(activationScale, bits: 32)
        line.append(hasBias ? 1 : 0, bits: 1)
        line.append(bias, bits: 32)
        line.append(factor, bits: 32)
        line.append(y.bitPattern, bits: 32)
        line.append(IntegerProduct.requantized(y, factor: Float(bitPattern: factor)), bits: 8)
    }

    private static let fusedMultiplyAdd = VectorUnit(
        "fp8_fma", "a · b + c of 8-bit a and b, rounded once to any format but e8m0",
        inputs: [
            VectorField("a", 8), VectorField("b", 8), VectorField("format", 4), VectorField("c", 32),
            VectorField("c_format", 4), VectorField("result_format", 4), VectorField("rounding", 4),
        ],
        outputs: [VectorField("result", 32), VectorField("flags", 5)]
    ) { _, random, line in
        let pin = random.below(7)
        let format = Pins.float(pin)
        let a = random.code(format)
        let b = random.code(format)
        let cPin = random.below(10)
        let cFormat = Pins.float(cPin)
        let product = FloatArithmetic.multiply(
            FloatOperand(a, format), FloatOperand(b, format), to: .fp32, FloatEnvironment())
        var c = random.code(cFormat)
        if random.oneIn(2) {
            let near = FloatFormat.fp32.decode(random.code(near: product.code))
            c = cFormat.encode(near, FloatEnvironment(rounding: .towardZero)).code
        }
        let resultPin = random.below(10)
        let rounding = random.below(6)
        let environment = FloatEnvironment(rounding: Pins.roundings[rounding])
        line.append(random.withJunk(a, above: format), bits: 8)
        line.append(random.withJunk(b, above: format), bits: 8)
        line.append(pin, bits: 4)
        line.append(random.withJunk(c, above: cFormat), bits: 32)
        line.append(cPin, bits: 4)
        line.append(resultPin, bits: 4)
        line.append(rounding, bits: 4)
        line.append(
            FloatArithmetic.fusedMultiplyAdd(
                FloatOperand(a, format), FloatOperand(b, format), FloatOperand(c, cFormat), to: Pins.float(resultPin),
                environment))
    }
}

extension VectorLine {
    /// A code and its flags, 32 and 5 bits.
    mutating func append(_ rounded: Rounded) {
        append(rounded.code, bits: 32)
        append(rounded.flags.rawValue, bits: 5)
    }
}

extension VectorRandom {
    /// An INT32 of any size, often near a power of two or a tie of FP32's rounding.
    mutating func integer32() -> Int32 {
        let any = Int32(truncatingIfNeeded: next())
        switch below(4) {
        case 0: return any
        case 1: return any >> Int32(below(32))
        case 2: return Int32(truncatingIfNeeded: 1 << below(32) + within(-2...2))
        default:
            // A tie: one bit below FP32's last place, and what is next to it.
            let top = within(24...30)
            let even = Int(any) & ((1 << 24) - 1) | 1 << 23
            let tie = even << (top - 23) + 1 << (top - 24) + within(-1...1)
            return Int32(truncatingIfNeeded: oneIn(2) ? tie : -tie)
        }
    }
}
