import Kernels

/// A plane of bytes: codes, or bits of registers. It refers to memory that it keeps alive.
struct BytePlane {
    private let memory: AlignedBuffer<UInt8>
    /// The first byte; kept beside the memory so that inner loops find it at once.
    let bytes: UnsafeMutablePointer<UInt8>

    /// Zeros.
    init(count: Int) {
        memory = AlignedBuffer(count: count)
        bytes = memory.baseAddress
    }

    /// A copy.
    init(_ source: [UInt8]) {
        memory = AlignedBuffer(source)
        bytes = memory.baseAddress
    }

    func clear() { memory.elements.update(repeating: 0) }

    @inline(__always)
    subscript(i: Int) -> UInt8 {
        get { bytes[i] }
        nonmutating set { bytes[i] = newValue }
    }

    /// Sixteen bytes from a place on.
    @inline(__always)
    func vector(_ i: Int) -> SIMD16<UInt8> {
        UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
    }

    /// Writes sixteen bytes.
    @inline(__always)
    func store(_ vector: SIMD16<UInt8>, _ i: Int) {
        UnsafeMutableRawPointer(bytes).storeBytes(of: vector, toByteOffset: i, as: SIMD16<UInt8>.self)
    }
}

/// Bits of the plane `flags`. (The lowest bit is none of them: compilers build masks of it byte by byte.)
enum Flags {
    static var valid: UInt8 { 2 }
    static var first: UInt8 { 4 }
    static var last: UInt8 { 8 }
}

/// Bits of the plane `inserts`.
enum Inserts {
    static var early: UInt8 { 2 }
    static var late: UInt8 { 4 }
}

/// A plane of sums: their low 32 bits, and what `exact` has above. It refers to memory that it keeps alive.
struct SumPlane {
    private let lowMemory: AlignedBuffer<UInt32>
    private let highMemory: AlignedBuffer<UInt64>
    /// Low bits.
    let low: UnsafeMutablePointer<UInt32>
    /// Bits from 32 on; nil where there are none.
    let high: UnsafeMutablePointer<UInt64>?

    /// Zeros.
    init(count: Int, isWide: Bool) {
        lowMemory = AlignedBuffer(count: count)
        highMemory = AlignedBuffer(count: isWide ? count : 0)
        low = lowMemory.baseAddress
        high = isWide ? highMemory.baseAddress : nil
    }

    func clear() {
        lowMemory.elements.update(repeating: 0)
        highMemory.elements.update(repeating: 0)
    }

    /// A whole sum.
    @inline(__always)
    subscript(i: Int) -> UInt128 {
        get { UInt128(low[i]) | (high.map { UInt128($0[i]) << 32 } ?? 0) }
        nonmutating set {
            low[i] = UInt32(truncatingIfNeeded: newValue)
            if let high { high[i] = UInt64(truncatingIfNeeded: newValue >> 32) }
        }
    }

    /// Sixteen sums from a place on.
    @inline(__always)
    func vector(_ i: Int) -> SumVector {
        let memory = UnsafeRawPointer(low + i)
        return SumVector(
            s0: memory.loadUnaligned(as: SIMD4<Int32>.self),
            s1: memory.loadUnaligned(fromByteOffset: 16, as: SIMD4<Int32>.self),
            s2: memory.loadUnaligned(fromByteOffset: 32, as: SIMD4<Int32>.self),
            s3: memory.loadUnaligned(fromByteOffset: 48, as: SIMD4<Int32>.self))
    }

    /// Writes sixteen sums.
    @inline(__always)
    func store(_ sums: SumVector, _ i: Int) {
        let memory = UnsafeMutableRawPointer(low + i)
        memory.storeBytes(of: sums.s0, as: SIMD4<Int32>.self)
        memory.storeBytes(of: sums.s1, toByteOffset: 16, as: SIMD4<Int32>.self)
        memory.storeBytes(of: sums.s2, toByteOffset: 32, as: SIMD4<Int32>.self)
        memory.storeBytes(of: sums.s3, toByteOffset: 48, as: SIMD4<Int32>.self)
    }
}
