import NumberFormats

/// FP32 numbers on which casts differ if they differ anywhere: upper halves with tails around each tie.
enum CastInputs {
    /// The lower halves: exact, just above, just below a tie, a tie, just above it, just below the next; the seventh is random.
    static let tails: [UInt32] = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]

    /// All 2¹⁶ upper halves with each tail.
    static let all: [Float] = numbers(halves: 0..<65536)

    /// Upper halves of numbers that a format rounds, and a few of the others, with each tail.
    ///
    /// - Parameter every: one of how many is kept.
    static func around(_ format: ElementFormat, every: Int) -> [Float] {
        let exponents: ClosedRange<Int>
        switch format.descriptor {
        case .integer(let integer): exponents = -4...integer.bits + 1
        case .float(let float):
            exponents = float.minimumExponent - float.fractionBits - 3...(1 << float.exponentBits) - float.bias + 1
        }
        let halves = (0..<65536).filter { half in
            let exponent = (half >> 7 & 255) - 127
            return exponents.contains(exponent) || half % 61 == 0 || (half & 0x7F80) == 0 || (half & 0x7F80) == 0x7F80
        }
        return numbers(halves: halves).enumerated().filter { $0.offset % every == 0 }.map(\.element)
    }

    private static func numbers(halves: some Sequence<Int>) -> [Float] {
        var source = OperandSource(seed: 21)
        return halves.flatMap { half in
            (tails + [UInt32(truncatingIfNeeded: source.next()) & 0xFFFF]).map {
                Float(bitPattern: UInt32(half) << 16 | $0)
            }
        }
    }

    /// Random words, every 16th all ones and every 16th all zeros.
    static func words(_ count: Int) -> [UInt32] {
        var source = OperandSource(seed: 22)
        return (0..<count).map { i in
            let word = UInt32(truncatingIfNeeded: source.next())
            return i % 16 == 3 ? .max : i % 16 == 11 ? 0 : word
        }
    }

    /// A code as its container holds it.
    static func stored(_ code: UInt32, _ format: ElementFormat) -> UInt32 {
        guard let integer = format.integer else { return code }
        let number = integer.decode(code)
        return format.containerBytes == 1
            ? UInt32(UInt8(bitPattern: Int8(number))) : UInt32(UInt16(bitPattern: Int16(number)))
    }

    /// The formats that kernels cast to.
    static let formats = ElementFormat.allCases.filter { $0.bits <= 16 }

    /// Every rounding; the stochastic ones with few, usual and most bits.
    static let roundings: [RoundingMode] =
        [.nearestEven, .nearestAway, .towardZero, .down, .up, .odd]
        + [1, 7, 16, 31, 32].flatMap { [.stochasticA(bits: $0), .stochasticB(bits: $0), .stochasticC(bits: $0)] }

    /// Every overflow policy with every flushing.
    static func environments(_ rounding: RoundingMode) -> [FloatEnvironment] {
        OverflowPolicy.allCases.flatMap { overflow in
            [false, true].flatMap { inputs in
                [false, true].map { outputs in
                    FloatEnvironment(
                        rounding: rounding, overflow: overflow, flushesInputs: inputs, flushesOutputs: outputs)
                }
            }
        }
    }
}
