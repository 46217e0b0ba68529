import CKernels
import NumberFormats

/// Casts between FP32 and formats of at most 16 bits (docs/semantics.md, section 6).
///
/// Codes lie one to a byte up to 8 bits and one to two bytes, in the processor's byte order, above. Buffers need no alignment beyond their
/// elements'; they must not overlap. Every level gives the same bits and the same exceptions.
extension Kernels {
    /// Casts FP32 numbers, with the random bits given.
    ///
    /// - Parameters:
    ///   - x: `count` numbers.
    ///   - count: how many, ≥ 0.
    ///   - cast: the target format and the rules.
    ///   - random: a word for each number, R in its low N bits; needed where the rounding is stochastic.
    ///   - codes: `count` codes of ``Float32Cast/bytesPerCode`` bytes, overwritten.
    ///   - raisesFlags: whether exceptions are collected, which takes about twice as long.
    /// - Returns: the union of the exceptions raised, or none where they are not collected.
    @discardableResult
    public func cast(
        _ x: UnsafePointer<Float>, count: Int, _ cast: Float32Cast, random: UnsafePointer<UInt32>? = nil,
        into codes: UnsafeMutableRawPointer, raisesFlags: Bool = false
    ) -> ExceptionFlags {
        precondition(count >= 0, "a negative number of elements")
        precondition(cast.randomBits == nil || random != nil, "a stochastic rounding needs random bits")
        guard level == .reference else {
            var rules = cast.rules
            return Self.collected(raisesFlags) {
                zk_cast_float32(Int32(level.rawValue), &rules, x, count, random, codes, $0)
            }
        }
        return Self.collected(raisesFlags, count: count) { i in
            let rounded = cast.code(of: x[i], random: random.map { $0[i] } ?? 0)
            Self.store(rounded.code, in: codes, at: i, bytes: cast.bytesPerCode)
            return rounded.flags
        }
    }

    /// Casts FP32 numbers, with random bits drawn from a stream: the low N bits of the 16-bit draw for N ≤ 16, of the 32-bit draw for N > 16.
    ///
    /// - Parameters:
    ///   - x: `count` numbers.
    ///   - count: how many, ≥ 0.
    ///   - cast: the target format and the rules; without random bits the stream is not looked at.
    ///   - stream: the stream.
    ///   - first: the stream's element that `x[0]` takes, ≥ 0; first + count ≤ 2⁴⁸.
    ///   - codes: `count` codes of ``Float32Cast/bytesPerCode`` bytes, overwritten.
    ///   - raisesFlags: whether exceptions are collected, which takes longer.
    /// - Returns: the union of the exceptions raised, or none where they are not collected.
    @discardableResult
    public func cast(
        _ x: UnsafePointer<Float>, count: Int, _ cast: Float32Cast, stream: RandomStream, from first: Int,
        into codes: UnsafeMutableRawPointer, raisesFlags: Bool = false
    ) -> ExceptionFlags {
        guard let bits = cast.randomBits else {
            return self.cast(x, count: count, cast, into: codes, raisesFlags: raisesFlags)
        }
        Self.check(first, count)
        guard level == .reference else {
            var rules = cast.rules
            var draws = zk_stream(stream)
            return Self.collected(raisesFlags) {
                zk_cast_float32_stream(Int32(level.rawValue), &rules, x, count, &draws, UInt64(first), codes, $0)
            }
        }
        return Self.collected(raisesFlags, count: count) { i in
            let rounded = cast.code(of: x[i], random: stream.draw(at: first + i, bits: bits))
            Self.store(rounded.code, in: codes, at: i, bytes: cast.bytesPerCode)
            return rounded.flags
        }
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
            let random = stream.draw(at: first + i, bits: randomBits)
            codes[i] = Int8(truncatingIfNeeded: Int32(bitPattern: cast.code(of: x[i] * factor, random: random).code))
        }
    }

    /// The FP32 numbers of codes, exactly; every NaN becomes 0x7FC00000.
    ///
    /// - Parameters:
    ///   - codes: `count` codes of a byte each up to 8 bits, of two above; bits above the format's are ignored.
    ///   - count: how many, ≥ 0.
    ///   - format: a floating-point format of at most 16 bits.
    ///   - x: `count` numbers, overwritten.
    public func decode(
        _ codes: UnsafeRawPointer, count: Int, from format: FloatFormat, into x: UnsafeMutablePointer<Float>
    ) {
        precondition(count >= 0, "a negative number of elements")
        precondition(format.bits <= 16, "codes of at most 16 bits")
        let bytes = format.bits <= 8 ? 1 : 2
        guard level == .reference else {
            var decoding = zk_decoding(
                fraction_bits: Int32(format.fractionBits), minimum_exponent: Int32(format.minimumExponent),
                is_power: format.hasSubnormals ? 0 : 1, sign: format.signMask, magnitude: format.magnitudeMask,
                infinity: format.infinityCode ?? .max, largest: format.largestFiniteCode, bytes: Int32(bytes))
            zk_decode_float32(Int32(level.rawValue), &decoding, codes, count, x)
            return
        }
        for i in 0..<count {
            let code =
                bytes == 1
                ? UInt32(codes.load(fromByteOffset: i, as: UInt8.self))
                : UInt32(codes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
            x[i] = format.isNaN(code) ? Float(bitPattern: 0x7FC0_0000) : Float(format.value(of: code))
        }
    }

    private static func check(_ first: Int, _ count: Int) {
        precondition(count >= 0 && first >= 0 && first <= 1 << 48 - count, "elements of a stream")
    }

    private static func store(_ code: UInt32, in codes: UnsafeMutableRawPointer, at i: Int, bytes: Int) {
        if bytes == 1 {
            codes.storeBytes(of: UInt8(code), toByteOffset: i, as: UInt8.self)
        } else {
            codes.storeBytes(of: UInt16(code), toByteOffset: 2 * i, as: UInt16.self)
        }
    }

    /// Runs a kernel with a place for its flags, or with none.
    private static func collected(
        _ raisesFlags: Bool, _ kernel: (UnsafeMutablePointer<UInt32>?) -> Void
    ) -> ExceptionFlags {
        guard raisesFlags else {
            kernel(nil)
            return []
        }
        var flags: UInt32 = 0
        kernel(&flags)
        return ExceptionFlags(rawValue: UInt8(flags))
    }

    /// Visits the elements, and unites what they raise.
    private static func collected(_ raisesFlags: Bool, count: Int, _ element: (Int) -> ExceptionFlags) -> ExceptionFlags
    {
        var flags: ExceptionFlags = []
        for i in 0..<count { flags.formUnion(element(i)) }
        return raisesFlags ? flags : []
    }
}

extension RandomStream {
    /// The draw that an N-bit stochastic rounding of an element takes its low N bits from.
    func draw(at element: Int, bits: Int) -> UInt32 {
        bits <= 16 ? UInt32(half(at: element)) : word(at: element)
    }
}

extension zk_stream {
    init(_ stream: RandomStream) {
        self.init(
            seed: stream.seed, step: stream.step, query: stream.query, tensor: stream.tensor,
            purpose: stream.purpose.rawValue)
    }
}
