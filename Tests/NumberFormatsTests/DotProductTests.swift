import NumberFormats
import Testing

/// The matrix unit's accumulators on small sums that can be followed by hand, and against each other where they must agree.
@Suite struct DotProductTests {
    private func integers(
        _ a: [Int32], _ b: [Int32], bits: Int, _ overflow: ProductAccumulator.IntegerOverflow,
        _ order: AccumulationOrder = .reentry
    ) -> (sum: Int32, statistics: IntegerStatistics) {
        var statistics = IntegerStatistics()
        let sum = DotProduct(.int8, .int8, accumulator: .integer(bits: bits, overflow: overflow), order: order)
            .integerSum(a, b, statistics: &statistics)
        return (sum, statistics)
    }

    @Test func saturationComesAfterEachAdditionOfTheChain() {
        // 100, 200 → 127, 27: a wrapping register would end at 100 as well, a single saturation at the end too.
        #expect(integers([10, 10, -10], [10, 10, 10], bits: 8, .saturate).sum == 27)
        #expect(integers([10, 10, -10], [10, 10, 10], bits: 8, .wrap).sum == 100)
        #expect(integers([10, 10, -10], [10, 10, 10], bits: 8, .saturate).statistics.overflows == 1)
        // The block −100 + … starts at zero, so nothing saturates inside it; the memory holds 127 and then 27.
        #expect(integers([10, 10, -10, 0], [10, 10, 10, 0], bits: 8, .saturate, .blocked(2)).sum == 27)
        #expect(integers([10, -10, 10, 5], [10, 10, 10, 10], bits: 8, .saturate, .blocked(2)).sum == 127)
    }

    @Test func everyWidthHoldsItsRangeAndNotMore() {
        for bits in 8...32 {
            let largest = IntegerFormat(bits: bits).range.upperBound
            // 2^(bits−1) as a sum of products: one too many.
            let pieces = Int((largest + 1) / 64)
            let a = [Int32](repeating: 8, count: pieces > 1 << 20 ? 0 : pieces)
            guard !a.isEmpty else { continue }
            let wrapped = integers(a, a, bits: bits, .wrap)
            #expect(Int64(wrapped.sum) == -largest - 1)
            #expect(wrapped.statistics.overflows == 1)
            #expect(wrapped.statistics.narrowestWidth == bits + 1)
            #expect(Int64(integers(a, a, bits: bits, .saturate).sum) == largest)
            let negative = a.map { -$0 }
            let lowest = integers(a, negative, bits: bits, .saturate)
            #expect(Int64(lowest.sum) == -largest - 1 && lowest.statistics.overflows == 0)
            #expect(lowest.statistics.narrowestWidth == bits)
        }
    }

    private func floats(
        _ a: [Double], _ b: [Double], _ accumulator: ProductAccumulator, _ order: AccumulationOrder = .reentry,
        _ format: ElementFormat = .e4m3
    ) -> Float {
        func codes(_ x: [Double]) -> [UInt32] { x.map { format.float!.code(exactly: $0)! } }
        return DotProduct(format, format, accumulator: accumulator, order: order).floatSum(codes(a), codes(b))
    }

    @Test func sequentialSumsForgetWhatGroupsKeep() {
        // 2^17 + 2^−9 is beyond 24 bits: lost alone, kept where the group cancels first.
        let a = [256.0, 0x1p-9, -256]
        let b = [448.0, 1, 448]
        #expect(floats(a, b, .sequential) == 0)
        #expect(floats(a, b, .grouped(3)) == 0x1p-9)
        #expect(floats(a, b, .grouped(2)) == 0)
        #expect(floats(a, b, .exact) == 0x1p-9)
        #expect(floats(a, b, .exact, .blocked(1)) == 0x1p-9)
    }

    @Test func alignedSumsCutAtThePlaceOfTheLargestExponent() {
        // 1·1 and 2^−13·…: with 13 fraction bits 2^−13 is the last place kept, 2^−14 is cut.
        let hopper = ProductAccumulator.aligned(group: 32, fractionBits: 13, output: .e8m13)
        #expect(floats([1, 0x1p-7], [1, 0x1p-6], hopper) == 1 + 0x1p-13)
        #expect(floats([1, 0x1p-7], [1, 0x1p-7], hopper) == 1)
        #expect(floats([1, -0x1p-7], [1, 0x1p-7], hopper) == 1)
        // 1.875·1.875 = 3.515625 has exponent 0 although it is above 2: not normalized, so 2^−13 stays in the sum, but e8m13 then has no place for it.
        #expect(floats([1.875, 0x1p-7], [1.875, 0x1p-6], hopper) == 3.515625)
        let wide = ProductAccumulator.aligned(group: 32, fractionBits: 13, output: .fp32)
        #expect(floats([1.875, 0x1p-7], [1.875, 0x1p-6], wide) == 3.515625 + 0x1p-13)
        // Two halves: the sum so far is a term like the products.
        let halves = ProductAccumulator.aligned(group: 1, fractionBits: 13, output: .fp32)
        #expect(floats([0x1p-7, 1], [0x1p-7, 1], halves) == 1)
        // MMA-Sim's probe: many terms that are each cut to nothing.
        #expect(
            floats([1] + Array(repeating: 0x1p-7, count: 31), [1] + Array(repeating: 0x1p-7, count: 31), hopper) == 1)
    }

    /// 2^−9 subnormal times 1: its exponent is −6, as of every subnormal number of E4M3, so with F = 2 it is cut to zero though it is the only term.
    @Test func subnormalTermsAlignByTheirField() {
        let coarse = ProductAccumulator.aligned(group: 4, fractionBits: 2, output: .fp32)
        #expect(floats([0x1p-9], [1], coarse) == 0)
        #expect(floats([0x1p-9 * 3], [1], coarse) == 0x1p-8)
    }

    @Test func specialsAreThoseOfTheExactSum() {
        let formats: [ProductAccumulator] = [
            .sequential, .grouped(4), .exact, .aligned(group: 4, fractionBits: 13, output: .e8m13),
        ]
        for accumulator in formats {
            for order in [AccumulationOrder.reentry, .blocked(2)] {
                let product = DotProduct(.e5m2, .e4m3, accumulator: accumulator, order: order)
                #expect(product.floatSum([0x7C, 0x3C], [0x38, 0x38]) == .infinity)
                #expect(product.floatSum([0xFC, 0x3C], [0x38, 0x38]) == -.infinity)
                for (a, b) in [
                    ([0x7C, 0xFC], [0x38, 0x38]), ([0x7C, 0x3C], [0x00, 0x38]), ([0x3C, 0x3C], [0x7F, 0]),
                ] as [([UInt32], [UInt32])] {
                    #expect(product.floatSum(a, b).bitPattern == 0x7FC0_0000)
                }
                #expect(product.floatSum([0x80, 0x80], [0x38, 0x38]).bitPattern == 0)
                #expect(product.floatSum([], []).bitPattern == 0)
            }
        }
    }

    /// A wide accumulator cuts nothing, a group of one is a chain, and blocks as long as the sum are one chain: for FP8 of few exponents, all agree with the exact sum.
    @Test func accumulatorsAgreeWhereNothingIsLost() {
        let stream = RandomStream(seed: 5, step: 0, query: 0, purpose: .activations, tensor: 0)
        for trial in 0..<200 {
            let codes = (0..<64).map { stream.word(at: 64 * trial + $0) & 0x9F | 0x20 }
            let (a, b) = (Array(codes[..<32]), Array(codes[32...]))
            func sum(_ accumulator: ProductAccumulator, _ order: AccumulationOrder) -> UInt32 {
                DotProduct(.e4m3, .e4m3, accumulator: accumulator, order: order).floatSum(a, b).bitPattern
            }
            let exact = sum(.exact, .reentry)
            for accumulator: ProductAccumulator in [
                .sequential, .grouped(1), .grouped(5), .aligned(group: 8, fractionBits: 40, output: .fp32),
            ] {
                for order in [AccumulationOrder.reentry, .blocked(7), .blocked(100)] {
                    #expect(sum(accumulator, order) == exact)
                }
            }
        }
    }

    @Test func badArithmeticIsNamed() {
        func problem(_ a: ElementFormat, _ b: ElementFormat, _ accumulator: ProductAccumulator) -> String? {
            DotProduct.problem(a, b, accumulator: accumulator, order: .reentry)
        }
        #expect(problem(.int8, .int4, .integer(bits: 32, overflow: .wrap)) == nil)
        #expect(problem(.e4m3, .bf16, .exact) == nil)
        #expect(problem(.int8, .e4m3, .exact)?.contains("both formats have to be integers") == true)
        #expect(problem(.int8, .int8, .sequential)?.contains("32-wrap") == true)
        #expect(problem(.int8, .int8, .integer(bits: 7, overflow: .wrap))?.contains("8 to 32") == true)
        #expect(problem(.e4m3, .e4m3, .grouped(0))?.contains("1 to 1024") == true)
        #expect(problem(.fp32, .fp32, .sequential)?.contains("not multiplied") == true)
    }
}
