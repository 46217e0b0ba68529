/// A Galois linear-feedback shift register that shifts right: state ← (state >> 1) ^ (state & 1 ? mask : 0).
///
/// Bit i of the mask is tap i + 1 of the tables that number taps from 1. A register at zero stays there; with a maximal-length mask
/// every other state follows on one cycle of 2^width − 1 steps.
///
/// Source: docs/semantics.md, 4.2.
public struct GaloisLFSR: SequentialGenerator {
    /// Masks of maximal length by width: the taps that P. Alfke, "Efficient Shift Registers, LFSR Counters, and Long Pseudo-Random
    /// Sequence Generators", Xilinx XAPP 052 (1996), table 3, lists: 8, 6, 5, 4; 16, 15, 13, 4; 24, 23, 22, 17; 32, 22, 2, 1;
    /// 64, 63, 61, 60. Their periods are verified by GaloisLFSRTests.
    public static let maximalMasks: [Int: UInt64] = [
        8: 0xB8, 16: 0xD008, 24: 0xE1_0000, 32: 0x8020_0003, 64: 0xD800_0000_0000_0000,
    ]

    /// The 32-bit mask of the stochastic rounding unit of pulp-platform's cvfpu, of maximal length as well.
    public static let cvfpuMask: UInt64 = 0x8000_0EA6

    /// The largest number of steps a draw.
    public static let largestStepsPerDraw = 256

    /// Bits of the register, 2…64.
    public let width: Int
    /// Where a 1 that is shifted out is added; bit width − 1 is set.
    public let mask: UInt64
    /// Low bits of the register that one draw takes, 1…min(width, 32).
    public let bitsPerDraw: Int
    /// Steps from one draw to the next, 1…256. Below `bitsPerDraw`, neighbouring draws share bits.
    public let stepsPerDraw: Int
    /// Whether a draw takes the complement of the register's bits.
    public let complements: Bool

    /// A register.
    ///
    /// - Parameters:
    ///   - width: 2…64.
    ///   - mask: below 2^width, its top bit set; by default the listed mask of maximal length.
    ///   - bitsPerDraw: 1…min(width, 32), the largest by default.
    ///   - stepsPerDraw: 1…256, by default as many as `bitsPerDraw`, so that neighbouring draws share no bit.
    ///   - complements: whether draws are inverted: a unit that rounds up where its register is below the discarded bits
    ///     is form A with the register's complement.
    /// - Throws: the first of `RandomSourceError`'s cases that applies.
    public init(
        width: Int = 32, mask: UInt64? = nil, bitsPerDraw: Int? = nil, stepsPerDraw: Int? = nil,
        complements: Bool = false
    ) throws(RandomSourceError) {
        guard 2...64 ~= width else { throw .width(width) }
        guard let mask = mask ?? Self.maximalMasks[width] else { throw .maskMissing(width: width) }
        guard mask != 0 else { throw .maskZero }
        guard width == 64 || mask >> UInt64(width) == 0 else { throw .maskTooWide(mask: mask, width: width) }
        guard mask >> UInt64(width - 1) == 1 else { throw .maskWithoutTopBit(mask: mask, width: width) }
        let bits = bitsPerDraw ?? min(width, 32)
        guard 1...min(width, 32) ~= bits else { throw .bitsPerDraw(bits, largest: min(width, 32)) }
        let steps = stepsPerDraw ?? bits
        guard 1...Self.largestStepsPerDraw ~= steps else { throw .stepsPerDraw(steps) }
        self.width = width
        self.mask = mask
        self.bitsPerDraw = bits
        self.stepsPerDraw = steps
        self.complements = complements
    }

    /// The state one step on.
    public func next(_ state: UInt64) -> UInt64 {
        state >> 1 ^ (state & 1 == 0 ? 0 : mask)
    }

    /// The state any number of steps on, in O(width · log steps).
    ///
    /// With bit width − 1 − i as the coefficient of xⁱ, a step is a multiplication by x modulo the polynomial that the mask gives;
    /// `steps` of them are one by x^steps, which squaring and multiplying makes.
    public func advanced(_ state: UInt64, by steps: UInt64) -> UInt64 {
        product(state, power(steps))
    }

    /// x^exponent modulo the register's polynomial.
    private func power(_ exponent: UInt64) -> UInt64 {
        var result = UInt64(1) << UInt64(width - 1)  // the polynomial 1
        var square = next(result)  // x
        var rest = exponent
        while rest != 0 {
            if rest & 1 == 1 { result = product(result, square) }
            square = product(square, square)
            rest >>= 1
        }
        return result
    }

    /// The product of two polynomials modulo the register's.
    private func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var shifted = a
        var sum: UInt64 = 0
        for place in stride(from: width - 1, through: 0, by: -1) {
            if b >> UInt64(place) & 1 == 1 { sum ^= shifted }
            shifted = next(shifted)
        }
        return sum
    }

    // MARK: As a sequential generator

    public var name: String { "lfsr" }
    public var outputBits: Int { bitsPerDraw }
    public var packsDraws: Bool { false }

    /// The low `width` bits of the first of four 64-bit words, low word first, in which they are not all zero; else 1.
    public func initialState(random: [UInt32]) -> UInt64 {
        for pair in 0..<4 {
            let word = UInt64(random[2 * pair]) | UInt64(random[2 * pair + 1]) << 32
            let state = word & (UInt64.max >> UInt64(64 - width))
            if state != 0 { return state }
        }
        return 1
    }

    public func output(_ state: UInt64) -> UInt64 {
        (complements ? ~state : state) & (UInt64.max >> UInt64(64 - bitsPerDraw))
    }

    public func advance(_ state: inout UInt64) {
        for _ in 0..<stepsPerDraw { state = next(state) }
    }

    public func jump(by outputs: UInt64) -> UInt64 {
        power(outputs * UInt64(stepsPerDraw))
    }

    public func jumped(_ state: UInt64, by jump: UInt64) -> UInt64 {
        product(state, jump)
    }

    /// One draw a lane and cycle: `stepsPerDraw` steps unrolled, each with a two-input XOR for every tap but the top one.
    public func hardware(lanes: Int) -> GeneratorHardware {
        GeneratorHardware(
            stateBits: lanes * width,
            xorGates: lanes * stepsPerDraw * (mask.nonzeroBitCount - 1),
            bitsPerCycle: lanes * bitsPerDraw,
            latencyCycles: 1,
            reseedCycles: 1)
    }
}
