import NumberFormats
import Testing

/// The reused pool: what it reads, and what reuse costs.
@Suite struct PoolSourceTests {
    static let stream = RandomStream(seed: 99, step: 5, query: 0, purpose: .perturbation, tensor: 3)

    @Test(arguments: [2, 63, 64, 1000])
    func elementsReadTheRotatedPool(poolWords: Int) throws {
        let source = try PoolSource(poolWords: poolWords)
        let pool = source.pool(seed: 99)
        let words = source.words(of: Self.stream, elements: 0..<3 * poolWords)
        for (e, word) in words.enumerated() {
            let rotation = source.rotation(ofBlock: e / poolWords, of: Self.stream)
            #expect(0..<poolWords ~= rotation)
            #expect(word == pool[(e + rotation) % poolWords])
            #expect(source.half(of: Self.stream, at: e) == UInt16(truncatingIfNeeded: word))
        }
    }

    @Test func thePoolBelongsToTheSeedAlone() throws {
        let source = try PoolSource(poolWords: 256)
        #expect(Set(source.pool(seed: 1)).count == 256)
        #expect(source.pool(seed: 1) != source.pool(seed: 2))
        // Other steps, purposes and tensors rotate the same pool by other amounts.
        let pool = Set(source.pool(seed: 99))
        var rotations: Set<Int> = []
        for purpose in RandomPurpose.allCases {
            for step in 0..<8 as Range<UInt32> {
                let stream = RandomStream(seed: 99, step: step, query: 0, purpose: purpose, tensor: 3)
                #expect(Set(source.words(of: stream, elements: 0..<256)) == pool)
                rotations.insert(source.rotation(ofBlock: 0, of: stream))
            }
        }
        // 64 draws of 256: about 56.6 distinct ones are expected, standard deviation 2.3.
        #expect(rotations.count > 44)
    }

    @Test func rotationsAreUniform() throws {
        // Chi-square with 255 degrees of freedom: outside of 161…378 with probability 2e-6.
        let source = try PoolSource(poolWords: 256)
        var counts = [Int](repeating: 0, count: 256)
        for block in 0..<25_600 { counts[source.rotation(ofBlock: block, of: Self.stream)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) / 100 }
        #expect(161...378 ~= chiSquare)
    }

    @Test func everyBlockHasTheSameSumWhereIndependentDrawsVary() throws {
        // The price of reuse: a block is a rotation of every other block, so the sum of its u never varies.
        let words = 512
        func sums(_ source: some RandomSource) -> [Int] {
            (0..<50).map { block in
                RandomDistribution.gaussian
                    .codes(from: source, of: Self.stream, elements: block * words..<(block + 1) * words)
                    .reduce(0) { $0 + Int($1) }
            }
        }
        #expect(Set(sums(try PoolSource(poolWords: words))).count == 1)
        let independent = sums(PhiloxSource())
        #expect(Set(independent).count > 40)
        let variance = independent.reduce(0.0) { $0 + Double($1 * $1) } / 50
        #expect(0.4...1.8 ~= variance / (IrwinHallGaussian.variance * Double(words)))
    }

    @Test func reuseCorrelatesElementsByThePoolsAutocorrelation() throws {
        // Over steps the rotation takes every value, so E[uᵢuⱼ] is the pool's circular autocorrelation at lag j − i within a block, and the
        // pool's squared mean between blocks, where fresh draws give 0. It does not average out: the pool is the same in every step.
        let words = 64
        let steps = 20_000
        let source = try PoolSource(poolWords: words)
        let pool = source.pool(seed: 99).map { Double(IrwinHallGaussian.integer(word: $0)) / 21845.0.squareRoot() }
        let mean = pool.reduce(0, +) / Double(words)
        var inside = [Double](repeating: 0, count: 8)
        var between = 0.0
        var fresh = [Double](repeating: 0, count: 8)
        for step in 0..<UInt32(steps) {
            let stream = RandomStream(seed: 99, step: step, query: 0, purpose: .perturbation, tensor: 3)
            func u(_ source: some RandomSource) -> [Double] {
                RandomDistribution.gaussian.codes(from: source, of: stream, elements: 0..<words + 1)
                    .map { Double($0) / 21845.0.squareRoot() }
            }
            let (reused, independent) = (u(source), u(PhiloxSource()))
            for lag in 1..<8 {
                inside[lag] += reused[0] * reused[lag] / Double(steps)
                fresh[lag] += independent[0] * independent[lag] / Double(steps)
            }
            between += reused[0] * reused[words] / Double(steps)
        }
        // |u| < 3.46 and products have a standard deviation below 2: five standard errors.
        let bound = 5 * 2 / Double(steps).squareRoot()
        var strongest = 0.0
        for lag in 1..<8 {
            let autocorrelation = (0..<words).reduce(0) { $0 + pool[$1] * pool[($1 + lag) % words] } / Double(words)
            #expect(abs(inside[lag] - autocorrelation) < bound)
            #expect(abs(fresh[lag]) < bound)
            strongest = max(strongest, abs(autocorrelation))
        }
        #expect(strongest > 2 * bound)
        #expect(abs(between - mean * mean) < bound)
    }
}
