import FineTuning
import Foundation
import NumberFormats
import Programs

extension IndependentCase {
    private static let roundings = ["stochastic", "nearest", "residual:8", "residual:16"]

    private static let w4a8 = StepFormats(
        weights: .int4, activations: .int8, attention: .int8, head: .int8, embedding: .fp32)
    /// INT4 but for attention and the head.
    private static let w4a4 = StepFormats(
        weights: .int4, activations: .int4, attention: .int8, head: .int8, embedding: .fp32)
    private static let int4 = StepFormats(all: .int4)

    static let embedded: [IndependentCase] =
        w8a8Embedded + formatsEmbedded + queriesEmbedded + zoqoEmbedded + adaptersEmbedded

    static let odd: [IndependentCase] = w8a8Odd + formatsOdd + queriesOdd + zoqoOdd + adaptersOdd

    // MARK: QuZO, one query, INT8

    private static let w8a8Embedded: [IndependentCase] = {
        var cases: [IndependentCase] = []
        // Every pair of rounding, bits and trainable set, with either head.
        for (i, rounding) in roundings.enumerated() {
            for (j, bits) in [2, 4, 8].enumerated() {
                for newHead in [false, true] {
                    let trainable = ["all", "last:1", "head"][(i + j) % 3]
                    cases.append(
                        IndependentCase(rounding: rounding, bits: bits, trainable: trainable, newHead: newHead))
                }
            }
        }
        for rounding in roundings {
            // The size in weight units: a multiplier a row.
            cases.append(IndependentCase(rounding: rounding, size: "epsilon:0.002", rate: 0.02, newHead: true))
            // A seed above 2^32, update multipliers at their limit, and steps enough to clamp codes.
            cases.append(
                IndependentCase(
                    rounding: rounding, size: "steps:3.7", rate: 5e4, schedule: .constant, seed: 0xFEDC_BA98_7654_3210,
                    advance: 12))
        }
        // Losses so far apart that their difference is rounded.
        cases.append(IndependentCase(size: "steps:40.0", rate: 500, batch: 1, seed: 3, advance: 6))
        // The third batch ends in the second epoch.
        cases.append(IndependentCase(batch: 1700))
        return cases
    }()

    /// 71 examples: batches reach over epochs.
    private static let w8a8Odd: [IndependentCase] =
        roundings.flatMap { rounding in
            [
                IndependentCase(rounding: rounding, rate: 60, advance: 12),
                IndependentCase(
                    rounding: rounding, bits: 4, rate: 200, trainable: "last:1", newHead: true, advance: 6),
            ]
        } + [
            IndependentCase(rounding: "residual:8", size: "epsilon:0.003", rate: 0.005, newHead: true, advance: 6),
            IndependentCase(rounding: "residual:16", rate: 60, batch: 200),
            IndependentCase(rate: 60, advance: 8, validationFraction: 0.3),
        ]

    // MARK: INT4 and the estimator

    /// Each kind of operand in INT4 by itself shows that no product takes another's format.
    private static let oneKind = [
        StepFormats(weights: .int8, activations: .int4, attention: .int8, head: .int8, embedding: .fp32),
        StepFormats(weights: .int8, activations: .int8, attention: .int4, head: .int8, embedding: .fp32),
        StepFormats(weights: .int8, activations: .int8, attention: .int8, head: .int4, embedding: .fp32),
    ]

    private static let formatsEmbedded: [IndependentCase] = {
        var cases: [IndependentCase] = []
        for (i, formats) in [w4a8, w4a4, int4].enumerated() {
            for (j, rounding) in roundings.enumerated() {
                // A few grid steps at most, so that most codes are inside their range.
                var example = IndependentCase(formats: formats, rounding: rounding, rate: 15, advance: 5)
                example.newHead = (i + j) % 2 == 0
                example.trainable = ["all", "last:1"][j / 2]
                cases.append(example)
                example.size = "epsilon:0.02"
                example.rate = 0.005
                example.newHead.toggle()
                example.bits = [8, 4, 2][(i + j) % 3]
                example.trainable = ["all", "head", "last:1"][(i + j) % 3]
                example.estimator = .qRGE1
                cases.append(example)
            }
        }
        for formats in oneKind {
            cases.append(IndependentCase(formats: formats, rounding: "residual:8", rate: 200))
            cases.append(IndependentCase(formats: formats, rate: 200, newHead: true))
        }
        // Codes at their limit, from far beyond it.
        cases.append(IndependentCase(formats: int4, size: "steps:20.0", rate: 5e4, schedule: .constant, advance: 8))
        for (i, rounding) in roundings.enumerated() {
            for (j, bits) in [2, 4, 8].enumerated() {
                cases.append(
                    IndependentCase(
                        estimator: .qRGE1, rounding: rounding, bits: bits,
                        trainable: ["all", "last:1", "head"][(i + j) % 3],
                        newHead: (i + j) % 2 == 0))
            }
        }
        return cases
    }()

    private static let formatsOdd: [IndependentCase] = {
        var cases: [IndependentCase] = []
        for (i, formats) in [w4a8, w4a4, int4].enumerated() {
            for (j, rounding) in roundings.enumerated() {
                var example = IndependentCase(formats: formats, rounding: rounding, rate: 10, advance: 6)
                example.newHead = (i + j) % 2 == 0
                example.trainable = ["all", "last:1"][j / 2]
                example.estimator = [.qRGE2, .qRGE1][j % 2]
                cases.append(example)
            }
            cases.append(
                IndependentCase(
                    formats: formats, rounding: "residual:16", size: "epsilon:0.03", rate: 0.02, newHead: i != 1,
                    advance: 6))
        }
        for formats in oneKind { cases.append(IndependentCase(formats: formats, rate: 40, newHead: true)) }
        return cases
    }()

    // MARK: Several queries

    /// Every number of queries with every rounding, size and head, each with one trainable set, so that any two of
    /// these meet; with all three sets if ZEROTH_ALL_CASES is 1.
    private static func queryCases(rates: (steps: Double, epsilon: Double), epsilon: String) -> [IndependentCase] {
        let all = ProcessInfo.processInfo.environment["ZEROTH_ALL_CASES"] == "1"
        var cases: [IndependentCase] = []
        for (i, queries) in [2, 3, 5].enumerated() {
            for (j, rounding) in roundings.enumerated() {
                for (k, size) in ["steps:1.0", epsilon].enumerated() {
                    for newHead in [false, true] {
                        for (l, trainable) in ["all", "last:1", "head"].enumerated()
                        where all || l == (i + j + k + (newHead ? 1 : 0)) % 3 {
                            var example = IndependentCase(
                                queries: queries, rounding: rounding, size: size,
                                rate: k == 0 ? rates.steps : rates.epsilon, trainable: trainable, newHead: newHead)
                            if (i + j) % 3 == 1 { example.estimator = .qRGE1 }
                            if (i + 2 * j + k) % 4 == 2 { example.bits = 4 }
                            cases.append(example)
                        }
                    }
                }
            }
        }
        return cases
    }

    private static let queriesEmbedded: [IndependentCase] =
        queryCases(rates: (2000, 0.02), epsilon: "epsilon:0.002") + [
            IndependentCase(formats: w4a8, queries: 2, rounding: "residual:8", rate: 15, newHead: true, advance: 5),
            IndependentCase(formats: w4a4, queries: 3, rounding: "residual:16", rate: 15, advance: 5),
            IndependentCase(
                formats: int4, queries: 5, rounding: "nearest", size: "epsilon:0.02", rate: 0.005, newHead: true),
            IndependentCase(formats: int4, estimator: .qRGE1, queries: 2, rate: 15, trainable: "last:1", advance: 5),
            // Steps of several queries that together pass the range: added before they are clamped.
            IndependentCase(queries: 3, size: "steps:3.7", rate: 5e4, schedule: .constant, advance: 8),
            IndependentCase(queries: 4, rounding: "residual:16", size: "steps:3.7", rate: 5e4, advance: 8),
            // The most there are.
            IndependentCase(
                queries: 64, rounding: "residual:8", trainable: "last:1", newHead: true, batch: 4, advance: 2),
        ]

    private static let queriesOdd: [IndependentCase] =
        queryCases(rates: (60, 0.005), epsilon: "epsilon:0.003") + [
            IndependentCase(formats: w4a4, queries: 3, rounding: "residual:8", rate: 10, newHead: true, advance: 6),
            IndependentCase(formats: int4, queries: 2, size: "epsilon:0.03", rate: 0.02, advance: 6),
            IndependentCase(queries: 3, rate: 60, advance: 8, validationFraction: 0.3),
        ]

    // MARK: ZOQO

    private static func zoqo(
        _ size: String, rate: Double, schedule: RunSettings.Schedule = .constant, formats: StepFormats = .w8a8,
        queries: Int = 1, trainable: String = "all", newHead: Bool = false, batch: Int = 16, advance: Int = 5,
        total: Int = 100, seed: UInt64 = 7
    ) -> IndependentCase {
        IndependentCase(
            method: .zoqo, formats: formats, queries: queries, size: size, rate: rate, schedule: schedule,
            trainable: trainable, newHead: newHead, batch: batch, seed: seed, advance: advance, total: total)
    }

    /// Sizes in steps, whole and not, and in weight units, with one query and three, each format, set and head.
    private static func zoqoCases(epsilon: String, rate: Double) -> [IndependentCase] {
        var cases: [IndependentCase] = []
        for (i, size) in ["steps:1", "steps:2.9", epsilon].enumerated() {
            for (j, queries) in [1, 3].enumerated() {
                for (k, formats) in [.w8a8, w4a8, w4a4, int4].enumerated() {
                    for newHead in [false, true] {
                        var example = zoqo(
                            size, rate: i == 2 ? rate : [1, 2.5, 4][(j + k) % 3], formats: formats, queries: queries,
                            trainable: ["all", "last:1", "head"][(i + j + k + (newHead ? 1 : 0)) % 3], newHead: newHead)
                        if (j + k) % 2 == 1 {
                            // Ends with a step of less than one, which is one.
                            example.schedule = .linear
                            example.total = example.advance
                        }
                        cases.append(example)
                    }
                }
            }
        }
        return cases
    }

    private static let zoqoEmbedded: [IndependentCase] =
        zoqoCases(epsilon: "epsilon:0.004", rate: 0.01) + [
            zoqo("steps:1", rate: 1, newHead: true, advance: 20, seed: 0xFEDC_BA98_7654_3210),
            zoqo(
                "steps:2.9", rate: 3.5, schedule: .linear, queries: 2, newHead: true, batch: 1700, advance: 3, total: 4),
        ]

    private static let zoqoOdd: [IndependentCase] =
        zoqoCases(epsilon: "epsilon:0.01", rate: 0.02) + [
            // Whole grid steps end at 32767, in noise and in steps. Where the losses are equal nothing moves.
            zoqo("steps:32767", rate: 32767, newHead: true, batch: 1, advance: 10),
            zoqo("steps:40000.5", rate: 1e6, queries: 3, newHead: true, batch: 1, advance: 10),
            zoqo("epsilon:3000", rate: 1e30, queries: 2, newHead: true, batch: 1, advance: 6),
            // Sizes and steps below one are one.
            zoqo("steps:0.4", rate: 0.2, newHead: true),
            zoqo("epsilon:1e-9", rate: 1e-9, formats: int4, newHead: true, advance: 6),
        ]
}
