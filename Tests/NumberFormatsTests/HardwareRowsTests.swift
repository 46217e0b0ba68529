import NumberFormats
import Testing

/// Formats and arithmetic beside rows from others: cvfpu and MX-for-FPGA under Verilator, Berkeley TestFloat.
@Suite(.enabled(if: References.arePresent, Comment(rawValue: References.comment)))
struct HardwareRowsTests {
    private static let formats: [Substring: FloatFormat] = [
        "FP8_E4M3IEEE": .e4m3ieee, "FP8_E5M2": .e5m2, "FP16": .fp16, "BF16": .bf16, "FP32": .fp32,
    ]
    private static let modes: [Substring: RoundingMode] = [
        "RNE": .nearestEven, "RMM": .nearestAway, "RTZ": .towardZero, "RDN": .down, "RUP": .up, "ROD": .odd,
    ]

    private func code(_ text: Substring) throws -> UInt32 { try #require(UInt32(text, radix: 16)) }

    /// 17,600 rows: E5M2 and E4M3 sums, products, and multiply-adds into five formats, with flags.
    @Test func sumsProductsAndMultiplyAddsAreThoseOfCvfpu() throws {
        let rows = try References.rows("fp8_fma_rtl.csv.gz", separator: ",", header: 1)
        #expect(rows.count == 17_600)
        var differences: [String] = []
        var underflows = 0
        for row in rows {
            let source = try #require(Self.formats[row[1]])
            let target = try #require(Self.formats[row[2]])
            let environment = FloatEnvironment(rounding: try #require(Self.modes[row[3]]))
            let operands = try row[4...6].map { $0.isEmpty ? 0 : try code($0) }
            let a = FloatOperand(operands[0], source)
            let result: Rounded
            switch row[0] {
            case "ADD":
                // cvfpu adds its second and third operands.
                result = FloatArithmetic.add(
                    FloatOperand(operands[1], source), FloatOperand(operands[2], source), to: target, environment)
            case "MUL":
                result = FloatArithmetic.multiply(a, FloatOperand(operands[1], source), to: target, environment)
            default:
                result = FloatArithmetic.fusedMultiplyAdd(
                    a, FloatOperand(operands[1], source), FloatOperand(operands[2], target), to: target, environment)
            }
            let expected = Rounded(code: try code(row[7]), flags: ExceptionFlags(rawValue: UInt8(try code(row[8]))))
            compare(result, expected, target, row, &underflows, &differences)
        }
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
        #expect(underflows == 7)
    }

    /// 10,941 rows between five formats, with flags.
    @Test func castsAreThoseOfCvfpu() throws {
        let rows = try References.rows("float_cast_rtl.csv.gz", separator: ",", header: 1)
        #expect(rows.count == 10_941)
        var differences: [String] = []
        var underflows = 0
        for row in rows {
            let source = try #require(Self.formats[row[1]])
            let target = try #require(Self.formats[row[2]])
            let environment = FloatEnvironment(rounding: try #require(Self.modes[row[3]]))
            let result = target.encode(source.decode(try code(row[4])), environment)
            let expected = Rounded(code: try code(row[7]), flags: ExceptionFlags(rawValue: UInt8(try code(row[8]))))
            compare(result, expected, target, row, &underflows, &differences)
        }
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
        #expect(underflows == 13)
    }

    /// cvfpu raises no `underflow` where a number below the smallest normal one is rounded up to it in the format, but would not be with an exponent
    /// without end. IEEE 754 (7.5, after rounding) and TestFloat raise it there, and so do we; such rows are counted.
    private func compare(
        _ result: Rounded, _ expected: Rounded, _ format: FloatFormat, _ row: [Substring], _ underflows: inout Int,
        _ differences: inout [String]
    ) {
        if result == expected { return }
        let isSmallestNormal = result.code & format.magnitudeMask == format.fractionMask + 1
        if isSmallestNormal, result.code == expected.code, result.flags == expected.flags.union(.underflow) {
            underflows += 1
        } else {
            differences.append("\(row.joined(separator: ",")): \(result)")
        }
    }

    /// a·b + c·d + e rounded once with 12 random bits; cvfpu rounds up where lfsr[11:0] < the discarded bits, that is form A with R = 4095 − lfsr[11:0].
    @Test func stochasticallyRoundedDotProductsAreThoseOfCvfpu() throws {
        let rows = try References.rows("stochastic_rounding_rtl.csv.gz", separator: ",", header: 1)
        #expect(rows.count == 1_141)
        var differences: [String] = []
        for row in rows {
            let source = try #require(Self.formats[row[0]])
            let target = try #require(Self.formats[row[1]])
            let codes = try row[2...6].map { try code($0) }
            let environment = FloatEnvironment(rounding: .stochasticA(bits: 12))
            let result = FloatArithmetic.dot(
                [codes[0], codes[2]], source, [codes[1], codes[3]], source, plus: FloatOperand(codes[4], target),
                to: target, environment, random: 0xFFF - (try code(row[7]) & 0xFFF))
            if result.code != (try code(row[9])) { differences.append("\(row.joined(separator: ",")): \(result)") }
        }
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
    }

    /// 10,000 rows each, operands and results in hexadecimal, flags last; NaN payloads are theirs, so NaNs count as equal.
    @Test(arguments: ["add", "mul", "mulAdd"])
    func binary32ArithmeticIsThatOfTestFloat(_ operation: String) throws {
        let rows = try References.rows("testfloat_f32_\(operation).txt.gz", separator: " ")
        #expect(rows.count == 10_000)
        var differences: [String] = []
        for row in rows {
            let codes = try row.map { try code($0) }
            let x = codes.dropLast(2).map { FloatOperand($0, .fp32) }
            let environment = FloatEnvironment()
            let result =
                switch operation {
                case "add": FloatArithmetic.add(x[0], x[1], to: .fp32, environment)
                case "mul": FloatArithmetic.multiply(x[0], x[1], to: .fp32, environment)
                default: FloatArithmetic.fusedMultiplyAdd(x[0], x[1], x[2], to: .fp32, environment)
                }
            expect(result, codes, .fp32, &differences)
        }
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
    }

    @Test(arguments: [
        ("bf16_to_f32", ElementFormat.bf16, ElementFormat.fp32), ("f32_to_bf16", .fp32, .bf16),
        ("f32_to_f16", .fp32, .fp16), ("i32_to_f32", .int32, .fp32),
    ])
    func conversionsAreThoseOfTestFloat(_ name: String, _ source: ElementFormat, _ target: ElementFormat) throws {
        let rows = try References.rows("testfloat_\(name).txt.gz", separator: " ")
        #expect(rows.count == 10_000)
        var differences: [String] = []
        for row in rows {
            let codes = try row.map { try code($0) }
            let result = FormatConversion.convert(codes[0], from: source, to: target, FloatEnvironment())
            expect(result, codes, try #require(target.float), &differences)
        }
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
    }

    /// TestFloat was run without -exact, so it raises no `inexact`; where the number does not fit it gives 0x80000000, we the end of the range.
    @Test func conversionsToIntegersAreThoseOfTestFloat() throws {
        let rows = try References.rows("testfloat_f32_to_i32.txt.gz", separator: " ")
        #expect(rows.count == 10_000)
        var differences: [String] = []
        var fitting = 0
        for row in rows {
            let codes = try row.map { try code($0) }
            let result = FormatConversion.convert(codes[0], from: .fp32, to: .int32, FloatEnvironment())
            if result.flags.contains(.invalid) != (codes[2] == 0x10) { differences.append("\(row): \(result)") }
            guard codes[2] != 0x10 else { continue }
            fitting += 1
            if result.code != codes[1] { differences.append("\(row): \(result)") }
        }
        #expect(fitting > 7_000)
        #expect(differences.isEmpty, "\(differences.count) of \(rows.count): \(differences.prefix(10))")
    }

    private func expect(_ result: Rounded, _ codes: [UInt32], _ format: FloatFormat, _ differences: inout [String]) {
        let (expected, flags) = (codes[codes.count - 2], codes[codes.count - 1])
        let agree =
            format.isNaN(expected)
            ? result.code == format.canonicalNaN : result.code == expected
        if !agree || UInt32(result.flags.rawValue) != flags {
            differences.append("\(codes.map { String($0, radix: 16) }): \(result)")
        }
    }

    /// 5,000 dot products of 32 lanes each, exact in fixed point: rounding them to FP32 must agree with rounding the hardware's integer.
    @Test(arguments: [("e4m3", FloatFormat.e4m3, -18), ("e5m2", .e5m2, -32)])
    func exactDotProductsAreThoseOfHardware(_ name: String, _ format: FloatFormat, _ place: Int) throws {
        let rows = try References.rows("fp8_dot32_\(name)_rtl.csv.gz", separator: ",", header: 1)
        #expect(rows.count == 5_000)
        var differences: [String] = []
        var compared = 0
        for row in rows {
            let a = try lanes(row[0])
            let b = try lanes(row[1])
            // The hardware takes codes of infinities and NaNs for numbers.
            guard (a + b).allSatisfy({ $0 & format.magnitudeMask <= format.largestFiniteCode }) else { continue }
            compared += 1
            let integer = try twosComplement(row[2])
            for mode in [RoundingMode.nearestEven, .towardZero, .down, .stochasticA(bits: 20)] {
                let environment = FloatEnvironment(rounding: mode)
                let result = FloatArithmetic.dot(a, format, b, format, to: .fp32, environment, random: 0x5A5A5)
                // The hardware's integer in two pieces, each below 2^63, put back together exactly.
                var sum = ExactAccumulator()
                let magnitude = integer.magnitude
                sum.add(
                    .finite(
                        negative: integer < 0, significand: UInt64(truncatingIfNeeded: magnitude), exponent: place))
                sum.add(
                    .finite(negative: integer < 0, significand: UInt64(magnitude >> 64), exponent: place + 64))
                let expected = sum.rounded(to: .fp32, environment, random: 0x5A5A5)
                let isSame =
                    integer == 0 ? result.code & 0x7FFF_FFFF == 0 : result == expected
                if !isSame { differences.append("\(row[2]): \(result) \(expected)") }
            }
        }
        #expect(compared > 2_000)
        #expect(differences.isEmpty, "\(differences.count) of \(4 * compared): \(differences.prefix(5))")
    }

    private func lanes(_ text: Substring) throws -> [UInt32] {
        let digits = Array(text)
        return try stride(from: 0, to: digits.count, by: 2).map { try code(Substring(String(digits[$0...$0 + 1]))) }
    }

    /// A number of 4·digits bits in two's complement, at most 128.
    private func twosComplement(_ text: Substring) throws -> Int128 {
        let value = try #require(UInt128(text, radix: 16))
        let shift = UInt128(128 - 4 * text.count)
        return Int128(bitPattern: value << shift) >> Int128(shift)
    }
}
