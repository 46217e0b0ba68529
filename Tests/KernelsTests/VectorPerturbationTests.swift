import CKernels
import Kernels
import NumberFormats
import Testing

/// Perturbation and update: every level against the reference, bit for bit, whatever the range.
@Suite struct VectorPerturbationTests {
    static let levels = KernelLevel.available.filter { $0 != .reference }
    static let streams = TensorStreams(seed: 0xFEED_5EED_0123_4567, step: 41, query: 3, tensor: 12)

    /// Ranges of a tensor: whole, empty, inside one chunk of 256, whole chunks, across one boundary, and with ragged ends.
    static let ranges = [0..<0, 0..<1, 5..<6, 0..<256, 255..<257, 100..<100, 256..<768, 3..<700, 17..<1003, 960..<1003]

    static func codes(_ count: Int) -> [Int8] {
        // Mostly near the ends of the grid, so that clamps are frequent.
        var source = OperandSource(seed: 8)
        return (0..<count).map { _ in
            let bits = source.next()
            switch bits % 3 {
            case 0: return 127 - Int8(bits >> 8 & 7)
            case 1: return -127 + Int8(bits >> 8 & 7)
            default: return Int8(bits >> 8 & 63)
            }
        }
    }

    @Test(arguments: levels)
    func randomWordsAreThoseOfTheStream(level: KernelLevel) {
        // Across the boundary where the block index grows beyond 32 bits.
        for first in [0, 7, 1 << 32 - 21, 1 << 48 - 80] as [UInt64] {
            let blocks = 37
            let words = GuardedBuffer([UInt32](repeating: 0, count: 4 * blocks))
            let multiplier: [Int32] = [0]
            multiplier.withUnsafeBufferPointer { multiplier in
                guard let base = multiplier.baseAddress else { return }
                var range = zk_tensor_range(
                    seed: Self.streams.seed, step: 41, query: 3, tensor: 12, bits: 8, first: 0, last: 0, columns: 1,
                    multipliers: base, multiplier_per_row: 0, limit: 127, update_purpose: 2)
                zk_random_words(Int32(level.rawValue), &range, 2, first, Int64(blocks), words.start)
            }
            let stream = Self.streams[.secondRounding]
            let expected = (0..<UInt64(blocks)).flatMap { index in
                let block = stream.block(first + index)
                return [block[0], block[1], block[2], block[3]]
            }
            #expect(words.array == expected)
        }
    }

    /// Different multipliers for neighbouring rows, every fifth the largest.
    static func perturbationMultipliers(rows: Int) -> [Int32] {
        (0..<rows).map { (row: Int) -> Int32 in
            if row % 5 == 0 { return 16_777_215 }
            return Int32(row * 7919 % 3_000_000 + 1)
        }
    }

    /// Different multipliers of both signs.
    static func updateMultipliers(rows: Int) -> [Int32] {
        (0..<rows).map { (row: Int) -> Int32 in Int32(row * 7919 % 3_000_000) - 1_500_000 }
    }

    struct PerturbationResult: Equatable {
        var plus: [Int8]
        var minus: [Int8]
        var statistics: PerturbationStatistics
    }

    static func perturbed(
        _ level: KernelLevel, _ codes: [Int8], _ elements: Range<Int>, columns: Int, multipliers: [Int32],
        bits: PerturbationBits
    ) -> PerturbationResult {
        // The tensor ends where the range does, at a page that faults.
        let codes = GuardedBuffer(Array(codes[..<elements.upperBound]))
        let plus = GuardedBuffer([Int8](repeating: 99, count: codes.count))
        let minus = GuardedBuffer([Int8](repeating: 99, count: codes.count))
        let multipliers = GuardedBuffer(multipliers)
        let statistics = Kernels(level: level).perturb(
            codes.start, elements: elements, columns: columns,
            multipliers: UnsafeBufferPointer(start: multipliers.start, count: multipliers.count), bits: bits,
            streams: streams, plus: plus.start, minus: minus.start)
        return PerturbationResult(plus: plus.array, minus: minus.array, statistics: statistics)
    }

    @Test(arguments: levels, PerturbationBits.allCases)
    func perturbationEqualsTheReference(level: KernelLevel, bits: PerturbationBits) {
        let codes = Self.codes(1003)
        for columns in [1, 10, 59, 64, 200, 1003] {
            for elements in Self.ranges {
                let rows = (elements.upperBound + columns - 1) / columns
                let each = Self.perturbationMultipliers(rows: max(rows, 2))
                let choices: [[Int32]] = [each, [1788], [1_310_720], [1]]
                for multipliers in choices {
                    let fast = Self.perturbed(
                        level, codes, elements, columns: columns, multipliers: multipliers, bits: bits)
                    let reference = Self.perturbed(
                        .reference, codes, elements, columns: columns, multipliers: multipliers, bits: bits)
                    #expect(fast == reference, "\(columns) columns, \(elements)")
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available)
    func perturbationMovesAndClampsAndSaysSo(level: KernelLevel) {
        let codes = Self.codes(1003)
        // Ten grid steps a standard deviation; a third of the codes lies within 7 of each end.
        let result = Self.perturbed(level, codes, 0..<1003, columns: 1003, multipliers: [17_880], bits: .eight)
        #expect(result.statistics.moved > 900 && result.statistics.moved < 1003)
        #expect(result.statistics.clampedPlus > 60 && result.statistics.clampedPlus < 300)
        #expect(result.statistics.clampedMinus > 60 && result.statistics.clampedMinus < 300)
        // Σ d² of 1003 weights, d of variance 100: within five standard errors of 100·√(1.7/1003).
        #expect(abs(Double(result.statistics.squareSum) / 1003 - 100) < 21)
    }

    @Test(arguments: levels)
    func perturbationWritesOnePassAloneOrInPlace(level: KernelLevel) {
        let codes = Self.codes(1003)
        let both = Self.perturbed(level, codes, 0..<1003, columns: 1003, multipliers: [1788], bits: .eight)
        let multipliers: [Int32] = [1788]
        for isPlus in [true, false] {
            let out = GuardedBuffer(codes)
            let statistics = multipliers.withUnsafeBufferPointer {
                Kernels(level: level).perturb(
                    out.start, elements: 0..<1003, columns: 1003, multipliers: $0, bits: .eight,
                    streams: Self.streams, plus: isPlus ? out.start : nil, minus: isPlus ? nil : out.start)
            }
            #expect(out.array == (isPlus ? both.plus : both.minus))
            #expect(statistics == both.statistics)
        }
    }

    @Test(arguments: levels)
    func partsOfATensorMakeTheWhole(level: KernelLevel) {
        let codes = Self.codes(1003)
        let whole = Self.perturbed(level, codes, 0..<1003, columns: 59, multipliers: [70_000], bits: .four)
        var sum = PerturbationStatistics()
        for part in [0..<1, 1..<250, 250..<640, 640..<1003] {
            let result = Self.perturbed(level, codes, part, columns: 59, multipliers: [70_000], bits: .four)
            #expect(result.plus[part] == whole.plus[part] && result.minus[part] == whole.minus[part])
            sum = sum + result.statistics
        }
        #expect(sum == whole.statistics)
    }

    struct UpdateResult: Equatable {
        var codes: [Int8]
        var residuals: [UInt8]
        var statistics: UpdateStatistics
    }

    static func updated(
        _ level: KernelLevel, _ codes: [Int8], _ elements: Range<Int>, columns: Int, multipliers: [Int32],
        bits: PerturbationBits, rounding: UpdateRounding
    ) -> UpdateResult {
        let codes = GuardedBuffer(Array(codes[..<elements.upperBound]))
        var width = 0
        if case .residual(let bits) = rounding { width = bits.rawValue / 8 }
        var source = OperandSource(seed: 6)
        let residuals = GuardedBuffer((0..<codes.count * width).map { _ in UInt8(truncatingIfNeeded: source.next()) })
        let multipliers = GuardedBuffer(multipliers)
        let statistics = Kernels(level: level).update(
            codes.start, residuals: width > 0 ? UnsafeMutableRawPointer(residuals.start) : nil, elements: elements,
            columns: columns, multipliers: UnsafeBufferPointer(start: multipliers.start, count: multipliers.count),
            bits: bits, rounding: rounding, streams: streams)
        return UpdateResult(codes: codes.array, residuals: residuals.array, statistics: statistics)
    }

    static let roundings: [UpdateRounding] = [.stochastic, .nearest, .residual(.eight), .residual(.sixteen)]

    @Test(arguments: levels, roundings)
    func updateEqualsTheReference(level: KernelLevel, rounding: UpdateRounding) {
        let codes = Self.codes(1003)
        let limit = UpdateScalars.multiplierLimit
        for bits in PerturbationBits.allCases {
            for columns in [1, 59, 64, 1003] {
                for elements in Self.ranges {
                    let rows = (elements.upperBound + columns - 1) / columns
                    let each = Self.updateMultipliers(rows: max(rows, 2))
                    let choices: [[Int32]] = [each, [limit], [-limit], [131_072], [0]]
                    for multipliers in choices {
                        let fast = Self.updated(
                            level, codes, elements, columns: columns, multipliers: multipliers, bits: bits,
                            rounding: rounding)
                        let reference = Self.updated(
                            .reference, codes, elements, columns: columns, multipliers: multipliers, bits: bits,
                            rounding: rounding)
                        #expect(fast == reference, "\(columns) columns, \(elements)")
                    }
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available, roundings)
    func updateMovesAndClampsAndSaysSo(level: KernelLevel, rounding: UpdateRounding) {
        let result = Self.updated(
            level, Self.codes(1003), 0..<1003, columns: 1003, multipliers: [UpdateScalars.multiplierLimit],
            bits: .eight, rounding: rounding)
        #expect(result.statistics.moved > 500 && result.statistics.clamped > 200)
        #expect(result.statistics.moved < 1003 && result.statistics.clamped < 600)
    }
}
