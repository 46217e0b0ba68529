import NumberFormats
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The tables of rotary positions and the binary64 functions that make them, against the C library; SiLU, norm and rotation by their bounds and by hand.
@Suite struct RotaryTableTests {
    private static func ulp(_ x: Double) -> Double { max(abs(x).ulp, 0x1p-1074) }

    @Test func exponentialAndLogarithmAreWithinTheirBounds() {
        var (worstExp, worstLog) = (0.0, 0.0)
        for step in -700_000...700_000 {
            let x = Double(step) * 0.001
            worstExp = max(worstExp, abs(BinaryFunctions.exp(x) - exp(x)) / Self.ulp(exp(x)))
        }
        var x = 2.0
        while x < 1e15 {
            worstLog = max(worstLog, abs(BinaryFunctions.log(x) - log(x)) / Self.ulp(log(x)))
            x *= 1.000_037
        }
        // The C library's own error is below one of these.
        #expect(worstExp <= 2 && worstLog <= 4, "\(worstExp), \(worstLog)")
        #expect(BinaryFunctions.exp(0) == 1 && BinaryFunctions.log(1) == 0)
    }

    @Test func cosineAndSineAreWithinTheirBound() {
        var worst = 0.0
        func check(_ x: Double) {
            let (cosine, sine) = BinaryFunctions.cosineAndSine(x)
            worst = max(worst, abs(cosine - cos(x)), abs(sine - sin(x)))
        }
        for step in 0..<1_000_000 { check(Double(step) * 0.000_031) }
        for step in 0..<1_000_000 { check(Double(step) * 1.048_575_3) }
        for quarter in 0..<600_000 { check(Double(quarter) * Double.pi / 2) }
        #expect(worst <= 0x1p-52, "\(worst * 0x1p52)")
    }

    @Test(arguments: [(64, 10_000.0), (64, 100_000), (12, 500.5), (128, 1e15), (2, 1)])
    func entriesAreTheNearestFloats(dimension: Int, base: Double) {
        let table = RotaryTable(headDimension: dimension, base: base)
        var different = 0
        for position in [0, 1, 2, 3, 59, 511, 2_047, 8_191, 131_071] {
            let (cosines, sines) = table.row(position)
            #expect(cosines.count == dimension / 2 && sines.count == dimension / 2)
            for i in 0..<dimension / 2 {
                let angle = Double(position) * pow(base, -Double(2 * i) / Double(dimension))
                // The angle's own rounding moves the exact value by position · 2^−51 at most.
                let slack = Double(position) * 0x1p-50 + 0x1p-52
                for (value, exact) in [(cosines[i], cos(angle)), (sines[i], sin(angle))] {
                    let error = abs(Double(value) - exact)
                    #expect(error <= Double(value.ulp) / 2 + slack, "position \(position), pair \(i)")
                    if value != Float(exact) { different += 1 }
                }
            }
        }
        #expect(different <= 1)
        #expect(table.row(0).cosines.allSatisfy { $0 == 1 } && table.row(0).sines.allSatisfy { $0 == 0 })
    }

    @Test func siluIsWithinItsBounds() {
        var (relative, absolute) = (0.0, 0.0)
        for pattern in VectorFunctionsTests.patterns {
            let x = Float(bitPattern: pattern)
            guard x.isFinite else { continue }
            let y = Double(VectorFunctions.silu(x))
            let truth = Double(x) / (1 + exp(-Double(x)))
            let error = abs(y - truth)
            if x > -87 {
                relative = max(relative, error / VectorFunctionsTests.ulp(truth))
            } else {
                absolute = max(absolute, error)
            }
        }
        for step in 0..<4_000_000 {
            let x = -80 + Float(step) * 3e-5
            let truth = Double(x) / (1 + exp(-Double(x)))
            relative = max(relative, abs(Double(VectorFunctions.silu(x)) - truth) / VectorFunctionsTests.ulp(truth))
        }
        #expect(relative < 2.4, "\(relative)")
        #expect(absolute < 0x1p-118, "\(absolute)")
    }

    @Test func siluKeepsItsEdges() {
        #expect(VectorFunctions.silu(0).bitPattern == 0)
        #expect(VectorFunctions.silu(-0.0).bitPattern == 0x8000_0000)
        #expect(VectorFunctions.silu(.infinity) == .infinity)
        #expect(VectorFunctions.silu(-1_000).bitPattern == 0x8000_0000)
        #expect(VectorFunctions.silu(1_000) == 1_000)
        #expect(VectorFunctions.silu(.nan).isNaN && VectorFunctions.silu(-.infinity).isNaN)
    }

    @Test func aNormIsThatOfItsFormula() {
        let x: [Float] = [3, -4, 0, 12]
        // Mean of squares 42.25, root 6.5.
        let y = VectorFunctions.rmsNorm(x, gamma: [1, 2, 1, -1], epsilon: 0x1p-60)
        let r: Float = 1 / 6.5
        #expect(y == [3 * r, -4 * r * 2, 0, -(12 * r)])
    }

    @Test func pairsStandHalfAHeadApart() {
        #expect(
            VectorFunctions.rotated([1, 2, 3, 4], cosines: [0, 1], sines: [1, 0]) == [-3, 2, 1, 4])
    }
}
