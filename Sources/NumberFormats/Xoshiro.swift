/// The xoshiro and xoroshiro generators: a linear engine of XORs, shifts and rotations, and a scrambler that hides its linearity.
///
/// Sources: D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47 (2021), doi:10.1145/3460772, for
/// `++` and `+`; J. Hanlon, S. Felix, "A Fast Hardware Pseudorandom Number Generator Based on xoroshiro128", IEEE Trans. Computers 72
/// (2023), doi:10.1109/TC.2022.3204226, arXiv 2203.04058, for `aox`, the generator of Graphcore's IPU. docs/semantics.md, 4.3.
public enum Xoshiro: String, SequentialGenerator, CaseIterable {
    /// Four words of 32 bits; output rotl(s₀ + s₃, 7) + s₀.
    case xoshiro128PlusPlus = "xoshiro128++"
    /// Four words of 64 bits; output rotl(s₀ + s₃, 23) + s₀.
    case xoshiro256PlusPlus = "xoshiro256++"
    /// Two words of 64 bits, constants 24, 16, 37; output s₀ + s₁. Its lowest bits are weak.
    case xoroshiro128Plus = "xoroshiro128+"
    /// Two words of 64 bits, constants 55, 14, 36; output (s₀ ^ s₁) ^ (rotl(s₀ & s₁, 1) | rotl(s₀ & s₁, 2)).
    case xoroshiro128AOX = "xoroshiro128aox"

    /// The words s₀…s₃ of a state; words that a generator doesn't have are 0, 32-bit words lie in the low halves. Not all zero.
    public typealias State = SIMD4<UInt64>
    /// xⁿ modulo the engine's characteristic polynomial.
    public typealias Jump = SIMD4<UInt64>

    public var name: String { rawValue }

    public var outputBits: Int { self == .xoshiro128PlusPlus ? 32 : 64 }

    public var packsDraws: Bool { true }

    /// Bits of the state.
    public var stateBits: Int { self == .xoshiro256PlusPlus ? 256 : 128 }

    /// The words in order, low word first, as many as the state has; the state 1, 0, … where all of them are 0.
    public func initialState(random: [UInt32]) -> State {
        var state = State()
        for i in 0..<4 {
            switch self {
            case .xoshiro128PlusPlus: state[i] = UInt64(random[i])
            case .xoshiro256PlusPlus: state[i] = UInt64(random[2 * i]) | UInt64(random[2 * i + 1]) << 32
            case .xoroshiro128Plus, .xoroshiro128AOX:
                state[i] = i < 2 ? UInt64(random[2 * i]) | UInt64(random[2 * i + 1]) << 32 : 0
            }
        }
        return state == State() ? State(1, 0, 0, 0) : state
    }

    public func output(_ s: State) -> UInt64 {
        switch self {
        case .xoshiro128PlusPlus:
            let (first, last) = (UInt32(truncatingIfNeeded: s[0]), UInt32(truncatingIfNeeded: s[3]))
            return UInt64(rotated(first &+ last, left: 7) &+ first)
        case .xoshiro256PlusPlus: return rotated(s[0] &+ s[3], left: 23) &+ s[0]
        case .xoroshiro128Plus: return s[0] &+ s[1]
        case .xoroshiro128AOX:
            let both = s[0] & s[1]
            return s[0] ^ s[1] ^ (rotated(both, left: 1) | rotated(both, left: 2))
        }
    }

    public func advance(_ state: inout State) {
        switch self {
        case .xoshiro128PlusPlus:
            var s = SIMD4<UInt32>(truncatingIfNeeded: state)
            let shifted = s[1] << 9
            mixFour(&s)
            s[2] ^= shifted
            s[3] = rotated(s[3], left: 11)
            state = SIMD4(truncatingIfNeeded: s)
        case .xoshiro256PlusPlus:
            let shifted = state[1] << 17
            mixFour(&state)
            state[2] ^= shifted
            state[3] = rotated(state[3], left: 45)
        case .xoroshiro128Plus: advanceTwo(&state, 24, 16, 37)
        case .xoroshiro128AOX: advanceTwo(&state, 55, 14, 36)
        }
    }

    public func jump(by outputs: UInt64) -> Jump {
        Self.polynomials[self]!.power(outputs)
    }

    /// The jump by twice as many outputs, for jumps of 2⁶⁴ and beyond.
    public func doubled(_ jump: Jump) -> Jump {
        Self.polynomials[self]!.product(jump, jump)
    }

    public func jumped(_ state: State, by jump: Jump) -> State {
        var shifted = state
        var sum = State()
        for i in 0..<stateBits {
            if jump[i / 64] >> UInt64(i % 64) & 1 == 1 { sum ^= shifted }
            advance(&shifted)
        }
        return sum
    }

    /// The polynomials modulo each engine's characteristic polynomial, found from 2·`stateBits` of its bits.
    static let polynomials: [Xoshiro: BinaryPolynomials] = Dictionary(
        uniqueKeysWithValues: allCases.map { generator in
            var state = State(1, 0, 0, 0)
            let bits = (0..<2 * generator.stateBits).map { _ in
                generator.advance(&state)
                return state[0] & 1 == 1
            }
            return (generator, BinaryPolynomials(recurrenceOf: bits))
        })

    /// One output a lane and cycle; docs/semantics.md, 4.5, counts each engine's gates.
    public func hardware(lanes: Int) -> GeneratorHardware {
        let (xors, andOrs, adders) =
            switch self {
            case .xoshiro128PlusPlus: (4 * 32 + 23, 0, 2 * 32)
            case .xoshiro256PlusPlus: (4 * 64 + 47, 0, 2 * 64)
            case .xoroshiro128Plus: (2 * 64 + 48, 0, 64)
            case .xoroshiro128AOX: (2 * 64 + 50 + 64, 2 * 64, 0)
            }
        return GeneratorHardware(
            stateBits: lanes * stateBits, xorGates: lanes * xors, andOrGates: lanes * andOrs, adderBits: lanes * adders,
            bitsPerCycle: lanes * outputBits, latencyCycles: 1, reseedCycles: 1)
    }
}

private func rotated<Word: FixedWidthInteger & UnsignedInteger>(_ word: Word, left count: Word) -> Word {
    word << count | word >> (Word(Word.bitWidth) - count)
}

/// The XORs of the engine of four words.
private func mixFour<Word: FixedWidthInteger & UnsignedInteger>(_ s: inout SIMD4<Word>) {
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
}

/// The engine of two words with constants a, b, c.
private func advanceTwo(_ s: inout SIMD4<UInt64>, _ a: UInt64, _ b: UInt64, _ c: UInt64) {
    let sum = s[0] ^ s[1]
    s[0] = rotated(s[0], left: a) ^ sum ^ sum << b
    s[1] = rotated(sum, left: c)
}
