import Kernels
import NumberFormats
import Testing

/// Products of floating-point codes: every level against the reference in NumberFormats, bit for bit.
@Suite struct FloatProductTests {
    static let formats: [ElementFormat] = [.e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .bf16, .fp16]

    static let accumulators: [ProductAccumulator] =
        [.sequential, .exact]
        + [1, 3, 4, 16, 32].map { .grouped($0) }
        + [(1, 1), (3, 7), (4, 13), (16, 25), (16, 26), (32, 13), (32, 27), (5, 40), (1024, 40)].flatMap {
            group, bits in
            ProductAccumulator.AlignedOutput.allCases.map {
                .aligned(group: group, fractionBits: bits, output: $0)
            }
        }

    static let orders: [AccumulationOrder] = [.reentry, .blocked(1), .blocked(5), .blocked(32), .blocked(100_000)]

    static func expectEqual(
        _ arithmetic: DotProduct, _ operands: FloatOperands, levels: [KernelLevel] = fastLevels, threads: Int = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = operands.reference(arithmetic)
        for level in levels {
            let found = operands.product(arithmetic, level: level, threads: threads)
            guard found != expected else { continue }
            let i = zip(found, expected).enumerated().first { $1.0 != $1.1 }!.offset
            let (row, column) = (i / operands.n, i % operands.n)
            Issue.record(
                """
                \(level) \(arithmetic.aFormat)·\(arithmetic.bFormat) \(arithmetic.accumulator) \(arithmetic.order) \(operands.name): \
                [\(row), \(column)] is \(String(found[i], radix: 16)), should be \(String(expected[i], radix: 16)); \
                \(zip(found, expected).count { $0 != $1 }) of \(found.count) differ
                """, sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: formats)
    func everyPairOfFormatsAndAccumulatorEqualsTheReference(_ aFormat: ElementFormat) {
        var source = OperandSource(seed: 1)
        for bFormat in Self.formats {
            for accumulator in Self.accumulators {
                let style = FloatOperands.Style.allCases[Int(source.next() % 9)]
                let order = Self.orders[Int(source.next() % 5)]
                let operands = FloatOperands(3, 18, 37, aFormat, bFormat, style, &source)
                let arithmetic = DotProduct(aFormat, bFormat, accumulator: accumulator, order: order)
                Self.expectEqual(arithmetic, operands)
            }
        }
    }

    @Test(arguments: FloatOperands.Style.allCases)
    func adversarialOperandsEqualTheReference(_ style: FloatOperands.Style) {
        var source = OperandSource(seed: 2)
        for format in Self.formats {
            for accumulator in Self.accumulators {
                let operands = FloatOperands(2, 17, 70, format, format, style, &source)
                for order in [AccumulationOrder.reentry, .blocked(32)] {
                    let arithmetic = DotProduct(format, format, accumulator: accumulator, order: order)
                    Self.expectEqual(arithmetic, operands)
                }
            }
        }
    }

    @Test func everyOrderEqualsTheReference() {
        var source = OperandSource(seed: 3)
        for format in [ElementFormat.e4m3, .e5m2, .bf16, .fp16] {
            let operands = FloatOperands(2, 5, 131, format, format, .uniform, &source)
            for accumulator in [
                ProductAccumulator.sequential, .grouped(3), .grouped(16), .exact,
                .aligned(group: 16, fractionBits: 13, output: .e8m13),
            ] {
                for order in Self.orders {
                    let arithmetic = DotProduct(format, format, accumulator: accumulator, order: order)
                    Self.expectEqual(arithmetic, operands)
                }
            }
        }
    }

    @Test func oddShapesEqualTheReference() {
        var source = OperandSource(seed: 4)
        var shapes = [(1, 1, 1), (1, 33, 2), (13, 1, 5), (48, 16, 3), (49, 31, 4), (12, 32, 1), (11, 15, 129)]
        shapes += (1...25).map { ($0, 19, 6) }
        for (m, n, k) in shapes {
            for (aFormat, bFormat) in [(ElementFormat.e4m3, ElementFormat.e4m3), (.e5m2, .fp16), (.bf16, .bf16)] {
                let operands = FloatOperands(m, n, k, aFormat, bFormat, .uniform, &source)
                for accumulator in [
                    ProductAccumulator.sequential, .grouped(4), .exact,
                    .aligned(group: 4, fractionBits: 13, output: .e8m13),
                    .aligned(group: 4, fractionBits: 30, output: .fp32),
                ] {
                    let arithmetic = DotProduct(aFormat, bFormat, accumulator: accumulator, order: .reentry)
                    Self.expectEqual(arithmetic, operands)
                }
            }
        }
    }

    @Test(arguments: formats)
    func depthOf16384EqualsTheReference(_ format: ElementFormat) {
        var source = OperandSource(seed: 5)
        for style in [FloatOperands.Style.uniform, .spread, .largest, .cancelling] {
            let operands = FloatOperands(1, 2, 16_384, format, format, style, &source)
            for accumulator in [
                ProductAccumulator.sequential, .grouped(16), .grouped(1000), .exact,
                .aligned(group: 32, fractionBits: 13, output: .e8m13),
                .aligned(group: 16, fractionBits: 25, output: .fp32),
            ] {
                let arithmetic = DotProduct(format, format, accumulator: accumulator, order: .reentry)
                Self.expectEqual(arithmetic, operands)
            }
        }
    }

    @Test func emptyDepthGivesZeros() {
        var source = OperandSource(seed: 6)
        let operands = FloatOperands(2, 3, 0, .e4m3, .e4m3, .uniform, &source)
        for accumulator in Self.accumulators {
            Self.expectEqual(DotProduct(.e4m3, .e4m3, accumulator: accumulator, order: .reentry), operands)
        }
    }

    @Test func threadsDecideNoBit() {
        var source = OperandSource(seed: 7)
        for (aFormat, bFormat) in [(ElementFormat.e4m3, ElementFormat.e4m3), (.e5m2, .e5m2), (.bf16, .bf16)] {
            let operands = FloatOperands(101, 75, 66, aFormat, bFormat, .normal, &source)
            for accumulator in [
                ProductAccumulator.sequential, .grouped(4), .exact,
                .aligned(group: 32, fractionBits: 13, output: .e8m13),
            ] {
                let arithmetic = DotProduct(aFormat, bFormat, accumulator: accumulator, order: .blocked(20))
                for level in fastLevels {
                    let one = operands.product(arithmetic, level: level, threads: 1)
                    #expect(operands.product(arithmetic, level: level, threads: 2) == one)
                    #expect(operands.product(arithmetic, level: level, threads: 7) == one)
                    #expect(one == operands.product(arithmetic, level: .scalar, threads: 1))
                }
            }
        }
    }

    /// More rows than are decoded at once: 4 MiB are 64 rows here, and eight blocks 96; more columns than lie decoded at once.
    @Test func piecesOfLargeOperandsEqualTheReference() {
        var source = OperandSource(seed: 8)
        let (m, n, k) = (109, 37, 8192)
        let operands = FloatOperands(m, n, k, .e4m3, .e5m2, .normal, &source)
        for accumulator in [ProductAccumulator.sequential, .grouped(16)] {
            let arithmetic = DotProduct(.e4m3, .e5m2, accumulator: accumulator, order: .reentry)
            for threads in [1, 2] {
                let all = operands.product(arithmetic, level: .highestAvailable, threads: threads)
                for (row, column) in [(0, 0), (95, 31), (96, 36), (108, 0), (108, 36)] {
                    let a = operands.aCodes[(row * k)..<((row + 1) * k)]
                    let b = operands.bCodes[(column * k)..<((column + 1) * k)]
                    #expect(all[row * n + column] == arithmetic.floatSum(a, b).bitPattern)
                }
            }
        }
    }
}
