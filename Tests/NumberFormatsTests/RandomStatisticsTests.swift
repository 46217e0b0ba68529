import NumberFormats
import Testing

/// Correlation, uniformity and independence. Seeds are fixed, so nothing here flickers; bounds are five standard errors, which a
/// correct source exceeds with probability 6e-7 a comparison, unless a test says otherwise.
@Suite struct RandomStatisticsTests {
    static let philox = PhiloxSource()

    static func words(
        _ source: some RandomSource, seed: UInt64 = 42, step: UInt32 = 7, query: UInt16 = 1,
        purpose: RandomPurpose = .perturbation, tensor: UInt16 = 3, count: Int
    ) -> [UInt32] {
        let stream = RandomStream(seed: seed, step: step, query: query, purpose: purpose, tensor: tensor)
        return source.words(of: stream, elements: 0..<count)
    }

    /// The correlation of two lists of uniform words, times √n: a standard normal where they are independent.
    static func correlation(_ a: some Sequence<UInt32>, _ b: some Sequence<UInt32>) -> (value: Double, score: Double) {
        var sum = 0.0
        var count = 0.0
        for (x, y) in zip(a, b) {
            sum += (Double(x) - 2_147_483_647.5) * (Double(y) - 2_147_483_647.5)
            count += 1
        }
        let value = sum / count * 12 / (4_294_967_296.0 * 4_294_967_296.0)
        return (value, value * count.squareRoot())
    }

    /// Equal bits of two lists less half of all, in standard deviations.
    static func bitScore(_ a: some Sequence<UInt32>, _ b: some Sequence<UInt32>) -> Double {
        var equal = 0
        var bits = 0
        for (x, y) in zip(a, b) {
            equal += (~(x ^ y)).nonzeroBitCount
            bits += 32
        }
        return (Double(equal) - Double(bits) / 2) / (Double(bits) / 4).squareRoot()
    }

    static func expectIndependent(
        _ a: some Sequence<UInt32>, _ b: some Sequence<UInt32>, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(abs(correlation(a, b).score) < 5, sourceLocation: sourceLocation)
        #expect(abs(bitScore(a, b)) < 5, sourceLocation: sourceLocation)
    }

    // MARK: Philox

    @Test func neighbouringCountersAreUncorrelated() {
        let words = Self.words(Self.philox, count: 1 << 20)
        for lag in [1, 2, 3, 4, 8, 64, 1024] { Self.expectIndependent(words, words.dropFirst(lag)) }
    }

    @Test func neighbouringStreamsAreUncorrelated() {
        let count = 1 << 18
        let base = Self.words(Self.philox, count: count)
        Self.expectIndependent(base, Self.words(Self.philox, seed: 43, count: count))
        Self.expectIndependent(base, Self.words(Self.philox, seed: 42 | 1 << 32, count: count))
        for bit in 0..<8 {
            Self.expectIndependent(base, Self.words(Self.philox, step: 7 ^ 1 << bit, count: count))
            Self.expectIndependent(base, Self.words(Self.philox, query: 1 ^ 1 << bit, count: count))
            Self.expectIndependent(base, Self.words(Self.philox, tensor: 3 ^ 1 << bit, count: count))
        }
    }

    @Test func allPairsOfPurposesAreUncorrelated() {
        let all = RandomPurpose.allCases.map { Self.words(Self.philox, purpose: $0, count: 1 << 17) }
        for i in all.indices {
            for j in 0..<i { Self.expectIndependent(all[i], all[j]) }
        }
    }

    @Test func neighbouringElementsOfNeighbouringStepsAreUncorrelated() {
        let now = Self.words(Self.philox, step: 100, count: 1 << 18)
        let next = Self.words(Self.philox, step: 101, count: 1 << 18)
        for lag in [1, 2, 4] {
            Self.expectIndependent(now.dropFirst(lag), next)
            Self.expectIndependent(now, next.dropFirst(lag))
        }
    }

    // MARK: Uniformity

    /// Sources whose draws are as good as independent.
    static let sound: [any RandomSource] = {
        var sources: [any RandomSource] = [PhiloxSource()]
        do {
            sources.append(try SequentialSource(GaloisLFSR(), lanes: 8))
            sources.append(try SequentialSource(GaloisLFSR(mask: GaloisLFSR.cvfpuMask), lanes: 8))
            for generator in Xoshiro.allCases { sources.append(try SequentialSource(generator, lanes: 8)) }
        } catch {
            Issue.record(error)
        }
        return sources
    }()

    @Test(arguments: sound.indices)
    func everyByteOfAWordIsUniform(source place: Int) {
        // Chi-square with 255 degrees of freedom lies outside of 161…378 with probability 2e-6; four bytes a source.
        let count = 1 << 20
        let words = Self.words(Self.sound[place], count: count)
        for byte in 0..<4 as Range<UInt32> {
            var counts = [Int](repeating: 0, count: 256)
            for word in words { counts[Int(word >> (8 * byte) & 0xFF)] += 1 }
            let expected = Double(count) / 256
            let chiSquare = counts.reduce(0.0) {
                $0 + (Double($1) - expected) * (Double($1) - expected) / expected
            }
            #expect(161...378 ~= chiSquare)
        }
    }

    @Test(arguments: sound.indices)
    func neighbouringElementsAreUncorrelated(source place: Int) {
        let words = Self.words(Self.sound[place], count: 1 << 18)
        for lag in [1, 2, 8, 16] { Self.expectIndependent(words, words.dropFirst(lag)) }
    }

    @Test(arguments: sound.indices)
    func stepsAndPurposesAreUncorrelated(source place: Int) {
        let source = Self.sound[place]
        let base = Self.words(source, count: 1 << 17)
        Self.expectIndependent(base, Self.words(source, step: 8, count: 1 << 17))
        Self.expectIndependent(base, Self.words(source, purpose: .firstRounding, count: 1 << 17))
        Self.expectIndependent(base, Self.words(source, tensor: 4, count: 1 << 17))
    }

    // MARK: What cheap registers really do

    @Test func anLFSRThatStepsOnceADrawRepeatsHalfOfTheLastDraw() throws {
        // A draw k steps on is the last one shifted right by k places, with k fresh bits on top: correlation 2^−k, and the taps' noise.
        let count = 1 << 18
        for steps in [1, 2, 4, 8] {
            let words = Self.words(try SequentialSource(GaloisLFSR(stepsPerDraw: steps)), count: count)
            let predicted = 1 / Double(1 << steps)
            let measured = Self.correlation(words, words.dropFirst()).value
            #expect(abs(measured - predicted) < 5 / Double(count).squareRoot() + 2e-3 * predicted)
            if steps <= 4 { #expect(measured > 20 / Double(count).squareRoot()) }
        }
        // As many steps as bits leave nothing shared; so do as many lanes as a draw needs steps to be forgotten.
        let apart = Self.words(try SequentialSource(GaloisLFSR(stepsPerDraw: 32)), count: count)
        Self.expectIndependent(apart, apart.dropFirst())
        let lanes = Self.words(try SequentialSource(GaloisLFSR(stepsPerDraw: 1), lanes: 64), count: count)
        Self.expectIndependent(lanes, lanes.dropFirst())
        let sameLane = Self.correlation(lanes, lanes.dropFirst(64)).value
        #expect(abs(sameLane - 0.5) < 0.02)
    }

    @Test func aRoundingUnitsTwelveBitsAreNearlyDeterminedByTheLastTwelve() throws {
        // The published unit: 12 low bits, one step an operation. Its taps lie among them, which hides most of the correlation: only bits
        // 8, 6, 4, 3 and 0 are plain copies of bits 9, 7, 5, 4 and 1, worth Σ 2^(2i + 1)/4 over the variance (4096² − 1)/12.
        let copied = (65536.0 + 4096 + 256 + 64 + 1) * 2 / 4
        let variance = (4096.0 * 4096 - 1) / 12
        func rounding(steps: Int) throws -> [Int] {
            let source = try SequentialSource(
                GaloisLFSR(mask: GaloisLFSR.cvfpuMask, stepsPerDraw: steps, complements: true))
            let stream = RandomStream(seed: 1, step: 0, query: 0, purpose: .update, tensor: 0)
            return source.halves(of: stream, elements: 0..<1 << 18).map { Int($0 & 0xFFF) }
        }
        func correlation(_ r: [Int]) -> Double {
            zip(r, r.dropFirst()).reduce(0) { $0 + (Double($1.0) - 2047.5) * (Double($1.1) - 2047.5) }
                / Double(r.count - 1) / variance
        }
        /// How many R follow one R, on average.
        func followers(_ r: [Int]) -> Double {
            Double(Set(zip(r, r.dropFirst()).map { $0 << 12 | $1 }).count) / Double(Set(r.dropLast()).count)
        }
        let one = try rounding(steps: 1)
        #expect(abs(correlation(one) - copied / variance) < 5.0 / 512)
        #expect(correlation(one) > 5.0 / 512)
        #expect(followers(one) <= 2)
        let apart = try rounding(steps: 32)
        #expect(abs(correlation(apart)) < 5.0 / 512)
        #expect(followers(apart) > 60)
    }

    @Test func linearSourcesObeyARecurrenceThatPhiloxDoesNot() throws {
        // Any bit of an LFSR's draws is predicted by the 2·32 before it, however many steps apart: uncorrelated is not independent.
        func length(_ source: some RandomSource) -> Int {
            let bits = Self.words(source, count: 400).map { $0 & 1 == 1 }
            return Self.linearComplexity(bits)
        }
        #expect(length(try SequentialSource(GaloisLFSR())) == 32)
        #expect(length(try SequentialSource(GaloisLFSR(mask: GaloisLFSR.cvfpuMask, stepsPerDraw: 1))) == 32)
        #expect(190...210 ~= length(PhiloxSource()))
        #expect(190...210 ~= length(try SequentialSource(Xoshiro.xoshiro128PlusPlus)))
    }

    /// Length of the shortest linear recurrence that bits obey (Berlekamp–Massey).
    static func linearComplexity(_ bits: [Bool]) -> Int {
        var current = [Bool](repeating: false, count: bits.count + 1)
        current[0] = true
        var previous = current
        var length = 0
        var last = -1
        for n in bits.indices {
            var odd = bits[n]
            for i in 0..<length where current[i + 1] && bits[n - i - 1] { odd.toggle() }
            guard odd else { continue }
            let saved = current
            for i in 0..<bits.count where i + n - last <= bits.count && previous[i] { current[i + n - last].toggle() }
            if 2 * length <= n {
                length = n + 1 - length
                last = n
                previous = saved
            }
        }
        return length
    }

    // MARK: Two roundings of one u

    /// One element's u and its rounding: x = t·(2^(b−1) − 1)/2⁹ becomes ⌊x⌋ + 1 with probability f, else ⌊x⌋.
    struct Rounded {
        let value: Double
        let fraction: Double
        /// E[u₁²] and E[u₁⁴].
        let second: Double
        let fourth: Double
        /// The variance of the rounding, s_u²·f·(1 − f).
        let variance: Double

        init(_ t: Int32, _ bits: PerturbationBits) {
            let x = Double(t * bits.largestCode) / 512
            let low = bits.scale * x.rounded(.down)
            let high = low + bits.scale
            let f = x - x.rounded(.down)
            value = IrwinHallGaussian.value(integer: t)
            fraction = f
            second = (1 - f) * low * low + f * high * high
            fourth = (1 - f) * low * low * low * low + f * high * high * high * high
            variance = bits.scale * bits.scale * f * (1 - f)
        }
    }

    /// The mean over steps of u₁u₂ᵀ for a fixed u, with the second rounding's purpose.
    static func outerProducts(
        of t: [Int32], bits: PerturbationBits, second: RandomPurpose, source: some RandomSource, steps: Int
    ) -> [[Double]] {
        let n = t.count
        var sums = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for step in 0..<UInt32(steps) {
            let streams = TensorStreams(seed: 5, step: step, tensor: 0)
            let first = source.halves(of: streams[.firstRounding], elements: 0..<n)
            let other = source.halves(of: streams[second], elements: 0..<n)
            for i in 0..<n {
                let u1 = bits.scale * Double(IrwinHallGaussian.code(integer: t[i], bits: bits, random: first[i]))
                for j in 0..<n {
                    let code = IrwinHallGaussian.code(integer: t[j], bits: bits, random: other[j])
                    sums[i][j] += u1 * bits.scale * Double(code)
                }
            }
        }
        return sums.map { $0.map { $0 / Double(steps) } }
    }

    static let fixed: [Int32] = [-499, -311, -77, -29, 40, 100, 256, 450]
    static let steps = 40_000

    @Test(arguments: [PerturbationBits.two, .four])
    func independentRoundingsGiveTheOuterProductOfU(bits: PerturbationBits) throws {
        let sources: [any RandomSource] = [
            PhiloxSource(), try SequentialSource(GaloisLFSR(), lanes: 8),
            try SequentialSource(Xoshiro.xoroshiro128AOX),
        ]
        let u = Self.fixed.map { Rounded($0, bits) }
        for source in sources {
            let means = Self.outerProducts(
                of: Self.fixed, bits: bits, second: .secondRounding, source: source, steps: Self.steps)
            for i in u.indices {
                for j in u.indices {
                    let exact = u[i].value * u[j].value
                    let error = ((u[i].second * u[j].second - exact * exact) / Double(Self.steps)).squareRoot()
                    #expect(abs(means[i][j] - exact) < 5 * error)
                }
            }
        }
    }

    @Test(arguments: [PerturbationBits.two, .four])
    func aSharedRoundingAddsItsVarianceToTheDiagonal(bits: PerturbationBits) {
        let u = Self.fixed.map { Rounded($0, bits) }
        let means = Self.outerProducts(
            of: Self.fixed, bits: bits, second: .firstRounding, source: PhiloxSource(), steps: Self.steps)
        var detected = 0
        for i in u.indices {
            for j in u.indices where i != j {
                let exact = u[i].value * u[j].value
                let error = ((u[i].second * u[j].second - exact * exact) / Double(Self.steps)).squareRoot()
                #expect(abs(means[i][j] - exact) < 5 * error)
            }
            let error = ((u[i].fourth - u[i].second * u[i].second) / Double(Self.steps)).squareRoot()
            let excess = means[i][i] - u[i].value * u[i].value
            #expect(abs(excess - u[i].variance) < 5 * error + 1e-9)
            // Where the prediction stands ten errors clear of zero, the inflation must be seen.
            guard u[i].variance > 10 * error else { continue }
            #expect(excess > 5 * error)
            detected += 1
        }
        #expect(detected >= 5)
    }
}
