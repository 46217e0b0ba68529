import CKernels
import NumberFormats

/// Casts between FP32 and formats of at most 16 bits (docs/semantics.md, section 6).
///
/// Codes lie each in its container, as in ``convert(_:from:to:count:_:random:into:)``. Buffers must not overlap. Every level gives the same
/// bits and the same exceptions.
extension Kernels {
    /// Casts FP32 numbers.
    ///
    /// - Parameters:
    ///   - x: `count` numbers.
    ///   - count: how many, ≥ 0.
    ///   - cast: the target format and the rules.
    ///   - random: the random bits, if the rounding is stochastic. Elements of a stream lie below 2⁴⁸.
    ///   - codes: room for `count` codes, each in its container.
    ///   - raisesFlags: whether exceptions are collected, which takes longer.
    /// - Returns: the union of the exceptions raised, or none where they are not collected.
    @discardableResult
    public func cast(
        _ x: UnsafePointer<Float>, count: Int, _ cast: Float32Cast, random: RoundingBits = .none,
        into codes: UnsafeMutableRawPointer, raisesFlags: Bool = false
    ) -> ExceptionFlags {
        precondition(count >= 0, "a negative number of elements")
        guard level == .reference else {
            return fastCast(x, count: count, cast, random: random, into: codes, raisesFlags: raisesFlags)
        }
        var flags: ExceptionFlags = []
        for i in 0..<count {
            let rounded = cast.code(of: x[i], random: random.word(at: i, bits: cast.randomBits ?? 0))
            Self.store(rounded.code, codes, at: i, cast.format)
            flags.formUnion(rounded.flags)
        }
        return raisesFlags ? flags : []
    }

    private func fastCast(
        _ x: UnsafePointer<Float>, count: Int, _ cast: Float32Cast, random: RoundingBits,
        into codes: UnsafeMutableRawPointer, raisesFlags: Bool
    ) -> ExceptionFlags {
        var rules = cast.rules
        var raised: UInt32 = 0
        let level = Int32(level.rawValue)
        withUnsafeMutablePointer(to: &raised) { raised in
            let raised = raisesFlags ? raised : nil
            switch (cast.randomBits, random) {
            case (nil, _): zk_cast_float32(level, &rules, x, count, nil, codes, raised)
            case (_, .words(let words)): zk_cast_float32(level, &rules, x, count, words, codes, raised)
            case (_, .stream(let stream, let first)):
                Self.check(first, count)
                var draws = zk_stream(stream)
                zk_cast_float32_stream(level, &rules, x, count, &draws, UInt64(first), codes, raised)
            case (_, .none): preconditionFailure("a stochastic rounding needs random bits")
            }
        }
        return ExceptionFlags(rawValue: UInt8(raised))
    }

    /// Rounds fl(x · factor) stochastically to INT8, form A, with random bits drawn from a stream, limited to ±127. NaN gives 0.
    ///
    /// - Parameters:
    ///   - x: `count` numbers.
    ///   - count: how many, ≥ 0.
    ///   - factor: what each is multiplied by first, one FP32 operation; a scale's reciprocal.
    ///   - randomBits: N, 1…32.
    ///   - stream: the stream: the low N bits of the 16-bit draw for N ≤ 16, of the 32-bit draw for N > 16.
    ///   - first: the stream's element that `x[0]` takes, ≥ 0; first + count ≤ 2⁴⁸.
    ///   - codes: `count` codes, overwritten.
    public func roundStochastically(
        _ x: UnsafePointer<Float>, count: Int, factor: Float, randomBits: Int, stream: RandomStream, from first: Int,
        into codes: UnsafeMutablePointer<Int8>
    ) {
        Self.check(first, count)
        precondition((1...32).contains(randomBits), "Stochastic rounding takes 1 to 32 bits")
        guard level == .reference else {
            var draws = zk_stream(stream)
            zk_round_int8_stream(
                Int32(level.rawValue), x, count, factor, Int32(randomBits), &draws, UInt64(first), codes)
            return
        }
        let environment = FloatEnvironment(rounding: .stochasticA(bits: randomBits))
        guard let cast = Float32Cast(to: .int8, environment, isSymmetric: true) else { return }
        for i in 0..<count {
            let random = RoundingBits.stream(stream, first: first).word(at: i, bits: randomBits)
            codes[i] = Int8(truncatingIfNeeded: cast.code(of: x[i] * factor, random: random).code)
        }
    }

    /// The numbers of a floating-point format of at most 16 bits, at a level above the reference.
    func fastDecode(
        _ codes: UnsafeRawPointer, _ format: FloatFormat, count: Int, into values: UnsafeMutablePointer<Float>
    ) {
        var decoding = zk_decoding(
            fraction_bits: Int32(format.fractionBits), minimum_exponent: Int32(format.minimumExponent),
            is_power: format.hasSubnormals ? 0 : 1, sign: format.signMask, magnitude: format.magnitudeMask,
            infinity: format.infinityCode ?? .max, largest: format.largestFiniteCode, bytes: format.bits <= 8 ? 1 : 2)
        zk_decode_float32(Int32(level.rawValue), &decoding, codes, count, values)
    }

    private static func check(_ first: Int, _ count: Int) {
        precondition(count >= 0 && first >= 0 && first <= 1 << 48 - count, "elements of a stream")
    }
}

extension zk_stream {
    init(_ stream: RandomStream) {
        self.init(
            seed: stream.seed, step: stream.step, query: stream.query, tensor: stream.tensor,
            purpose: stream.purpose.rawValue)
    }
}
