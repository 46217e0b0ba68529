import NumberFormats
import Testing

/// Stochastic rounding in the mean: exactly, over all random bits, where there are few of them; with Philox where there are many.
@Suite struct StochasticRoundingTests {
    enum Form: String, CaseIterable {
        case a, b, c

        func mode(_ bits: Int) -> RoundingMode {
            switch self {
            case .a: .stochasticA(bits: bits)
            case .b: .stochasticB(bits: bits)
            case .c: .stochasticC(bits: bits)
            }
        }

        /// The probability of rounding up, 2^N times: v·2^N cut to an integer, as docs/semantics.md, section 6.1, says.
        func share(_ scaled: Double) -> Double {
            switch self {
            case .a: scaled.rounded(.down)
            case .b: scaled.rounded(.toNearestOrAwayFromZero)
            case .c: scaled.rounded(.toNearestOrEven)
            }
        }
    }

    /// FP32 numbers of all magnitudes that E4M3 rounds, subnormal ones included, and the fraction v that is discarded of each.
    private static let numbers: [(value: Float, below: UInt32, fraction: Double)] = (0..<200).compactMap { i in
        let word = RandomStream(seed: 11, step: 0, query: 0, purpose: .activations, tensor: 0).word(at: i)
        let value = Float(bitPattern: (UInt32(112 + i % 24) << 23) | word & 0x7F_FFFF) * (i % 2 == 0 ? 1 : -1)
        let below = FloatFormat.e4m3.encode(
            FloatFormat.value(of: Double(value)), FloatEnvironment(rounding: .towardZero)
        ).code
        guard below & 0x7F < 0x7E else { return nil }
        let (low, high) = (FloatFormat.e4m3.value(of: below), FloatFormat.e4m3.value(of: below + 1))
        return (value, below, (Double(value) - low) / (high - low))
    }

    private static func up(_ value: Float, _ mode: RoundingMode, _ random: UInt32, from below: UInt32) -> Bool {
        let rounded = FloatFormat.e4m3.encode(
            FloatFormat.value(of: Double(value)), FloatEnvironment(rounding: mode), random: random)
        precondition(rounded.code == below || rounded.code == below + 1)
        return rounded.code != below
    }

    /// Over all 2^N values of R: the number of those that round up is v·2^N, cut as the form says. So A is biased toward zero by less than 2^−N of
    /// the last place, and by half of that on average; B and C by at most 2^−(N+1) either way.
    @Test(arguments: Form.allCases, 1...10)
    func everyRandomNumberCountsOnce(_ form: Form, _ bits: Int) {
        let all = Double(1 << bits)
        var bias = 0.0
        for (value, below, fraction) in Self.numbers {
            let ups = (0..<UInt32(1 << bits)).count { Self.up(value, form.mode(bits), $0, from: below) }
            #expect(Double(ups) == form.share(fraction * all))
            let error = Double(ups) / all - fraction
            #expect(form == .a ? error <= 0 && error > -1 / all : abs(error) <= 0.5 / all)
            bias += error / Double(Self.numbers.count)
        }
        // The mean of 200 numbers uniform in an interval of length 1/all: its standard error is 1/(all·√(12·200)).
        let standardError = 1 / (all * (12 * Double(Self.numbers.count)).squareRoot())
        #expect(abs(bias - (form == .a ? -0.5 / all : 0)) < 5 * standardError)
    }

    /// Bits above the N that are asked for decide nothing.
    @Test(arguments: Form.allCases)
    func onlyTheLowBitsCount(_ form: Form) {
        for (value, below, _) in Self.numbers.prefix(50) {
            for random in [UInt32(0), 5, 77, 255] {
                let first = Self.up(value, form.mode(8), random, from: below)
                #expect(Self.up(value, form.mode(8), random | 0xABCD_EF00, from: below) == first)
            }
        }
    }

    /// E[SR(x)] = x within 5 standard errors and the bias above, for each N, with the draws of a stream: 16-bit draws up to N = 16, 32-bit draws above.
    @Test(arguments: Form.allCases, 1...32)
    func theMeanIsTheNumber(_ form: Form, _ bits: Int) {
        let stream = RandomStream(seed: 3, step: UInt32(bits), query: 0, purpose: .activations, tensor: 0)
        let trials = 4000
        for (i, (value, below, fraction)) in Self.numbers.prefix(12).enumerated() {
            let ups = (0..<trials).count {
                let element = i * trials + $0
                let random = bits <= 16 ? UInt32(stream.half(at: element)) : stream.word(at: element)
                return Self.up(value, form.mode(bits), random, from: below)
            }
            let share = form.share(fraction * Double(1 << bits)) / Double(1 << bits)
            let standardError = (share * (1 - share) / Double(trials)).squareRoot()
            #expect(abs(Double(ups) / Double(trials) - share) <= 5 * standardError)
            #expect(abs(Double(ups) / Double(trials) - fraction) <= 5 * standardError + 1 / Double(1 << bits))
        }
    }
}
