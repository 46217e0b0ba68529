import NumberFormats
import Testing

/// The three roundings of an update: exact expectations, ties, residuals and clamps.
@Suite struct WeightUpdateTests {
    static let multipliers: [Int32] = [
        0, 1, -1, 255, 256, 65536, -70_000, 1 << 23, -(1 << 23), 12_345_678, UpdateScalars.multiplierLimit,
        -UpdateScalars.multiplierLimit,
    ]
    static let codes: [Int32] = [-127, -64, -7, -1, 0, 1, 3, 100, 127]

    static func updated(
        _ weight: Int8, _ residual: Int32, _ code: Int32, _ multiplier: Int32, _ random: UInt16,
        _ rounding: UpdateRounding
    ) -> WeightUpdate.Result {
        WeightUpdate.updated(
            weight, residual: residual, code: code, multiplier: multiplier, random: random, rounding: rounding)
    }

    @Test func stochasticStepIsExactInExpectationToSixteenFractionBits() {
        for multiplier in Self.multipliers {
            for code in Self.codes where abs(multiplier * code) < 100 << 24 {
                let sum = (0...UInt16.max).reduce(0) {
                    $0 + Int(Self.updated(0, 0, code, multiplier, $1, .stochastic).code)
                }
                #expect(sum == -(Int(multiplier * code) >> 8))
            }
        }
    }

    @Test func nearestStepRoundsTiesToEven() {
        for multiplier in Self.multipliers + [1 << 22, 3 << 22, 5 << 21] {
            for code in Self.codes {
                let exact = (Double(multiplier) * Double(code) / 16_777_216).rounded(.toNearestOrEven)
                let expected = max(-127, min(127, 5 - exact))
                #expect(Double(Self.updated(5, 0, code, multiplier, 65535, .nearest).code) == expected)
            }
        }
        #expect(Self.updated(0, 0, 1, 1 << 23, 0, .nearest).code == 0)
        #expect(Self.updated(0, 0, 3, 1 << 23, 0, .nearest).code == -2)
        #expect(Self.updated(0, 0, -1, 1 << 23, 0, .nearest).code == 0)
    }

    @Test(arguments: ResidualBits.allCases)
    func residualStepLosesNothing(bits: ResidualBits) {
        // Where no code is clamped, code·2^r + residual moves by the fine step δ, which is exact in expectation.
        let unit = 1 << bits.rawValue
        for multiplier in Self.multipliers {
            for code in Self.codes where abs(multiplier * code) < 100 << 24 {
                for residual in [bits.range.lowerBound, -1, 0, 5, bits.range.upperBound] {
                    var sum = 0
                    var failures = 0
                    for r in 0...UInt16.max where r % 251 == 0 || bits == .eight {
                        let result = Self.updated(3, residual, code, multiplier, r, .residual(bits))
                        let moved = Int(result.code) * unit + Int(result.residual) - 3 * unit - Int(residual)
                        // Within one fine unit of −p.
                        let exact = -Double(multiplier) * Double(code) * Double(unit) / 16_777_216
                        let isKept = !result.isClamped && bits.range.contains(result.residual)
                        if !isKept || abs(Double(moved) - exact) >= 1 { failures += 1 }
                        sum += moved
                    }
                    #expect(failures == 0, "multiplier \(multiplier), code \(code), residual \(residual)")
                    if bits == .eight { #expect(sum == -Int(multiplier) * Int(code)) }
                }
            }
        }
    }

    @Test func sixteenBitResidualStepIsExactInExpectation() {
        for multiplier in Self.multipliers {
            for code in Self.codes where abs(multiplier * code) < 100 << 24 {
                // R's upper eight bits decide.
                let sum = (0..<256).reduce(0) { sum, r in
                    let result = Self.updated(0, 0, code, multiplier, UInt16(r) << 8 | 0x5A, .residual(.sixteen))
                    return sum + Int(result.code) << 16 + Int(result.residual)
                }
                #expect(sum == -Int(multiplier) * Int(code))
            }
        }
    }

    @Test func codesClampAtTheEndsOfTheGridAndSaySo() {
        let down = UpdateScalars.multiplierLimit
        for rounding in [UpdateRounding.stochastic, .nearest, .residual(.eight), .residual(.sixteen)] {
            let low = Self.updated(-127, 0, 127, down, 0, rounding)
            let high = Self.updated(127, 0, -127, down, 65535, rounding)
            #expect(low.code == -127 && low.isClamped)
            #expect(high.code == 127 && high.isClamped)
            let free = Self.updated(0, 0, 50, down, 0, rounding)
            #expect(!free.isClamped && abs(Int(free.code) + 50) <= 1)
        }
        #expect(Self.updated(127, 0, -1, 1 << 24 - 1 << 17, 0, .residual(.eight)).residual == 127)
        #expect(Self.updated(-127, 0, 1, 1 << 24 - 1 << 17, 0, .residual(.sixteen)).residual == -32768)
    }

    @Test func residualCarryingReachesWhereNearestStalls() {
        // A step of 0.1 grid steps, 100 times: to nearest nothing happens; carried, the weight moves by 10.
        let multiplier = Int32(16_777_216 / 10)
        var nearest = (code: Int8(0), residual: Int32(0))
        var carried = nearest
        for step in 0..<100 {
            nearest.code = Self.updated(nearest.code, 0, 1, multiplier, 0, .nearest).code
            let r = RandomStream(seed: 1, step: UInt32(step), query: 0, purpose: .update, tensor: 0).half(at: 0)
            let result = Self.updated(carried.code, carried.residual, 1, multiplier, r, .residual(.eight))
            carried = (result.code, result.residual)
        }
        #expect(nearest.code == 0)
        #expect(abs(Int(carried.code) * 256 + Int(carried.residual) + 2560) < 40)
    }
}
