import NumberFormats
import Testing

/// Every code of every format that has at most 16 bits.
@Suite struct FloatFormatTests {
    static let narrow = FloatFormat.all.filter { $0.bits <= 16 }

    static let everyMode: [RoundingMode] = [
        .nearestEven, .nearestAway, .towardZero, .down, .up, .odd, .stochasticA(bits: 5), .stochasticB(bits: 32),
        .stochasticC(bits: 1),
    ]

    @Test(arguments: [
        (FloatFormat.e4m3, 448.0, 0x1p-6, 0x1p-9, 0x7F as UInt32?, nil as UInt32?),
        (.e5m2, 57344, 0x1p-14, 0x1p-16, 0x7E, 0x7C), (.e3m4, 15.5, 0x1p-2, 0x1p-6, 0x78, 0x70),
        (.e4m3ieee, 240, 0x1p-6, 0x1p-9, 0x7C, 0x78), (.e2m1, 6, 1, 0.5, nil, nil),
        (.e2m3, 7.5, 1, 0.125, nil, nil), (.e3m2, 28, 0.25, 0.0625, nil, nil),
        (.e8m0, 0x1p127, 0x1p-127, 0x1p-127, 0xFF, nil), (.bf16, 0x1.FEp127, 0x1p-126, 0x1p-133, 0x7FC0, 0x7F80),
        (.fp16, 65504, 0x1p-14, 0x1p-24, 0x7E00, 0x7C00),
        (.fp32, 0x1.FFFFFEp127, 0x1p-126, 0x1p-149, 0x7FC0_0000, 0x7F80_0000),
    ])
    func extremesAreThoseOfTheTable(
        _ format: FloatFormat, _ largest: Double, _ smallestNormal: Double, _ smallest: Double, _ nan: UInt32?,
        _ infinity: UInt32?
    ) {
        #expect(format.value(of: format.largestFiniteCode) == largest)
        #expect(format.value(of: format.hasSubnormals ? format.fractionMask + 1 : 0) == smallestNormal)
        #expect(format.value(of: format.hasSubnormals ? 1 : 0) == smallest)
        #expect(format.canonicalNaN == nan)
        #expect(format.infinityCode == infinity)
        #expect(format.largestFiniteCode == (infinity ?? nan ?? format.magnitudeMask + 1) - 1)
    }

    @Test(arguments: narrow)
    func magnitudesGrowWithTheirCodes(_ format: FloatFormat) {
        var last = -1.0
        for code in 0...format.largestFiniteCode {
            let value = format.value(of: code)
            #expect(value > last && value.isFinite)
            #expect(format.signMask == 0 || format.value(of: code | format.signMask) == -value)
            last = value
        }
        for code in format.largestFiniteCode..<format.magnitudeMask {
            let isInfinity = code + 1 == format.infinityCode
            #expect(format.value(of: code + 1).isInfinite == isInfinity)
            #expect(format.isNaN(code + 1) == !isInfinity)
        }
    }

    @Test(arguments: narrow)
    func aNumberOfTheFormatIsItsOwnRounding(_ format: FloatFormat) {
        for code in 0..<UInt32(1 << format.bits) where !format.isNaN(code) {
            for mode in Self.everyMode {
                for overflow in OverflowPolicy.allCases {
                    let environment = FloatEnvironment(rounding: mode, overflow: overflow)
                    let isLost = code & format.magnitudeMask == format.infinityCode && overflow == .saturateFinite
                    let rounded = format.encode(format.decode(code), environment, random: 0x9E37_79B9)
                    #expect(
                        rounded
                            == (isLost ? Rounded(code: code - 1, flags: [.overflow, .inexact]) : Rounded(code: code)))
                }
            }
        }
    }

    /// Between two neighbours, at a quarter, a half and three quarters of the way: what each mode's name says.
    @Test(arguments: narrow.filter { $0.fractionBits > 0 })
    func roundingGoesWhereItsNameSays(_ format: FloatFormat) {
        for code in 0..<format.largestFiniteCode {
            let (below, above) = (format.value(of: code), format.value(of: code + 1))
            for (quarter, nearest) in [(1.0, code), (2, code & 1 == 0 ? code : code + 1), (3, code + 1)] {
                let value = FloatFormat.value(of: below + (above - below) * quarter / 4)
                let minus = FloatFormat.value(of: -(below + (above - below) * quarter / 4))
                func expect(_ mode: RoundingMode, random: UInt32 = 0, _ plus: UInt32, _ magnitude: UInt32? = nil) {
                    let environment = FloatEnvironment(rounding: mode)
                    #expect(format.encode(value, environment, random: random).code == plus)
                    let negative = format.encode(minus, environment, random: random).code
                    #expect(negative == (magnitude ?? plus) | format.signMask)
                }
                expect(.nearestEven, nearest)
                expect(.nearestAway, quarter == 1 ? code : code + 1)
                expect(.towardZero, code)
                expect(.down, code, code + 1)
                expect(.up, code + 1, code)
                expect(.odd, code | 1)
                for random in UInt32(0)..<4 {
                    expect(.stochasticA(bits: 2), random: random, quarter + Double(random) >= 4 ? code + 1 : code)
                }
                // One bit: A sees ⌊2v⌋ and never rounds a quarter up; B and C differ from it there.
                expect(.stochasticA(bits: 1), random: 1, quarter >= 2 ? code + 1 : code)
                expect(.stochasticB(bits: 1), random: 1, code + 1)
                expect(.stochasticC(bits: 1), random: 1, quarter >= 2 ? code + 1 : code)
                expect(.stochasticC(bits: 1), random: 0, quarter == 3 ? code + 1 : code)
            }
        }
    }

    @Test(arguments: narrow.filter { $0.isSigned })
    func overflowGoesWhereThePolicySays(_ format: FloatFormat) {
        let top = format.value(of: format.largestFiniteCode)
        let infinity = format.infinityCode ?? format.canonicalNaN ?? format.largestFiniteCode
        let sign = format.signMask
        for mode in Self.everyMode {
            for policy in OverflowPolicy.allCases {
                let environment = FloatEnvironment(rounding: mode, overflow: policy)
                let plus = format.encode(FloatFormat.value(of: 8 * top), environment)
                let minus = format.encode(FloatFormat.value(of: -8 * top), environment)
                #expect(plus.flags == [.overflow, .inexact] && minus.flags == plus.flags)
                let plusStays = policy != .ieee || [.towardZero, .down, .odd].contains(mode)
                let minusStays = policy != .ieee || [.towardZero, .up, .odd].contains(mode)
                let minusInfinity = format.specials == .nan ? infinity : infinity | sign
                #expect(plus.code == (plusStays ? format.largestFiniteCode : infinity))
                #expect(minus.code == (minusStays ? format.largestFiniteCode | sign : minusInfinity))
                let endless = format.encode(.infinity(negative: true), environment)
                #expect(endless.code == (policy == .saturateFinite ? format.largestFiniteCode | sign : minusInfinity))
                #expect(
                    endless.flags
                        == (policy != .saturateFinite && format.infinityCode != nil ? [] : [.overflow, .inexact]))
            }
        }
    }

    @Test func blockScalesHaveNeitherZeroNorSign() {
        let scale = FloatFormat.e8m0
        let environment = FloatEnvironment()
        func code(_ value: Double) -> Rounded { scale.encode(FloatFormat.value(of: value), environment) }
        #expect(code(0) == Rounded(code: 0xFF, flags: .invalid))
        #expect(code(-1) == Rounded(code: 0xFF, flags: .invalid))
        #expect(code(-.infinity) == Rounded(code: 0xFF, flags: .invalid))
        #expect(code(1) == Rounded(code: 0x7F))
        #expect(code(3) == Rounded(code: 0x81, flags: .inexact))
        #expect(code(0x1p-149) == Rounded(code: 0, flags: [.underflow, .inexact]))
        #expect(code(0x1.8p127) == Rounded(code: 0xFF, flags: [.overflow, .inexact]))
    }

    @Test func flushingTurnsSubnormalsIntoZerosOfTheirSign() {
        let flushing = FloatEnvironment(flushesInputs: true, flushesOutputs: true)
        func convert(_ code: UInt32, _ source: ElementFormat, _ target: ElementFormat) -> Rounded {
            FormatConversion.convert(code, from: source, to: target, flushing)
        }
        #expect(convert(0x87, .e4m3, .fp32) == Rounded(code: 0x8000_0000))
        #expect(convert(0x88, .e4m3, .fp32) == Rounded(code: 0xBC80_0000))
        #expect(convert(0xB380_0000, .fp32, .e4m3) == Rounded(code: 0x80, flags: [.underflow, .inexact]))
        #expect(convert(0xBC00_0000, .fp32, .e4m3) == Rounded(code: 0x80, flags: [.underflow, .inexact]))
        // Rounded up to the smallest normal number: no longer subnormal.
        #expect(convert(0x3C7F_FFFF, .fp32, .e4m3).code == 0x08)
        let sum = FloatArithmetic.add(FloatOperand(0x01, .e4m3), FloatOperand(0x08, .e4m3), to: .e4m3, flushing)
        #expect(sum == Rounded(code: 0x08))
    }

    @Test func zerosKeepTheSignThatIEEE754GivesThem() {
        func add(_ a: UInt32, _ b: UInt32, _ mode: RoundingMode) -> UInt32 {
            FloatArithmetic.add(
                FloatOperand(a, .e5m2), FloatOperand(b, .e5m2), to: .e5m2, FloatEnvironment(rounding: mode)
            ).code
        }
        for mode in Self.everyMode {
            #expect(add(0x00, 0x00, mode) == 0x00)
            #expect(add(0x80, 0x80, mode) == 0x80)
            #expect(add(0x00, 0x80, mode) == (mode == .down ? 0x80 : 0x00))
            #expect(add(0x3C, 0xBC, mode) == (mode == .down ? 0x80 : 0x00))
        }
        #expect(ExactAccumulator().rounded(to: .fp32, FloatEnvironment(rounding: .down)) == Rounded(code: 0))
    }

    @Test func integersAreLimitedToTheirRangeWithInvalid() {
        func convert(_ value: Double, _ target: ElementFormat, _ mode: RoundingMode = .nearestEven) -> Rounded {
            FormatConversion.convert(Float(value).bitPattern, from: .fp32, to: target, FloatEnvironment(rounding: mode))
        }
        #expect(convert(-8.5, .int4) == Rounded(code: 8, flags: .inexact))
        #expect(convert(-8.6, .int4) == Rounded(code: 8, flags: .invalid))
        #expect(convert(7.5, .int4) == Rounded(code: 7, flags: .invalid))
        #expect(convert(7.5, .int4, .towardZero) == Rounded(code: 7, flags: .inexact))
        #expect(convert(-0.75, .int8, .down) == Rounded(code: 0xFF, flags: .inexact))
        #expect(convert(-.infinity, .int16) == Rounded(code: 0x8000, flags: .invalid))
        #expect(convert(.nan, .int32) == Rounded(code: 0, flags: .invalid))
        #expect(convert(1e30, .int32) == Rounded(code: 0x7FFF_FFFF, flags: .invalid))
        #expect(FormatConversion.convert(0xF, from: .int4, to: .int8, FloatEnvironment()) == Rounded(code: 0xFF))
        #expect(FormatConversion.convert(0x80, from: .int8, to: .int4, FloatEnvironment()).code == 0x8)
    }

    /// The sum of many terms of the largest and the smallest exponents, in an order that any running rounding would lose.
    @Test func exactSumsForgetNothing() {
        var sum = ExactAccumulator()
        let huge = FloatFormat.fp32.decode(0x7F7F_FFFF)
        let tiny = FloatFormat.fp32.decode(1)
        let minusHuge = FloatFormat.fp32.decode(0xFF7F_FFFF)
        for _ in 0..<1000 { sum.addProduct(huge, huge) }
        sum.addProduct(tiny, tiny)
        for _ in 0..<1000 { sum.addProduct(minusHuge, huge) }
        // 2^−298 is far below FP32: up gives the smallest subnormal, and only because nothing was lost.
        #expect(sum.rounded(to: .fp32, FloatEnvironment(rounding: .up)).code == 1)
        sum.addProduct(tiny, FloatFormat.fp32.decode(0x8000_0001))
        #expect(sum.rounded(to: .fp32, FloatEnvironment(rounding: .up)) == Rounded(code: 0))
    }
}
