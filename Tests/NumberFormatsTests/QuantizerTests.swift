import Testing

@testable import NumberFormats

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// Numbers of many magnitudes, some of them 0.
    mutating func numbers(_ count: Int, exponents: ClosedRange<Int> = -20...20) -> [Float] {
        (0..<count).map { _ in
            let magnitude = Float(
                sign: next() & 1 == 0 ? .plus : .minus, exponent: .random(in: exponents, using: &self),
                significand: .random(in: 1..<2, using: &self))
            return next() % 16 == 0 ? 0 : magnitude
        }
    }

    /// Roughly Gaussian numbers, a sum of twelve uniform ones.
    mutating func gaussians(_ count: Int) -> [Float] {
        (0..<count).map { _ in (0..<12).reduce(Float(-6)) { sum, _ in sum + .random(in: 0..<1, using: &self) } }
    }
}

extension Quantizer {
    fileprivate func quantized(
        _ x: [Float], columns: Int, given: [QuantizationParameters]? = nil, random: (Int) -> UInt32 = { _ in 0 }
    ) -> QuantizedTensor {
        x.withUnsafeBufferPointer {
            quantized($0, rows: columns == 0 ? 0 : x.count / columns, columns: columns, given: given, random: random)
        }
    }

    fileprivate func parameters(of group: [Float]) -> QuantizationParameters {
        group.withUnsafeBufferPointer { parameters(of: $0) }
    }
}

@Suite struct QuantizerTests {
    private static let cuts: [Quantizer.Granularity] = [.tensor, .channel, .group(size: 7), .group(size: 100)]

    @Test func int8PerChannelGivesTheBitsOfAStep() throws {
        var generator = Generator(state: 1)
        let quantizer = try Quantizer(format: .int8, granularity: .channel)
        for exponents in [-20...20, -2...0, -140 ... -90, 100...127] {
            for _ in 0..<300 {
                let row = generator.numbers(33, exponents: exponents)
                let result = quantizer.quantized(row, columns: 33)
                let expected = SymmetricQuantizer.quantized(row)
                #expect(result.codes == expected.codes.map(Int16.init))
                #expect(result.parameters[0].scale.bitPattern == expected.scale.bitPattern)
            }
        }
    }

    @Test func everyElementBelongsToOneGroup() throws {
        for (rows, columns) in [(1, 1), (3, 14), (5, 15), (0, 4), (4, 0), (2, 64)] {
            for cut in Self.cuts + [.block] {
                let layout = try Quantizer(format: .int8, granularity: cut).layout(rows: rows, columns: columns)
                let places = (0..<layout.groupCount).flatMap { Array(layout.range(ofGroup: $0)) }
                #expect(places == Array(0..<rows * columns), "\(cut) \(rows) × \(columns)")
            }
        }
        #expect(
            try Quantizer(format: .int8, granularity: .group(size: .max)).layout(rows: 2, columns: 3).groupCount == 2)
        #expect(try Quantizer(format: .int8, granularity: .tensor).layout(rows: 0, columns: 3).groupCount == 1)
    }

    /// To nearest, a number within the range lies within half a step of its code's value, but for the roundings of FP32.
    @Test(arguments: [ElementFormat.int4, .int8, .int16], Quantizer.Scheme.allCases)
    func integersAreWithinHalfAStep(format: ElementFormat, scheme: Quantizer.Scheme) throws {
        var generator = Generator(state: 2)
        for cut in Self.cuts {
            for rule in [Quantizer.ScaleRule.absmax, .powerOfTwo] {
                let quantizer = try Quantizer(format: format, scheme: scheme, granularity: cut, scaleRule: rule)
                let x = generator.numbers(210, exponents: -3...3)
                let result = quantizer.quantized(x, columns: 21)
                let values = result.dequantized()
                for group in 0..<result.layout.groupCount {
                    let scale = result.parameters[group].scale
                    // An asymmetric grid's ends miss the numbers' by up to half a step, as the zero point is rounded.
                    let steps: Float = scheme == .symmetric ? 0.5 : 1
                    for place in result.layout.range(ofGroup: group) {
                        #expect(abs(values[place] - x[place]) <= steps * scale * 1.01 + abs(x[place]) * 0x1p-22)
                    }
                }
            }
        }
    }

    @Test func zeroIsExactWhateverTheZeroPoint() throws {
        var generator = Generator(state: 3)
        for rule in Quantizer.ScaleRule.allCases {
            let quantizer = try Quantizer(format: .int4, scheme: .asymmetric, granularity: .channel, scaleRule: rule)
            for shift in [Float(-9), 0, 9] {
                let x = [0] + generator.gaussians(40).map { $0 + shift }
                let result = quantizer.quantized(x, columns: 41)
                #expect(result.dequantized()[0] == 0)
                #expect((-8...7).contains(result.parameters[0].zeroPoint))
                #expect(result.codes.allSatisfy { (-8...7).contains($0) })
            }
        }
    }

    @Test func asymmetricRangesHoldZeroAndBothEnds() throws {
        let quantizer = try Quantizer(format: .int8, scheme: .asymmetric, granularity: .tensor)
        #expect(
            quantizer.parameters(of: [3, 255]) == QuantizationParameters(scale: 1, zeroPoint: -128, factor: 1))
        #expect(
            quantizer.parameters(of: [-255, -3]) == QuantizationParameters(scale: 1, zeroPoint: 127, factor: 1))
        let result = quantizer.quantized([-55, 200, 0, 0.5, 1.5, -0.5], columns: 6)
        #expect(result.parameters[0].zeroPoint == -73)
        #expect(result.codes == [-128, 127, -73, -73, -71, -73])
    }

    @Test func powersOfTwoAreTheSmallestThatFit() throws {
        var generator = Generator(state: 4)
        for format in Quantizer.formats {
            let quantizer = try Quantizer(format: format, granularity: .tensor, scaleRule: .powerOfTwo)
            let largest = quantizer.largest
            for a in generator.numbers(200) + [largest, largest.nextUp, largest * 4, (largest / 8).nextDown]
            where a != 0 {
                let scale = quantizer.parameters(of: [a]).scale
                #expect(scale.significand == 1)
                #expect(Double(abs(a)) <= Double(largest) * Double(scale))
                #expect(Double(abs(a)) > Double(largest) * Double(scale) / 2)
            }
        }
    }

    /// The search never does worse than the absolute maximum, its scale is a candidate's, and no candidate is better.
    @Test(arguments: Quantizer.formats, Quantizer.Scheme.allCases)
    func theSearchFindsTheBestCandidate(format: ElementFormat, scheme: Quantizer.Scheme) throws {
        guard scheme == .symmetric || format.integer != nil else { return }
        var generator = Generator(state: 5)
        let quantizer = try Quantizer(
            format: format, scheme: scheme, granularity: .channel, scaleRule: .meanSquareError)
        for length in [1, 5, 16, 70] {
            // The second time the scale of the whole is 1, which is that of zeros, too.
            for x in [generator.gaussians(length), [quantizer.largest] + generator.gaussians(length)] {
                let extent = Quantizer.GroupExtent(low: min(0, x.min()!), high: max(0, x.max()!))
                let found = quantizer.parameters(of: x)
                x.withUnsafeBufferPointer { x in
                    let tried = Quantizer.candidates.map {
                        quantizer.absmaxParameters(extent.scaled(by: Float($0) / 64))
                    }
                    let errors = tried.map { quantizer.squaredErrorReference(of: x, $0) }
                    let first = errors.firstIndex(of: errors.min()!)!
                    #expect(found == tried[first])
                    #expect(tried[0] == quantizer.absmaxParameters(extent))
                }
            }
        }
        #expect(Set(Quantizer.candidates) == Set(1...80) && Quantizer.candidates.count == 80)
    }

    @Test func theSearchClipsWhatAnOutlierCosts() throws {
        var generator = Generator(state: 6)
        let x = generator.gaussians(4096)
        let absmax = try Quantizer(format: .int4, granularity: .tensor).quantized(x, columns: 4096)
        let searched = try Quantizer(format: .int4, granularity: .tensor, scaleRule: .meanSquareError)
            .quantized(x, columns: 4096)
        // The best uniform quantizer of 15 levels for a Gaussian clips near 2.7 σ; the greatest of 4,096 lies near 3.5 σ.
        #expect(searched.errors.noise < 0.8 * absmax.errors.noise)
        #expect((2.3...3.1).contains(searched.parameters[0].scale * 7))
        #expect(searched.errors.limited > 0 && absmax.errors.limited == 0)
    }

    /// Every upper half of a binary32 number and some lower ones, at scales that reach every binade of every format.
    @Test(arguments: Quantizer.formats)
    func theSearchsRoundingIsThatOfTheCodes(format: ElementFormat) throws {
        for scheme in Quantizer.Scheme.allCases where scheme == .symmetric || format.integer != nil {
            let quantizer = try Quantizer(format: format, scheme: scheme, granularity: .tensor)
            let zeroPoints: [Int64] = scheme == .symmetric ? [0] : [quantizer.integers.lowerBound, -1, 5]
            for (scale, zero) in zip([1, 0.3, 0x1p-40] as [Float], zeroPoints + zeroPoints + zeroPoints) {
                let parameters = try quantizer.parameters(scale: scale, zeroPoint: zero)
                let grid = NearestGrid(quantizer, parameters)
                var different: [Float] = []
                for tail in [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF] as [UInt32] {
                    for start in stride(from: UInt32(0), to: 1 << 16, by: 16) {
                        var x = SIMD16<Float>.zero
                        for lane in 0..<16 {
                            let number = Float(bitPattern: (start + UInt32(lane)) << 16 | tail)
                            x[lane] = number.isFinite ? number : 0
                        }
                        let values = grid.dequantized(x)
                        for lane in 0..<16 {
                            let code = quantizer.code(of: x[lane], parameters).code
                            // == also holds between zeros of either sign.
                            if values[lane] != quantizer.dequantized(code, parameters) { different.append(x[lane]) }
                        }
                    }
                }
                #expect(different.isEmpty, "\(format) \(scheme) at \(scale): \(different.prefix(5))")
            }
        }
    }

    @Test func theSearchsErrorIsThatOfTheCodes() throws {
        var generator = Generator(state: 7)
        for format in Quantizer.formats {
            let quantizer = try Quantizer(format: format, granularity: .tensor)
            for length in [0, 1, 15, 16, 17, 100] {
                let x = generator.gaussians(length)
                let parameters = try quantizer.parameters(scale: 0.11)
                x.withUnsafeBufferPointer { x in
                    #expect(
                        quantizer.squaredError(of: x, parameters).bitPattern
                            == quantizer.squaredErrorReference(of: x, parameters).bitPattern)
                }
            }
        }
    }

    @Test func blocksHaveTheSpecificationsScales() throws {
        let quantizer = try Quantizer(format: .e2m1, granularity: .block)
        // emax of E2M1 is 2: 2^(⌊log₂ a⌋ − 2).
        for (a, exponent) in [(1, -2), (1.99, -2), (2, -1), (6, 0), (7.99, 0), (0x1p-149, -127), (0, -127)]
            as [(Float, Int)]
        {
            let scale = quantizer.parameters(of: [a, 0]).scale
            #expect(scale == Float(sign: .plus, exponent: exponent, significand: 1))
            #expect(Quantizer.blockScaleCode(scale) == UInt8(exponent + 127))
        }
        #expect(Quantizer.blockScaleCode(.nan) == 0xFF)
        #expect(quantizer.quantized([7.99, -5, 0.25, -0.75, -0.0], columns: 5).codes == [7, 14, 0, 10, 8])
        // The greatest number there is, and INT8, whose elements count in 64ths.
        let widest = try Quantizer(format: .e5m2, granularity: .block).quantized([.greatestFiniteMagnitude], columns: 1)
        #expect(widest.codes == [0x7B] && widest.parameters[0].scale == 0x1p112)
        let int8 = try Quantizer(format: .int8, granularity: .block).quantized(
            [1.99, -1.999, 0.5, 1 / 128.0], columns: 4)
        #expect(int8.codes == [127, -127, 32, 0] && int8.parameters[0].scale == 1)
        #expect(int8.dequantized() == [127 / 64.0, -127 / 64.0, 0.5, 0])
        #expect(int8.errors.limited == 1)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func aGroupThatIsNotFiniteHasTheScaleNaNAndCodesZero(value: Float) throws {
        for cut in [Quantizer.Granularity.tensor, .channel, .group(size: 2), .block] {
            for rule in cut == .block ? [.absmax] : Quantizer.ScaleRule.allCases {
                let result = try Quantizer(format: .int8, granularity: cut, scaleRule: rule)
                    .quantized([1, 2, 3, value, 5, 6], columns: 3)
                for group in 0..<result.layout.groupCount {
                    let range = result.layout.range(ofGroup: group)
                    #expect(result.parameters[group].scale.isNaN == range.contains(3))
                    if range.contains(3) { #expect(result.codes[range].allSatisfy { $0 == 0 }) }
                }
                #expect(result.errors.rootMeanSquare.isNaN && result.errors.largest.isNaN)
            }
        }
    }

    @Test func aRangeThatBinary32CannotHoldCountsAsNotFinite() throws {
        let x: [Float] = [-3e38, 3e38]
        for rule in Quantizer.ScaleRule.allCases {
            let asymmetric = try Quantizer(format: .int8, scheme: .asymmetric, granularity: .tensor, scaleRule: rule)
            #expect(asymmetric.parameters(of: x).scale.isNaN)
            #expect(
                try Quantizer(format: .int8, granularity: .tensor, scaleRule: rule).parameters(of: x).scale.isFinite)
        }
    }

    /// Over every R, form A rounds up as often as the top N discarded bits say.
    @Test(arguments: [ElementFormat.int4, .int8, .e4m3, .e2m1])
    func stochasticRoundingTakesEveryRandomBit(format: ElementFormat) throws {
        let quantizer = try Quantizer(format: format, granularity: .tensor, rounding: .stochasticA(bits: 8))
        let parameters = try quantizer.parameters(scale: 1)
        for x in [1.3, -1.3, 2.75, -0.001, 3.999] as [Float] {
            let mean =
                (0..<256).map {
                    Double(
                        quantizer.dequantized(
                            quantizer.code(of: x, parameters, random: UInt32($0) | 0xABCD_EF00).code, parameters))
                }.reduce(0, +) / 256
            // The bias of 8 bits: less than 2^-8 of a last place, which is at most 1 here, toward zero.
            #expect(abs(mean) <= Double(abs(x)) && abs(mean) > Double(abs(x)) - 0x1p-8)
        }
    }

    @Test func theSameRandomBitsAreDrawnWhateverTheGroups() throws {
        var generator = Generator(state: 8)
        let x = generator.gaussians(96)
        var asked: [Int] = []
        let quantizer = try Quantizer(format: .int4, granularity: .group(size: 5), rounding: .stochasticA(bits: 4))
        _ = quantizer.quantized(x, columns: 12) {
            asked.append($0)
            return 0
        }
        #expect(asked == Array(0..<96))
    }

    @Test func errorsAreThoseOfTheCodes() throws {
        let result = try Quantizer(format: .int4, granularity: .tensor)
            .quantized([3, 4, 0.5, 2], columns: 4, given: [QuantizationParameters(scale: 0.5, factor: 2)])
        #expect(result.codes == [6, 7, 1, 4])
        #expect(result.errors.count == 4 && result.errors.limited == 1)
        #expect(result.errors.largest == 0.5 && result.errors.rootMeanSquare == 0.25)
        #expect(result.errors.signalToNoise == 29.25 / 0.25)
        #expect(QuantizationErrors().signalToNoise == nil && QuantizationErrors().rootMeanSquare == 0)
    }

    @Test func refusesWhatDoesNotExist() throws {
        func text(_ make: () throws -> Void) -> String {
            do { try make() } catch let error as QuantizerError { return error.description } catch {}
            return ""
        }
        #expect(
            text { _ = try Quantizer(format: .fp32, granularity: .tensor) }
                == "format fp32 is not one to quantize to; int4, int8, int16, e4m3, e5m2, e3m4, e4m3ieee, e2m1, e2m3, e3m2 are"
        )
        #expect(
            text { _ = try Quantizer(format: .e4m3, scheme: .asymmetric, granularity: .tensor) }
                == "format e4m3 has no zero point; asymmetric quantizers take int4, int8 or int16")
        #expect(
            text { _ = try Quantizer(format: .int8, granularity: .group(size: 0)) }
                == "a group size of 0 is out of range; at least 1 is needed")
        #expect(text { _ = try Quantizer(format: .int4, granularity: .block) }.contains("has no MX blocks; int8, e4m3"))
        #expect(
            text { _ = try Quantizer(format: .int8, scheme: .asymmetric, granularity: .block) }
                == "MX blocks have no zero point; symmetric is needed")
        #expect(
            text { _ = try Quantizer(format: .int8, granularity: .block, scaleRule: .powerOfTwo) }.contains(
                "not power-of-two"))
        for bits in [0, 33, -1] {
            #expect(
                text { _ = try Quantizer(format: .int8, granularity: .tensor, rounding: .stochasticA(bits: bits)) }
                    == "\(bits) random bits are out of range; 1 to 32 are needed")
        }
        let quantizer = try Quantizer(format: .int8, scheme: .asymmetric, granularity: .tensor)
        for scale in [Float.nan, .infinity, 0, -1, 0x1p-127, 0x1p127] {
            #expect(
                text { _ = try quantizer.parameters(scale: scale) }
                    == "scale \(scale) is out of range; a finite number from 2^-126 to 2^126 is needed")
        }
        #expect(
            text { _ = try quantizer.parameters(scale: 1, zeroPoint: 128) }
                == "zero point 128 is out of range; -128 to 127 is needed")
        #expect(
            text { _ = try Quantizer(format: .int8, granularity: .tensor).parameters(scale: 1, zeroPoint: 1) }
                == "zero point 1 is out of range; 0 to 0 is needed")
        #expect(
            text { _ = try Quantizer(format: .e4m3, granularity: .block).parameters(scale: 1) }.contains("derive their")
        )
    }
}

@Suite struct NibblePackingTests {
    @Test func theFirstElementIsTheLowNibble() {
        #expect(NibblePacking.packed([1, -2, 7, -8], rows: 1, columns: 4) == [0xE1, 0x87])
        #expect(NibblePacking.unpacked([0xE1, 0x87], rows: 1, columns: 4, isSigned: true) == [1, -2, 7, -8])
        #expect(NibblePacking.unpacked([0xE1, 0x87], rows: 1, columns: 4, isSigned: false) == [1, 14, 7, 8])
    }

    @Test func everyRowStartsWithAByte() {
        #expect(NibblePacking.packed([1, 2, 3, 4, 5, 6], rows: 2, columns: 3) == [0x21, 0x03, 0x54, 0x06])
        #expect(
            NibblePacking.unpacked([0x21, 0xF3, 0x54, 0xF6], rows: 2, columns: 3, isSigned: true) == [1, 2, 3, 4, 5, 6])
        #expect(
            NibblePacking.packed([], rows: 0, columns: 5).isEmpty
                && NibblePacking.packed([], rows: 5, columns: 0).isEmpty)
    }

    @Test func unpackingUndoesPacking() {
        var generator = Generator(state: 9)
        for (rows, columns) in [(1, 1), (3, 7), (4, 8), (7, 1)] {
            for isSigned in [true, false] {
                let codes = (0..<rows * columns).map { _ in
                    Int16.random(in: isSigned ? -8...7 : 0...15, using: &generator)
                }
                let bytes = NibblePacking.packed(codes, rows: rows, columns: columns)
                #expect(bytes.count == rows * NibblePacking.bytesPerRow(columns: columns))
                #expect(NibblePacking.unpacked(bytes, rows: rows, columns: columns, isSigned: isSigned) == codes)
            }
        }
    }
}
