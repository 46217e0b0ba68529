import CAPI
import CZeroth
import Emulator
import NumberFormats
import Testing
import Traces

/// The C interface against the references that it stands for, and what it refuses.
@Suite struct InterfaceTests {
    /// A generator of stimulus, the same each time.
    private struct Stimulus: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
    }

    struct Sums: Sendable {
        let kind, aFormat, bFormat, settings: Int32
        let accumulator: String
        let lanes: Int32

        static let all = [
            Sums(ZEROTH_INTEGER, ZEROTH_INT8, ZEROTH_INT8, 24 | 64, "24-saturate", 1),
            Sums(ZEROTH_INTEGER, ZEROTH_INT4, ZEROTH_INT8, 16, "16-wrap", 1),
            Sums(ZEROTH_SEQUENTIAL, ZEROTH_E4M3, ZEROTH_E5M2, 0, "fp32-sequential", 1),
            Sums(ZEROTH_GROUPED, ZEROTH_E4M3, ZEROTH_E4M3, 0, "grouped:4", 4),
            Sums(ZEROTH_ALIGNED, ZEROTH_E5M2, ZEROTH_E4M3, 13 | 64, "aligned:4,13,e8m13", 4),
            Sums(ZEROTH_EXACT, ZEROTH_E4M3, ZEROTH_E5M2, 0, "exact", 2),
        ]

        private init(
            _ kind: Int32, _ aFormat: Int32, _ bFormat: Int32, _ settings: Int32, _ accumulator: String, _ lanes: Int32
        ) {
            (self.kind, self.aFormat, self.bFormat, self.settings) = (kind, aFormat, bFormat, settings)
            (self.accumulator, self.lanes) = (accumulator, lanes)
        }
    }

    @Test func numbersAreThoseOfThePins() {
        for (number, format) in Pins.formats.enumerated() { #expect(zeroth_format_bits(Int32(number)) == format.bits) }
        #expect(zeroth_format_bits(ZEROTH_INT4_PACKED) == 8)
        #expect(zeroth_format_bits(14) == 0 && zeroth_format_bits(-1) == 0)
        #expect(zeroth_api_version() == ZEROTH_API_VERSION)
        for status in ZEROTH_OK...ZEROTH_BAD_COMMAND {
            #expect(String(cString: zeroth_status_text(status)) != "an unknown status")
        }
        #expect(String(cString: zeroth_status_text(99)) == "an unknown status")
    }

    @Test func castsAreThoseOfTheReference() {
        var random = Stimulus(state: 1)
        let roundings = Pins.roundings
        for _ in 0..<20_000 {
            let (from, to) = (Int.random(in: 0..<13, using: &random), Int.random(in: 0..<13, using: &random))
            let (code, word) = (
                UInt32.random(in: 0 ... .max, using: &random), UInt32.random(in: 0 ... .max, using: &random)
            )
            let (rounding, bits) = (Int.random(in: 0..<9, using: &random), Int.random(in: 1...32, using: &random))
            let (overflow, flush) = (Int.random(in: 0..<3, using: &random), Int32.random(in: 0...3, using: &random))
            let mode: RoundingMode =
                switch rounding {
                case 6: .stochasticA(bits: bits)
                case 7: .stochasticB(bits: bits)
                case 8: .stochasticC(bits: bits)
                default: roundings[rounding]
                }
            let expected = FormatConversion.convert(
                code, from: Pins.formats[from], to: Pins.formats[to],
                FloatEnvironment(
                    rounding: mode, overflow: Pins.overflows[overflow], flushesInputs: flush & 1 != 0,
                    flushesOutputs: flush & 2 != 0), random: word)
            var (result, flags): (UInt32, UInt32) = (0, 0)
            let status = zeroth_cast(
                code, Int32(from), Int32(to), Int32(rounding), Int32(bits), word, Int32(overflow), flush, &result,
                &flags)
            #expect(status == ZEROTH_OK && result == expected.code && flags == UInt32(expected.flags.rawValue))
        }
    }

    @Test func arithmeticIsThatOfTheReference() {
        var random = Stimulus(state: 2)
        for _ in 0..<5000 {
            let formats = (0..<4).map { _ in Int.random(in: 0..<10, using: &random) }
            let codes = (0..<3).map { _ in UInt32.random(in: 0 ... .max, using: &random) }
            let rounding = Int.random(in: 0..<6, using: &random)
            let operands = (0..<3).map { FloatOperand(codes[$0], Pins.formats[formats[$0]].float!) }
            let target = Pins.formats[formats[3]].float!
            let environment = FloatEnvironment(rounding: Pins.roundings[rounding])
            let numbers = formats.map { Int32($0) }
            func check(_ expected: Rounded, _ call: (inout UInt32, inout UInt32) -> Int32) {
                var (result, flags): (UInt32, UInt32) = (0, 0)
                let status = call(&result, &flags)
                #expect(status == ZEROTH_OK && result == expected.code && flags == UInt32(expected.flags.rawValue))
            }
            check(FloatArithmetic.add(operands[0], operands[1], to: target, environment)) {
                zeroth_add(codes[0], numbers[0], codes[1], numbers[1], numbers[3], Int32(rounding), &$0, &$1)
            }
            check(FloatArithmetic.multiply(operands[0], operands[1], to: target, environment)) {
                zeroth_multiply(codes[0], numbers[0], codes[1], numbers[1], numbers[3], Int32(rounding), &$0, &$1)
            }
            check(FloatArithmetic.fusedMultiplyAdd(operands[0], operands[1], operands[2], to: target, environment)) {
                zeroth_multiply_add(
                    codes[0], numbers[0], codes[1], numbers[1], codes[2], numbers[2], numbers[3], Int32(rounding), &$0,
                    &$1)
            }
        }
    }

    /// A chain of steps is the product, and so is the array, in every dataflow, of every kind of sums.
    @Test(arguments: Sums.all)
    func stepsProductsAndArraysAgree(sums: Sums) throws {
        let (kind, aFormat, bFormat, settings) = (sums.kind, sums.aFormat, sums.bFormat, sums.settings)
        let (accumulator, lanes) = (sums.accumulator, sums.lanes)
        var random = Stimulus(state: UInt64(kind) + 3)
        let (m, n, k) = (3, 4, 8 * Int(lanes))
        func codes(_ count: Int, _ format: Int32) -> [UInt32] {
            (0..<count).map { _ in
                UInt32.random(in: 0..<(format == ZEROTH_INT4 ? 16 : 256), using: &random)
                    & (kind == ZEROTH_INTEGER ? 255 : 0xBB)
            }
        }
        let (a, b) = (codes(m * k, aFormat), codes(n * k, bFormat))
        var product = [UInt32](repeating: 0, count: m * n)
        #expect(
            zeroth_product(
                a, b, Int32(m), Int32(n), Int32(k), aFormat, bFormat, accumulator, "re-entry", &product) == ZEROTH_OK)
        for row in 0..<m {
            for column in 0..<n {
                var sum: [UInt32] = [0, 0, 0]
                for step in 0..<k / Int(lanes) {
                    let range = step * Int(lanes)..<(step + 1) * Int(lanes)
                    let (x, y) = (
                        a[row * k..<(row + 1) * k][row * k + range.lowerBound..<row * k + range.upperBound],
                        b[column * k + range.lowerBound..<column * k + range.upperBound]
                    )
                    let before = sum
                    #expect(
                        zeroth_mac(
                            x.map { UInt8($0) }, y.map { UInt8($0) }, lanes, aFormat, bFormat, kind, settings, before,
                            &sum) == ZEROTH_OK)
                }
                var result = sum[0]
                if kind == ZEROTH_EXACT { #expect(zeroth_exact_round(sum, &result) == ZEROTH_OK) }
                #expect(result == product[row * n + column])
            }
        }
        let array = try #require(zeroth_array_create(8, 4, lanes, kind))
        defer { zeroth_array_free(array) }
        for dataflow in [ZEROTH_WEIGHT_STATIONARY, ZEROTH_INPUT_STATIONARY, ZEROTH_OUTPUT_STATIONARY] {
            let status = zeroth_array_begin(
                array, dataflow, 1, aFormat, bFormat, settings, 0, Int32(m), Int32(n), Int32(k), a, b)
            #expect(status == ZEROTH_OK, "\(String(cString: zeroth_array_message(array)))")
            var beats: Int64 = 0
            while zeroth_array_step(array) == 1 { beats += 1 }
            #expect(beats == zeroth_array_cycles(array) && beats > 0)
            for row in 0..<m {
                for column in 0..<n {
                    var result: UInt32 = 0
                    #expect(zeroth_array_result(array, Int32(row), Int32(column), &result) == ZEROTH_OK)
                    #expect(result == product[row * n + column], "dataflow \(dataflow)")
                }
            }
        }
    }

    @Test func arraysShowTheirRegistersAndSayWhatTheyRefuse() throws {
        #expect(zeroth_array_create(0, 4, 1, ZEROTH_INTEGER) == nil)
        #expect(zeroth_array_create(4, 4, 1, 5) == nil)
        let array = try #require(zeroth_array_create(2, 2, 1, ZEROTH_INTEGER))
        defer { zeroth_array_free(array) }
        let codes = [UInt32](repeating: 3, count: 4)
        #expect(zeroth_array_step(array) == 0 && zeroth_array_cycles(array) == 0)
        var word: UInt32 = 0
        #expect(zeroth_array_result(array, 0, 0, &word) == ZEROTH_BAD_RANGE)
        #expect(
            zeroth_array_begin(array, 0, 1, ZEROTH_E4M3, ZEROTH_E4M3, 0, 0, 2, 2, 2, codes, codes)
                == ZEROTH_BAD_ACCUMULATOR)
        // Blocks of three on an array of two rows.
        #expect(
            zeroth_array_begin(array, 0, 1, ZEROTH_INT8, ZEROTH_INT8, 32, 3, 2, 2, 2, codes, codes)
                == ZEROTH_BAD_COMMAND)
        #expect(String(cString: zeroth_array_message(array)).contains("blocks of 3"))
        #expect(
            zeroth_array_begin(array, 0, 1, ZEROTH_INT8, ZEROTH_INT8, 32, 0, 2, 2, 2, codes, codes) == ZEROTH_OK)
        var (sum, flags): ([UInt32], UInt32) = ([0, 0, 0], 0)
        var (moving, held): ([UInt8], [UInt8]) = ([0], [0])
        var sawOperands = false
        while zeroth_array_step(array) == 1 {
            #expect(zeroth_array_element(array, 0, 0, &sum, &moving, &held, &flags) == ZEROTH_OK)
            if flags & 1 != 0 {
                sawOperands = true
                #expect(moving == [3] && held == [3])
            }
        }
        #expect(sawOperands)
        #expect(zeroth_array_element(array, 2, 0, &sum, &moving, &held, &flags) == ZEROTH_BAD_RANGE)
    }

    @Test func drawsPerturbationsAndUpdatesAreThoseOfTheReferences() {
        var random = Stimulus(state: 5)
        for bits in [PerturbationBits.two, .four, .eight] {
            let streams = TensorStreams(seed: random.next(), step: 7, query: 3, tensor: 9)
            let first = 1 << 40 + 5
            let codes = (0..<64).map { _ in Int8.random(in: -127...127, using: &random) }
            var result = [Int8](repeating: 0, count: 64)
            let status = zeroth_perturb(
                codes, 64, UInt64(first), streams.seed, 7, 3, 9, Int32(bits.rawValue), 5000, 1, &result)
            #expect(status == ZEROTH_OK)
            for index in 0..<64 {
                var (word, half, grid): (UInt32, UInt32, UInt32) = (0, 0, 0)
                for (purpose, width, draw) in [
                    (ZEROTH_PERTURBATION, Int32(32), 0), (ZEROTH_FIRST_ROUNDING, 16, 1), (ZEROTH_GRID_ROUNDING, 16, 2),
                ] {
                    var drawn: UInt32 = 0
                    #expect(
                        zeroth_draw(streams.seed, 7, 3, 9, purpose, UInt64(first + index), width, &drawn) == ZEROTH_OK)
                    if draw == 0 { word = drawn } else if draw == 1 { half = drawn } else { grid = drawn }
                }
                #expect(word == streams[.perturbation].word(at: first + index))
                let u = IrwinHallGaussian.code(
                    integer: IrwinHallGaussian.integer(word: word), bits: bits, random: UInt16(half))
                let d = WeightPerturbation.gridSteps(code: u, multiplier: 5000, random: UInt16(grid))
                #expect(result[index] == WeightPerturbation.perturbed(codes[index], by: -d))
            }
        }
        for mode in Int32(0)..<4 {
            let rounding: UpdateRounding = [.stochastic, .nearest, .residual(.eight), .residual(.sixteen)][Int(mode)]
            let residual: Int32 = mode < 2 ? 0 : -100
            let expected = WeightUpdate.updated(
                100, residual: residual, code: -90, multiplier: 123_456, random: 40_000, rounding: rounding)
            var (code, left): (Int32, Int32) = (0, 0)
            #expect(zeroth_update(100, -90, 123_456, 40_000, mode, residual, &code, &left) == ZEROTH_OK)
            #expect(code == Int32(expected.code) && left == expected.residual)
        }
    }

    @Test func whatIsWrongIsRefusedAndNothingIsWritten() {
        var (result, flags): (UInt32, UInt32) = (77, 77)
        for (from, to, rounding, bits, overflow, flush, status) in [
            (Int32(13), Int32(9), Int32(0), Int32(0), Int32(0), Int32(0), ZEROTH_BAD_FORMAT),
            (9, -1, 0, 0, 0, 0, ZEROTH_BAD_FORMAT), (9, 0, 9, 4, 0, 0, ZEROTH_BAD_ROUNDING),
            (9, 0, 6, 0, 0, 0, ZEROTH_BAD_ROUNDING), (9, 0, 7, 33, 0, 0, ZEROTH_BAD_ROUNDING),
            (9, 0, -1, 1, 0, 0, ZEROTH_BAD_ROUNDING), (9, 0, 0, 0, 3, 0, ZEROTH_BAD_OVERFLOW),
            (9, 0, 0, 0, 0, 4, ZEROTH_BAD_RANGE),
        ] {
            #expect(zeroth_cast(1, from, to, rounding, bits, 0, overflow, flush, &result, &flags) == status)
        }
        #expect(zeroth_add(0, ZEROTH_INT8, 0, ZEROTH_FP32, ZEROTH_FP32, 0, &result, &flags) == ZEROTH_BAD_FORMAT)
        #expect(zeroth_add(0, ZEROTH_FP32, 0, ZEROTH_FP32, ZEROTH_FP32, 6, &result, &flags) == ZEROTH_BAD_ROUNDING)
        #expect(result == 77 && flags == 77)
        var sum: [UInt32] = [5, 5, 5]
        let (one, zero): ([UInt8], [UInt32]) = ([1], [0, 0, 0])
        #expect(zeroth_mac(one, one, 0, ZEROTH_INT8, ZEROTH_INT8, 0, 32, zero, &sum) == ZEROTH_BAD_RANGE)
        #expect(zeroth_mac(one, one, 1, ZEROTH_INT8, ZEROTH_E4M3, 0, 32, zero, &sum) == ZEROTH_BAD_ACCUMULATOR)
        #expect(zeroth_mac(one, one, 1, ZEROTH_INT8, ZEROTH_INT8, 0, 7, zero, &sum) == ZEROTH_BAD_ACCUMULATOR)
        #expect(zeroth_mac(one, one, 1, ZEROTH_INT4_PACKED, ZEROTH_INT8, 0, 32, zero, &sum) == ZEROTH_BAD_FORMAT)
        #expect(zeroth_mac(one, one, 1, ZEROTH_BF16, ZEROTH_BF16, 1, 0, zero, &sum) == ZEROTH_BAD_FORMAT)
        #expect(sum == [5, 5, 5])
        #expect(zeroth_product(zero, zero, 1, 1, 0, 11, 11, "32-wrap", "re-entry", &result) == ZEROTH_BAD_RANGE)
        #expect(zeroth_product(zero, zero, 1, 1, 1, 11, 11, "33-wrap", "re-entry", &result) == ZEROTH_BAD_ACCUMULATOR)
        #expect(zeroth_product(zero, zero, 1, 1, 1, 11, 11, "32-wrap", "blocked:0", &result) == ZEROTH_BAD_ACCUMULATOR)
        var state: UInt64 = 3
        #expect(zeroth_lfsr(1, 1, 1, 1, &state) == ZEROTH_BAD_RANGE)
        #expect(zeroth_lfsr(8, 0x1FF, 1, 1, &state) == ZEROTH_BAD_RANGE)
        #expect(zeroth_lfsr(8, 0xB8, 256, 1, &state) == ZEROTH_BAD_RANGE && state == 3)
        #expect(zeroth_draw(0, 0, 65536, 0, 0, 0, 32, &result) == ZEROTH_BAD_RANGE)
        #expect(zeroth_draw(0, 0, 0, 0, 5, 0, 32, &result) == ZEROTH_BAD_RANGE)
        #expect(zeroth_draw(0, 0, 0, 0, 0, 1 << 48, 32, &result) == ZEROTH_BAD_RANGE)
        #expect(zeroth_draw(0, 0, 0, 0, 0, 0, 8, &result) == ZEROTH_BAD_RANGE)
        var codes: [Int8] = [1]
        #expect(zeroth_perturb([-128], 1, 0, 0, 0, 0, 0, 8, 1, 0, &codes) == ZEROTH_BAD_RANGE)
        #expect(zeroth_perturb([0], 1, 1 << 48, 0, 0, 0, 0, 8, 1, 0, &codes) == ZEROTH_BAD_RANGE)
        #expect(zeroth_perturb([0], -1, 0, 0, 0, 0, 0, 8, 1, 0, &codes) == ZEROTH_BAD_RANGE)
        #expect(zeroth_perturb([0], 1, 0, 0, 0, 0, 0, 3, 1, 0, &codes) == ZEROTH_BAD_RANGE && codes == [1])
        var (code, left): (Int32, Int32) = (9, 9)
        #expect(zeroth_update(-128, 0, 0, 0, 0, 0, &code, &left) == ZEROTH_BAD_RANGE)
        #expect(zeroth_update(0, 0, 1 << 25, 0, 0, 0, &code, &left) == ZEROTH_BAD_RANGE)
        #expect(zeroth_update(0, 0, 0, 0, 0, 1, &code, &left) == ZEROTH_BAD_RANGE)
        #expect(zeroth_update(0, 0, 0, 0, 4, 0, &code, &left) == ZEROTH_BAD_RANGE && code == 9 && left == 9)
    }

    @Test func epiloguesAndShiftRegistersAreThoseOfTheReferences() throws {
        var (y, code): (UInt32, Int32) = (0, 0)
        #expect(
            zeroth_requantize(
                -12345, Float(0.01).bitPattern, Float(0.5).bitPattern, 1, Float(3).bitPattern, Float(2).bitPattern, &y,
                &code) == ZEROTH_OK)
        let value = IntegerProduct.dequantized(-12345, columnScale: 0.01, rowScale: 0.5, bias: 3)
        #expect(y == value.bitPattern && code == Int32(IntegerProduct.requantized(value, factor: 2)))
        let register = try GaloisLFSR(width: 32, mask: GaloisLFSR.cvfpuMask)
        var (state, found) = (UInt64(0xACE1), UInt64(0))
        #expect(zeroth_lfsr(32, GaloisLFSR.cvfpuMask, state, 1_000_003, &found) == ZEROTH_OK)
        for _ in 0..<1_000_003 { state = register.next(state) }
        #expect(found == state)
    }
}
