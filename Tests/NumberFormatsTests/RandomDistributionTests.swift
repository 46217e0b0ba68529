import Foundation
import NumberFormats
import Testing

/// Distributions by exact enumeration: how many words give each code, and what follows for moments and tails.
@Suite struct RandomDistributionTests {
    /// The status of a run of ZEROTH_PYTHON, or python3.
    static func python(_ arguments: [String]) throws -> Int32 {
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = [ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3"] + arguments
        python.standardOutput = FileHandle.nullDevice
        try python.run()
        python.waitUntilExit()
        return python.terminationStatus
    }

    static let hasPython =
        (try? python(["--version"])) == 0 || ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    /// How many of the 2³¹ low words give each magnitude of the table Gaussian.
    static let tableCounts: [Int] = {
        let ends = [0] + TableGaussian.thresholds.map(Int.init) + [1 << 31]
        return zip(ends, ends.dropFirst()).map { $1 - $0 }
    }()

    /// Φ(x).
    static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    @Test func theTableIsTheRoundedErrorFunction() {
        #expect(TableGaussian.thresholds.count == 511)
        for (k, threshold) in TableGaussian.thresholds.enumerated() {
            let exact = 0x1p31 * erf((Double(k) + 0.5) / (85 * 2.0.squareRoot()))
            #expect(abs(exact - Double(threshold)) <= 0.500001)
        }
        #expect(zip(TableGaussian.thresholds, TableGaussian.thresholds.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test(.enabled(if: hasPython, "skipped: no Python"))
    func theScriptGivesTheShippedTable() throws {
        let script = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/NumberFormats/gaussian_table.py")
        #expect(try Self.python([script.path, "--check"]) == 0)
    }

    @Test func theTableIsInvertedExactlyAtEveryThreshold() {
        // Magnitudes are monotone in the word, so the words on both sides of every threshold decide all 2³².
        for (k, threshold) in TableGaussian.thresholds.enumerated() {
            let magnitude = TableGaussian.integer(word: threshold)
            #expect(magnitude == Int32(TableGaussian.thresholds.count { $0 <= threshold }))
            #expect(magnitude > Int32(k))
            #expect(TableGaussian.integer(word: threshold - 1) <= Int32(k))
            #expect(TableGaussian.integer(word: threshold | 1 << 31) == -magnitude)
        }
        #expect(TableGaussian.integer(word: 0) == 0)
        #expect(TableGaussian.integer(word: 0x7FFF_FFFF) == 511)
        #expect(TableGaussian.integer(word: .max) == -511)
    }

    @Test func theTableGaussianHasItsStatedMoments() {
        #expect(Self.tableCounts.reduce(0, +) == 1 << 31)
        let second = Self.tableCounts.enumerated().reduce(0) { $0 + $1.offset * $1.offset * $1.element }
        #expect(second == 15_515_748_257_401)
        #expect(TableGaussian.variance == Double(second) / 0x1p31)
        #expect(abs(TableGaussian.variance - (85 * 85 + 1.0 / 12)) < 3e-5)
        let fourth = Self.tableCounts.enumerated().reduce(0.0) { $0 + pow(Double($1.offset), 4) * Double($1.element) }
        let excess = fourth / 0x1p31 / (TableGaussian.variance * TableGaussian.variance) - 3
        #expect(abs(excess) < 3e-7)
    }

    /// Largest |P(t ≤ k) − Φ((k + ½)/σ)| and P(|t|/σ > x), from the number of draws that give t = −last…last.
    static func fit(_ counts: [Double], variance: Double) -> (distance: Double, tail: (Double) -> Double) {
        let last = counts.count / 2
        let sigma = variance.squareRoot()
        let total = counts.reduce(0, +)
        var below = 0.0
        var distance = 0.0
        for (i, count) in counts.enumerated() {
            below += count
            distance = max(distance, abs(below / total - normal((Double(i - last) + 0.5) / sigma)))
        }
        return (
            distance,
            { x in
                counts.enumerated().reduce(0.0) { $0 + (abs(Double($1.offset - last)) > x * sigma ? $1.element : 0) }
                    / total
            }
        )
    }

    @Test func tailsAreAsClearlyBetterAsTheSemanticsSay() {
        let table = Self.tableCounts.map { Double($0) }
        let symmetric = table.dropFirst().reversed() + [2 * table[0]] + table.dropFirst()
        let (tableDistance, tableTail) = Self.fit(symmetric, variance: TableGaussian.variance)
        let (sumDistance, sumTail) = Self.fit(
            PerturbationTests.draws.map(Double.init), variance: IrwinHallGaussian.variance)
        #expect(tableDistance < 1.5e-6)
        #expect(0.006...0.0075 ~= sumDistance)
        // Beyond x standard deviations, relative to the normal. The table is exact but for where the grid puts the edge.
        for (x, sumRatio) in [(2.0, 0.9365...0.937), (3.0, 0.158...0.1585)] {
            let exact = 2 * Self.normal(-x)
            #expect(sumRatio ~= sumTail(x) / exact)
            #expect(0.97...1.03 ~= tableTail(x) / exact)
        }
        #expect(sumTail(3.46) == 0)
        #expect(0.9...1.1 ~= tableTail(5) / (2 * Self.normal(-5)))
        #expect(tableTail(6.02) == 0 && tableTail(6) > 0)
    }

    @Test func theUniformIsSymmetricWithItsStatedVariance() {
        var counts: [Int32: Int] = [:]
        var second = 0
        var fourth = 0.0
        for half in 0...UInt16.max {
            let t = SymmetricUniform.integer(half: half)
            counts[t, default: 0] += 1
            second += Int(t * t)
            fourth += pow(Double(t), 4)
        }
        #expect(counts.count == 512 && counts.values.allSatisfy { $0 == 128 })
        #expect(counts.keys.min() == -511 && counts.keys.max() == 511)
        #expect(Double(second) / 65536 == SymmetricUniform.variance)
        #expect(abs(fourth / 65536 / (87381 * 87381) - 1.8) < 1e-4)
    }

    @Test(arguments: [1, 2, 3, 7, 100, 127, 1000, 32767])
    func theGridIsUniformToWithinOneWord(largest: Int) throws {
        let grid = try UniformGrid(largest: largest)
        let counts = grid.wordCounts
        let n = UInt64(2 * largest + 1)
        #expect(counts.count == Int(n) && counts.reduce(0, +) == 1 << 32)
        #expect(counts.allSatisfy { $0 == (1 << 32) / n || $0 == (1 << 32) / n + 1 })
        // Steps are monotone in the word: both ends of every run of words decide all of them.
        var word: UInt64 = 0
        var second = 0.0
        for (i, count) in counts.enumerated() {
            let step = Int32(i) - Int32(largest)
            #expect(grid.integer(word: UInt32(word)) == step)
            #expect(grid.integer(word: UInt32(word + count - 1)) == step)
            word += count
            second += Double(step) * Double(step) * Double(count)
        }
        #expect(
            abs(second / 0x1p32 - grid.variance) <= 0x1p-32 * Double(largest * largest) * Double(2 * largest + 1))
    }

    @Test func gridsOutOfRangeAreErrors() {
        #expect(throws: RandomSourceError.grid(0)) { try UniformGrid(largest: 0) }
        #expect(throws: RandomSourceError.grid(32768)) { try UniformGrid(largest: 32768) }
    }

    @Test func rademacherTakesOneBitAnElement() {
        let stream = RandomStream(seed: 4, step: 0, query: 0, purpose: .perturbation, tensor: 0)
        let codes = RandomDistribution.rademacher.codes(from: PhiloxSource(), of: stream, elements: 0..<4096)
        for (e, code) in codes.enumerated() {
            #expect(code == (stream.word(at: e / 32) >> UInt32(e % 32) & 1 == 0 ? 1 : -1))
        }
        let part = RandomDistribution.rademacher.codes(from: PhiloxSource(), of: stream, elements: 37..<1001)
        #expect(part == Array(codes[37..<1001]))
        #expect(RandomDistribution.rademacher.codes(from: PhiloxSource(), of: stream, elements: 5..<5).isEmpty)
    }

    @Test func sampledMomentsAgreeForEverySource() throws {
        // Mean within 5/√N and second moment within 5·√(kurtosis − 1)/√N of unit variance. The pool is a single draw of P words, so N = P.
        let stream = RandomStream(seed: 8, step: 1, query: 0, purpose: .perturbation, tensor: 2)
        let grid = RandomDistribution.grid(try UniformGrid(largest: 5))
        let distributions: [(RandomDistribution, kurtosis: Double)] = [
            (.uniform, 1.8), (.rademacher, 1), (.gaussian, 2.7), (.gaussianTable, 3), (grid, 1.8),
        ]
        let count = 1 << 18
        for source in [
            PhiloxSource(), try SequentialSource(GaloisLFSR(), lanes: 16),
            try SequentialSource(Xoshiro.xoroshiro128AOX, lanes: 2),
            try SequentialSource(Xoshiro.xoshiro128PlusPlus), try SequentialSource(Xoshiro.xoshiro256PlusPlus),
            try SequentialSource(Xoshiro.xoroshiro128Plus), try PoolSource(poolWords: 4096),
        ] as [any RandomSource] {
            for (distribution, kurtosis) in distributions {
                let codes = distribution.codes(from: source, of: stream, elements: 0..<count).map(Double.init)
                let independent = Double(source is PoolSource ? 4096 : count).squareRoot()
                let variance = try #require(distribution.variance)
                let mean = codes.reduce(0, +) / Double(count) / variance.squareRoot()
                let second = codes.reduce(0) { $0 + $1 * $1 } / Double(count) / variance
                #expect(abs(mean) < 5 / independent)
                #expect(abs(second - 1) < 5 * (kurtosis - 1).squareRoot() / independent + 1e-9)
            }
        }
    }

    @Test func perturbationCodesOfEveryDistributionStayInRange() {
        // All three have |t| < 512, so section 5's rounding serves them: it neither leaves the code's range nor is biased.
        for bits in PerturbationBits.allCases {
            for t in [-511, -510, -1, 0, 1, 510, 511] as [Int32] {
                var sum: Int32 = 0
                for r in stride(from: UInt16(0), through: 65408, by: 128) {
                    let code = IrwinHallGaussian.code(integer: t, bits: bits, random: r)
                    #expect(abs(code) <= bits.largestCode)
                    sum += code
                }
                #expect(sum == t * bits.largestCode)
            }
        }
    }
}
