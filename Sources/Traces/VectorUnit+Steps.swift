import NumberFormats

/// Steps of an accumulator's chain: `MACStep` beside mac_integer, mac_sequential, mac_grouped, mac_aligned, mac_exact and what adds and rounds their sums
/// (docs/semantics.md, section 8.4).
extension VectorUnit {
    /// The ports that every step of a chain has.
    private static func stepInputs(lanes: Int, sumBits: Int) -> [VectorField] {
        [
            VectorField("a", 8 * lanes), VectorField("b", 8 * lanes), VectorField("a_format", 4),
            VectorField("b_format", 4), VectorField("settings", 8), VectorField("c", sumBits),
        ]
    }

    /// c plus products in an integer accumulator: int8, int4, both, and int4 packed two to a byte.
    static func integerStep(_ name: String, lanes: Int) -> VectorUnit {
        VectorUnit(
            name, "c plus \(lanes) product\(lanes == 1 ? "" : "s") of INT8 or INT4 codes, wrapping or saturating",
            inputs: stepInputs(lanes: lanes, sumBits: 32), outputs: [VectorField("sum", 32)]
        ) { _, random, line in
            let isPacked = random.oneIn(3)
            let aPin = isPacked ? 13 : random.within(11...12)
            let bPin = isPacked ? 13 : random.within(11...12)
            let width = random.oneIn(3) ? random.pick([8, 16, 24, 32]) : random.within(8...32)
            let saturates = random.oneIn(2)
            let a = random.bytes(lanes, extremes: [0x80, 0x88, 0x7F, 0x77])
            let b = random.bytes(lanes, extremes: [0x80, 0x88, 0x7F, 0x77])
            let register = IntegerFormat(bits: width)
            let c = random.register(register)
            func codes(_ bytes: [UInt8]) -> [UInt32] {
                isPacked ? bytes.flatMap { [UInt32($0) & 15, UInt32($0) >> 4] } : bytes.map { UInt32($0) }
            }
            let step = MACStep(
                isPacked ? .int4 : Pins.formats[aPin], isPacked ? .int4 : Pins.formats[bPin],
                accumulator: .integer(bits: width, overflow: saturates ? .saturate : .wrap))
            line.append(bytes: a)
            line.append(bytes: b)
            line.append(aPin, bits: 4)
            line.append(bPin, bits: 4)
            line.append(width | (saturates ? 64 : 0), bits: 8)
            line.append(c, bits: 32)
            line.append(step.sum(UInt128(UInt32(truncatingIfNeeded: c)), codes(a), codes(b)), bits: 32)
        }
    }

    /// c plus products in FP32.
    static func floatStep(
        _ name: String, lanes: Int, accumulator: @escaping @Sendable (inout VectorRandom) -> ProductAccumulator
    ) -> VectorUnit {
        VectorUnit(
            name, "c plus \(lanes) product\(lanes == 1 ? "" : "s") of codes of 8 bits or less",
            inputs: stepInputs(lanes: lanes, sumBits: 32), outputs: [VectorField("sum", 32)]
        ) { _, random, line in
            let operands = FloatOperands(lanes: lanes, &random)
            let accumulator = accumulator(&random)
            let step = MACStep(operands.aFormat, operands.bFormat, accumulator: accumulator)
            operands.append(to: &line)
            line.append(random.settings(accumulator), bits: 8)
            line.append(operands.c, bits: 32)
            line.append(step.sum(UInt128(operands.c), operands.a, operands.b), bits: 32)
        }
    }

    /// mac_grouped's core, with a choice of roundings.
    static func groupedSum(lanes: Int) -> VectorUnit {
        var inputs = stepInputs(lanes: lanes, sumBits: 32)
        inputs.append(VectorField("rounding", 4))
        return VectorUnit(
            "grouped_sum", "c plus \(lanes) products, rounded once in any of six modes", inputs: inputs,
            outputs: [VectorField("sum", 32)]
        ) { _, random, line in
            let operands = FloatOperands(lanes: lanes, &random)
            let rounding = random.below(6)
            let sum = FloatArithmetic.dot(
                operands.a, operands.aFormat.float!, operands.b, operands.bFormat.float!,
                plus: FloatOperand(operands.c, .fp32), to: .fp32, FloatEnvironment(rounding: Pins.roundings[rounding]))
            operands.append(to: &line)
            line.append(random.below(256), bits: 8)
            line.append(operands.c, bits: 32)
            line.append(rounding, bits: 4)
            line.append(sum.code, bits: 32)
        }
    }

    /// A state plus exact products.
    static func exactStep(_ name: String, lanes: Int) -> VectorUnit {
        VectorUnit(
            name, "an exact state plus \(lanes) product\(lanes == 1 ? "" : "s")",
            inputs: stepInputs(lanes: lanes, sumBits: FixedPointSum.width),
            outputs: [VectorField("sum", FixedPointSum.width)]
        ) { _, random, line in
            let operands = FloatOperands(lanes: lanes, &random)
            let step = MACStep(operands.aFormat, operands.bFormat, accumulator: .exact)
            let c = random.exactState()
            operands.append(to: &line)
            line.append(random.below(256), bits: 8)
            line.append(state: c)
            line.append(state: step.sum(c, operands.a, operands.b))
        }
    }

    static let exactRound = VectorUnit(
        "exact_round", "an exact state, rounded once to FP32",
        inputs: [VectorField("state", FixedPointSum.width)], outputs: [VectorField("result", 32)]
    ) { _, random, line in
        let state = random.exactState()
        line.append(state: state)
        line.append(FixedPointSum(bits: state).rounded, bits: 32)
    }

    static let addExact = VectorUnit(
        "add_exact", "the sum of two exact states",
        inputs: [VectorField("a", FixedPointSum.width), VectorField("b", FixedPointSum.width)],
        outputs: [VectorField("sum", FixedPointSum.width)]
    ) { _, random, line in
        let (a, b) = (random.exactState(), random.exactState())
        line.append(state: a)
        line.append(state: b)
        line.append(state: MACStep(.e4m3, .e4m3, accumulator: .exact).sum(memory: a, block: b))
    }

    static let addInteger = VectorUnit(
        "add_integer", "the accumulator memory's addition of integers",
        inputs: [VectorField("a", 32), VectorField("b", 32), VectorField("settings", 8)],
        outputs: [VectorField("sum", 32), VectorField("overflowed", 1)]
    ) { _, random, line in
        let width = random.within(8...32)
        let saturates = random.oneIn(2)
        let register = IntegerFormat(bits: width)
        let (a, b) = (random.register(register), random.register(register))
        let step = MACStep(
            .int8, .int8, accumulator: .integer(bits: width, overflow: saturates ? .saturate : .wrap))
        line.append(a, bits: 32)
        line.append(b, bits: 32)
        line.append(width | (saturates ? 64 : 0), bits: 8)
        line.append(
            step.sum(
                memory: UInt128(UInt32(truncatingIfNeeded: a)), block: UInt128(UInt32(truncatingIfNeeded: b))),
            bits: 32)
        line.append(register.range.contains(Int64(a) + Int64(b)) ? 0 : 1, bits: 1)
    }
}

/// Operands of a step in FP32: codes of two formats, and a sum so far.
private struct FloatOperands {
    let aPin, bPin: Int
    let a, b: [UInt32]
    let c: UInt32
    /// The codes as they stand in their bytes, with bits above their width.
    private let aBytes, bBytes: [UInt8]

    var aFormat: ElementFormat { Pins.formats[aPin] }
    var bFormat: ElementFormat { Pins.formats[bPin] }

    /// Anything, or products that share a few binades, partly cancel, and a c near their sum.
    init(lanes: Int, _ random: inout VectorRandom) {
        let aPin = random.below(7)
        let bPin = random.oneIn(2) ? aPin : random.below(7)
        (self.aPin, self.bPin) = (aPin, bPin)
        let (aFormat, bFormat) = (Pins.float(aPin), Pins.float(bPin))
        let style = random.below(4)
        func code(_ format: FloatFormat) -> UInt32 {
            let all = UInt32.max >> UInt32(32 - format.bits)
            switch style {
            case 0:
                // All codes but for NaNs and infinities, which would hide the rest.
                let any = UInt32(truncatingIfNeeded: random.next()) & all
                return min(any & format.magnitudeMask, format.largestFiniteCode) | any & format.signMask
            case 1: return random.code(format)
            default:
                let binade = UInt32(max(1, format.bias + random.within(-1...1))) << UInt32(format.fractionBits)
                let any = UInt32(truncatingIfNeeded: random.next())
                return any & format.signMask | (random.oneIn(8) ? 0 : binade | any & format.fractionMask)
            }
        }
        var a = (0..<lanes).map { _ in code(aFormat) }
        var b = (0..<lanes).map { _ in code(bFormat) }
        if lanes > 1, random.oneIn(4) {
            // The second half takes back the first, but for a lane.
            for lane in 0..<lanes / 2 where lane > 0 || random.oneIn(2) {
                a[lanes - 1 - lane] = a[lane] ^ aFormat.signMask
                b[lanes - 1 - lane] = b[lane]
            }
        }
        (self.a, self.b) = (a, b)
        aBytes = a.map { UInt8(truncatingIfNeeded: random.withJunk($0, above: aFormat)) }
        bBytes = b.map { UInt8(truncatingIfNeeded: random.withJunk($0, above: bFormat)) }
        let sum = FloatArithmetic.dot(a, aFormat, b, bFormat, to: .fp32, FloatEnvironment()).code
        switch random.below(8) {
        case 0: c = random.code(.fp32)
        case 1: c = 0
        case 2: c = sum ^ 0x8000_0000
        case 3:
            // Far away: the sum is a tie's breaker, or c is.
            let field = max(1, min(254, Int(sum >> 23 & 255) + random.within(-60...60)))
            c = UInt32(random.below(2)) << 31 | UInt32(field) << 23 | (random.oneIn(2) ? 0 : 0x7F_FFFF)
        default: c = random.code(near: sum)
        }
    }

    func append(to line: inout VectorLine) {
        line.append(bytes: aBytes)
        line.append(bytes: bBytes)
        line.append(aPin, bits: 4)
        line.append(bPin, bits: 4)
    }
}

extension ProductAccumulator {
    /// The `settings` pins of mac_* and add_*: an integer's width and bit 6 where it saturates; an aligned accumulator's F and bit 6 for e8m13.
    var settings: UInt8 {
        switch self {
        case .integer(let bits, let overflow): UInt8(bits) | (overflow == .saturate ? 64 : 0)
        case .aligned(_, let fractionBits, let output): UInt8(fractionBits) | (output == .e8m13 ? 64 : 0)
        case .sequential, .grouped, .exact: 0
        }
    }
}

extension VectorRandom {
    /// The `settings` pins; any where an accumulator has none.
    mutating func settings(_ accumulator: ProductAccumulator) -> UInt8 {
        switch accumulator {
        case .sequential, .grouped, .exact: UInt8(truncatingIfNeeded: next())
        default: accumulator.settings
        }
    }

    /// Bytes of codes: any, or often the extremes.
    mutating func bytes(_ count: Int, extremes: [UInt8]) -> [UInt8] {
        let isExtreme = oneIn(4)
        return (0..<count).map { _ in
            isExtreme && !oneIn(4) ? pick(extremes) : UInt8(truncatingIfNeeded: next())
        }
    }

    /// What an accumulator register may hold, often near an end.
    mutating func register(_ format: IntegerFormat) -> Int32 {
        let range = format.range
        switch below(4) {
        case 0: return Int32(range.lowerBound + Int64(below(1 << 7)))
        case 1: return Int32(range.upperBound - Int64(below(1 << 7)))
        case 2: return Int32(truncatingIfNeeded: next()) >> Int32(32 - format.bits)
        default: return Int32(truncatingIfNeeded: next()) >> Int32(32 - format.bits + below(format.bits))
        }
    }

    /// An exact accumulator's state: a number of any length, at a tie of FP32's rounding or not, and sometimes what was seen.
    mutating func exactState() -> UInt128 {
        var number = Int128(truncatingIfNeeded: UInt128(next()) << 64 | UInt128(next())) >> 44
        number >>= Int128(below(84))
        if oneIn(4) {
            let places = below(59)
            number = Int128(1 << 24 | below(1 << 24) | 1) << Int128(places) + Int128(within(-1...1))
            if oneIn(2) { number = -number }
        }
        if oneIn(16) { number = 0 }
        var bits = UInt128(truncatingIfNeeded: number) & (1 << 84 - 1)
        if oneIn(16) { bits |= UInt128(below(8)) << 84 }
        return bits
    }
}

extension VectorLine {
    /// A field of bytes, the lowest first.
    mutating func append(bytes: [UInt8]) {
        var words = [UInt32](repeating: 0, count: (bytes.count + 3) / 4)
        for (place, byte) in bytes.enumerated() { words[place / 4] |= UInt32(byte) << UInt32(8 * (place % 4)) }
        append(words: words, bits: 8 * bytes.count)
    }

    /// A field of an exact accumulator's state.
    mutating func append(state: UInt128) {
        append(words: (0..<3).map { UInt32(truncatingIfNeeded: state >> (32 * $0)) }, bits: FixedPointSum.width)
    }
}
