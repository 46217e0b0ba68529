import NumberFormats
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The vector functions against the C library in binary64, with the bounds of docs/semantics.md, 8.1–8.3.
@Suite struct VectorFunctionsTests {
    /// Every 997th bit pattern: 4.3 million floats of all kinds.
    static let patterns = stride(from: UInt32(0), to: .max, by: 997)

    /// The distance between neighbouring floats at a magnitude.
    static func ulp(_ x: Double) -> Double {
        max(0x1p-149, Double(sign: .plus, exponent: max(abs(x), 0x1p-126).exponent - 23, significand: 1))
    }

    @Test func expIsWithinOneUlp() {
        var worst = 0.0
        var bad = 0
        for pattern in Self.patterns {
            let x = Float(bitPattern: pattern)
            let y = VectorFunctions.exp(x)
            let truth = exp(Double(x))
            if x.isNaN {
                bad += y.isNaN ? 0 : 1
            } else if truth >= 0x1.ffffffp127 {
                bad += y == .infinity ? 0 : 1
            } else {
                worst = max(worst, abs(Double(y) - truth) / Self.ulp(truth))
            }
        }
        #expect(bad == 0)
        #expect(worst < 0.99)
    }

    @Test func expKeepsSubnormalsAndItsEdges() {
        #expect(VectorFunctions.exp(0) == 1 && VectorFunctions.exp(-0.0) == 1)
        #expect(VectorFunctions.exp(.infinity) == .infinity)
        #expect(VectorFunctions.exp(-.infinity).bitPattern == 0)
        #expect(VectorFunctions.exp(88.72283).isFinite && VectorFunctions.exp(88.72284) == .infinity)
        #expect(VectorFunctions.exp(-103.97207) == 0x1p-149 && VectorFunctions.exp(-103.97209).bitPattern == 0)
        #expect(VectorFunctions.exp(-95).isSubnormal)
        #expect(VectorFunctions.exp(.nan).isNaN)
        // Just above half the least subnormal and just below.
        for x in stride(from: Float(-103.9), to: -87, by: 0.037) {
            let truth = exp(Double(x))
            #expect(abs(Double(VectorFunctions.exp(x)) - truth) <= 0.99 * Self.ulp(truth))
        }
    }

    @Test func logIsWithinOneUlp() {
        var worst = 0.0
        for pattern in Self.patterns {
            let x = Float(bitPattern: pattern)
            guard x > 0, x.isFinite else { continue }
            let truth = log(Double(x))
            worst = max(worst, abs(Double(VectorFunctions.log(x)) - truth) / Self.ulp(truth))
        }
        for step in 0..<2_000_000 {  // around 1, where the logarithm is small
            let x = Float(bitPattern: 0x3F00_0000 + UInt32(step) * 8)
            let truth = log(Double(x))
            worst = max(worst, abs(Double(VectorFunctions.log(x)) - truth) / Self.ulp(truth))
        }
        #expect(worst < 0.83)
    }

    @Test func logKeepsItsEdges() {
        #expect(VectorFunctions.log(1).bitPattern == 0)
        #expect(VectorFunctions.log(0) == -.infinity && VectorFunctions.log(-0.0) == -.infinity)
        #expect(VectorFunctions.log(-1).isNaN && VectorFunctions.log(-.infinity).isNaN)
        #expect(VectorFunctions.log(.infinity) == .infinity)
        #expect(VectorFunctions.log(.nan).isNaN)
        #expect(abs(VectorFunctions.log(0x1p-149) - -103.27893) < 1e-5)
    }

    @Test func geluIsWithinItsBounds() {
        var absolute = 0.0
        var relative = 0.0
        var subnormal = 0.0
        func check(_ x: Float) {
            let y = Double(VectorFunctions.gelu(x))
            let truth = Double(x) * 0.5 * erfc(-Double(x) * 0.5.squareRoot())
            guard truth.isFinite else { return }
            let error = abs(y - truth)
            absolute = max(absolute, error / (0x1p-24 * max(1, abs(Double(x)))))
            if abs(truth) >= 0x1p-126 {
                let square = x < 0 ? Double(x) * Double(x) : 0
                relative = max(relative, error / abs(truth) / (0x1p-24 * (8 + square)))
            } else {
                subnormal = max(subnormal, error / 0x1p-149)
            }
        }
        for pattern in Self.patterns where !Float(bitPattern: pattern).isNaN { check(Float(bitPattern: pattern)) }
        for step in 0..<2_000_000 { check(-20 + Float(step) * 2e-5) }
        #expect(absolute < 2.06)
        #expect(relative < 1)
        #expect(subnormal < 40)
    }

    @Test func geluKeepsItsEdges() {
        #expect(VectorFunctions.gelu(0).bitPattern == 0)
        #expect(VectorFunctions.gelu(-0.0).bitPattern == 0x8000_0000)
        #expect(VectorFunctions.gelu(.infinity) == .infinity)
        #expect(VectorFunctions.gelu(-.infinity).bitPattern == 0x8000_0000)
        #expect(VectorFunctions.gelu(-1000).bitPattern == 0x8000_0000)
        #expect(VectorFunctions.gelu(1000) == 1000)
        #expect(VectorFunctions.gelu(.nan).isNaN)
    }

    @Test func reductionTreeAddsLanesThenHalves() {
        // 2²⁴ + 1 rounds to 2²⁴: the order shows. Lane 0 takes elements 0, 16, 32, …
        var x = [Float](repeating: 0, count: 48)
        x[0] = 0x1p24
        x[16] = 1
        x[32] = 1
        #expect(ReductionTree.sum(x) == 0x1p24)
        x[32] = 0
        x[16] = 0
        x[8] = 1  // added to lane 0 first
        x[1] = 1
        x[9] = 1
        #expect(ReductionTree.sum(x) == 0x1p24 + 2)
        #expect(ReductionTree.sum([Float]()) == 0)
        #expect(ReductionTree.sum([Float](repeating: -0.0, count: 20)).bitPattern == 0)
        #expect(ReductionTree.sum((1...100).map(Float.init)) == 5050)
    }

    @Test func softmaxSumsToOneOverTheValidScores() {
        let p = VectorFunctions.softmax([1, 2, 3, 100], valid: 3, factor: 0.5)
        let powers = [0.5, 1, 1.5].map { exp($0) }
        for (value, power) in zip(p, powers) {
            #expect(abs(Double(value) - power / powers.reduce(0, +)) < 1e-7)
        }
        #expect(p[3].bitPattern == 0)
        #expect(VectorFunctions.softmax([5, 6], valid: 0, factor: 1) == [0, 0])
        #expect(VectorFunctions.softmax([-.infinity, 0], valid: 2, factor: 1) == [0, 1])
        #expect(VectorFunctions.softmax([.nan, 0], valid: 2, factor: 1).allSatisfy { $0.isNaN })
        #expect(VectorFunctions.softmax([.infinity, 0], valid: 2, factor: 1).contains { $0.isNaN })
    }

    @Test func layerNormNormalises() {
        let x: [Float] = (0..<37).map { Float($0 * $0 % 23) - 7.5 }
        let wide = x.map(Double.init)
        let mean = wide.reduce(0, +) / 37
        let variance = wide.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 37
        let y = VectorFunctions.layerNorm(
            x, gamma: Array(repeating: 2, count: 37), beta: Array(repeating: -1, count: 37), epsilon: 1e-12)
        for (value, exact) in zip(y, wide) {
            #expect(abs(Double(value) - ((exact - mean) / (variance + 1e-12).squareRoot() * 2 - 1)) < 2e-6)
        }
    }

    @Test func crossEntropyIsMinusTheLogProbability() {
        let logits: [Float] = [0.5, -1.25, 3]
        let sum = logits.reduce(0) { $0 + exp(Double($1)) }
        for label in 0..<3 {
            let truth = log(sum) - Double(logits[label])
            #expect(abs(Double(VectorFunctions.crossEntropy(logits, label: label)) - truth) < 1e-6)
        }
        #expect(VectorFunctions.crossEntropy([7], label: 0) == 0)
    }

    @Test func quantizerKeepsTheLargestMagnitudeAt127() {
        let result = SymmetricQuantizer.quantized([0.5, -1, 0.25, 0.003_937] as [Float])
        #expect(result.codes == [64, -127, 32, 0])  // 63.5 to even
        #expect(result.scale == Float(1) / 127)
        #expect(SymmetricQuantizer.quantized([0, -0.0] as [Float]) == .init(codes: [0, 0], scale: 1))
        #expect(SymmetricQuantizer.quantized([0x1p-101] as [Float]) == .init(codes: [0], scale: 1))
        #expect(SymmetricQuantizer.quantized([-0x1p-100] as [Float]).codes == [-127])
        #expect(SymmetricQuantizer.quantized([Float.greatestFiniteMagnitude, 1]).codes == [127, 0])
        for bad in [Float.nan, .infinity, -.infinity] {
            let result = SymmetricQuantizer.quantized([1, bad])
            #expect(result.codes == [0, 0] && result.scale.isNaN)
        }
        #expect(SymmetricQuantizer.newScale(largest: 127) == Float(0.5) / 127)
    }
}
