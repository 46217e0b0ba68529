import NumberFormats
import Testing

/// The scalars of a step and the head's bias.
@Suite struct StepScalarsTests {
    @Test func perturbationScaleIsTheStatedConstant() {
        // σ = √21845 = 147.80053…
        #expect(abs(PerturbationBits.eight.scale - 512 / (127 * 147.80054126)) < 1e-8)
        #expect(abs(PerturbationBits.two.scale - 512 / 147.80054126) < 1e-6)
    }

    @Test func gridStepMultiplierIsSharedByAllRows() throws {
        let scalars = try PerturbationScalars(size: .gridSteps(1), bits: .eight, rowScales: [1, 2, 3])
        #expect(scalars.multipliers == [1788])  // 65536 · 0.0272768…
        #expect(try PerturbationScalars(size: .gridSteps(2), bits: .two, rowScales: []).multipliers == [454_050])
    }

    @Test func weightUnitMultiplierFollowsTheRowScale() throws {
        let one = try PerturbationScalars(size: .gridSteps(0.5), bits: .four, rowScales: [])
        let rows = try PerturbationScalars(size: .weightUnits(0.25), bits: .four, rowScales: [0.5, 0.25, 1])
        let unit = PerturbationBits.four.scale * 65536
        #expect(rows.multipliers[0] == one.multipliers[0])
        #expect(rows.multipliers[1] == Int32(unit.rounded()))
        #expect(rows.multipliers[2] == Int32((unit / 4).rounded()))
    }

    @Test func impossiblePerturbationSizesAreTypedErrors() {
        func error(_ size: PerturbationSize, _ bits: PerturbationBits, _ scales: [Float]) -> StepScalarsError? {
            do throws(StepScalarsError) {
                _ = try PerturbationScalars(size: size, bits: bits, rowScales: scales)
                return nil
            } catch {
                return error
            }
        }
        for bad in [0.0, -1, .nan, .infinity] {
            if case .sizeNotPositive = error(.gridSteps(bad), .eight, []) {} else { Issue.record("\(bad) passed") }
            if case .sizeNotPositive = error(.weightUnits(bad), .eight, [1]) {} else { Issue.record("\(bad) passed") }
        }
        if case .perturbationTooSmall(_, row: nil, _) = error(.gridSteps(1e-5), .eight, []) {
        } else {
            Issue.record("too small passed")
        }
        if case .perturbationTooLarge(_, row: nil, _) = error(.gridSteps(1e5), .eight, []) {
        } else {
            Issue.record("too large passed")
        }
        if case .perturbationTooLarge(_, row: 1, _) = error(.weightUnits(1e-3), .eight, [0.01, 0]) {
        } else {
            Issue.record("a scale of zero passed")
        }
        if case .perturbationTooLarge(_, row: 0, _) = error(.weightUnits(1e-3), .eight, [.nan]) {
        } else {
            Issue.record("a scale of NaN passed")
        }
        #expect(error(.gridSteps(300 * 1e-3), .eight, []) == nil)
        let tooSmall = StepScalarsError.perturbationTooSmall(.weightUnits(1e-9), row: 7, multiplier: 0.1)
        #expect("\(tooSmall)".contains("row 7"))
    }

    @Test func updateMultiplierIsTheProjectedGradientInGridSteps() {
        // g = 0.01/(2·1)·400·s_u
        let scalars = UpdateScalars(
            lossDifference: 0.0078125, size: .gridSteps(1), learningRate: 256, bits: .eight, rowScales: [])
        #expect(scalars.multipliers == [Int32((PerturbationBits.eight.scale * 16_777_216).rounded())])
        #expect(scalars.clampedMultipliers == 0)
        let rows = UpdateScalars(
            lossDifference: -0.0078125, size: .weightUnits(1), learningRate: 128, bits: .eight, rowScales: [0.5, 1])
        #expect(rows.multipliers[0] == -scalars.multipliers[0])
        #expect(rows.multipliers[1] == -Int32((PerturbationBits.eight.scale * 8_388_608).rounded()))
    }

    @Test func updateMultiplierClampsAndANaNLossMovesNothing() {
        func scalars(_ loss: Float) -> UpdateScalars {
            UpdateScalars(lossDifference: loss, size: .gridSteps(1), learningRate: 1e6, bits: .eight, rowScales: [])
        }
        #expect(scalars(1).multipliers == [16_646_144] && scalars(1).clampedMultipliers == 1)
        #expect(scalars(-.infinity).multipliers == [-16_646_144])
        #expect(scalars(.nan).multipliers == [0] && scalars(.nan).clampedMultipliers == 0)
        #expect(scalars(0).multipliers == [0])
    }

    @Test func largestMultipliersFitThirtyTwoBits() {
        // Swift traps on overflow; what comes out has to be what 64 bits give.
        for rounding in [UpdateRounding.stochastic, .nearest, .residual(.eight), .residual(.sixteen)] {
            for code in [Int32(-127), 127] {
                for sign in [Int32(-1), 1] {
                    let result = WeightUpdate.updated(
                        127, residual: 127, code: code, multiplier: sign * UpdateScalars.multiplierLimit,
                        random: 65535, rounding: rounding)
                    // A step of 126 down from the top stays on the grid; one up is clamped.
                    #expect(result.isClamped == (sign * code < 0))
                    #expect(result.isClamped ? result.code == 127 : (-1...2).contains(result.code))
                }
                let steps = WeightPerturbation.gridSteps(code: code, multiplier: 1 << 24 - 1, random: 65535)
                #expect(Int64(steps) == (Int64(code) * (1 << 24 - 1) + 65535) >> 16)
            }
        }
    }

    @Test func biasMovesInTheGridOfTheHead() {
        let scale = SymmetricQuantizer.newScale(largest: 127)
        let a = BiasPerturbation.passMultiplier(size: .gridSteps(2), bits: .eight, headScale: scale)
        #expect(a == Float(2 * PerturbationBits.eight.scale * Double(scale)))
        let epsilon = 2 * Double(scale)
        #expect(BiasPerturbation.passMultiplier(size: .weightUnits(epsilon), bits: .eight, headScale: scale) == a)
        let (plus, minus) = BiasPerturbation.perturbed(0.25, multiplier: a, code: 3)
        #expect(plus == 0.25 + a * 3 && minus == 0.25 - a * 3)
        let step = BiasPerturbation.updateMultiplier(
            lossDifference: 0.5, size: .gridSteps(1), learningRate: 2, bits: .four, headScale: scale)
        #expect(step == Float(0.5 * PerturbationBits.four.scale * Double(scale)))
        #expect(BiasPerturbation.updated(1, multiplier: step, code: -2) == 1 + step * 2)
        #expect(BiasPerturbation.updated(1, multiplier: .nan, code: 0) == 1)
    }
}
