import NumberFormats
import Testing

/// The Gaussian, its codes and the rounding of perturbations: exact expectations by enumeration.
@Suite struct PerturbationTests {
    /// How many of the 256⁴ draws give each t, from −510 up.
    static let draws: [Int] = {
        var counts = [1]
        for _ in 0..<4 {
            var next = [Int](repeating: 0, count: counts.count + 255)
            for (sum, count) in counts.enumerated() {
                for byte in 0..<256 { next[sum + byte] += count }
            }
            counts = next
        }
        return counts
    }()

    @Test func gaussianHasTheStatedMoments() {
        #expect(Self.draws.count == 1021)
        #expect(Self.draws.reduce(0, +) == 1 << 32)
        let t = Array(-510...510)
        let first = zip(t, Self.draws).reduce(0) { $0 + $1.0 * $1.1 }
        let second = zip(t, Self.draws).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
        let fourth = zip(t, Self.draws).reduce(0.0) { $0 + Double($1.0 * $1.0 * $1.0 * $1.0) * Double($1.1) }
        #expect(first == 0)
        #expect(second == 21845 << 32)
        #expect(abs(fourth / 4_294_967_296 / (21845 * 21845) - 3 - -0.300) < 0.0005)
        #expect(abs(IrwinHallGaussian.value(integer: 510) - 3.4506) < 0.00005)
    }

    @Test func gaussianSumsTheBytesOfAWord() {
        #expect(IrwinHallGaussian.integer(word: 0) == -510)
        #expect(IrwinHallGaussian.integer(word: .max) == 510)
        for byte in 0..<4 { #expect(IrwinHallGaussian.integer(word: 0xFE << UInt32(8 * byte)) == -510 + 254) }
    }

    @Test(arguments: PerturbationBits.allCases)
    func codesAreUnbiasedAndInRange(bits: PerturbationBits) {
        // Codes change with R at multiples of 128 only, so 512 classes of R cover all 65536.
        for t in Int32(-510)...510 {
            var sum: Int32 = 0
            for r in stride(from: UInt16(0), through: 65408, by: 128) {
                let code = IrwinHallGaussian.code(integer: t, bits: bits, random: r)
                #expect(code == IrwinHallGaussian.code(integer: t, bits: bits, random: r | 127))
                #expect(abs(code) <= bits.largestCode)
                sum += code
            }
            // E[code] = t·(2^(b−1) − 1)/512, that is E[s_u·code] = t/σ.
            #expect(sum == t * bits.largestCode)
        }
        let unit = bits.scale * Double(bits.largestCode) / 512
        #expect(abs(unit * 510 - IrwinHallGaussian.value(integer: 510)) < 1e-14)
    }

    @Test func gridStepsAreUnbiased() {
        for multiplier in [1, 1788, 65536, 1_000_003, 16_777_215] as [Int32] {
            for code in [-127, -3, 0, 1, 127] as [Int32] {
                let sum = (0...UInt16.max).reduce(0) {
                    $0 + Int(WeightPerturbation.gridSteps(code: code, multiplier: multiplier, random: $1))
                }
                #expect(sum == Int(code) * Int(multiplier))
            }
        }
    }

    @Test func perturbedWeightsStayOnTheSymmetricGrid() {
        #expect(WeightPerturbation.perturbed(120, by: 7) == 127)
        #expect(WeightPerturbation.perturbed(120, by: 8) == 127)
        #expect(WeightPerturbation.perturbed(-120, by: -8) == -127)
        #expect(WeightPerturbation.perturbed(3, by: -32512) == -127)
        #expect(WeightPerturbation.perturbed(-5, by: 9) == 4)
    }

    @Test func stochasticRoundingIsUnbiasedWithinFiveStandardErrors() {
        let stream = RandomStream(seed: 3, step: 0, query: 0, purpose: .activations, tensor: 0)
        let count = 100_000
        for (place, x) in [0.25, -0.25, 1.5, -7.000244140625, 100.999].enumerated() {
            var sum = 0.0
            for i in 0..<count {
                let rounded = StochasticRounding.rounded(x, random: stream.half(at: place * count + i))
                #expect(rounded == x.rounded(.down) || rounded == x.rounded(.up))
                sum += rounded
            }
            let fraction = x - x.rounded(.down)
            let standardError = (fraction * (1 - fraction) / Double(count)).squareRoot()
            #expect(abs(sum / Double(count) - x) < 5 * standardError + 0x1p-16)
        }
    }

    @Test func stochasticRoundingIsExactInExpectation() {
        for x in [0.0, 1.0, 0.5, -3.0625, 12345.0000152587890625] {
            let sum = (0...UInt16.max).reduce(0.0) { $0 + StochasticRounding.rounded(x, random: $1) }
            #expect(sum / 65536 == x)
        }
        #expect(StochasticRounding.rounded(.infinity, random: 1) == .infinity)
        #expect(StochasticRounding.rounded(.nan, random: 1).isNaN)
    }

    /// Σ over many draws of u₁u₂ and of u², with two roundings or one.
    static func products(second: RandomPurpose, bits: PerturbationBits, count: Int) -> (mean: Double, error: Double) {
        let streams = TensorStreams(seed: 77, step: 0, tensor: 0)
        var sum = 0.0
        var squares = 0.0
        for e in 0..<count {
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: e))
            let u = IrwinHallGaussian.value(integer: t)
            let first = IrwinHallGaussian.code(integer: t, bits: bits, random: streams[.firstRounding].half(at: e))
            let other = IrwinHallGaussian.code(integer: t, bits: bits, random: streams[second].half(at: e))
            let difference = Double(first * other) * bits.scale * bits.scale - u * u
            sum += difference
            squares += difference * difference
        }
        let mean = sum / Double(count)
        return (mean, ((squares / Double(count) - mean * mean) / Double(count)).squareRoot())
    }

    @Test func independentRoundingsAreUncorrelatedAndASharedOneIsNot() {
        // E[u₁u₂] = E[u²] where the roundings are independent; a shared one adds its variance. Five standard errors: a false alarm has
        // probability 6e-7, and the seed is fixed. (For u₁ and u₂ of different elements both products are zero in expectation.)
        for bits in [PerturbationBits.two, .four] {
            let independent = Self.products(second: .secondRounding, bits: bits, count: 200_000)
            let shared = Self.products(second: .firstRounding, bits: bits, count: 200_000)
            #expect(abs(independent.mean) < 5 * independent.error)
            #expect(shared.mean > 20 * shared.error)
        }
    }

    @Test func distinctElementsAreUncorrelated() {
        let streams = TensorStreams(seed: 78, step: 0, tensor: 0)
        let bits = PerturbationBits.four
        let count = 200_000
        func code(_ e: Int, _ purpose: RandomPurpose) -> Double {
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: e))
            return bits.scale
                * Double(IrwinHallGaussian.code(integer: t, bits: bits, random: streams[purpose].half(at: e)))
        }
        var sum = 0.0
        for e in 0..<count { sum += code(e, .firstRounding) * code(e + 1, .secondRounding) }
        // Each product has variance E[u₁²]·E[u₂²], about 1 plus rounding's, below 1.1² at 4 bits.
        #expect(abs(sum / Double(count)) < 5 * 1.1 / Double(count).squareRoot())
    }
}
