import Kernels
import NumberFormats
import Testing

/// ZOQO's perturbation and updates of several queries: every level against the reference, bit for bit, whatever the range.
@Suite struct QueryStepTests {
    static let levels = KernelLevel.available.filter { $0 != .reference }
    static let streams = VectorPerturbationTests.streams
    static let ranges = VectorPerturbationTests.ranges

    /// Codes in ±limit, mostly near its ends.
    static func codes(limit: Int8) -> [Int8] {
        VectorPerturbationTests.codes(1003).map { max(-limit, min(limit, limit == 7 ? $0 / 16 : $0)) }
    }

    static func lengths(rows: Int) -> [Int32] {
        (0..<rows).map { row in row % 4 == 0 ? 32767 : Int32(row % 9 + 1) }
    }

    @Test(arguments: levels, [127, 7] as [Int8])
    func gridPerturbationEqualsTheReference(level: KernelLevel, limit: Int8) {
        let codes = Self.codes(limit: limit)
        for columns in [1, 59, 64, 1003] {
            for elements in Self.ranges {
                let rows = max(2, (elements.upperBound + columns - 1) / columns)
                for largest in [Self.lengths(rows: rows), [1], [32767]] {
                    func perturbed(_ level: KernelLevel) -> ([Int8], [Int8], PerturbationStatistics) {
                        let source = GuardedBuffer(Array(codes[..<elements.upperBound]))
                        let plus = GuardedBuffer([Int8](repeating: 99, count: source.count))
                        let minus = GuardedBuffer([Int8](repeating: 99, count: source.count))
                        let statistics = largest.withUnsafeBufferPointer {
                            Kernels(level: level).perturbOnGrid(
                                source.start, elements: elements, columns: columns, largest: $0,
                                streams: Self.streams, plus: plus.start, minus: minus.start, limit: Int32(limit))
                        }
                        return (plus.array, minus.array, statistics)
                    }
                    let (fast, reference) = (perturbed(level), perturbed(.reference))
                    #expect(fast == reference, "\(columns) columns, \(elements)")
                    #expect(fast.0[elements].allSatisfy { abs(Int($0)) <= Int(limit) })
                }
            }
        }
    }

    /// What queries' steps make of a range, and the codes and residuals that are left.
    struct Result: Equatable {
        var steps: [Int32]
        var codes: [Int8]
        var residuals: [UInt8]
        var statistics: UpdateStatistics
    }

    static func updated(
        _ level: KernelLevel, _ elements: Range<Int>, columns: Int, limit: Int8, rounding: UpdateRounding,
        estimator: GradientEstimator, queries: UInt16
    ) -> Result {
        let kernels = Kernels(level: level)
        let codes = GuardedBuffer(Array(Self.codes(limit: limit)[..<elements.upperBound]))
        let steps = GuardedBuffer([Int32](repeating: 0, count: elements.upperBound))
        var source = OperandSource(seed: 6)
        let residuals = GuardedBuffer(
            (0..<codes.count * rounding.residualBits / 8).map { _ in UInt8(truncatingIfNeeded: source.next()) })
        let rows = max(2, (elements.upperBound + columns - 1) / columns)
        for query in 0..<queries {
            let streams = TensorStreams(seed: 9, step: 2, query: query, tensor: 4)
            if query % 2 == 0 {
                VectorPerturbationTests.updateMultipliers(rows: rows).withUnsafeBufferPointer {
                    kernels.addStep(
                        to: steps.start, elements: elements, columns: columns, multipliers: $0, bits: .eight,
                        rounding: rounding, streams: streams, estimator: estimator)
                }
            } else {
                Self.lengths(rows: rows).withUnsafeBufferPointer { lengths in
                    kernels.addSignStep(
                        to: steps.start, elements: elements, columns: columns, largest: lengths, lengths: lengths,
                        sign: query == 1 ? -1 : 1, streams: streams)
                }
            }
        }
        let statistics = kernels.applySteps(
            steps.start, to: codes.start,
            residuals: rounding.residualBits > 0 ? UnsafeMutableRawPointer(residuals.start) : nil, elements: elements,
            rounding: rounding, limit: Int32(limit))
        return Result(steps: steps.array, codes: codes.array, residuals: residuals.array, statistics: statistics)
    }

    @Test(arguments: levels, VectorPerturbationTests.roundings)
    func sumsOfQueriesEqualTheReference(level: KernelLevel, rounding: UpdateRounding) {
        for limit in [127, 7] as [Int8] {
            for estimator in GradientEstimator.allCases {
                for columns in [1, 59, 1003] {
                    for elements in Self.ranges {
                        let results = [level, .reference].map {
                            Self.updated(
                                $0, elements, columns: columns, limit: limit, rounding: rounding,
                                estimator: estimator, queries: 4)
                        }
                        #expect(results[0] == results[1], "\(columns) columns, \(elements), ±\(limit)")
                    }
                }
            }
        }
    }

    /// One query's step, added up and applied, is what `update` does at once; with either limit and estimator.
    @Test(arguments: KernelLevel.available, VectorPerturbationTests.roundings)
    func oneQueryAddedUpIsTheUpdate(level: KernelLevel, rounding: UpdateRounding) {
        for limit in [127, 7] as [Int8] {
            for estimator in GradientEstimator.allCases {
                let apart = Self.updated(
                    level, 3..<700, columns: 59, limit: limit, rounding: rounding, estimator: estimator, queries: 1)
                let codes = GuardedBuffer(Array(Self.codes(limit: limit)[..<700]))
                var source = OperandSource(seed: 6)
                let residuals = GuardedBuffer(
                    (0..<700 * rounding.residualBits / 8).map { _ in UInt8(truncatingIfNeeded: source.next()) })
                let statistics = VectorPerturbationTests.updateMultipliers(rows: 12).withUnsafeBufferPointer {
                    Kernels(level: level).update(
                        codes.start,
                        residuals: rounding.residualBits > 0 ? UnsafeMutableRawPointer(residuals.start) : nil,
                        elements: 3..<700, columns: 59, multipliers: $0, bits: .eight, rounding: rounding,
                        streams: TensorStreams(seed: 9, step: 2, query: 0, tensor: 4), estimator: estimator,
                        limit: Int32(limit))
                }
                #expect(codes.array == apart.codes && residuals.array == apart.residuals)
                #expect(statistics == apart.statistics)
            }
        }
    }

    /// INT4 codes of the row quantizer are those of the general one, which is written from another section.
    @Test(arguments: KernelLevel.available)
    func rowsQuantizedToFourBitsAreTheGeneralQuantizers(level: KernelLevel) throws {
        var source = OperandSource(seed: 21)
        for columns in [1, 7, 16, 33, 200] {
            let x = (0..<5 * columns).map { _ in Float(Int(source.next() >> 32 & 0xFFFF) - 32768) / 977 }
            var codes = [Int8](repeating: 99, count: x.count)
            var scales = [Float](repeating: 0, count: 5)
            Kernels(level: level).quantizeRows(
                x, rowStride: columns, rows: 5, columns: columns, codes: &codes, codeStride: columns, scales: &scales,
                limit: 7)
            let quantizer = try Quantizer(format: .int4, granularity: .channel)
            let expected = x.withUnsafeBufferPointer { quantizer.quantized($0, rows: 5, columns: columns) }
            #expect(codes.map(Int16.init) == expected.codes)
            #expect(scales.map(\.bitPattern) == expected.parameters.map(\.scale.bitPattern))
        }
    }
}
