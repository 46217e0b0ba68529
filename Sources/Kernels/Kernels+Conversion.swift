import NumberFormats

/// Where the random bits of a buffer's stochastic roundings come from (docs/semantics.md, section 6.1).
public enum RoundingBits {
    /// Nowhere: the rounding is not stochastic.
    case none
    /// Words that the caller gives, one for each element of the buffer.
    case words(UnsafePointer<UInt32>)
    /// A stream's draws, the buffer's first element being element `first` of the stream: for N ≤ 16 random bits the element's 16-bit
    /// draw, for more its 32-bit draw.
    case stream(RandomStream, first: Int)

    /// The word whose low N bits the rounding of an element of the buffer takes; 0 from nowhere.
    public func word(at element: Int, bits: Int) -> UInt32 {
        switch self {
        case .none: 0
        case .words(let words): words[element]
        case .stream(let stream, let first):
            bits <= 16 ? UInt32(stream.half(at: first + element)) : stream.word(at: first + element)
        }
    }
}

extension Kernels {
    /// Converts a buffer of codes from any format to any other (docs/semantics.md, section 6).
    ///
    /// - Parameters:
    ///   - codes: `count` codes of `source`, each in its container (`ElementFormat.containerBytes`), aligned to it.
    ///   - source: The format of the codes.
    ///   - target: The format of the results.
    ///   - count: Number of codes, ≥ 0.
    ///   - environment: Rounding, overflow, flushing.
    ///   - random: The random bits, if the rounding is stochastic.
    ///   - result: Room for `count` codes of `target`, each in its container; not the memory of `codes`.
    /// - Returns: The exceptions that any element raised.
    public func convert(
        _ codes: UnsafeRawPointer, from source: ElementFormat, to target: ElementFormat, count: Int,
        _ environment: FloatEnvironment, random: RoundingBits, into result: UnsafeMutableRawPointer
    ) -> ExceptionFlags {
        if level != .reference, source == .fp32, let cast = Float32Cast(to: target, environment) {
            let numbers = codes.assumingMemoryBound(to: Float.self)
            return self.cast(numbers, count: count, cast, random: random, into: result, raisesFlags: true)
        }
        let bits = environment.rounding.randomBits ?? 0
        var flags: ExceptionFlags = []
        for i in 0..<count {
            let rounded = FormatConversion.convert(
                Self.code(codes, at: i, source), from: source, to: target, environment,
                random: random.word(at: i, bits: bits))
            Self.store(rounded.code, result, at: i, target)
            flags.formUnion(rounded.flags)
        }
        return flags
    }

    static func code(_ codes: UnsafeRawPointer, at i: Int, _ format: ElementFormat) -> UInt32 {
        switch format.containerBytes {
        case 1: UInt32(codes.load(fromByteOffset: i, as: UInt8.self))
        case 2: UInt32(codes.load(fromByteOffset: 2 * i, as: UInt16.self))
        default: codes.load(fromByteOffset: 4 * i, as: UInt32.self)
        }
    }

    static func store(_ code: UInt32, _ codes: UnsafeMutableRawPointer, at i: Int, _ format: ElementFormat) {
        // An integer narrower than its container is stored with its sign.
        let word = format.integer.map { UInt32(truncatingIfNeeded: $0.decode(code)) } ?? code
        switch format.containerBytes {
        case 1: codes.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: i, as: UInt8.self)
        case 2: codes.storeBytes(of: UInt16(truncatingIfNeeded: word), toByteOffset: 2 * i, as: UInt16.self)
        default: codes.storeBytes(of: word, toByteOffset: 4 * i, as: UInt32.self)
        }
    }

    /// The numbers that codes stand for; NaNs become 0x7FC00000. INT32 is not a source: FP32 doesn't hold it.
    ///
    /// - Parameters:
    ///   - codes: `count` codes of `format`, each in its container.
    ///   - values: Room for as many numbers.
    public func decode(
        _ codes: UnsafeRawPointer, _ format: ElementFormat, count: Int, into values: UnsafeMutablePointer<Float>
    ) {
        precondition(format != .int32, "FP32 does not hold INT32")
        if level != .reference, let float = format.float, float.bits <= 16 {
            fastDecode(codes, float, count: count, into: values)
            return
        }
        _ = convert(codes, from: format, to: .fp32, count: count, FloatEnvironment(), random: .none, into: values)
    }
}
