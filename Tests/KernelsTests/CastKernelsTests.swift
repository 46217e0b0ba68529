import Foundation
import Kernels
import NumberFormats
import Testing

/// Casts: every level against the definition, code by code and flag by flag.
@Suite struct CastKernelsTests {
    static let levels = KernelLevel.available.filter { $0 != .reference && $0 != .amx }

    static func cast(to format: ElementFormat, _ environment: FloatEnvironment, isSymmetric: Bool = false) throws
        -> Float32Cast
    {
        try #require(Float32Cast(to: format, environment, isSymmetric: isSymmetric))
    }

    /// Codes and exceptions of a buffer whose ends are guarded.
    static func codes(
        _ level: KernelLevel, _ x: [Float], _ cast: Float32Cast, random: [UInt32], raisesFlags: Bool = false
    ) -> (codes: [UInt32], flags: ExceptionFlags) {
        let x = GuardedBuffer(x)
        let random = GuardedBuffer(Array(random[..<x.count]))
        let kernels = Kernels(level: level)
        defer { withExtendedLifetime((x, random)) {} }
        if cast.format.containerBytes == 1 {
            let out = GuardedBuffer([UInt8](repeating: 0xA5, count: x.count))
            let flags = kernels.cast(
                x.start, count: x.count, cast, random: .words(random.start), into: out.start, raisesFlags: raisesFlags)
            return (out.array.map(UInt32.init), flags)
        }
        let out = GuardedBuffer([UInt16](repeating: 0xA5A5, count: x.count))
        let flags = kernels.cast(
            x.start, count: x.count, cast, random: .words(random.start), into: out.start, raisesFlags: raisesFlags)
        return (out.array.map(UInt32.init), flags)
    }

    /// What each number becomes by definition, its code as the container holds it.
    static func definition(_ x: [Float], _ cast: Float32Cast, random: [UInt32]) -> [Rounded] {
        zip(x, random).map {
            let rounded = cast.code(of: $0, random: $1)
            return Rounded(code: CastInputs.stored(rounded.code, cast.format), flags: rounded.flags)
        }
    }

    /// The first place where codes differ from the definition, in words.
    static func difference(_ x: [Float], _ cast: Float32Cast, random: [UInt32], _ codes: [UInt32], _ expected: [UInt32])
        -> String?
    {
        guard codes != expected, let i = codes.indices.first(where: { codes[$0] != expected[$0] }) else { return nil }
        return "\(cast.format) \(cast.environment): 0x\(String(x[i].bitPattern, radix: 16)) with R = \(random[i]) gave "
            + "\(codes[i]), by definition \(expected[i])"
    }

    /// All upper halves with seven tails; policies and flushing take turns.
    @Test(arguments: CastInputs.formats)
    func codesOfAllUpperHalvesAreThoseOfTheDefinition(format: ElementFormat) throws {
        let x = CastInputs.all
        let random = CastInputs.words(x.count)
        let turn = try #require(CastInputs.formats.firstIndex(of: format))
        let roundings: [RoundingMode] = [
            .nearestEven, .nearestAway, .towardZero, .down, .up, .odd, .stochasticA(bits: 16), .stochasticB(bits: 8),
            .stochasticC(bits: 5),
        ]
        for (index, rounding) in roundings.enumerated() {
            let environments = CastInputs.environments(rounding)
            let cast = try Self.cast(
                to: format, environments[rounding == .nearestEven ? 0 : (5 * turn + index) % environments.count])
            let expected = Self.definition(x, cast, random: random).map(\.code)
            for level in Self.levels {
                let codes = Self.codes(level, x, cast, random: random).codes
                #expect(Self.difference(x, cast, random: random, codes, expected) == nil, "\(level)")
            }
        }
    }

    /// Every rounding under every policy and flushing, on numbers that the format rounds.
    @Test(arguments: CastInputs.formats)
    func codesAreThoseOfTheDefinitionUnderAllRules(format: ElementFormat) throws {
        let x = CastInputs.around(format, every: format.bits > 8 ? 97 : 13)
        let random = CastInputs.words(x.count)
        for rounding in CastInputs.roundings {
            for environment in CastInputs.environments(rounding) {
                let cast = try Self.cast(to: format, environment)
                let expected = Self.definition(x, cast, random: random).map(\.code)
                for level in Self.levels {
                    let codes = Self.codes(level, x, cast, random: random).codes
                    #expect(Self.difference(x, cast, random: random, codes, expected) == nil, "\(level)")
                }
            }
        }
    }

    /// One number at a time, so that no number's exceptions hide another's.
    @Test(arguments: CastInputs.formats)
    func exceptionsAreThoseOfTheDefinition(format: ElementFormat) throws {
        let x = CastInputs.around(format, every: format.bits > 8 ? 199 : 31)
        let random = CastInputs.words(x.count)
        for rounding in CastInputs.roundings {
            for environment in CastInputs.environments(rounding) {
                let cast = try Self.cast(to: format, environment)
                let expected = Self.definition(x, cast, random: random)
                for level in Self.levels {
                    let kernels = Kernels(level: level)
                    var code: UInt16 = 0
                    let differing = x.indices.filter { i in
                        code = 0
                        let flags = x.withUnsafeBufferPointer { x in
                            random.withUnsafeBufferPointer { random in
                                kernels.cast(
                                    x.baseAddress! + i, count: 1, cast, random: .words(random.baseAddress! + i),
                                    into: &code,
                                    raisesFlags: true)
                            }
                        }
                        return Rounded(code: UInt32(code), flags: flags) != expected[i]
                    }
                    #expect(differing.isEmpty, "\(level) \(environment): \(differing.prefix(3).map { x[$0] })")
                }
            }
        }
    }

    /// The random word from which on a number is rounded up, found by bisection of the definition, and the word before it: the first rounds up,
    /// the second does not, also far below the last place.
    @Test(arguments: [ElementFormat.e4m3, .fp16, .bf16, .int8])
    func stochasticRoundingTurnsAtTheWordOfTheDefinition(format: ElementFormat) throws {
        let last = format.float.map { $0.minimumExponent - $0.fractionBits } ?? 0
        var source = OperandSource(seed: 23)
        let numbers = (0..<600).map { i in
            let exponent = max(1, min(254, last + 127 + 8 - i % 44))
            // Significands of few bits and of many.
            let fraction = UInt32(truncatingIfNeeded: source.next()) & 0x7FFFFF
            return Float(bitPattern: UInt32(exponent) << 23 | (i % 5 == 0 ? fraction & 0x700000 : fraction))
        }
        var turns = 0
        for rounding in CastInputs.roundings {
            guard let bits = rounding.randomBits else { continue }
            let cast = try Self.cast(to: format, FloatEnvironment(rounding: rounding))
            let most = UInt32.max >> UInt32(32 - bits)
            for number in numbers {
                let down = cast.code(of: number, random: 0).code
                guard cast.code(of: number, random: most).code != down else { continue }
                var (stays, turn) = (UInt32(0), most)
                while turn - stays > 1 {
                    let middle = stays + (turn - stays) / 2
                    if cast.code(of: number, random: middle).code == down { stays = middle } else { turn = middle }
                }
                turns += 1
                let x = [number, number]
                let expected = Self.definition(x, cast, random: [stays, turn]).map(\.code)
                #expect(expected[0] != expected[1])
                for level in Self.levels {
                    let codes = Self.codes(level, x, cast, random: [stays, turn]).codes
                    #expect(codes == expected, "\(level) \(rounding): \(number) turns at \(turn)")
                }
            }
        }
        #expect(turns > 2000)
    }

    @Test(arguments: levels)
    func exceptionsOfABufferAreTheUnion(level: KernelLevel) throws {
        for rounding in [RoundingMode.nearestEven, .stochasticA(bits: 9)] {
            let cast = try Self.cast(to: .e4m3, FloatEnvironment(rounding: rounding))
            let random = CastInputs.words(67)
            for count in 0...67 {
                for (odd, flags) in [(1, []), (1.1, .inexact), (0x1p-30, [.inexact, .underflow])]
                    as [(Float, ExceptionFlags)]
                {
                    for place in Set([0, count / 2, count - 1]) where count > 0 {
                        var x = [Float](repeating: 1.5, count: count)
                        x[place] = odd
                        #expect(Self.codes(level, x, cast, random: random, raisesFlags: true).flags == flags)
                    }
                }
                #expect(
                    Self.codes(level, [Float](repeating: 1.1, count: count), cast, random: random).flags == [])
            }
        }
    }

    @Test(arguments: levels)
    func anyCountEndsWhereItShould(level: KernelLevel) throws {
        let numbers = CastInputs.around(.e4m3, every: 11)
        let random = CastInputs.words(67)
        for format in [ElementFormat.e4m3, .fp16, .bf16, .int8, .int16, .e8m0] {
            for rounding in [RoundingMode.nearestEven, .up, .stochasticA(bits: 16)] {
                let cast = try Self.cast(to: format, FloatEnvironment(rounding: rounding, overflow: .saturateFinite))
                for count in 0...67 {
                    let x = Array(numbers[7 * count..<8 * count])
                    let expected = Self.definition(x, cast, random: random).map(\.code)
                    #expect(Self.codes(level, x, cast, random: random).codes == expected)
                }
            }
        }
    }

    @Test(arguments: [ElementFormat.int4, .int8, .int16])
    func symmetricIntegersLeaveOutTheLowest(format: ElementFormat) throws {
        let x = CastInputs.around(format, every: 5)
        let random = CastInputs.words(x.count)
        let integer = try #require(format.integer)
        for rounding in [RoundingMode.nearestEven, .down, .stochasticA(bits: 16)] {
            let cast = try Self.cast(to: format, FloatEnvironment(rounding: rounding), isSymmetric: true)
            let expected = Self.definition(x, cast, random: random)
            #expect(expected.map { integer.decode($0.code) }.min() == integer.range.lowerBound + 1)
            let flags = expected.reduce(into: ExceptionFlags()) { $0.formUnion($1.flags) }
            for level in Self.levels {
                for raisesFlags in [false, true] {
                    let result = Self.codes(level, x, cast, random: random, raisesFlags: raisesFlags)
                    #expect(result.codes == expected.map(\.code), "\(level)")
                    #expect(result.flags == (raisesFlags ? flags : []))
                }
            }
        }
    }

    @Test(arguments: levels, [1, 8, 16, 17, 32])
    func streamsGiveTheRandomBits(level: KernelLevel, bits: Int) throws {
        let stream = VectorPerturbationTests.streams[.activations]
        let numbers = CastInputs.around(.e4m3, every: 29)
        for rounding in [RoundingMode.stochasticA(bits: bits), .stochasticC(bits: bits)] {
            for format in [ElementFormat.e4m3, .bf16, .int8] {
                let cast = try Self.cast(to: format, FloatEnvironment(rounding: rounding))
                for first in [0, 1, 63, 255, 256, 1000, 1 << 34 - 130] {
                    for count in [0, 1, 17, 255, 256, 300, 1003] {
                        let x = GuardedBuffer(Array(numbers[..<count]))
                        defer { withExtendedLifetime(x) {} }
                        let results = [.reference, level].map { level in
                            let out = GuardedBuffer([UInt8](repeating: 0, count: cast.format.containerBytes * count))
                            let flags = Kernels(level: level).cast(
                                x.start, count: count, cast, random: .stream(stream, first: first), into: out.start,
                                raisesFlags: true)
                            return [flags.rawValue] + out.array
                        }
                        #expect(results[0] == results[1], "\(format), \(count) from \(first)")
                    }
                }
            }
        }
    }

    @Test(arguments: levels, [1, 8, 15, 16, 17, 24, 25, 32])
    func stochasticInt8RoundingIsThatOfTheDefinition(level: KernelLevel, bits: Int) {
        let stream = VectorPerturbationTests.streams[.gridRounding]
        let numbers = CastInputs.around(.int8, every: 3)
        for factor in [1, -0.37, 63.5, 0x1p-140, .infinity, .nan] as [Float] {
            for (first, count) in [(0, numbers.count), (1, 67), (255, 2), (250, 600), (1 << 36 - 100, 203), (9, 0)] {
                let x = GuardedBuffer(Array(numbers.suffix(count)))
                defer { withExtendedLifetime(x) {} }
                let results = [.reference, level].map { level in
                    let out = GuardedBuffer([Int8](repeating: 99, count: count))
                    Kernels(level: level).roundStochastically(
                        x.start, count: count, factor: factor, randomBits: bits, stream: stream, from: first,
                        into: out.start)
                    return out.array
                }
                #expect(results[0] == results[1], "\(factor), \(count) from \(first)")
            }
        }
    }

    @Test(arguments: levels, CastInputs.formats)
    func conversionsFromFP32AreThoseOfTheReference(level: KernelLevel, format: ElementFormat) {
        let x = CastInputs.around(format, every: 37)
        let random = CastInputs.words(x.count)
        for rounding in [RoundingMode.nearestEven, .odd, .stochasticB(bits: 12)] {
            let results = [.reference, level].map { level in
                let numbers = GuardedBuffer(x)
                let out = GuardedBuffer([UInt8](repeating: 0xA5, count: x.count * format.containerBytes))
                defer { withExtendedLifetime(numbers) {} }
                let flags = random.withUnsafeBufferPointer {
                    Kernels(level: level).convert(
                        numbers.start, from: .fp32, to: format, count: x.count, FloatEnvironment(rounding: rounding),
                        random: .words($0.baseAddress!), into: out.start)
                }
                return [flags.rawValue] + out.array
            }
            #expect(results[0] == results[1], "\(rounding)")
        }
    }

    @Test(arguments: KernelLevel.available, CastInputs.formats.filter { $0.float != nil })
    func decodedNumbersAreExact(level: KernelLevel, element: ElementFormat) throws {
        let format = try #require(element.float)
        let count = format.bits <= 8 ? 256 : 65536
        for codes in [Array(0..<count), Array(1..<count), Array(count - 67..<count - 50)] {
            let numbers = GuardedBuffer([Float](repeating: 99, count: codes.count))
            let kernels = Kernels(level: level)
            if format.bits <= 8 {
                let source = GuardedBuffer(codes.map { UInt8($0) })
                kernels.decode(source.start, element, count: codes.count, into: numbers.start)
                withExtendedLifetime(source) {}
            } else {
                let source = GuardedBuffer(codes.map { UInt16($0) })
                kernels.decode(source.start, element, count: codes.count, into: numbers.start)
                withExtendedLifetime(source) {}
            }
            let differing = zip(codes, numbers.array).filter { code, number in
                let value = format.value(of: UInt32(code))
                if value.isNaN { return number.bitPattern != 0x7FC0_0000 }
                return Double(number) != value || number.sign != value.sign
            }
            #expect(differing.isEmpty, "\(differing.prefix(3))")
        }
    }

    /// Nearest even has loops of its own, which the loops that collect exceptions do not share. One FP32 number in 256, or all of them where
    /// ZEROTH_ALL_FLOATS=1.
    @Test(arguments: CastInputs.formats)
    func theLoopsOfNearestEvenAgree(format: ElementFormat) throws {
        let step = ProcessInfo.processInfo.environment["ZEROTH_ALL_FLOATS"] == "1" ? 1 : 256
        let count = 1 << 16
        let casts = try [OverflowPolicy.saturateFinite, .ieee].map {
            try Self.cast(to: format, FloatEnvironment(overflow: $0))
        }
        let x = AlignedBuffer<Float>(count: count)
        let fast = AlignedBuffer<UInt16>(count: count)
        let general = AlignedBuffer<UInt16>(count: count)
        for first in stride(from: 0, to: 1 << 32, by: count * step) {
            for i in 0..<count {
                // Any of `step` neighbours.
                let place = first + i * step + (i &* 0x9E37_79B1 >> 7) % step
                x[i] = Float(bitPattern: UInt32(place))
            }
            for cast in casts {
                for level in Self.levels {
                    let kernels = Kernels(level: level)
                    kernels.cast(x.baseAddress, count: count, cast, into: fast.baseAddress)
                    kernels.cast(x.baseAddress, count: count, cast, into: general.baseAddress, raisesFlags: true)
                    let isSame = memcmp(fast.baseAddress, general.baseAddress, 2 * count) == 0
                    #expect(isSame, "\(level) \(cast.environment.overflow), from bits \(first)")
                }
            }
        }
    }

    /// Without the definition in between: what a cast of a decoded code must be.
    @Test(arguments: KernelLevel.available)
    func everyCodeSurvivesDecodingAndCasting(level: KernelLevel) throws {
        for format in CastInputs.formats {
            guard let float = format.float else { continue }
            let cast = try Self.cast(to: format, FloatEnvironment(overflow: .ieee))
            let codes = (0..<UInt32(1) << UInt32(float.bits)).filter { !float.isNaN($0) }
            let x = codes.map { Float(float.value(of: $0)) }
            #expect(Self.codes(level, x, cast, random: CastInputs.words(x.count)).codes == codes, "\(format)")
        }
    }

    @Test func widerFormatsHaveNoKernels() {
        for format in [ElementFormat.fp32, .int32] {
            let cast = Float32Cast(to: format)
            #expect(cast.map(\.format) == nil)
        }
    }
}
