import Kernels
import NumberFormats

/// The codes of a floating-point format of at most 8 bits, taken apart.
struct NarrowCodes {
    /// A code as ±significand · 2^(exponent − 4); the exponent is that of its field.
    struct Term: BitwiseCopyable {
        /// With its sign, |significand| < 32.
        let significand: Int16
        /// `special` for infinities and NaNs.
        let exponent: Int16
    }

    /// The exponent of what is no number.
    static var special: Int16 { Int16.min }

    private let termMemory: AlignedBuffer<Term>
    private let valueMemory: AlignedBuffer<Float>
    /// The terms of the 256 bytes.
    let terms: UnsafePointer<Term>
    /// The numbers of the 256 bytes.
    let values: UnsafePointer<Float>

    init(_ format: FloatFormat) {
        let bytes = (0..<256).map { UInt32($0) }
        termMemory = AlignedBuffer(bytes.map { Self.term($0, format) })
        valueMemory = AlignedBuffer(bytes.map { Float(format.value(of: $0)) })
        terms = UnsafePointer(termMemory.baseAddress)
        values = UnsafePointer(valueMemory.baseAddress)
    }

    private static func term(_ code: UInt32, _ format: FloatFormat) -> Term {
        guard case .finite(let negative, let significand, let exponent) = format.decode(code) else {
            return Term(significand: 0, exponent: special)
        }
        let placed = Int16(significand) << Int16(4 - format.fractionBits)
        return Term(significand: negative ? -placed : placed, exponent: Int16(exponent + format.fractionBits))
    }
}

/// The codes of one element and beat: byte `l` of each operand stands `l` planes behind the first.
struct NarrowOperands {
    let a, b: UnsafePointer<UInt8>
    let lanes, planeSize: Int
}

/// A step of a chain for codes of at most 8 bits: the bits of `MACStep`, for the sums that a chain from zero reaches.
protocol NarrowStep {
    /// A sum's register.
    associatedtype Word: FixedWidthInteger

    /// c + Σ a·b; nil where an infinity or a NaN takes part.
    func sum(_ c: Word, _ operands: NarrowOperands) -> Word?
}

/// 2^exponent, −126 ≤ exponent ≤ 127.
@inline(__always)
private func powerOfTwo(_ exponent: Int) -> Float { Float(bitPattern: UInt32(exponent + 127) << 23) }

/// fp32-sequential. A product of two such codes is an FP32 number, so the fused multiply-add is an addition.
struct NarrowSequentialStep: NarrowStep {
    let a, b: NarrowCodes

    @inline(__always)
    func sum(_ c: UInt32, _ operands: NarrowOperands) -> UInt32? {
        let sum = Float(bitPattern: c) + a.values[Int(operands.a[0])] * b.values[Int(operands.b[0])]
        return sum.isNaN ? nil : sum.bitPattern
    }
}

extension NarrowStep {
    /// Σ a·b in units of 2^−32, of which every product is a multiple; nil where an infinity or a NaN takes part.
    @inline(__always)
    func fixedPointSum(_ operands: NarrowOperands, _ a: NarrowCodes, _ b: NarrowCodes) -> Int128? {
        var sum: Int128 = 0
        for lane in 0..<operands.lanes {
            let x = a.terms[Int(operands.a[lane * operands.planeSize])]
            let y = b.terms[Int(operands.b[lane * operands.planeSize])]
            if x.exponent == NarrowCodes.special || y.exponent == NarrowCodes.special { return nil }
            // The product is a multiple of 2^(exponents − 8); the last of these places are zero where exponents are least.
            let product = Int128(Int32(x.significand) * Int32(y.significand))
            sum += (product << Int128(Int(x.exponent) + Int(y.exponent) + 28)) >> 4
        }
        return sum
    }
}

/// grouped:G.
struct NarrowGroupedStep: NarrowStep {
    let a, b: NarrowCodes

    @inline(__always)
    func sum(_ c: UInt32, _ operands: NarrowOperands) -> UInt32? {
        // c is a rounded sum of multiples of 2^−32, so it is one too; beyond 2^64 no chain gets.
        let place = Int(c >> 23 & 255) - 118
        guard place < 74, let products = fixedPointSum(operands, a, b) else { return nil }
        let significand = Int128(c & 0x7F_FFFF | (c << 1 > 0xFF_FFFF ? 0x80_0000 : 0))
        let magnitude = place >= 0 ? significand << Int128(place) : significand >> Int128(-place)
        return Self.rounded((c >> 31 == 1 ? -magnitude : magnitude) + products)
    }

    /// A multiple of 2^−32 as FP32, to nearest, ties to even.
    @inline(__always)
    private static func rounded(_ sum: Int128) -> UInt32 {
        let magnitude = sum.magnitude
        let excess = 104 - magnitude.leadingZeroBitCount
        var kept = UInt32(truncatingIfNeeded: magnitude)
        if excess > 0 {
            // Half an ulp less a last place, and one more where the last kept bit is odd.
            let odd = magnitude >> UInt128(excess) & 1
            let half = UInt128(1) << UInt128(excess - 1)
            kept = UInt32(truncatingIfNeeded: (magnitude + half - 1 + odd) >> UInt128(excess))
        }
        let value = Float(kept) * powerOfTwo(max(excess, 0) - 32)
        return value.bitPattern | (sum < 0 ? 0x8000_0000 : 0)
    }
}

/// aligned:G,F,out.
struct NarrowAlignedStep: NarrowStep {
    let a, b: NarrowCodes
    /// F.
    let fractionBits: Int
    /// Significant bits of the output: 24, or 14 for e8m13.
    let keptBits: Int

    @inline(__always)
    func sum(_ c: UInt32, _ operands: NarrowOperands) -> UInt32? {
        let field = Int(c >> 23 & 255)
        guard field < 255 else { return nil }
        let significand = Int64(c & 0x7F_FFFF | (field > 0 ? 0x80_0000 : 0))
        let exponent = max(field, 1) - 127
        var largest = significand == 0 ? Int.min : exponent
        for lane in 0..<operands.lanes {
            let x = a.terms[Int(operands.a[lane * operands.planeSize])]
            let y = b.terms[Int(operands.b[lane * operands.planeSize])]
            if x.exponent == NarrowCodes.special || y.exponent == NarrowCodes.special { return nil }
            if x.significand != 0, y.significand != 0 { largest = max(largest, Int(x.exponent) + Int(y.exponent)) }
        }
        guard largest > Int.min else { return 0 }
        var total = Self.cut(c >> 31 == 1 ? -significand : significand, exponent - 23 - (largest - fractionBits))
        for lane in 0..<operands.lanes {
            let x = a.terms[Int(operands.a[lane * operands.planeSize])]
            let y = b.terms[Int(operands.b[lane * operands.planeSize])]
            let product = Int64(Int32(x.significand) * Int32(y.significand))
            total += Self.cut(product, Int(x.exponent) + Int(y.exponent) - 8 - (largest - fractionBits))
        }
        let excess = max(0, 64 - keptBits - total.magnitude.leadingZeroBitCount)
        let kept = Float(total.magnitude >> UInt64(excess))
        let value = kept * powerOfTwo(excess + largest - fractionBits)
        return value.bitPattern | (total < 0 ? 0x8000_0000 : 0)
    }

    /// number · 2^shift, cut toward zero. A zero's exponent takes no part, so its shift may be any.
    @inline(__always)
    private static func cut(_ number: Int64, _ shift: Int) -> Int64 {
        if number == 0 { return 0 }
        if shift >= 0 { return number << Int64(shift) }
        let magnitude = Int64(number.magnitude >> UInt64(min(-shift, 63)))
        return number < 0 ? -magnitude : magnitude
    }
}

/// exact.
struct NarrowExactStep: NarrowStep {
    let a, b: NarrowCodes

    @inline(__always)
    func sum(_ c: UInt128, _ operands: NarrowOperands) -> UInt128? {
        guard let products = fixedPointSum(operands, a, b) else { return nil }
        let number: UInt128 = .max >> 44
        return (c & ~number) | ((c &+ UInt128(truncatingIfNeeded: products)) & number)
    }
}
