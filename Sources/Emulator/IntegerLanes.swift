/// An integer accumulator's addition, four sums at once.
protocol LaneAdder {
    /// sums + products, |products| < 2¹⁶.
    func sum(_ sums: SIMD4<Int32>, _ products: SIMD4<Int32>) -> SIMD4<Int32>
}

/// 32-wrap.
struct WrappingAdder: LaneAdder {
    @inline(__always)
    func sum(_ sums: SIMD4<Int32>, _ products: SIMD4<Int32>) -> SIMD4<Int32> { sums &+ products }
}

/// W-wrap, W < 32.
struct NarrowWrappingAdder: LaneAdder {
    /// 32 − W.
    let unused: Int32

    @inline(__always)
    func sum(_ sums: SIMD4<Int32>, _ products: SIMD4<Int32>) -> SIMD4<Int32> {
        let unused = SIMD4<Int32>(repeating: unused)
        return ((sums &+ products) &<< unused) &>> unused
    }
}

/// 32-saturate.
struct SaturatingAdder: LaneAdder {
    @inline(__always)
    func sum(_ sums: SIMD4<Int32>, _ products: SIMD4<Int32>) -> SIMD4<Int32> {
        let sum = sums &+ products
        // Both terms have the sign that the sum has not; the end of the range is on their side.
        let overflows = (~(sums ^ products) & (sums ^ sum)) &>> 31
        let end = (sums &>> 31) ^ SIMD4(repeating: Int32.max)
        return sum ^ ((sum ^ end) & overflows)
    }
}

/// W-saturate, W < 32.
struct NarrowSaturatingAdder: LaneAdder {
    let least, greatest: Int32

    @inline(__always)
    func sum(_ sums: SIMD4<Int32>, _ products: SIMD4<Int32>) -> SIMD4<Int32> {
        let least = SIMD4<Int32>(repeating: least)
        let greatest = SIMD4<Int32>(repeating: greatest)
        let sum = sums &+ products
        let (isAbove, isBelow) = ((greatest &- sum) &>> 31, (sum &- least) &>> 31)
        let limited = sum ^ ((sum ^ greatest) & isAbove)
        return limited ^ ((limited ^ least) & isBelow)
    }
}

/// The sums of sixteen columns.
struct SumVector {
    var s0 = SIMD4<Int32>()
    var s1 = SIMD4<Int32>()
    var s2 = SIMD4<Int32>()
    var s3 = SIMD4<Int32>()

    /// Adds the products of columns 0…7 and 8…15.
    @inline(__always)
    mutating func add(_ low: SIMD8<Int16>, _ high: SIMD8<Int16>, _ adder: some LaneAdder) {
        let ((p0, p1), (p2, p3)) = (low.widened, high.widened)
        s0 = adder.sum(s0, p0)
        s1 = adder.sum(s1, p1)
        s2 = adder.sum(s2, p2)
        s3 = adder.sum(s3, p3)
    }

    /// The sums of another vector in the columns whose byte is all ones.
    @inline(__always)
    func replaced(by other: Self, where columns: SIMD16<UInt8>) -> Self {
        let (low, high) = columns.widened
        let ((m0, m1), (m2, m3)) = (low.widened, high.widened)
        return Self(
            s0: s0 ^ ((s0 ^ other.s0) & m0), s1: s1 ^ ((s1 ^ other.s1) & m1), s2: s2 ^ ((s2 ^ other.s2) & m2),
            s3: s3 ^ ((s3 ^ other.s3) & m3))
    }
}

extension SIMD16<UInt8> {
    /// The bytes as signed integers, columns 0…7 and 8…15. (Conversions of whole vectors by the library go element by element.)
    @inline(__always)
    var widened: (SIMD8<Int16>, SIMD8<Int16>) {
        var low = Self()
        var high = Self()
        low.oddHalf = lowHalf
        high.oddHalf = highHalf
        return (unsafeBitCast(low, to: SIMD8<Int16>.self) &>> 8, unsafeBitCast(high, to: SIMD8<Int16>.self) &>> 8)
    }

    /// All ones in the bytes that have bit `place`, 1…7.
    @inline(__always)
    func mask(of place: UInt8) -> Self { 0 &- ((self &>> place) & 1) }

    /// Whether any byte has a bit.
    @inline(__always)
    func haveAny(_ bit: UInt8) -> Bool {
        let halves = unsafeBitCast(self & Self(repeating: bit), to: SIMD2<UInt64>.self)
        return halves[0] | halves[1] != 0
    }

    /// Whether all bytes have a bit.
    @inline(__always)
    func haveAll(_ bit: UInt8) -> Bool { !(~self).haveAny(bit) }
}

extension SIMD8<Int16> {
    /// The integers with 32 bits, 0…3 and 4…7.
    @inline(__always)
    var widened: (SIMD4<Int32>, SIMD4<Int32>) {
        var low = Self()
        var high = Self()
        low.oddHalf = lowHalf
        high.oddHalf = highHalf
        return (unsafeBitCast(low, to: SIMD4<Int32>.self) &>> 16, unsafeBitCast(high, to: SIMD4<Int32>.self) &>> 16)
    }
}
