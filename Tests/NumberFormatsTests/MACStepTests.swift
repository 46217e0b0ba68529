import NumberFormats
import Testing

/// Repeatable random choices.
private struct Choices: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// One step of a chain, against the dot product that a chain of steps is.
@Suite struct MACStepTests {
    private static let narrow: [ElementFormat] = [.e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2]

    @Test func aFixedPointSumIsTheExactSumOfEveryPairOfCodes() {
        for a in Self.narrow {
            for b in Self.narrow {
                for x in 0..<UInt32(1 << a.bits) {
                    // Every b for each a, each after a few others.
                    var state = FixedPointSum()
                    var exact = ExactAccumulator()
                    exact.add(.finite(negative: false, significand: 0, exponent: 0))
                    for y in stride(from: x % 7, to: UInt32(1 << b.bits), by: 7) {
                        state.addProduct(a.float!.decode(x), b.float!.decode(y))
                        exact.addProduct(a.float!.decode(x), b.float!.decode(y))
                        let expected = exact.rounded(to: .fp32, FloatEnvironment()).code
                        #expect(state.rounded == expected)
                        #expect(FixedPointSum(bits: state.bits) == state)
                    }
                }
            }
        }
    }

    @Test func theStatesBitsAreThoseOfHardware() {
        let e5m2 = FloatFormat.e5m2
        func bits(_ products: [(UInt32, UInt32)]) -> UInt128 {
            var state = FixedPointSum()
            for (x, y) in products { state.addProduct(e5m2.decode(x), e5m2.decode(y)) }
            return state.bits
        }
        let one: UInt128 = 1
        #expect(bits([]) == 0)
        // 2^−16 · 2^−16 is the last place, and minus it all ones in 84 bits.
        #expect(bits([(1, 1)]) == one)
        #expect(bits([(1, 0x81)]) == UInt128.max >> 44)
        #expect(bits([(0x3C, 0x3C)]) == one << 32)
        #expect(bits([(0x7E, 0x3C)]) == one << 84)
        #expect(bits([(0x7C, 0)]) == one << 84)
        #expect(bits([(0x7C, 0x3C)]) == one << 85)
        #expect(bits([(0x7C, 0xBC), (1, 1)]) == one << 86 + one)
        #expect(bits([(0x7C, 0x3C), (0xFC, 0x3C)]) == one << 85 + one << 86)
        #expect(FixedPointSum(bits: one << 85 + one << 86).rounded == 0x7FC0_0000)
        #expect(FixedPointSum(bits: one << 86).rounded == 0xFF80_0000)
        // Beyond 2^83 the number wraps, and bit 87 is nobody's.
        var state = FixedPointSum(bits: one << 83 - one)
        state.add(FixedPointSum(bits: one))
        #expect(state.bits == one << 83)
        #expect(FixedPointSum(bits: one << 87).bits == 0)
    }

    private struct Case {
        let a, b: ElementFormat
        let accumulator: ProductAccumulator
        let codes: Int
    }

    private static let cases: [Case] = [
        Case(a: .int8, b: .int8, accumulator: .integer(bits: 14, overflow: .saturate), codes: 3),
        Case(a: .int4, b: .int8, accumulator: .integer(bits: 9, overflow: .wrap), codes: 1),
        Case(a: .e4m3, b: .e5m2, accumulator: .sequential, codes: 1),
        Case(a: .bf16, b: .fp16, accumulator: .sequential, codes: 1),
        Case(a: .e3m4, b: .e3m4, accumulator: .grouped(5), codes: 5),
        Case(a: .e4m3, b: .e4m3, accumulator: .aligned(group: 4, fractionBits: 6, output: .e8m13), codes: 4),
        Case(a: .e5m2, b: .e2m3, accumulator: .exact, codes: 3),
    ]

    @Test(arguments: cases.indices, [false, true])
    func aChainOfStepsIsTheDotProduct(index: Int, isBlocked: Bool) {
        let (a, b, accumulator, codes) = {
            ($0.a, $0.b, $0.accumulator, $0.codes)
        }(Self.cases[index])
        let step = MACStep(a, b, accumulator: accumulator)
        #expect(step.sumBits == (accumulator == .exact ? 88 : 32))
        var random = Choices(state: UInt64(index))
        for _ in 0..<200 {
            let steps = Int.random(in: 1...20, using: &random)
            let perBlock = Int.random(in: 1...6, using: &random)
            func operand(_ format: ElementFormat) -> [UInt32] {
                (0..<steps * codes).map { _ in UInt32.random(in: 0..<(1 << UInt32(format.bits)), using: &random) }
                    .map { code in
                        guard let float = format.float, code & float.magnitudeMask > float.largestFiniteCode else {
                            return code
                        }
                        return Int.random(in: 0..<6, using: &random) == 0 ? code : 0
                    }
            }
            let (x, y) = (operand(a), operand(b))
            var (memory, sum): (UInt128, UInt128) = (0, 0)
            for i in 0..<steps {
                if isBlocked, i > 0, i % perBlock == 0 { (memory, sum) = (step.sum(memory: memory, block: sum), 0) }
                let places = i * codes..<(i + 1) * codes
                sum = step.sum(sum, Array(x[places]), Array(y[places]))
                #expect(sum >> UInt128(step.sumBits) == 0)
            }
            if isBlocked { sum = step.sum(memory: memory, block: sum) }
            let product = DotProduct(
                a, b, accumulator: accumulator, order: isBlocked ? .blocked(perBlock * codes) : .reentry)
            if let left = a.integer, let right = b.integer {
                var statistics = IntegerStatistics()
                let expected = product.integerSum(
                    x.map { Int32(left.decode($0)) }, y.map { Int32(right.decode($0)) }, statistics: &statistics)
                #expect(step.result(sum) == UInt32(bitPattern: expected))
            } else {
                #expect(step.result(sum) == product.floatSum(x, y).bitPattern)
            }
        }
    }
}
